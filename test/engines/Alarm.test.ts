import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Alarm from "../../src/engines/Alarm.ts"
import { prng, settle } from "../fixtures/runtime.ts"

describe("the alarm", () => {
  it.effect("calls each at its time, not before, and only once", () =>
    Effect.gen(function* () {
      const alarm = yield* Alarm.make
      const rung: Array<readonly [number, number]> = []
      for (const at of [300, 100, 200, 100]) alarm.set(at, () => rung.push([at, alarm.now()]))
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(rung, [])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(rung, [
        [100, 100],
        [100, 100],
        [200, 200],
        [300, 300]
      ])
    })
  )

  it.effect("calls at once what is due already, and an earlier timer before the one it sleeps for", () =>
    Effect.gen(function* () {
      const alarm = yield* Alarm.make
      const rung: Array<string> = []
      alarm.set(60_000, () => rung.push("late"))
      yield* settle
      alarm.set(-5, () => rung.push("past"))
      alarm.set(1000, () => rung.push("early"))
      yield* settle
      assert.deepStrictEqual(rung, ["past"])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(rung, ["past", "early", "late"])
    })
  )

  it.effect("keeps waits as long as they were when the clock is set back, however far", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(86_400_000)
      const alarm = yield* Alarm.make
      const rung: Array<string> = []
      alarm.set(alarm.now() + 10_000, () => rung.push("before"))
      yield* settle
      yield* TestClock.setTime(3_600_000)
      alarm.set(alarm.now() + 20_000, () => rung.push("after"))
      yield* settle
      yield* TestClock.adjust(9999)
      assert.deepStrictEqual(rung, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(rung, ["before"])
      yield* TestClock.adjust(9999)
      assert.deepStrictEqual(rung, ["before"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(rung, ["before", "after"])
    })
  )

  it.effect("does not call what was cancelled, also when that is the next one", () =>
    Effect.gen(function* () {
      const alarm = yield* Alarm.make
      const rung: Array<string> = []
      const first = alarm.set(100, () => rung.push("first"))
      alarm.set(200, () => rung.push("second"))
      yield* settle
      first.cancel()
      first.cancel()
      yield* TestClock.adjust(200)
      assert.deepStrictEqual(rung, ["second"])
    })
  )

  it.effect("takes timers that are set while it rings", () =>
    Effect.gen(function* () {
      const alarm = yield* Alarm.make
      const rung: Array<number> = []
      const again = (): void => {
        rung.push(alarm.now())
        if (rung.length < 5) alarm.set(alarm.now() + 10, again)
      }
      alarm.set(10, again)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(rung, [10, 20, 30, 40, 50])
    })
  )

  it.effect.each(Array.from({ length: 20 }, (_, i) => i + 1))("keeps the order of times among many (seed %i)", (seed) =>
    Effect.gen(function* () {
      const random = prng(seed)
      const alarm = yield* Alarm.make
      const rung: Array<number> = []
      const expected: Array<number> = []
      for (let i = 0; i < 300; i++) {
        const at = Math.floor(random() * 10_000)
        const timer = alarm.set(at, () => rung.push(at))
        if (random() < 0.3) timer.cancel()
        else expected.push(at)
      }
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual(
        rung,
        expected.sort((a, b) => a - b)
      )
    })
  )

  it.effect("notices within a minute that the clock was set forward while it waits", () =>
    Effect.gen(function* () {
      const real = yield* TestClock.testClockWith(Effect.succeed)
      let ahead = 0
      const now = () => real.currentTimeMillisUnsafe() + ahead
      const clock: Clock.Clock = {
        currentTimeMillisUnsafe: now,
        currentTimeMillis: Effect.sync(now),
        currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
        currentTimeNanos: real.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: real.monotonicTimeNanos,
        sleep: (duration) => real.sleep(duration)
      }
      yield* Effect.gen(function* () {
        const alarm = yield* Alarm.make
        const rung: Array<number> = []
        alarm.set(3_600_000, () => rung.push(alarm.now()))
        yield* settle
        ahead = 3_600_000
        yield* real.adjust("1 minute")
        assert.deepStrictEqual(rung, [3_660_000])
      }).pipe(Effect.provideService(Clock.Clock, clock))
    })
  )
})
