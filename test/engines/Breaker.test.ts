import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as Breaker from "../../src/engines/Breaker.ts"
import * as Schedules from "../../src/engines/Schedules.ts"

/** A clock that somebody sets: the time of day jumps, the steady time does not. */
const jumping = (clock: Clock.Clock, ahead: { millis: number }): Clock.Clock => {
  const now = () => clock.currentTimeMillisUnsafe() + ahead.millis
  return {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
    currentTimeNanos: clock.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

const classify = (exit: Exit.Exit<void, string>): CircuitBreaker.Outcome =>
  Exit.isSuccess(exit) ? CircuitBreaker.success : CircuitBreaker.failure()

describe("the breaker of the sends", () => {
  it.effect("rests as long as it was to rest when the clock is set back by hours", () =>
    Effect.gen(function* () {
      const real = yield* TestClock.testClockWith(Effect.succeed)
      const ahead = { millis: 0 }
      yield* real.setTime(86_400_000)
      yield* Effect.gen(function* () {
        const breaker = yield* Breaker.make(Schedules.backoff({ base: "1 second", jitter: 0 }))
        const send = (works: boolean) =>
          Effect.exit(breaker.execute(works ? Effect.void : Effect.fail("down"), { key: "a", classify }))
        for (let n = 1; n <= 5; n++) yield* send(false)
        assert.strictEqual((yield* send(true))._tag, "Failure")
        ahead.millis = -7_200_000
        yield* real.adjust("1 second")
        assert.strictEqual((yield* send(true))._tag, "Success")
      }).pipe(Effect.provideService(Clock.Clock, jumping(real, ahead)))
    })
  )
})
