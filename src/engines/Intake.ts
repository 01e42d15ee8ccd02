/**
 * The way in: from a gateway's callback to the inbox, and from the inbox to the lanes.
 *
 * Counts what is on its way to the store and tells the gateways to stop reading when that, or the lanes, are full.
 * Hot path: one object for each event, plain functions.
 */
import { Effect, type Scope } from "effect"
import * as State from "../domain/ConnectionState.ts"
import type { Conversation } from "../domain/Conversation.ts"
import type { Event, Position } from "../domain/Event.ts"
import type { HandlerError } from "../domain/HandlerError.ts"
import type { Alarm, Timer } from "./Alarm.ts"
import type { Backfill } from "./Backfill.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import type { Inbox } from "./Inbox.ts"
import type { Arrival, Journal, StreamRef } from "./Journal.ts"
import type { Delivery } from "./Lanes.ts"
import type { Pace } from "./Pace.ts"
import type { ShardLink } from "./ShardLink.ts"
import type { Spans } from "./Spans.ts"
import type { StatusStream } from "./StatusStream.ts"

/** Events between the socket and the store; and where reading goes on, so that the store never waits for the socket. */
const maxStoring = 8192
const resumeStoring = 6144
const nothing = new Uint8Array(0)
const nowhere: Omit<Position, "stream"> = { session: "", seq: 0, startedAt: 0 }
/** Milliseconds. */
const noteworthy = 1000

/** An event from its frame to the end of its turn. */
class Incoming implements Arrival, Delivery {
  id = 0
  attempt = 1
  pace: Pace<HandlerError> | undefined = undefined
  raw: Uint8Array
  readonly event: Event
  readonly receivedAt: number
  readonly size: number
  readonly shard: number | undefined
  private readonly intake: Intake

  constructor(event: Event, raw: Uint8Array, receivedAt: number, intake: Intake, shard: number | undefined) {
    this.event = event
    this.raw = raw
    this.receivedAt = receivedAt
    this.size = raw.length
    this.shard = shard
    this.intake = intake
  }
  get conversation(): Conversation {
    return this.event.conversation
  }
  get key(): string {
    return this.event.key
  }
  stored(id: number): void {
    this.id = id
    // The journal has it: the frame's buffer may go.
    this.raw = nothing
    this.intake.stored(this)
  }
}

/** One whose sender waits to hear that it is stored. A class of its own, so that the others carry nothing for it. */
class Acknowledged extends Incoming {
  private readonly acknowledge: (isNew: boolean) => void

  constructor(
    event: Event,
    raw: Uint8Array,
    receivedAt: number,
    intake: Intake,
    shard: number,
    acknowledge: (isNew: boolean) => void
  ) {
    super(event, raw, receivedAt, intake, shard)
    this.acknowledge = acknowledge
  }
  override stored(id: number): void {
    super.stored(id)
    this.acknowledge(id !== 0)
  }
}

export interface IntakePorts {
  readonly account: string
  readonly alarm: Alarm
  readonly inbox: Inbox["Service"]
  readonly journal: Journal["Service"]
  readonly status: StatusStream["Service"]
  readonly dispatcher: Dispatcher
  readonly spans: Spans
}

export class Intake {
  duplicates = 0
  ignored = 0
  /** Looks after conversations that have a history. */
  backfill: Backfill | undefined
  private announce: Timer | undefined
  private lastNow = 0
  private nowIsFresh = false
  private isFull = false
  private pausedBy: string | undefined
  private readonly listeners = new Set<(isFull: boolean) => void>()
  private readonly ports: IntakePorts

  constructor(ports: IntakePorts) {
    this.ports = ports
  }

  /** The time, asked for once in a run of frames that came together: asking costs more than the rest of the step. */
  private now(): number {
    if (this.nowIsFresh) return this.lastNow
    this.nowIsFresh = true
    queueMicrotask(this.ageNow)
    this.lastNow = this.ports.alarm.now()
    return this.lastNow
  }
  private readonly ageNow = (): void => {
    this.nowIsFresh = false
  }

  /** Takes a stored event on to its lane. */
  stored(incoming: Incoming): void {
    this.ports.dispatcher.lanes.arriving--
    if (this.ports.spans.current !== undefined && incoming.id !== 0)
      this.ports.spans.current.stored(incoming.event, incoming.receivedAt)
    if (incoming.id === 0) this.duplicates++
    else if (this.backfill === undefined || !this.backfill.holds(incoming)) this.ports.dispatcher.take(incoming)
    if (this.isFull) this.measure()
  }

  /** Takes an event that did not come from a gateway, and moves no position. */
  inject(event: Event, raw: Uint8Array): void {
    const { account, dispatcher, inbox } = this.ports
    const stream: StreamRef = { account, stream: "history" }
    dispatcher.counters.received++
    dispatcher.lanes.arriving++
    inbox.append(new Incoming(event, raw, this.now(), this, undefined), stream, { ...nowhere, ...stream })
    inbox.advance(stream, undefined)
  }

  /** Looks whether the gateways must stop, or may go on. */
  measure(): void {
    const { lanes } = this.ports.dispatcher
    const isFull =
      this.pausedBy !== undefined ||
      lanes.arriving >= (this.isFull ? resumeStoring : maxStoring) ||
      lanes.isFull ||
      this.ports.inbox.isFailing()
    if (isFull === this.isFull) return
    this.isFull = isFull
    if (isFull) this.announce = this.ports.alarm.set(this.ports.alarm.now() + noteworthy, this.paused)
    else this.resumed()
    for (const listener of this.listeners) listener(isFull)
  }

  /** Pauses of a few milliseconds are how a burst is slowed down, and no news; longer ones are. */
  private readonly paused = (): void => {
    this.announce = undefined
    this.ports.status.publish({ _tag: "IntakePaused", account: this.ports.account, why: this.whyFull() })
  }

  private resumed(): void {
    if (this.announce === undefined) {
      this.ports.status.publish({ _tag: "IntakeResumed", account: this.ports.account })
    }
    this.announce?.cancel()
    this.announce = undefined
  }

  /**
   * A person stops the reading for this reason, until `resume`: what is not read waits at the platform, as far as it
   * keeps it. Lasts until the process ends. Heartbeats go on.
   */
  pause(why: string): void {
    this.pausedBy = why
    this.measure()
  }

  /** A person lets the reading go on. */
  resume(): void {
    this.pausedBy = undefined
    this.measure()
  }

  /** Why a person stopped the reading, if one did. */
  get pauseReason(): string | undefined {
    return this.pausedBy
  }

  private whyFull(): string {
    if (this.pausedBy !== undefined) return this.pausedBy
    if (this.ports.inbox.isFailing()) return "the store does not take events"
    const { isFull, lanes } = this.ports.dispatcher
    if (isFull && lanes.heldBacklog * 2 > lanes.backlog) return "too many events wait in what a person holds"
    if (isFull) return "handlers are slower than the events"
    return "the store is slower than the events"
  }

  get isPaused(): boolean {
    return this.isFull
  }

  /** The engines' end of connection `shard` of so many. `known` is where its stream `name` stands. */
  link(shard: number, shards: number, name: string, known: Position | undefined): ShardLink {
    const { account, alarm, inbox, journal, status } = this.ports
    const { lanes } = this.ports.dispatcher
    const stream: StreamRef = { account, stream: name }
    let position = known
    /** The session that was given up, until the next one begins. */
    let lost: Position | undefined
    let state: State.ConnectionState = State.Disconnected()
    let since = alarm.now()
    let lastHeartbeatAt: number | undefined
    let heartbeatRoundTrip: number | undefined
    let lastFrameAt: number | undefined
    /** All that was said on this stream before then has been read: what a replay or a pause brings late is older than it looks. */
    let wholeUntil = 0
    let isBehind = false
    let dials = 0
    let sessions = 0
    const record = (before: Position | undefined, since: number, why: string): void => {
      const gap = { account, stream: stream.stream, from: before?.seq, to: undefined, since, until: alarm.now(), why }
      journal.gap(gap)
      status.publish({ _tag: "GapRecorded", gap })
      this.backfill?.missed()
    }
    /** Since when something may be missing of a session that is given up. */
    const lastHeard = ({ startedAt }: Position): number => Math.max(wholeUntil, startedAt)
    /** What was said since the session before is lost, with all that was said while there was none. */
    const begun = (session: string): void => {
      const before = lost ?? position
      lost = undefined
      if (before === undefined || before.session === session) return
      record(before, lastHeard(before), "the session could not be resumed")
    }
    const caughtUp = (at: number): void => {
      wholeUntil = Math.max(wholeUntil, at)
      isBehind = this.isFull
    }
    return {
      shard,
      shards,
      deliver: (event, raw, next, stored) => {
        position = next
        const now = this.now()
        lastFrameAt = now
        if (this.isFull) isBehind = true
        else if (!isBehind && state._tag === "Ready") wholeUntil = now
        this.ports.dispatcher.counters.received++
        lanes.arriving++
        this.backfill?.heard(event)
        const incoming =
          stored === undefined
            ? new Incoming(event, raw, now, this, shard)
            : new Acknowledged(event, raw, now, this, shard, stored)
        inbox.append(incoming, stream, next)
        if (lanes.arriving >= maxStoring || lanes.isFull) this.measure()
      },
      advance: (next) => {
        position = next
        inbox.advance(stream, next)
      },
      // In the store it stays until the next session begins: a process that ends in between must find out again.
      forget: (known) => {
        lost = position ?? lost
        position = undefined
        const from = known?.since ?? (lost && lastHeard(lost))
        if (known === undefined || from === undefined) return
        record(lost, from, known.why)
        lost = undefined
        inbox.advance(stream, undefined)
      },
      resumeFrom: Effect.andThen(
        inbox.flush,
        Effect.sync(() => position)
      ),
      onPressure: (listener): Effect.Effect<void, never, Scope.Scope> =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => {
              this.listeners.add(listener)
              if (this.isFull) listener(true)
            }),
            () => Effect.sync(() => this.listeners.delete(listener))
          )
        ),
      transition: (to) => {
        if (!State.isLegal(state._tag, to._tag)) {
          throw new Error(`illegal connection state change: ${state._tag} to ${to._tag}`)
        }
        const from = state
        state = to
        since = alarm.now()
        if (to._tag === "Connecting") dials++
        if (to._tag === "Ready") sessions++
        if (to._tag === "Connecting") isBehind = true
        if (to._tag === "Ready" && !to.resumed) begun(to.session)
        // The end of a replay comes behind all of it.
        if (to._tag === "Ready") caughtUp(alarm.now())
        status.publish({ _tag: "ConnectionChanged", account, shard, from, to })
      },
      ignored: (why) => {
        this.ignored++
        status.publish({ _tag: "FrameIgnored", account, why })
      },
      beat: (roundTrip) => {
        lastHeartbeatAt = alarm.now()
        heartbeatRoundTrip = roundTrip
        // The answer comes behind all that was said before we asked.
        caughtUp(lastHeartbeatAt - roundTrip)
      },
      view: () => ({
        shard,
        shards,
        state,
        since,
        position,
        lastHeartbeatAt,
        heartbeatRoundTrip,
        lastFrameAt,
        dials,
        sessions
      })
    }
  }
}
