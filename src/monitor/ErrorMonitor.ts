/**
 * Counts errors by reason over a sliding window, and calls for help when one happens too often.
 *
 * Memory is bounded: a fixed number of time slots and of reasons; what exceeds them is counted as `other`. Recording is
 * a plain function, cheap enough for a hot path. An alert that fails or hangs harms nobody but itself.
 */
import { Clock, Context, Duration, Effect, Layer, Queue, type Scope } from "effect"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"
import { oneLine } from "../domain/Line.ts"
import * as Setting from "../ports/Setting.ts"

export interface Alert {
  /** The reason, e.g. `RateLimited`. */
  readonly reason: string
  /** Errors of this reason in the window. */
  readonly count: number
  /** Errors of this reason per minute, over the window. */
  readonly perMinute: number
  readonly window: Duration.Duration
  /** What the latest one said. */
  readonly latest: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Alerts of this reason that the cool-down held back since the last one. */
  readonly suppressed: number
}

export interface Options {
  /** How far back errors count. @defaultValue 5 minutes */
  readonly window?: Duration.Input | undefined
  /** So many errors of one reason in the window raise an alert. @defaultValue 10 */
  readonly threshold?: number | undefined
  /** Thresholds of single reasons; `Infinity` never alerts. */
  readonly thresholds?: Readonly<Record<string, number>> | undefined
  /** No second alert of the same reason within this time. @defaultValue 15 minutes */
  readonly coolDown?: Duration.Input | undefined
  /** Runs once for each alert, one after the other. Its failures are logged. */
  readonly onAlert?: ((alert: Alert) => Effect.Effect<void, unknown>) | undefined
  /** Reasons that are told apart. @defaultValue 100 */
  readonly maxReasons?: number | undefined
  /** How long `onAlert` may take. @defaultValue 30 s */
  readonly alertTimeout?: Duration.Input | undefined
}

export const defaults = { window: "5 minutes", threshold: 10, coolDown: "15 minutes" } as const satisfies Options

/** Where the environment says {@link Options}. */
export const settings = {
  window: Setting.duration({
    name: "EVERBOT_ERROR_WINDOW",
    about: "How far back errors count.",
    fallback: defaults.window
  }),
  threshold: Setting.whole(
    {
      name: "EVERBOT_ERROR_THRESHOLD",
      about: "So many errors of one reason in that time raise an alert.",
      fallback: `${defaults.threshold}`
    },
    1
  ),
  coolDown: Setting.duration({
    name: "EVERBOT_ERROR_COOL_DOWN",
    about: "No second alert of the same reason within this time.",
    fallback: defaults.coolDown
  })
} satisfies Setting.For<Options>

export interface Tally {
  readonly count: number
  readonly perMinute: number
  readonly latest: string
  /** Epoch milliseconds of the latest one. */
  readonly latestAt: number
}

export interface Summary {
  readonly total: number
  readonly perMinute: number
  readonly byReason: Readonly<Record<string, Tally>>
  /** Alerts that were given up because earlier ones were still on their way. */
  readonly alertsDropped: number
}

/** Any of everbot's errors, or anything with a name and a message. */
export interface Observed {
  readonly _tag?: string | undefined
  readonly message: string
  readonly reason?: { readonly _tag: string } | undefined
}

const slots = 60
const latestLength = 299

/** One reason: a ring of time slots, each with the number of errors that fell into it. */
class Counter {
  readonly counts = new Uint32Array(slots)
  total = 0
  newestSlot = 0
  latest = ""
  latestAt = 0
  alertedAt = Number.NEGATIVE_INFINITY
  suppressed = 0

  /** Forgets the slots that left the window. A clock that went back changes nothing. */
  advance(slot: number): void {
    const steps = Math.min(slot - this.newestSlot, slots)
    for (let step = 1; step <= steps; step++) {
      const index = (this.newestSlot + step) % slots
      this.total -= this.counts[index] ?? 0
      this.counts[index] = 0
    }
    this.newestSlot = Math.max(this.newestSlot, slot)
  }

  add(slot: number): void {
    this.advance(slot)
    const index = this.newestSlot % slots
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.total++
  }
}

const positive = (setting: string, value: number): number => {
  if (value > 0) return value
  const reason = new Malformed({ problem: `is ${value}` })
  throw new ConfigError({ setting: `errorMonitor.${setting}`, reason, mend: "Give a number above 0." })
}

const nameOf = (error: Observed): string => error.reason?._tag ?? error._tag ?? "unknown"

const build = Effect.fnUntraced(function* (options: Options) {
  const clock = yield* Clock.Clock
  const window = Duration.fromInputUnsafe(options.window ?? defaults.window)
  const slotLength = positive("window", Duration.toMillis(window)) / slots
  const minutes = Duration.toMinutes(window)
  const coolDown = Duration.toMillis(options.coolDown ?? defaults.coolDown)
  const threshold = positive("threshold", options.threshold ?? defaults.threshold)
  for (const [name, value] of Object.entries(options.thresholds ?? {})) positive(`thresholds.${name}`, value)
  const maxReasons = positive("maxReasons", options.maxReasons ?? 100)
  const counters = new Map<string, Counter>()
  const alerts = yield* Queue.dropping<Alert>(64)
  let alertsDropped = 0

  /** The counter of a reason. A full table makes room by forgetting a reason that is silent, or counts as `other`. */
  const counterOf = (reason: string, slot: number): readonly [string, Counter] => {
    const known = counters.get(reason)
    if (known !== undefined) return [reason, known]
    if (counters.size >= maxReasons) {
      for (const [name, counter] of counters) {
        counter.advance(slot)
        if (counter.total === 0) counters.delete(name)
      }
    }
    const name = counters.size < maxReasons ? reason : "other"
    const counter = counters.get(name) ?? new Counter()
    counters.set(name, counter)
    return [name, counter]
  }

  const record = (error: Observed): void => {
    const now = clock.currentTimeMillisUnsafe()
    const slot = Math.floor(now / slotLength)
    const [reason, counter] = counterOf(nameOf(error), slot)
    counter.add(slot)
    counter.latest = oneLine(error.message, latestLength)
    counter.latestAt = now
    if (counter.total < (options.thresholds?.[reason] ?? threshold)) return
    if (now - counter.alertedAt < coolDown) {
      counter.suppressed++
      return
    }
    const { total: count, latest, suppressed } = counter
    const alert = { reason, count, perMinute: count / minutes, window, latest, at: now, suppressed }
    counter.alertedAt = now
    counter.suppressed = 0
    if (!Queue.offerUnsafe(alerts, alert)) alertsDropped++
  }

  const summary = Effect.sync((): Summary => {
    const slot = Math.floor(clock.currentTimeMillisUnsafe() / slotLength)
    const byReason: Record<string, Tally> = {}
    let total = 0
    for (const [reason, counter] of counters) {
      counter.advance(slot)
      if (counter.total === 0) continue
      const { total: count, latest, latestAt } = counter
      byReason[reason] = { count, perMinute: count / minutes, latest, latestAt }
      total += count
    }
    return { total, perMinute: total / minutes, byReason, alertsDropped }
  })

  const raise = (alert: Alert) =>
    Effect.suspend(
      () => options.onAlert?.(alert) ?? Effect.logWarning(`${alert.count} × ${alert.reason}: ${alert.latest}`)
    ).pipe(
      Effect.timeout(options.alertTimeout ?? "30 seconds"),
      Effect.catchCause((cause) => Effect.logError(`An alert for ${alert.reason} could not be raised`, cause))
    )
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(alerts), raise)))
  return { record, summary }
})

export class ErrorMonitor extends Context.Service<
  ErrorMonitor,
  {
    /** Counts an error under its reason. Never throws. */
    readonly record: (error: Observed) => void
    /** Everything in the window, now. */
    readonly summary: Effect.Effect<Summary>
  }
>()("everbot/monitor/ErrorMonitor") {}

/** A monitor of its own, while the scope is open. */
export const make = (options: Options = {}): Effect.Effect<ErrorMonitor["Service"], never, Scope.Scope> =>
  build(options)

export const layer = (options: Options = {}): Layer.Layer<ErrorMonitor> => Layer.effect(ErrorMonitor, make(options))
