/** Session starts keep to the platform's limits, wherever between grant and answer the platform counts them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as SessionStarts from "../../../src/platforms/qq/SessionStarts.ts"
import { prng } from "../../fixtures/runtime.ts"

const now = Effect.clockWith((clock) => clock.currentTimeMillis)

/** A platform that counts what it gets, and a store that keeps the bot's budget. */
const world = (total: number, maxConcurrency: number) => {
  const counted: Array<number> = []
  let saved: SessionStarts.Budget | undefined
  return {
    counted,
    ask: Effect.sync(() => ({
      startLimit: { total, remaining: total - counted.length, resetAfter: 3_600_000, maxConcurrency }
    })),
    store: {
      load: Effect.sync(() => saved),
      save: (budget: SessionStarts.Budget) =>
        Effect.sync(() => {
          // As it comes back from a store.
          saved = JSON.parse(JSON.stringify(budget))
        })
    } satisfies SessionStarts.BudgetStore
  }
}

const assertKept = (counted: ReadonlyArray<number>, atOnce: number, story: string) => {
  const sorted = counted.toSorted((a, b) => a - b)
  sorted.forEach((at, index) => {
    const before = sorted[index - atOnce]
    assert.isTrue(before === undefined || at - before >= 5000, `${before} and ${at}: ${atOnce} at once; ${story}`)
  })
}

/** Steps of time until the fiber has ended. */
const untilEnded = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.gen(function* () {
    for (let n = 0; n < 20_000 && fiber.pollUnsafe() === undefined; n++) yield* TestClock.adjust("100 millis")
    return yield* Fiber.join(fiber)
  })

describe("session starts", () => {
  it.effect("of many shards never exceed the limit of five seconds, through slow answers, failures and crashes", () =>
    Effect.gen(function* () {
      const seed = Number(process.env["SEED"] ?? 7)
      const random = prng(seed)
      for (const atOnce of [1, 2, 5, 16]) {
        const { ask, counted, store } = world(1000, atOnce)
        for (let life = 0; life < 4; life++) {
          const starts = SessionStarts.make(store)
          const shard = Effect.scoped(
            Effect.gen(function* () {
              yield* Effect.sleep(random() * 3000)
              const { over } = yield* starts.take(ask, false)
              // Dialled, sent and counted, then answered; or the connection is lost before, or right after.
              if (random() < 0.1) return
              yield* Effect.sleep(random() * 2000)
              counted.push(yield* now)
              yield* Effect.sleep(random() * 2000)
              if (random() < 0.7) over()
              yield* Effect.sleep(random() * 1000)
            })
          )
          const all = yield* Effect.forkChild(
            Effect.all(
              Array.from({ length: 16 }, () => shard),
              { concurrency: 16 }
            )
          )
          if (life === 3) yield* untilEnded(all)
          else {
            yield* TestClock.adjust(random() * 12_000)
            yield* Fiber.interrupt(all)
          }
        }
        assert.isAtLeast(counted.length, 10)
        assertKept(counted, atOnce, `seed ${seed}`)
      }
    })
  )

  it.effect("are not slower than the limit demands: so many per five seconds, evenly", () =>
    Effect.gen(function* () {
      const { ask } = world(1000, 4)
      const starts = SessionStarts.make()
      const granted: Array<number> = []
      const one = Effect.scoped(
        Effect.gen(function* () {
          const { over } = yield* starts.take(ask, false)
          granted.push(yield* now)
          over()
        })
      )
      yield* untilEnded(
        yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 6 }, () => one),
            { concurrency: 6 }
          )
        )
      )
      assert.deepStrictEqual(granted, [0, 1250, 2500, 3750, 5000, 6250])
    })
  )

  it.effect(
    "are not more than are left when many shards ask at once, and who comes too late is told when to return",
    () =>
      Effect.gen(function* () {
        const { ask, counted } = world(3, 16)
        const starts = SessionStarts.make()
        const shard = Effect.gen(function* () {
          const { over } = yield* starts.take(ask, false)
          yield* Effect.sleep("3 seconds")
          counted.push(yield* now)
          over()
        }).pipe(
          Effect.scoped,
          Effect.catchTag("Throttled", ({ retryAfter }) => Effect.succeed(retryAfter))
        )
        const results = yield* untilEnded(
          yield* Effect.forkChild(
            Effect.all(
              Array.from({ length: 5 }, () => shard),
              { concurrency: 5 }
            )
          )
        )
        assert.strictEqual(counted.length, 3)
        assert.strictEqual(results.filter((late) => late !== undefined).length, 2)
      })
  )

  it.effect("that replace a working session leave a tenth of the day's starts to others", () =>
    Effect.gen(function* () {
      const { ask, counted } = world(20, 16)
      const starts = SessionStarts.make()
      const take = (isSpare: boolean) =>
        Effect.scoped(
          Effect.map(starts.take(ask, isSpare), ({ over }) => {
            counted.push(0)
            over()
          })
        )
      for (let n = 0; n < 17; n++) yield* untilEnded(yield* Effect.forkChild(take(false)))
      yield* untilEnded(yield* Effect.forkChild(take(true)))
      assert.strictEqual((yield* Effect.flip(take(true)))._tag, "Throttled")
      yield* untilEnded(yield* Effect.forkChild(take(false)))
    })
  )

  it.effect("of a process that died in the middle of one count as read by the platform at its end, at the latest", () =>
    Effect.gen(function* () {
      const { ask, store } = world(100, 1)
      const first = yield* Effect.forkChild(
        Effect.scoped(Effect.andThen(SessionStarts.make(store).take(ask, false), Effect.never))
      )
      yield* TestClock.adjust("20 seconds")
      // Interrupting it would tell the store that the start is over; a crash does not.
      const atCrash = yield* store.load
      yield* Fiber.interrupt(first)
      yield* store.save(atCrash ?? (yield* Effect.die("nothing was saved")))
      const next = Effect.suspend(() => Effect.scoped(Effect.andThen(SessionStarts.make(store).take(ask, false), now)))
      assert.strictEqual(yield* untilEnded(yield* Effect.forkChild(next)), 25_000)
      yield* store.save(atCrash ?? (yield* Effect.die("nothing was saved")))
      yield* TestClock.adjust("10 minutes")
      // Long after, nothing is held against the next one.
      const before = yield* now
      assert.strictEqual(yield* untilEnded(yield* Effect.forkChild(next)), before)
    })
  )

  it.effect("wait at most a window when the clock was set back", () =>
    Effect.gen(function* () {
      const { ask, store } = world(100, 1)
      yield* store.save({ remaining: 99, resetAt: 9e12, lastStart: 8e12, over: [8e12], open: 0 })
      const starts = SessionStarts.make(store)
      const granted = yield* untilEnded(
        yield* Effect.forkChild(Effect.scoped(Effect.andThen(starts.take(ask, false), now)))
      )
      assert.strictEqual(granted, 5000)
    })
  )

  it.effect("that a killed process left without an answer are told once each", () =>
    Effect.gen(function* () {
      const { ask, store } = world(100, 16)
      const killed = SessionStarts.make(store)
      const takes = Effect.andThen(Effect.all([killed.take(ask, false), killed.take(ask, false)]), Effect.never)
      yield* Effect.forkChild(Effect.scoped(takes), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      const next = SessionStarts.make(store)
      assert.strictEqual(next.unanswered(), undefined)
      yield* Effect.scoped(next.take(ask, false))
      const told = [next.unanswered(), next.unanswered(), next.unanswered()]
      assert.strictEqual(told[0], told[1])
      assert.isBelow(told[0] ?? Number.NaN, 5000)
      assert.strictEqual(told[2], undefined)
      // What failed in the life of its process is no riddle to the next one.
      yield* TestClock.adjust("10 seconds")
      const last = SessionStarts.make(store)
      yield* Effect.scoped(last.take(ask, false))
      assert.strictEqual(last.unanswered(), undefined)
    })
  )
})
