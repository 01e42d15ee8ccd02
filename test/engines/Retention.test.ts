import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Corrupt, Full, StoreError } from "../../src/domain/StoreError.ts"
import * as Retention from "../../src/engines/Retention.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"

const minutes = 60_000
const hours = 60 * minutes
const days = 24 * hours

/** A store that notes when it is pruned and up to where; `answer` may make it fail. */
const noting = (answer: (calls: number) => Effect.Effect<number, StoreError> = () => Effect.succeed(0)) => {
  const calls: Array<readonly [at: number, before: number]> = []
  const layer = Layer.effect(
    Store,
    Effect.gen(function* () {
      const clock = yield* Effect.clockWith(Effect.succeed)
      return Store.of({
        ...(yield* Store),
        prune: (before) =>
          Effect.suspend(() => {
            calls.push([clock.currentTimeMillisUnsafe(), before])
            return answer(calls.length)
          })
      })
    })
  ).pipe(Layer.provide(Memory.layer))
  return { calls, layer }
}

const failing = (reason: StoreError["reason"]) => Effect.fail(new StoreError({ operation: "prune", reason }))

describe("retention", () => {
  it.effect("prunes what is older than seven days, after ten minutes and then every hour", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* TestClock.setTime(30 * days)
      yield* Retention.start({})
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(calls, [])
      yield* TestClock.adjust("2 hours")
      const times = [10 * minutes, 70 * minutes].map((after) => 30 * days + after)
      assert.deepStrictEqual(
        calls,
        times.map((at) => [at, at - 7 * days])
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("keeps events as long as it is told", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* TestClock.setTime(30 * days)
      yield* Retention.start({ retention: "36 hours" })
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(calls, [[30 * days + 10 * minutes, 30 * days + 10 * minutes - 36 * hours]])
    }).pipe(Effect.provide(layer))
  })

  it.effect("never prunes when it is off", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* Retention.start({ retention: false })
      yield* TestClock.adjust("30 days")
      assert.deepStrictEqual(calls, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("tries again a minute after a failure that may pass, and keeps its hours afterwards", () => {
    const { calls, layer } = noting((call) =>
      call <= 2 ? failing(new Full({ detail: "no space" })) : Effect.succeed(1)
    )
    return Effect.gen(function* () {
      yield* Retention.start({})
      yield* TestClock.adjust("80 minutes")
      assert.deepStrictEqual(
        calls.map(([at]) => at / minutes),
        [10, 11, 13, 73]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("goes on the next hour after a failure that does not pass, and after a defect", () => {
    const { calls, layer } = noting((call) =>
      call === 1 ? failing(new Corrupt({ detail: "page 7" })) : call === 2 ? Effect.die("bug") : Effect.succeed(0)
    )
    return Effect.gen(function* () {
      yield* Retention.start({})
      yield* TestClock.adjust("3 hours")
      assert.deepStrictEqual(
        calls.map(([at]) => at / minutes),
        [10, 70, 130]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("stops with its scope", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* Effect.scoped(Retention.start({}))
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(calls, [])
    }).pipe(Effect.provide(layer))
  })
})
