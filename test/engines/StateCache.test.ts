import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { StateCache } from "../../src/engines/StateCache.ts"
import { emptyCommit, type StateEntry, type StateWrite, Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"

const write = (state: ReadonlyArray<StateWrite>) =>
  Store.use((store) =>
    store
      .commit({ ...emptyCommit, turns: [{ eventId: undefined, messages: [], state }] })
      .pipe(Effect.map(({ turns }) => (turns[0]?._tag === "Committed" ? turns[0].versions : undefined)))
  )
const onMemory = Effect.provide(StateCache.layer.pipe(Layer.provideMerge(Memory.layer)))

describe("the state cache", () => {
  it.effect("knows the version that the store gave to what was committed", () =>
    Effect.gen(function* () {
      const cache = yield* StateCache
      const store = yield* Store
      yield* write([{ key: "other", value: "1", expected: 0 }])
      for (const [key, value] of [
        ["a", "1"],
        ["other", "2"],
        ["a", "2"],
        ["a", undefined],
        ["a", "3"]
      ] as const) {
        const state = [{ key, value, expected: (yield* cache.read(key)).version }]
        const versions = yield* write(state)
        assert.isDefined(versions, `${key} = ${value}`)
        cache.committed(state, versions ?? [])
        assert.deepStrictEqual(yield* cache.read(key), (yield* store.state([key]))[0])
      }
    }).pipe(onMemory)
  )

  it.effect("keeps what was committed without asking the store, and forgets what it has no version for", () =>
    Effect.gen(function* () {
      const cache = yield* StateCache
      yield* write([{ key: "a", value: "stored", expected: 0 }])
      cache.committed([{ key: "a", value: "told", expected: 0 }], [7])
      assert.deepStrictEqual(yield* cache.read("a"), { value: "told", version: 7 })
      cache.committed([{ key: "a", value: "not applied", expected: 7 }], [])
      assert.strictEqual((yield* cache.read("a")).value, "stored")
    }).pipe(onMemory)
  )

  it.effect("asks the store once for a key that nobody writes", () =>
    Effect.gen(function* () {
      let reads = 0
      const counting = Layer.effect(
        Store,
        Effect.map(Store, (store) =>
          Store.of({
            ...store,
            state: (keys) =>
              Effect.suspend(() => {
                reads++
                return store.state(keys)
              })
          })
        )
      ).pipe(Layer.provide(Memory.layer))
      yield* Effect.gen(function* () {
        const cache = yield* StateCache
        for (let i = 0; i < 5; i++) yield* cache.read("a")
        assert.strictEqual(reads, 1)
        cache.forget([{ key: "a", value: undefined, expected: 0 }])
        yield* cache.read("a")
        assert.strictEqual(reads, 2)
      }).pipe(Effect.provide(StateCache.layer.pipe(Layer.provide(counting))))
    })
  )

  it.effect("does not keep what a read found when a commit overtook it", () =>
    Effect.gen(function* () {
      const old = yield* Deferred.make<void>()
      let answer: StateEntry = { value: "old", version: 1 }
      const slow = Layer.effect(
        Store,
        Effect.map(Store, (store) =>
          Store.of({
            ...store,
            state: () => {
              const found = [answer]
              return answer.version === 1 ? Effect.as(Deferred.await(old), found) : Effect.succeed(found)
            }
          })
        )
      ).pipe(Layer.provide(Memory.layer))
      yield* Effect.gen(function* () {
        const cache = yield* StateCache
        const reading = yield* Effect.forkChild(cache.read("a"), { startImmediately: true })
        answer = { value: "new", version: 2 }
        cache.committed([{ key: "a", value: "new", expected: 1 }], [2])
        yield* Deferred.succeed(old, undefined)
        yield* Fiber.join(reading)
        assert.strictEqual((yield* cache.read("a")).value, "new")
      }).pipe(Effect.provide(StateCache.layer.pipe(Layer.provide(slow))))
    })
  )
})
