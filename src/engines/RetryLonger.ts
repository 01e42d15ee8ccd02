/**
 * Gives a slow call more time: a call that ran out of time is tried again with a longer limit.
 *
 * Only for calls that are safe to repeat. Import it as `Schedules.retryLonger`.
 */
import { Data, Duration, Effect, Function, Schedule } from "effect"
import { attempts, type Backoff, finite, within } from "./ScheduleCombinators.ts"

/** The call did not end within its limit. */
export class LimitExceeded extends Data.TaggedError("LimitExceeded")<{ readonly limit: Duration.Duration }> {
  readonly isRetryable = true as const
  override get message() {
    return `no answer within ${Duration.format(this.limit)}`
  }
}

export interface RetryLongerOptions<E> {
  /** The time limit of the first attempt. */
  readonly limit: Duration.Input
  /** Each limit is this many times the one before. @defaultValue 2 */
  readonly factor?: number | undefined
  /** No limit is longer. @defaultValue 8 times `limit` */
  readonly maxLimit?: Duration.Input | undefined
  /** When to try again. @defaultValue at once, 4 attempts in all, and only after {@link LimitExceeded} */
  readonly schedule?: Schedule.Schedule<unknown, E | LimitExceeded> | undefined
}

const onlyTimeouts: Backoff<unknown> = Schedule.forever.pipe(
  Schedule.while(({ input }) => input instanceof LimitExceeded),
  attempts(4),
  Schedule.map(() => Duration.zero)
)

/** Runs `call` under a time limit that grows with every timeout. Other failures are the schedule's affair. */
export const retryLonger: {
  <E>(options: RetryLongerOptions<E>): <A, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LimitExceeded, R>
  <A, E, R>(call: Effect.Effect<A, E, R>, options: RetryLongerOptions<E>): Effect.Effect<A, E | LimitExceeded, R>
} = Function.dual(
  2,
  <A, E, R>(call: Effect.Effect<A, E, R>, options: RetryLongerOptions<E>): Effect.Effect<A, E | LimitExceeded, R> => {
    const first = finite("limit", options.limit)
    const longest = finite("maxLimit", options.maxLimit ?? Duration.times(first, 8))
    const factor = within("factor", options.factor ?? 2, 1, Infinity)
    return Effect.suspend(() => {
      let limit = Duration.min(first, longest)
      const attempt = Effect.suspend(() =>
        Effect.timeoutOrElse(call, {
          duration: limit,
          orElse: () => {
            const exceeded = new LimitExceeded({ limit })
            limit = Duration.min(Duration.times(limit, factor), longest)
            return Effect.fail(exceeded)
          }
        })
      )
      return Effect.retry(attempt, options.schedule ?? onlyTimeouts)
    })
  }
)
