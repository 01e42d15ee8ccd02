/**
 * Closes gaps within conversations: where a platform numbers the messages of a conversation, a hole in the numbers is
 * looked up in its history, and what comes after waits behind it. So is the end of each such conversation when a
 * session was lost. What the history does not give is recorded as a gap: from, to, when and why.
 *
 * What is fetched goes the way of all events, into the same inbox under the same key: an overlap does no harm. How far a
 * conversation is whole is stored with its events, as a cursor, so a crash in between looks at the same hole again.
 */
import { Effect, Exit, Semaphore } from "effect"
import { type Conversation, fromLaneKey, laneKey } from "../domain/Conversation.ts"
import type { Event, Position } from "../domain/Event.ts"
import type { Gap } from "../domain/Gap.ts"
import type { RestError } from "../domain/RestError.ts"
import type { History, Mark, PastMessage } from "../ports/Platform.ts"
import type { Parts } from "./account/Parts.ts"
import { byNumber, Hole } from "./Hole.ts"
import type { StreamRef } from "./Journal.ts"
import type { Delivery } from "./Lanes.ts"
import * as Schedules from "./Schedules.ts"

/** What the way in does for it. */
export interface BackfillPorts {
  /** Stores an event of the history and hands it on; plain. */
  readonly inject: (event: Event, raw: Uint8Array) => void
  /** Takes a stored event on to its lane. */
  readonly release: (delivery: Delivery) => void
}

/** How long what comes out of order may still come by itself. */
const grace = "2 seconds"
/** How long the history may take, all pages and retries included. */
const patience = "30 seconds"
const maxPages = 50
/** So many events of a conversation wait behind a gap, then they go on without it. */
const maxHeld = 2000
/** Conversations that are looked at when a session was lost: those heard last. */
const maxSwept = 200
const prefix = "cursor/"

/** How far a conversation is whole. */
class Cursor {
  readonly stream: StreamRef
  readonly conversation: Conversation
  at: Mark
  /** Epoch milliseconds. */
  seenAt: number
  hole: Hole | undefined
  constructor(conversation: Conversation, at: Mark, seenAt: number) {
    this.conversation = conversation
    this.stream = { account: conversation.account, stream: `${prefix}${laneKey(conversation)}` }
    this.at = at
    this.seenAt = seenAt
  }
  get position(): Position {
    return { stream: this.stream.stream, session: this.at.id, seq: this.at.number, startedAt: this.seenAt }
  }
}

export class Backfill {
  private readonly cursors = new Map<string, Cursor>()
  private readonly turns = Semaphore.makeUnsafe(4)
  private readonly history: History
  private readonly parts: Parts
  private readonly ports: BackfillPorts

  constructor(history: History, parts: Parts, ports: BackfillPorts) {
    this.history = history
    this.parts = parts
    this.ports = ports
  }

  /** Goes on from where an earlier process stood. */
  load(positions: ReadonlyArray<Position>): void {
    for (const { seq, session, startedAt, stream } of positions) {
      if (!stream.startsWith(prefix)) continue
      const conversation = fromLaneKey(this.parts.platform.account, stream.slice(prefix.length))
      this.cursors.set(laneKey(conversation), new Cursor(conversation, { id: session, number: seq }, startedAt))
    }
  }

  /** An event goes to the store. Hot for conversations with a history. */
  heard(event: Event): void {
    const mark = this.history.markOf(event)
    if (mark === undefined) return
    const key = laneKey(event.conversation)
    const cursor = this.cursors.get(key)
    if (cursor === undefined) {
      const fresh = new Cursor(event.conversation, mark, this.parts.alarm.now())
      this.cursors.set(key, fresh)
      this.parts.inbox.advance(fresh.stream, fresh.position)
    } else this.reach(cursor, mark)
  }

  /** We said something ourselves, which the platform tells nobody. */
  said(conversation: Conversation, mark: Mark): void {
    const cursor = this.cursors.get(laneKey(conversation))
    if (cursor !== undefined) this.reachOwn(cursor, mark)
  }

  /** A stored event is about to go to its lane: whether that is taken over, because of an open gap. */
  holds(delivery: Delivery): boolean {
    const { event } = delivery
    const mark = this.history.markOf(event)
    const cursor = mark && this.cursors.get(laneKey(event.conversation))
    const hole = cursor?.hole
    if (mark === undefined || cursor === undefined || hole === undefined) return false
    const isPast = hole.passing.delete(event.key)
    if (!isPast && (hole.to === undefined || mark.number <= cursor.at.number)) return false
    if (isPast || hole.to === undefined || mark.number < hole.to.number) {
      this.release(hole.arrive(mark.number, { delivery, mark }, isPast))
    } else hole.held.push({ delivery, mark })
    if (hole.size >= maxHeld) hole.full.openUnsafe()
    return true
  }

  private release(deliveries: ReadonlyArray<Delivery>): void {
    for (const delivery of deliveries) this.ports.release(delivery)
  }

  /** A session was lost: whatever was said last may be missing. */
  missed(): void {
    const latest = [...this.cursors.values()].sort((a, b) => b.seenAt - a.seenAt).slice(0, maxSwept)
    for (const cursor of latest) if (cursor.hole === undefined) this.open(cursor, undefined)
  }

  /** The next message is there, or one beyond a hole, or one that fills it. */
  private reach(cursor: Cursor, mark: Mark): void {
    const { at, hole } = cursor
    if (mark.number <= at.number) return
    if (hole !== undefined) {
      hole.to ??= mark
      if (mark.number >= hole.to.number) return
      hole.filled.add(mark.number)
      if (hole.filled.size === hole.to.number - at.number - 1) hole.complete.openUnsafe()
    } else if (mark.number === at.number + 1) this.move(cursor, mark)
    else this.open(cursor, mark)
  }

  /** Nobody tells of it again: behind an open gap it is kept, or it would seem to be missing when that is closed. */
  private reachOwn(cursor: Cursor, mark: Mark): void {
    this.reach(cursor, mark)
    const { hole } = cursor
    if (hole?.to === undefined || mark.number <= cursor.at.number) return
    if (mark.number < hole.to.number) this.release(hole.arrive(mark.number))
    else if (hole.own.length < maxHeld) hole.own.push(mark)
  }

  private move(cursor: Cursor, mark: Mark): void {
    cursor.at = mark
    cursor.seenAt = this.parts.alarm.now()
    this.parts.inbox.advance(cursor.stream, cursor.position)
  }

  private open(cursor: Cursor, to: Mark | undefined): void {
    const hole = new Hole(cursor.at, to)
    cursor.hole = hole
    this.parts.fork(this.fill(cursor, hole))
  }

  private fill(cursor: Cursor, hole: Hole): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      // A sweep has no time to lose: nothing says that anything else will come.
      if (hole.to !== undefined) yield* Effect.timeoutOption(hole.complete.await, grace)
      // What completed it is told of before it is appended.
      yield* Effect.yieldNow
      const from = cursor.at.number
      const isWhole = hole.to !== undefined && hole.filled.size === hole.to.number - from - 1
      const tooMuch = Effect.andThen(hole.full.await, Effect.fail("too much was waiting behind the gap"))
      const fetch = Effect.raceFirst(this.turns.withPermit(this.fetch(cursor, hole)), tooMuch)
      const exit = isWhole ? Exit.void : yield* Effect.exit(fetch)
      yield* this.parts.inbox.flush
      const error = Exit.findErrorOption(exit)
      this.record(cursor, hole, error._tag === "Some" ? error.value : undefined)
      this.close(cursor, hole)
    })
  }

  /** Takes page after page until the gap is filled, or the history has no more. */
  private fetch(cursor: Cursor, hole: Hole): Effect.Effect<void, RestError | string> {
    return Effect.gen({ self: this }, function* () {
      let after = cursor.at
      for (let page = 0; page < maxPages; page++) {
        const found = yield* Effect.retry(
          this.history.after(cursor.conversation, after),
          Schedules.resend({ attempts: 4 })
        )
        for (const message of found) {
          if (hole.to !== undefined && message.mark.number >= hole.to.number) return
          this.take(cursor, hole, message)
        }
        const last = found.at(-1)?.mark
        if (last === undefined || last.id === after.id) return
        after = last
      }
      return yield* Effect.fail("it is longer than what is fetched at once")
    }).pipe(
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail("the history did not answer in time") })
    )
  }

  private take(cursor: Cursor, hole: Hole, { event, isOwn, mark, raw }: PastMessage): void {
    if (mark.number <= cursor.at.number || hole.filled.has(mark.number)) return
    hole.newest = mark
    hole.filled.add(mark.number)
    if (isOwn) return this.release(hole.arrive(mark.number))
    hole.passing.add(event.key)
    this.ports.inject(event, raw)
  }

  /** What is still missing, each run of numbers as a gap of its own. */
  private record(cursor: Cursor, { filled, to }: Hole, error: RestError | string | undefined): void {
    const { account } = this.parts.platform
    const until = this.parts.alarm.now()
    const stream = laneKey(cursor.conversation)
    const why =
      error === undefined
        ? "messages are missing that the history does not have"
        : `messages are missing: ${typeof error === "string" ? error : error.reason.message}`
    const facts = { account, stream, since: cursor.seenAt, until, why }
    let from = cursor.at.number
    for (const number of [...filled].sort((a, b) => a - b).concat(to === undefined ? [] : to.number)) {
      if (number > from + 1) this.tell({ ...facts, from, to: number })
      from = number
    }
  }

  private tell(gap: Gap): void {
    this.parts.journal.gap(gap)
    this.parts.status.publish({ _tag: "GapRecorded", gap })
  }

  /** Lets go what waited, in order; a further hole in it holds the rest. */
  private close(cursor: Cursor, hole: Hole): void {
    const { account } = this.parts.platform
    const newest = Math.max(cursor.at.number, ...hole.filled, hole.to === undefined ? 0 : hole.to.number - 1)
    const { conversation } = cursor
    const messages = hole.filled.size
    if (messages > 0) this.parts.status.publish({ _tag: "GapFilled", account, conversation, messages })
    cursor.hole = undefined
    if (newest > cursor.at.number) this.move(cursor, { id: (hole.newest ?? cursor.at).id, number: newest })
    const ours = hole.own.map((mark) => ({ delivery: undefined, mark }))
    for (const { delivery, mark } of [...hole.early, ...hole.held, ...ours].sort(byNumber)) {
      if (delivery === undefined) {
        this.reachOwn(cursor, mark)
        continue
      }
      this.reach(cursor, mark)
      if (!this.holds(delivery)) this.ports.release(delivery)
    }
  }
}
