import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import * as Heartbeat from "../../src/engines/Heartbeat.ts"

const interval = 40_000

/** A heartbeat whose peer answers after `delay()` milliseconds, or never. */
const open = Effect.fnUntraced(function* (
  delay: () => number | undefined,
  first: Heartbeat.Options["first"] = "immediate"
) {
  const life = new Heartbeat.Life()
  const clock = yield* Clock.Clock
  const now = () => Heartbeat.monotonic(clock)
  const beats: Array<number> = []
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const answer = () => {
    life.frames++
    life.acknowledged(now())
  }
  const beat = () => {
    beats.push(now())
    const wait = delay()
    if (wait !== undefined) run(Effect.andThen(Effect.sleep(wait), Effect.sync(answer)))
  }
  const fiber = yield* Effect.forkChild(Effect.flip(Heartbeat.run(life, { interval, first, beat })))
  yield* TestClock.adjust(0)
  const died = () => fiber.pollUnsafe() !== undefined
  return { life, beats, fiber, died, now }
})

/** Moves time in small steps and answers when the heartbeat gave up. */
const untilDeath = Effect.fnUntraced(function* (died: () => boolean, now: () => number, limit: number) {
  const end = now() + limit
  while (!died() && now() < end) yield* TestClock.adjust(100)
  return now()
})

describe("a heartbeat", () => {
  it.effect("beats at once, then every interval", () =>
    Effect.gen(function* () {
      const { beats, fiber } = yield* open(() => 50)
      yield* TestClock.adjust(interval * 3)
      assert.deepStrictEqual(beats, [0, interval, 2 * interval, 3 * interval])
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("begins after a random part of the interval where the platform asks for it", () =>
    Effect.gen(function* () {
      const { beats, fiber } = yield* open(() => 50, "jittered")
      assert.deepStrictEqual(beats, [])
      yield* TestClock.adjust(interval)
      assert.strictEqual(beats.length, 1)
      assert.isAbove(beats[0] ?? 0, 0)
      yield* Fiber.interrupt(fiber)
    }).pipe(Random.withSeed("jitter"))
  )

  for (const diesAfter of [0, 1, 100, 5_000, 20_000, 39_999]) {
    it.effect(`notices within 1.1 intervals a peer that falls silent ${diesAfter} ms after a beat was answered`, () =>
      Effect.gen(function* () {
        let isSilent = false
        const { beats, died, now, life } = yield* open(() => (isSilent ? undefined : 20))
        yield* TestClock.adjust(2 * interval + 20)
        assert.strictEqual(beats.length, 3)
        yield* TestClock.adjust(diesAfter)
        isSilent = true
        // The last sign of life: an event, long after the answer.
        life.frames++
        const last = now()
        const death = yield* untilDeath(died, now, 2 * interval)
        assert.isTrue(died())
        assert.isAtMost(death - last, 1.1 * interval + 100)
      })
    )
  }

  it.effect("keeps a peer that is slow but alive", () =>
    Effect.gen(function* () {
      const { beats, died, fiber } = yield* open(() => 3_900)
      yield* TestClock.adjust(20 * interval)
      assert.isFalse(died())
      assert.strictEqual(beats.length, 21)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("keeps a peer that was fast for long and is suddenly slow, up to its patience", () =>
    Effect.gen(function* () {
      let slow = 20
      const { died, fiber } = yield* open(() => slow)
      yield* TestClock.adjust(20 * interval)
      slow = 1_900
      yield* TestClock.adjust(20 * interval)
      assert.isFalse(died())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("takes any frame for a sign of life where the answer fails to come", () =>
    Effect.gen(function* () {
      const { life, died, fiber } = yield* open(() => undefined)
      for (let n = 0; n < 400; n++) {
        life.frames++
        yield* TestClock.adjust(1_000)
      }
      assert.isFalse(died())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("does not judge while reading is paused, but soon after", () =>
    Effect.gen(function* () {
      const { life, died, beats, now } = yield* open(() => undefined)
      life.pause(now())
      yield* TestClock.adjust(10 * interval)
      assert.isFalse(died())
      assert.strictEqual(beats.length, 11)
      life.resume(now())
      const resumed = now()
      const death = yield* untilDeath(died, now, 2 * interval)
      assert.isTrue(died())
      assert.isAtLeast(death - resumed, 4_000)
      assert.isAtMost(death - resumed, 1.1 * interval + 100)
    })
  )

  it.effect("does judge when reading is paused over and over", () =>
    Effect.gen(function* () {
      const { life, died, now } = yield* open(() => undefined)
      for (let n = 0; n < 40 && !died(); n++) {
        life.pause(now())
        yield* TestClock.adjust(500)
        life.resume(now())
        yield* TestClock.adjust(500)
      }
      assert.isTrue(died())
      assert.isAtLeast(now(), 8_000)
    })
  )
})

describe("a stalled process", () => {
  it.effect("gives the peer another deadline after it stood still", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      // The first sleeper wakes 20 seconds after its time.
      let late = 20_000
      const stalling: Clock.Clock = {
        ...clock,
        sleep: (duration) => {
          const total = Duration.sum(duration, Duration.millis(late))
          late = 0
          return clock.sleep(total)
        }
      }
      const life = new Heartbeat.Life()
      const fiber = yield* Effect.forkChild(
        Effect.flip(Heartbeat.run(life, { interval, first: "immediate", beat: () => {} })).pipe(
          Effect.provideService(Clock.Clock, stalling)
        )
      )
      yield* TestClock.adjust(27_900)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(200)
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("reads what waited in the socket before it judges", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const life = new Heartbeat.Life()
      const run = Effect.runForkWith(yield* Effect.context<never>())
      // The answer came while we stood still: it is read one turn after the timer that would judge.
      const read = Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => void life.frames++)
      )
      let isWaiting = true
      const waking: Clock.Clock = {
        ...clock,
        sleep: (duration) =>
          Effect.tap(clock.sleep(duration), () =>
            Effect.sync(() => {
              if (isWaiting) run(read)
              isWaiting = false
            })
          )
      }
      const fiber = yield* Effect.forkChild(
        Effect.flip(Heartbeat.run(life, { interval, first: "immediate", beat: () => {} })).pipe(
          Effect.provideService(Clock.Clock, waking)
        )
      )
      yield* TestClock.adjust(interval + 3_900)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(200)
      assert.isDefined(fiber.pollUnsafe())
    })
  )
})
