/**
 * Keeps the store small: deletes what was settled or sent long ago, every hour.
 *
 * Never in the way: a failure is logged and tried again, and the store deletes in steps that commits overtake.
 */
import { Clock, Duration, Effect, Schedule, type Scope } from "effect"
import { Store } from "../ports/Store.ts"

export interface RetentionOptions {
  /**
   * How long settled events and sent messages are kept; duplicates that come later than that are not recognised.
   * `false` keeps them for ever. Pending events, queued messages and dead letters are always kept.
   * @defaultValue 7 days
   */
  readonly retention?: Duration.Input | false | undefined
  /** How often old rows are deleted. @defaultValue 1 hour; for the first time after 10 minutes */
  readonly pruneEvery?: Duration.Input | undefined
}

/** A start has better things to do. */
const first = Duration.minutes(10)
/** After these the next hour tries again. */
const patience = Schedule.max([Schedule.exponential("1 minute"), Schedule.recurs(5)])

/** Prunes the store until the scope closes. */
export const start = Effect.fnUntraced(function* ({
  pruneEvery = Duration.hours(1),
  retention = Duration.days(7)
}: RetentionOptions): Effect.fn.Return<void, never, Scope.Scope | Store> {
  if (retention === false) return
  const store = yield* Store
  const keep = Duration.toMillis(Duration.fromInputUnsafe(retention))
  const every = Duration.fromInputUnsafe(pruneEvery)
  const prune = Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - keep
    const rows = yield* store.prune(before)
    if (rows > 0) yield* Effect.logDebug(`deleted ${rows} old rows from the store`)
  })
  const safely = prune.pipe(
    Effect.tapError((error) => Effect.logWarning(`the store could not be pruned: ${error.message}`)),
    Effect.retry({ schedule: patience, while: (error) => error.isRetryable }),
    // What no repetition mended, and defects: pruning must not end because it failed once.
    Effect.catchCause((cause) => Effect.logError("the store was not pruned; trying again later", cause))
  )
  yield* Effect.forkScoped(
    Effect.andThen(Effect.sleep(Duration.min(first, every)), Effect.repeat(safely, Schedule.spaced(every)))
  )
})
