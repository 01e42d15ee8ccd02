/**
 * The lanes of one account and what they hold: whole events while there is room, ids of stored events beyond it.
 *
 * Hot path: plain data.
 */
import { type Conversation, laneKey } from "../domain/Conversation.ts"
import type { Event } from "../domain/Event.ts"
import type { HandlerError } from "../domain/HandlerError.ts"
import type { Pace } from "./Pace.ts"

/** An event on its way to its handler. */
export interface Delivery {
  /** Its id in the inbox. */
  readonly id: number
  readonly event: Event
  /** Epoch milliseconds. */
  readonly receivedAt: number
  /** Bytes of its frame. */
  readonly size: number
  /** The connection it came by; unknown of what an earlier process received, or did not come by one. */
  readonly shard: number | undefined
  attempt: number
  /** Where its retries stand, once it failed. */
  pace: Pace<HandlerError> | undefined
}

/** The serial queue of one conversation. */
export class Lane {
  readonly conversation: Conversation
  /** A turn, a fetch or a retry of this lane is under way. */
  isBusy = false
  /** The lane waits for its turn to start. */
  isReady = false
  /** A person has taken over the conversation: no turn of it starts. */
  isHeld = false
  /** Timers that will come back to this lane. */
  pins = 0
  private queue: Array<Delivery | number> = []
  private head = 0

  constructor(conversation: Conversation) {
    this.conversation = conversation
  }
  get length(): number {
    return this.queue.length - this.head
  }
  /** Nothing waits and nothing runs. */
  get isIdle(): boolean {
    return !this.isBusy && this.head === this.queue.length
  }
  get isDisposable(): boolean {
    return this.isIdle && !this.isReady && !this.isHeld && this.pins === 0
  }
  peek(): Delivery | number | undefined {
    return this.queue[this.head]
  }
  push(entry: Delivery | number): void {
    this.queue.push(entry)
  }
  unshift(delivery: Delivery): void {
    if (this.head > 0) this.queue[--this.head] = delivery
    else this.queue.unshift(delivery)
  }
  shift(): void {
    this.queue[this.head++] = 0
    if (this.head === this.queue.length) {
      this.queue.length = 0
      this.head = 0
    } else if (this.head >= 1024) {
      this.queue = this.queue.slice(this.head)
      this.head = 0
    }
  }
  /** Ids at the front, up to the first event that is in memory. */
  leadingIds(limit: number): ReadonlyArray<number> {
    const ids: Array<number> = []
    for (let i = this.head; i < this.queue.length && ids.length < limit; i++) {
      const entry = this.queue[i]
      if (typeof entry !== "number") break
      ids.push(entry)
    }
    return ids
  }
  /** Replaces the first `count` entries. */
  replace(count: number, deliveries: ReadonlyArray<Delivery>): void {
    this.queue.splice(this.head, count, ...deliveries)
  }
  /** Whether anything in the queue is only known by id: then later events must queue by id too, or memory fills. */
  get endsInId(): boolean {
    return typeof this.queue[this.queue.length - 1] === "number" && this.length > 0
  }
}

interface Limits {
  readonly maxResident: number
  readonly maxResidentBytes: number
  readonly maxBacklog: number
}

/** Idle lanes are kept for reuse up to this many, or as many as are in use. */
const maxIdleLanes = 4096
/** Events of one lane held in memory while others need room too. */
const maxResidentPerLane = 64

export class Lanes {
  /** Events in memory that are not settled. */
  resident = 0
  residentBytes = 0
  /** Events known only by id. */
  spilled = 0
  /** Events on their way into the store, which will come here. */
  arriving = 0
  /** A person holds the whole account. */
  isHeld = false
  private readonly held = new Set<Lane>()
  private wasFull = false
  /** How many lanes there are when idle ones must go. */
  private sweepAt = maxIdleLanes
  private readonly byId = new Map<string, Lane>()
  /** Lanes whose id was taken by another kind of conversation when they began, by lane key. */
  private readonly byKey = new Map<string, Lane>()
  private readonly limits: Limits
  private readonly canSpill: boolean

  constructor(limits: Limits, canSpill: boolean) {
    this.limits = limits
    this.canSpill = canSpill
  }

  /** Events that wait or run. */
  get backlog(): number {
    return this.resident + this.spilled
  }

  /** Full at the limit, what is still arriving included; free again at half of it, so that pressure does not flutter. */
  get isFull(): boolean {
    const { maxResident, maxResidentBytes, maxBacklog } = this.limits
    const part = this.wasFull ? 0.5 : 1
    this.wasFull = this.canSpill
      ? this.backlog + this.arriving >= maxBacklog * part
      : this.resident >= maxResident * part || this.residentBytes >= maxResidentBytes * part
    return this.wasFull
  }

  /** How many lanes are kept, idle ones included. */
  get count(): number {
    return this.byId.size + this.byKey.size
  }

  of(conversation: Conversation): Lane {
    const known = this.byId.get(conversation.id)
    if (known !== undefined && known.conversation.kind === conversation.kind) return known
    return this.other(conversation, known !== undefined)
  }

  /** Ids are unique among all kinds but for rare chance; the second of two that meet goes by its kind as well. */
  private other(conversation: Conversation, isTaken: boolean): Lane {
    const key = laneKey(conversation)
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    if (this.count >= this.sweepAt) this.sweep()
    const lane = new Lane(conversation)
    if (isTaken) this.byKey.set(key, lane)
    else this.byId.set(conversation.id, lane)
    return lane
  }

  /** A person holds the conversation, or lets it go; what comes meanwhile is kept by id. */
  hold(conversation: Conversation, isHeld: boolean): Lane {
    const lane = this.of(conversation)
    lane.isHeld = isHeld
    if (isHeld) this.held.add(lane)
    else this.held.delete(lane)
    return lane
  }

  /** Events that wait for a person to let go. */
  get heldBacklog(): number {
    if (this.isHeld) return this.backlog
    let waiting = 0
    for (const lane of this.held) waiting += lane.length
    return waiting
  }

  /** Whether nothing waits but what a person holds, and nothing runs. */
  isIdle(running: number): boolean {
    return this.isHeld ? running === 0 : this.backlog === this.heldBacklog
  }

  private sweep(): void {
    for (const lanes of [this.byId, this.byKey]) {
      for (const [key, lane] of lanes) if (lane.isDisposable) lanes.delete(key)
    }
    // Lanes in use stay: looking through them all for each new one would cost the more, the more there are.
    this.sweepAt = Math.max(maxIdleLanes, this.count * 2)
  }

  /** Counts an event that goes straight to its handler. */
  entered(delivery: Delivery): void {
    this.resident++
    this.residentBytes += delivery.size
  }

  /** Queues an event: whole if there is room, else by its id. */
  push(lane: Lane, delivery: Delivery): void {
    const mustSpill =
      this.canSpill &&
      (lane.isHeld ||
        lane.endsInId ||
        lane.length >= maxResidentPerLane ||
        this.resident >= this.limits.maxResident ||
        this.residentBytes >= this.limits.maxResidentBytes)
    if (mustSpill) return this.pushId(lane, delivery.id)
    this.entered(delivery)
    lane.push(delivery)
  }

  pushId(lane: Lane, id: number): void {
    this.spilled++
    lane.push(id)
  }

  /** Ids at the front of the lane became events. Ids the store does not know any more are dropped. */
  loaded(lane: Lane, count: number, deliveries: ReadonlyArray<Delivery>): void {
    this.spilled -= count
    for (const delivery of deliveries) this.entered(delivery)
    lane.replace(count, deliveries)
  }

  /** An event is settled. True when the lanes were full and are not any more. */
  gone(delivery: Delivery): boolean {
    this.resident--
    this.residentBytes -= delivery.size
    const wasFull = this.wasFull
    return wasFull && !this.isFull
  }
}
