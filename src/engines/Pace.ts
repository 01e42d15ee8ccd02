/**
 * Drives a `Schedule` by hand: for loops whose wait is not a sleep of their own fiber, e.g. lanes that wait on the
 * shared alarm, or supervisors that must tell the delay before they take it.
 */
import { Clock, Duration, Effect, Pull, Schedule } from "effect"
import type { HandlerError } from "../domain/HandlerError.ts"

export interface Pace<I> {
  /** The delay in milliseconds before the next attempt after this failure; `undefined` when the schedule gives up. */
  readonly next: (failure: I) => Effect.Effect<number | undefined>
}

/** Begins to drive a schedule from its start. */
export const make = <O, I>(schedule: Schedule.Schedule<O, I>): Effect.Effect<Pace<I>> =>
  Effect.map(Schedule.toStep(schedule), (step) => ({
    next: (failure) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Pull.matchEffect(step(now, failure), {
          onSuccess: ([, delay]) => Effect.succeed<number | undefined>(Duration.toMillis(delay)),
          onFailure: Effect.failCause,
          onDone: () => Effect.succeed(undefined)
        })
      )
  }))

/** The delay before a delivery's next attempt, which remembers where its retries stand; `undefined` when there is none. */
export const ofDelivery = Effect.fnUntraced(function* (
  delivery: { pace: Pace<HandlerError> | undefined },
  error: HandlerError,
  schedule: Schedule.Schedule<unknown, HandlerError>
) {
  if (!error.isRetryable) return undefined
  if (error.reason._tag === "StoreUnavailable") return storePause
  delivery.pace ??= yield* make(schedule)
  return yield* delivery.pace.next(error)
})

/** Milliseconds before a turn that the store held up begins again; an outage of the store must cost no event. */
const storePause = 1000
