/** How the bot is, what went wrong lately, and checks of one's own. */
import { Effect, Layer } from "effect"
import type { HealthReport } from "../domain/Health.ts"
import { ErrorMonitor, type Summary } from "../monitor/ErrorMonitor.ts"
import * as Health from "../monitor/Health.ts"

/** The report of the latest round of checks, measured now if there was none. */
export const health: Effect.Effect<HealthReport, never, Health.Health> = Effect.flatMap(
  Health.Health,
  ({ report }) => report
)

/** Errors by reason over the window of `Bot.layerWith({ errors })`, by default the last 5 minutes. */
export const errors: Effect.Effect<Summary, never, ErrorMonitor> = Effect.flatMap(
  ErrorMonitor,
  ({ summary }) => summary
)

/**
 * Adds a check: success is healthy, unless it says otherwise (`Health.degraded("why")`); a failure is unhealthy.
 *
 * ```ts
 * Bot.check("database", sql`SELECT 1`)
 * ```
 */
export const check = <A, E, R, R2 = never>(
  name: string,
  run: Effect.Effect<A, E, R>,
  options: Health.CheckOptions<R2> = {}
): Layer.Layer<never, never, Health.Health | R | R2> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const context = yield* Effect.context<R | R2>()
      const { repair, timeout } = options
      const provided = Health.check(name, Effect.provideContext(run, context), {
        timeout,
        repair: repair === undefined ? undefined : Effect.provideContext(repair, context)
      })
      yield* (yield* Health.Health).add(provided)
    })
  )
