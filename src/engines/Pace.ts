/**
 * Drives a `Schedule` by hand: for loops whose wait is not a sleep of their own fiber, e.g. lanes that wait on the
 * shared alarm, or supervisors that must tell the delay before they take it.
 */
import { Clock, Duration, Effect, Pull, Schedule } from "effect"

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

/** Milliseconds before a turn that the store held up begins again; an outage of the store must cost no event. */
export const storePause = 1000
