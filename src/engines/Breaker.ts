/**
 * The breaker of one account's sends: after five failures in a row nothing is sent for a while. It counts on the steady
 * clock: one that is set back must not hold an account for hours that was to rest for seconds.
 */
import { Clock, Effect, type Exit } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { monotonic } from "./Heartbeat.ts"
import * as Schedules from "./Schedules.ts"

/** What the relay needs of it. */
export interface Breaker {
  /** Runs a send, which sees the clock as it is; fails with a `CircuitBreakerError` while nothing is let through. */
  readonly execute: <A, E>(
    send: Effect.Effect<A, E>,
    options: {
      readonly key: string
      readonly classify: (exit: Exit.Exit<A, E>) => CircuitBreaker.Outcome
    }
  ) => Effect.Effect<A, E | CircuitBreaker.CircuitBreakerError>
}

/** A closed breaker. @param openDuration how long it rests, by how often it opened in a row */
export const make = Effect.fnUntraced(function* (openDuration = Schedules.backoff({ cap: "15 seconds" })) {
  const clock = yield* Clock.Clock
  const steadily = Effect.provideService(Clock.Clock, steady(clock))
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(5),
    openDuration
  }).pipe(Effect.provide(CircuitBreaker.layerStoreMemory()), steadily)
  const execute: Breaker["execute"] = (send, options) =>
    steadily(breaker.execute(Effect.provideService(send, Clock.Clock, clock), options))
  return { execute, transitions: breaker.transitions }
})

/** A clock whose time of day only goes forward. */
const steady = (clock: Clock.Clock): Clock.Clock => {
  const now = () => Math.floor(monotonic(clock))
  return {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    currentTimeNanos: clock.monotonicTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}
