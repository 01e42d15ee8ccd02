/**
 * How long the event loop kept its timers waiting: measured by Node itself, in a window that each reading ends.
 * A port, so that tests can have a loop that is dying.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Context, Effect, type Scope } from "effect"

/** Milliseconds of delay since the last reading. */
export interface Delays {
  readonly p99: number
  readonly max: number
}

/** Milliseconds between two samples; what Node records includes them. */
const resolution = 20

const ofNode: Effect.Effect<() => Delays, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  ),
  (histogram) => () => {
    const delay = (nanos: number) => Math.max(0, nanos / 1e6 - resolution)
    const delays =
      histogram.count === 0 ? { p99: 0, max: 0 } : { p99: delay(histogram.percentile(99)), max: delay(histogram.max) }
    histogram.reset()
    return delays
  }
)

/** Begins to measure; each call of the result reads the window and begins a new one. */
export const LoopDelay = Context.Reference<Effect.Effect<() => Delays, never, Scope.Scope>>(
  "everbot/monitor/LoopDelay",
  { defaultValue: () => ofNode }
)
