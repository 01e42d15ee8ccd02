/**
 * Ends a process that goes wrong before it goes down, for its supervisor (systemd, a container runtime) to start it anew:
 *
 * ```ts
 * Layer.mergeAll(MyBot, Qq.layerConfig, Monitor.layerConfig, ProcessGuard.layerConfig).pipe(Bot.launch, …, Bot.runMain)
 * ```
 * Too much memory or processor time for too long, an event loop that is late, an exception that nobody caught; and after
 * seven days, in a quiet hour. Each time it stores why, drains, and exits with 75, or 70 after a defect. What restarts do
 * not mend they do not mend: beyond the budget it ends nothing any more, and health says so.
 */
import { Clock, Effect, Exit as EffectExit, Layer } from "effect"
import type { ConfigError } from "../domain/ConfigError.ts"
import { oneLine } from "../domain/Line.ts"
import { monotonic } from "../engines/Heartbeat.ts"
import { Runtime } from "../engines/Runtime.ts"
import * as Setting from "../ports/Setting.ts"
import { Exit, ProcessorTime } from "./guard/Exit.ts"
import { Judge, type Verdict } from "./guard/Judge.ts"
import { type Options, resolve, settings } from "./guard/Options.ts"
import { RestartBook } from "./guard/RestartBook.ts"
import { check, degraded, Health, healthy } from "./Health.ts"
import { LoopDelay } from "./health/LoopDelay.ts"
import { Memory } from "./health/Memory.ts"
import { span } from "./health/Span.ts"

export { type Options, settings } from "./guard/Options.ts"

/** By sysexits.h: a fault of the program, and one that another try may get over. */
const codes = { defect: 70, limit: 75 } as const

const describe = (defect: unknown): string =>
  defect instanceof Error ? `${defect.name}: ${defect.message}` : `thrown: ${String(defect)}`

const make = Effect.fnUntraced(function* (options: Options) {
  const limits = resolve(options)
  const context = yield* Effect.context<Runtime>()
  const runtime = yield* Runtime
  const health = yield* Health
  const book = yield* RestartBook
  const exit = yield* Exit
  const clock = yield* Clock.Clock
  const judge = new Judge(limits)
  book.budget = limits.budget
  let isEnding = false

  const end = Effect.fnUntraced(function* ({ cause, detail }: Verdict) {
    if (isEnding) return
    isEnding = true
    const code = cause === "defect" ? codes.defect : codes.limit
    exit.atTheLatest(code, limits.drainDeadline)
    yield* Effect.logError(`ending the process: ${cause}: ${detail}`)
    yield* book.note(cause, detail, code)
    yield* Effect.timeoutOption(runtime.drain, limits.drainDeadline)
    yield* exit.end(code)
  })

  const { restarts, window } = limits.budget
  const withhold = Effect.fnUntraced(function* ({ cause, detail }: Verdict) {
    const why = `${cause}: ${detail}; not ended, because it ended ${book.used(window, clock.currentTimeMillisUnsafe())} times within ${span(window)} and that did not help`
    if (book.withheld === undefined) yield* Effect.logError(why)
    book.withheld = why
  })

  const look = yield* looking
  const round = Effect.gen(function* () {
    const vitals = yield* look
    const verdict = judge.look(vitals)
    if (verdict === undefined) book.withheld = undefined
    else if (book.used(window, vitals.now) >= restarts) yield* withhold(verdict)
    else yield* end(verdict)
  })
  yield* Effect.sleep(limits.interval).pipe(
    Effect.andThen(round),
    Effect.catchCause((cause) => Effect.logError("the process could not be looked at", cause)),
    Effect.forever,
    Effect.forkScoped
  )
  yield* health.add(
    check(
      "process guard",
      Effect.sync(() => (book.withheld === undefined ? healthy : degraded(book.withheld)))
    )
  )
  if (limits.defects) {
    yield* catching((defect) => {
      const detail = oneLine(describe(defect))
      const ending = Effect.andThen(Effect.logFatal("nobody caught this", defect), end({ cause: "defect", detail }))
      Effect.runForkWith(context)(ending).addObserver((ended) => {
        // The timer ends the process in any case; without it, this is all there is.
        if (EffectExit.isFailure(ended)) exit.atTheLatest(codes.defect, 0)
      })
    })
  }
})

/** Measures what went by since the last look. */
const looking = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const memory = yield* Memory
  const delays = yield* yield* LoopDelay
  const processor = yield* ProcessorTime
  const beganAt = monotonic(clock)
  let last = { at: beganAt, used: processor() }
  return Effect.map(memory, ({ limit, rss }) => {
    const at = monotonic(clock)
    const used = processor()
    const cpu = (used - last.used) / Math.max(1, at - last.at)
    last = { at, used }
    const now = clock.currentTimeMillisUnsafe()
    return { now, uptime: at - beganAt, rss, memoryLimit: limit, cpu, loopDelay: delays().p99 }
  })
})

/** Hears what nobody caught, until the scope closes. */
const catching = (listener: (defect: unknown) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      process.on("uncaughtException", listener)
      process.on("unhandledRejection", listener)
    }),
    () =>
      Effect.sync(() => {
        process.off("uncaughtException", listener)
        process.off("unhandledRejection", listener)
      })
  )

/** Guards until the scope closes. Bad options are a defect, a ConfigError. */
export const layer = (options: Options = {}): Layer.Layer<never, never, Runtime | Health> =>
  Layer.effectDiscard(make(options)).pipe(Layer.provide(RestartBook.layer))

/** {@link layer} with what the environment says (`EVERBOT_GUARD_…`) over `options`. */
export const layerConfigWith = (options: Options): Layer.Layer<never, ConfigError, Runtime | Health> =>
  Layer.unwrap(Effect.map(Setting.over(settings, options), layer))

export const layerConfig: Layer.Layer<never, ConfigError, Runtime | Health> = layerConfigWith({})
