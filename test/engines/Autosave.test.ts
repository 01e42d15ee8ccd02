import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Ref, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Full, Inaccessible, StoreError } from "../../src/domain/StoreError.ts"
import * as Autosave from "../../src/engines/Autosave.ts"
import { type Loaded, SnapshotStore } from "../../src/ports/SnapshotStore.ts"

const State = Schema.Struct({ greeted: Schema.Int, since: Schema.DateFromString })
const initial = { greeted: 0, since: new Date(0) }
const greet = (state: typeof initial) => ({ ...state, greeted: state.greeted + 1 })
const options = { name: "bot", schema: State, initial }

const fullDisk = new StoreError({ operation: "save a snapshot", reason: new Full({ detail: "no space" }) })

/** A store whose saves are seen, and may fail or take their time. */
const fake = (loaded: Loaded = { snapshot: undefined, damaged: [] }) => {
  const store = {
    saves: [] as string[],
    attempts: 0,
    failure: Effect.void as Effect.Effect<void, StoreError>
  }
  const save = (_: string, body: string) =>
    Effect.suspend(() => {
      store.attempts++
      return Effect.map(store.failure, () => {
        store.saves.push(body)
        return { generation: store.saves.length, savedAt: 0, body }
      })
    })
  const layer = Layer.sync(SnapshotStore, () =>
    SnapshotStore.of({ save, load: () => Effect.succeed(loaded), list: Effect.succeed([]) })
  )
  return Object.assign(store, { layer })
}
const snapshot = (value: unknown, version = 1) => ({
  snapshot: { generation: 7, savedAt: 5, body: JSON.stringify({ version, value }) },
  damaged: []
})
const greeted = (saves: ReadonlyArray<string>) => saves.map((body) => JSON.parse(body).value.greeted)

describe("Autosave", () => {
  it.effect("saves once a minute, only when something changed, and once more when its scope closes", () => {
    const store = fake()
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const state = yield* Scope.provide(Autosave.make(options), scope)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(store.saves, [])
      yield* state.update(greet)
      yield* state.update(greet)
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(store.saves, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(store.saves, ['{"version":1,"value":{"greeted":2,"since":"1970-01-01T00:00:00.000Z"}}'])
      yield* TestClock.adjust("10 minutes")
      yield* state.update((same) => same)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(store.attempts, 1)
      yield* state.update(greet)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(greeted(store.saves), [2, 3])
    }).pipe(Effect.provide(store.layer))
  })

  it.effect("restores what was saved and tells its generation", () =>
    Effect.gen(function* () {
      const reports: Array<Autosave.Report> = []
      const onReport = (report: Autosave.Report) => Effect.sync(() => void reports.push(report))
      const state = yield* Autosave.make({ ...options, onReport })
      assert.deepStrictEqual(yield* state.get, { greeted: 3, since: new Date(86_400_000) })
      assert.deepStrictEqual(reports, [{ _tag: "Restored", name: "bot", generation: 7, savedAt: 5 }])
    }).pipe(Effect.provide(fake(snapshot({ greeted: 3, since: "1970-01-02T00:00:00.000Z" })).layer))
  )

  it.effect("keeps the state when a save fails, reports it, and saves everything at the next occasion", () => {
    const store = fake()
    return Effect.gen(function* () {
      const reports: Array<Autosave.Report> = []
      const onReport = (report: Autosave.Report) => Effect.sync(() => void reports.push(report))
      const state = yield* Autosave.make({ ...options, onReport })
      yield* state.update(greet)
      store.failure = fullDisk
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(reports, [{ _tag: "SaveFailed", name: "bot", error: fullDisk, isLast: false }])
      assert.strictEqual(store.attempts, 4)
      assert.strictEqual((yield* state.get).greeted, 1)
      yield* state.update(greet)
      store.failure = Effect.void
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(greeted(store.saves), [2])
    }).pipe(Effect.provide(store.layer))
  })

  it.effect("outlives a defect of its store", () => {
    const store = fake()
    return Effect.gen(function* () {
      const state = yield* Autosave.make(options)
      yield* state.update(greet)
      store.failure = Effect.die("bug")
      yield* TestClock.adjust("1 minute")
      store.failure = Effect.void
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(greeted(store.saves), [1])
    }).pipe(Effect.provide(store.layer))
  })

  it.effect("does not wait for ever for the last save, and says that it was not made", () => {
    const store = fake()
    return Effect.gen(function* () {
      const reports = yield* Ref.make<ReadonlyArray<Autosave.Report>>([])
      const onReport = (report: Autosave.Report) => Ref.update(reports, (all) => [...all, report])
      const scope = yield* Scope.make()
      const state = yield* Scope.provide(Autosave.make({ ...options, onReport, lastSaveTimeout: "3 seconds" }), scope)
      yield* state.update(greet)
      store.failure = Effect.never
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(closing)
      const [report] = yield* Ref.get(reports)
      assert.isTrue(report?._tag === "SaveFailed" && report.isLast && report.error.message.includes("longer than 3s"))
    }).pipe(Effect.provide(store.layer))
  })

  it.effect("saves on demand and fails with the reason", () => {
    const store = fake()
    return Effect.gen(function* () {
      const state = yield* Autosave.make({ ...options, retry: undefined })
      yield* state.update(greet)
      yield* state.save
      yield* state.save
      assert.strictEqual(store.attempts, 1)
      yield* state.update(greet)
      store.failure = fullDisk
      const failing = yield* Effect.forkChild(Effect.flip(state.save))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(failing), fullDisk)
      store.failure = Effect.void
    }).pipe(Effect.provide(store.layer))
  })

  it.effect("streams the state now and every change", () =>
    Effect.gen(function* () {
      const state = yield* Autosave.make(options)
      const seen = yield* Effect.forkChild(Stream.runCollect(Stream.take(state.changes, 3)), { startImmediately: true })
      yield* Effect.yieldNow
      yield* state.update(greet)
      yield* state.update(greet)
      assert.deepStrictEqual(
        (yield* Fiber.join(seen)).map(({ greeted }) => greeted),
        [0, 1, 2]
      )
    }).pipe(Effect.provide(fake().layer))
  )

  it.effect("migrates an older version and saves the result, though nothing changed since", () => {
    const store = fake(snapshot({ count: 4 }, 1))
    return Effect.gen(function* () {
      const state = yield* Autosave.make({
        ...options,
        version: 3,
        migrate: (from, value) => ({
          greeted: (value as { count: number }).count + from,
          since: "1970-01-01T00:00:00.000Z"
        })
      })
      assert.strictEqual((yield* state.get).greeted, 5)
      yield* state.save
      assert.match(store.saves[0] ?? "", /^\{"version":3,"value":\{"greeted":5,/)
    }).pipe(Effect.provide(store.layer))
  })

  const refusals: ReadonlyArray<readonly [string, Loaded, Partial<Autosave.Options<never, never>>, RegExp]> = [
    ["is newer than the bot", snapshot({}, 2), {}, /is of version 2, this bot knows version 1: start the newer bot/],
    [
      "is older and nothing migrates it",
      snapshot({}, 1),
      { version: 2 },
      /version 1.*version 2: give Autosave a `migrate`/
    ],
    ["does not fit", snapshot({ greeted: "secret-word", since: "" }), {}, /does not fit the schema/],
    [
      "is damaged in every generation",
      { snapshot: undefined, damaged: [{ where: "bot.3.snapshot", why: "its checksum is wrong" }] },
      {},
      /no generation is good\. bot\.3\.snapshot: its checksum is wrong\. Restore one/
    ]
  ]
  for (const [what, loaded, { version }, message] of refusals) {
    it.effect(`refuses to begin anew over a snapshot that ${what}, and saves nothing over it`, () => {
      const store = fake(loaded)
      return Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.scoped(Autosave.make({ ...options, version })))
        assert.match(error.message, message)
        assert.notInclude(error.message, "secret-word")
        assert.strictEqual(store.attempts, 0)
      }).pipe(Effect.provide(store.layer))
    })
  }

  it.effect("names the damaged generation it passed over, and goes on with the older one", () => {
    const damaged = { where: "bot.8.snapshot", why: "it is missing" }
    const loaded = { ...snapshot({ greeted: 1, since: "1970-01-01T00:00:00.000Z" }), damaged: [damaged] }
    return Effect.gen(function* () {
      const reports: Array<Autosave.Report> = []
      const state = yield* Autosave.make({
        ...options,
        onReport: (report) => Effect.sync(() => void reports.push(report))
      })
      assert.strictEqual((yield* state.get).greeted, 1)
      assert.deepStrictEqual(reports[0], { _tag: "FellBack", name: "bot", damaged, to: 7 })
    }).pipe(Effect.provide(fake(loaded).layer))
  })

  it.effect("retries a store that cannot be read yet", () => {
    let loads = 0
    const store = Layer.mock(SnapshotStore, {
      load: () =>
        Effect.suspend(() =>
          ++loads < 3
            ? Effect.fail(new StoreError({ operation: "load", reason: new Inaccessible({ detail: "not mounted" }) }))
            : Effect.succeed({ snapshot: undefined, damaged: [] })
        )
    })
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Autosave.make(options))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(loads, 3)
    }).pipe(Effect.provide(store))
  })
})
