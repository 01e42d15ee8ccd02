/**
 * Why the process ended, each time it did: kept in the store, so that the next one can say. A process that had no time to
 * say why (killed, out of memory, a power cut) is found by what it left: a mark that it runs, renewed every minute.
 */
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { oneLine } from "../../domain/Line.ts"
import { Runtime } from "../../engines/Runtime.ts"

/**
 * - `stopped`: it was told to, e.g. by SIGTERM; `requested`: by the API; `died`: without a word
 * - the rest: the guard ended it
 */
export const Cause = Schema.Literals([
  "stopped",
  "requested",
  "died",
  "memory",
  "cpu",
  "event loop",
  "uptime",
  "defect"
])
export type Cause = typeof Cause.Type

export const Ended = Schema.Struct({
  cause: Cause,
  detail: Schema.String,
  /** Epoch milliseconds; of one that died, when it was last known to live. */
  at: Schema.Number,
  startedAt: Schema.Number,
  pid: Schema.Int,
  /** What it exited with, where that is known. */
  code: Schema.NullOr(Schema.Int)
})
export type Ended = typeof Ended.Type

const Pages = Schema.fromJsonString(
  Schema.Struct({
    running: Schema.NullOr(Schema.Struct({ startedAt: Schema.Number, pid: Schema.Int, aliveAt: Schema.Number })),
    ended: Schema.Array(Ended)
  })
)
type Pages = typeof Pages.Type

export interface Budget {
  readonly restarts: number
  /** Milliseconds. */
  readonly window: number
}

const key = "everbot/restarts"
/** Ends that are remembered. */
const kept = 50
const patience = "5 seconds"

/** Whether an end counts against the budget: those that nobody asked for. */
const isFault = ({ cause }: Ended): boolean => cause !== "stopped" && cause !== "requested"

export class RestartBook extends Context.Service<
  RestartBook,
  {
    /** Newest first. */
    readonly history: () => ReadonlyArray<Ended>
    /** Epoch milliseconds. */
    readonly startedAt: number
    /** Stores why this process is about to end; returns after 5 seconds at the latest. Only the first call counts. */
    readonly note: (cause: Cause, detail: string, code: number) => Effect.Effect<void>
    /** Ends within the window that nobody asked for. */
    readonly used: (window: number, now: number) => number
    /** Set by the guard, for the API to show. */
    budget: Budget | undefined
    /** What the guard would end the process for, if its budget were not used up. */
    withheld: string | undefined
  }
>()("everbot/monitor/RestartBook") {
  static readonly layer = Layer.effect(
    this,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const runtime = yield* Runtime
  const store = runtime.keep(key)
  const startedAt = yield* Clock.currentTimeMillis
  const me = { startedAt, pid: process.pid }
  let isNoted = false
  let ended: ReadonlyArray<Ended> = []

  const add = (entry: Ended): void => {
    ended = [entry, ...ended].slice(0, kept)
  }
  const save = (running: Pages["running"]) =>
    Schema.encodeEffect(Pages)({ running, ended }).pipe(
      Effect.flatMap(store.save),
      Effect.timeout(patience),
      Effect.catchCause((cause) => Effect.logWarning("why processes ended could not be stored", cause))
    )

  const before = yield* store.load.pipe(
    Effect.flatMap((text) => (text === undefined ? Effect.undefined : Schema.decodeEffect(Pages)(text))),
    Effect.timeout(patience),
    Effect.catch((error) =>
      Effect.as(Effect.logWarning(`why earlier processes ended cannot be read: ${oneLine(String(error))}`), undefined)
    )
  )
  ended = before?.ended ?? []
  if (before?.running) {
    const { aliveAt, pid, startedAt } = before.running
    const detail = "it ended without saying why: killed, out of memory, or the machine went down"
    add({ cause: "died", detail, at: aliveAt, startedAt, pid, code: null })
    yield* Effect.logWarning(`the process before this one (pid ${pid}) died: ${detail}`)
  }
  const mark = Effect.flatMap(Clock.currentTimeMillis, (aliveAt) => (isNoted ? Effect.void : save({ ...me, aliveAt })))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(mark, Effect.sleep("1 minute"))))

  const note = (cause: Cause, detail: string, code: number) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      if (isNoted) return Effect.void
      isNoted = true
      add({ cause, detail: oneLine(detail), at, ...me, code })
      return save(null)
    })
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => note("stopped", "it was told to stop", Number(process.exitCode ?? 0)))
  )

  return RestartBook.of({
    history: () => ended,
    startedAt,
    note,
    used: (window, now) => ended.filter((entry) => isFault(entry) && entry.at > now - window).length,
    budget: undefined,
    withheld: undefined
  })
})
