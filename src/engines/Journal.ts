/**
 * The one writer of the store: gathers what lanes, relays and gateways want to make durable and commits it together.
 *
 * While commits are under way the next one fills up, so the busier the bot, the cheaper each event (group commit).
 * What was submitted is applied in the order of submission. A commit that fails is repeated until it succeeds, with
 * everything behind it waiting: nothing that was submitted is dropped, and intake is told to pause meanwhile. Each
 * commit carries a token, so that one whose answer was lost is not applied twice.
 *
 * Hot path: plain functions and arrays, one Effect per commit.
 */
import { Cause, Context, Deferred, Effect, Exit, Layer, Schedule } from "effect"
import type { Position } from "../domain/Event.ts"
import type { Gap } from "../domain/Gap.ts"
import { StoreError, Unusable } from "../domain/StoreError.ts"
import {
  type Commit,
  type CommitResult,
  type CommitToken,
  type MessageWrite,
  type NewEvent,
  Store,
  type TurnResult,
  type TurnWrite
} from "../ports/Store.ts"
import { type BisectResult, bisect, type Refused } from "./Bisect.ts"
import { StatusStream } from "./StatusStream.ts"

/** An event on its way into the store; `stored` is told its id, 0 when it was there already. */
export interface Arrival extends NewEvent {
  readonly stored: (id: number) => void
}

/** Names a stream; compared by identity, so keep one object for each stream. */
export interface StreamRef {
  readonly account: string
  readonly stream: string
}

export interface JournalOptions {
  /** Events in one commit at the most. @defaultValue 2048 */
  readonly maxBatch?: number | undefined
  /** Pace at which a failing commit is repeated. @defaultValue 100 ms × 2, cap 5 s */
  readonly retry?: Schedule.Schedule<unknown, StoreError> | undefined
}

/** What stands where an event was. */
const gone: Arrival = {
  conversation: { account: "", kind: "group", id: "" },
  key: "",
  receivedAt: 0,
  raw: new Uint8Array(0),
  stored: () => {}
}

/** Gathers one commit. */
class Batch {
  /** Given when it is sent for the first time; a repeat has the same. */
  token: CommitToken | undefined = undefined
  readonly events: Array<Arrival> = []
  readonly settled: Array<number> = []
  readonly turns: Array<TurnWrite> = []
  readonly turnsDone: Array<(result: TurnResult | Refused) => void> = []
  readonly messages: Array<MessageWrite> = []
  readonly messagesDone: Array<() => void> = []
  readonly gaps: Array<Gap> = []
  readonly latest = new Map<StreamRef, Position | undefined>()
  readonly waiters: Array<() => void> = []

  get commit(): Commit {
    const { token, events, settled, turns, messages, gaps } = this
    const positions = Array.from(this.latest, ([{ account, stream }, position]) => ({ account, stream, position }))
    return { token, events, positions, settled, turns, messages, gaps }
  }
  get isEmpty(): boolean {
    return (
      this.events.length === 0 &&
      this.settled.length === 0 &&
      this.turns.length === 0 &&
      this.messages.length === 0 &&
      this.latest.size === 0 &&
      this.gaps.length === 0 &&
      this.waiters.length === 0
    )
  }
  finish(result: BisectResult): void {
    const { events, turnsDone, messagesDone, waiters } = this
    for (let i = 0; i < events.length; i++) {
      const event = events[i]
      // The batch is old by now, dead or not: what it still names, the collector of young objects would keep.
      events[i] = gone
      event?.stored(result.eventIds[i] ?? 0)
    }
    for (let i = 0; i < turnsDone.length; i++) turnsDone[i]?.(result.turns[i] ?? { _tag: "Conflict" })
    for (const done of messagesDone) done()
    for (const done of waiters) done()
  }
}

const isRefusal = ({ reason }: StoreError): boolean => reason._tag === "Refused"

const defaultRetry = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])

const make = Effect.fnUntraced(function* (options: JournalOptions = {}) {
  const store = yield* Store
  const status = yield* StatusStream
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const maxBatch = options.maxBatch ?? 2048
  const retry = options.retry ?? defaultRetry
  const fatal = yield* Deferred.make<never, StoreError>()

  /** Filled in order; the last one takes what comes next. */
  const pending: Array<Batch> = [new Batch()]
  /** Sent to the store, oldest first. */
  const underWay: Array<Batch> = []
  // Not from `Random`: under a seed two lives of a process would share it, and the store take the second for a repeat.
  const run = yield* Effect.sync(() => crypto.randomUUID())
  let commits = 0
  let outstanding = 0
  let failing = false
  let scheduled = false
  let closed = false

  const last = (): Batch => pending[pending.length - 1] as Batch

  const schedulePump = (): void => {
    if (scheduled || failing || underWay.length >= store.pipeline) return
    scheduled = true
    queueMicrotask(pump)
  }

  const pump = (): void => {
    scheduled = false
    while (!failing && !closed && underWay.length < store.pipeline) {
      const batch = pending[0] as Batch
      if (batch.isEmpty) return
      if (pending.length === 1) pending[0] = new Batch()
      else pending.shift()
      batch.token = { run, seq: ++commits }
      underWay.push(batch)
      outstanding++
      runFork(store.commit(batch.commit)).addObserver((exit) => settled(batch, exit))
    }
  }

  /** Commits answer in order. After a failure the ones behind it fail too, and all are repeated in order. */
  const settled = (batch: Batch, exit: Exit.Exit<CommitResult, StoreError>): void => {
    outstanding--
    if (Exit.isSuccess(exit)) {
      underWay.splice(underWay.indexOf(batch), 1)
      batch.finish(exit.value)
    } else {
      failing = true
      const error = Cause.findErrorOption(exit.cause)
      if (error._tag === "Some") report(error.value)
    }
    if (!failing) pump()
    else if (outstanding === 0) runFork(recover)
  }

  /** Repeats it until it is written, or can never be. */
  const write = (commit: Commit): Effect.Effect<CommitResult, StoreError> =>
    // Once closed nothing may be written: the store is gone, and its file may be another's by now.
    Effect.suspend(() => (closed ? Effect.never : store.commit(commit))).pipe(
      Effect.tapError((error) => Effect.sync(() => report(error))),
      Effect.retry({ schedule: retry, while: (error) => error.isRetryable && !closed })
    )

  const recover: Effect.Effect<void> = Effect.gen(function* () {
    while (underWay.length > 0) {
      const batch = underWay[0] as Batch
      // Each part is a run of its own: the numbers of ours are given to what comes behind.
      const result = yield* write(batch.commit).pipe(
        Effect.catchIf(isRefusal, () =>
          bisect(batch.commit, (part) => write({ ...part, token: { run: crypto.randomUUID(), seq: 1 } }))
        )
      )
      underWay.shift()
      batch.finish(result)
    }
    failing = false
    status.publish({ _tag: "StoreRecovered" })
    pump()
  }).pipe(
    Effect.catch((error) => Deferred.fail(fatal, error)),
    Effect.catchDefect((defect) =>
      Deferred.fail(fatal, new StoreError({ operation: "commit", reason: new Unusable({ detail: String(defect) }) }))
    ),
    Effect.asVoid
  )
  const report = (error: StoreError): void => {
    if (error.reason._tag !== "Superseded") status.publish({ _tag: "StoreFailed", error })
  }

  const room = (): Batch => {
    const batch = last()
    if (batch.events.length < maxBatch) return batch
    const next = new Batch()
    pending.push(next)
    return next
  }

  const flushed = Effect.callback<void>((resume) => {
    if (underWay.length === 0 && pending.length === 1 && last().isEmpty) return resume(Effect.void)
    last().waiters.push(() => resume(Effect.void))
    schedulePump()
  })
  // Nothing can be flushed any more once the store is unusable.
  const flush = Effect.raceFirst(flushed, Effect.ignore(Deferred.await(fatal)))

  yield* Effect.addFinalizer(() =>
    flush.pipe(
      Effect.timeoutOption("5 seconds"),
      Effect.andThen(
        Effect.sync(() => {
          closed = true
        })
      )
    )
  )

  return Journal.of({
    append: (arrival, stream, position) => {
      const batch = room()
      batch.events.push(arrival)
      batch.latest.set(stream, position)
      schedulePump()
    },
    advance: (stream, position) => {
      last().latest.set(stream, position)
      schedulePump()
    },
    settle: (id) => {
      last().settled.push(id)
      schedulePump()
    },
    turn: (write, done) => {
      const batch = last()
      batch.turns.push(write)
      batch.turnsDone.push(done)
      schedulePump()
    },
    message: (write, done) => {
      const batch = last()
      batch.messages.push(write)
      if (done) batch.messagesDone.push(done)
      schedulePump()
    },
    gap: (gap) => {
      last().gaps.push(gap)
      schedulePump()
    },
    flush,
    failed: (error) => {
      report(error)
      if (!error.isRetryable) Deferred.doneUnsafe(fatal, Exit.fail(error))
    },
    recovered: () => {
      if (!failing) status.publish({ _tag: "StoreRecovered" })
    },
    fatal: Deferred.await(fatal),
    isFailing: () => failing
  })
})

export class Journal extends Context.Service<
  Journal,
  {
    /** Stores an event and moves the position of its stream with it. */
    readonly append: (arrival: Arrival, stream: StreamRef, position: Position) => void
    /** Moves a position without an event; `undefined` forgets it. */
    readonly advance: (stream: StreamRef, position: Position | undefined) => void
    /** Acknowledges an event that left nothing behind. */
    readonly settle: (id: number) => void
    readonly turn: (write: TurnWrite, done: (result: TurnResult | Refused) => void) => void
    readonly message: (write: MessageWrite, done?: () => void) => void
    readonly gap: (gap: Gap) => void
    /** Waits until everything submitted before is durable. */
    readonly flush: Effect.Effect<void>
    /** Tells of a read that failed: the same store, so the same news, and the same end. */
    readonly failed: (error: StoreError) => void
    /** Tells that a read which had failed was answered. */
    readonly recovered: () => void
    /** Never succeeds: fails when the store cannot be used any more. */
    readonly fatal: Effect.Effect<never, StoreError>
    /** Whether commits fail at the moment: intake should pause. */
    readonly isFailing: () => boolean
  }
>()("everbot/engines/Journal") {
  static readonly layer = (options?: JournalOptions) => Layer.effect(this, make(options))
}
