/** The contract of `SnapshotStore`: every implementation runs it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import type { StoreError } from "../../src/domain/StoreError.ts"
import { SnapshotStore } from "../../src/ports/SnapshotStore.ts"

export interface Subject {
  readonly name: string
  /** A layer over an empty place; building it again finds what was saved, if `isDurable`. */
  readonly open: () => Layer.Layer<SnapshotStore, StoreError>
  readonly isDurable: boolean
}

export const snapshotSuite = ({ name, open, isDurable }: Subject) =>
  describe(`snapshots: ${name}`, () => {
    it.effect("a name that was never saved has no snapshot and no damage", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        assert.deepStrictEqual(yield* store.load("bot"), { snapshot: undefined, damaged: [] })
      }).pipe(Effect.provide(open()))
    )

    it.effect("what was saved last is loaded, byte for byte", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        for (const body of ["", "{}", "line\nline\n\n", "你好 🤖 \u0000 \ud7ff", "x".repeat(300_000)]) {
          const saved = yield* store.save("bot", body)
          assert.deepStrictEqual(yield* store.load("bot"), { snapshot: saved, damaged: [] })
          assert.strictEqual(saved.body, body)
        }
      }).pipe(Effect.provide(open()))
    )

    it.effect("generations grow, and names do not see each other", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const names = ["bot", "bot.1", "bot-2", "BOT_3"]
        for (let n = 1; n <= 12; n++) {
          for (const name of names) {
            const { generation } = yield* store.save(name, `${name} ${n}`)
            assert.strictEqual(generation, n)
          }
        }
        for (const name of names) {
          const { snapshot, damaged } = yield* store.load(name)
          assert.deepStrictEqual([snapshot?.body, damaged.length], [`${name} 12`, 0])
        }
      }).pipe(Effect.provide(open()))
    )

    it.effect("lists every name with what is left of it, newest first", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        assert.deepStrictEqual(yield* store.list, [])
        for (const name of ["bot", "bot.1", "bot", "bot"]) yield* store.save(name, "body")
        const listed = [...(yield* store.list)].sort((left, right) => left.name.length - right.name.length)
        assert.deepStrictEqual(
          listed.map(({ name, generations }) => [name, generations[0]]),
          [
            ["bot", 3],
            ["bot.1", 1]
          ]
        )
        for (const { generations } of listed)
          assert.deepStrictEqual(
            generations,
            generations.toSorted((a, b) => b - a)
          )
      }).pipe(Effect.provide(open()))
    )

    it.effect("saves at the same time end in as many generations, and the last one wins", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const bodies = Array.from({ length: 20 }, (_, n) => `body ${n}`)
        const saved = yield* Effect.forEach(bodies, (body) => store.save("bot", body), { concurrency: "unbounded" })
        const generations = saved.map(({ generation }) => generation).sort((left, right) => left - right)
        assert.deepStrictEqual(
          generations,
          bodies.map((_, n) => n + 1)
        )
        const last = saved.find(({ generation }) => generation === 20)
        assert.deepStrictEqual((yield* store.load("bot")).snapshot, last)
      }).pipe(Effect.provide(open()))
    )

    it.effect("a name that could leave its place is refused, and the error says what a name is", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        for (const name of ["", "../bot", "a/b", ".hidden", "a b", "x".repeat(101), "a\u0000"]) {
          const error = yield* Effect.flip(store.save(name, "body"))
          assert.strictEqual(error.reason._tag, "Unusable")
          assert.include(error.message, "1 to 100 letters")
          yield* Effect.flip(store.load(name))
        }
      }).pipe(Effect.provide(open()))
    )

    it.effect.skipIf(!isDurable)("a new process finds what the last one saved", () =>
      Effect.gen(function* () {
        const place = open()
        yield* Effect.provide(
          SnapshotStore.use((store) => store.save("bot", "before")),
          place,
          { local: true }
        )
        const { snapshot } = yield* Effect.provide(
          SnapshotStore.use((store) => store.load("bot")),
          place,
          { local: true }
        )
        assert.strictEqual(snapshot?.body, "before")
      })
    )
  })
