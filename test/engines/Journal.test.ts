import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Position } from "../../src/domain/Event.ts"
import { Corrupt, Full, Inaccessible, StoreError, Superseded } from "../../src/domain/StoreError.ts"
import { Journal, type JournalOptions, type StreamRef } from "../../src/engines/Journal.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { type Commit, type CommitResult, Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { messageTo, news, prng, room, settle, until } from "../fixtures/runtime.ts"

const stream: StreamRef = { account: "fake:1", stream: "gateway/0" }
const raw = new Uint8Array([123, 125])
const at = (seq: number): Position => ({ stream: stream.stream, session: "s", seq, startedAt: 0 })

const arrival = (key: string, stored: (id: number) => void = () => {}) => ({
  conversation: room("ann"),
  key,
  receivedAt: 0,
  raw,
  stored
})

/** A store whose every commit waits for the test to answer it. */
const puppet = (pipeline = 2) => {
  const calls: Array<{ readonly commit: Commit; readonly answer: Deferred.Deferred<CommitResult, StoreError> }> = []
  let ids = 0
  const layer = Layer.effect(
    Store,
    Effect.map(Store, (store) =>
      Store.of({
        ...store,
        pipeline,
        commit: (commit) =>
          Effect.suspend(() => {
            const answer = Deferred.makeUnsafe<CommitResult, StoreError>()
            // The journal takes its events back once they are stored.
            calls.push({ commit: { ...commit, events: [...commit.events] }, answer })
            return Deferred.await(answer)
          })
      })
    )
  ).pipe(Layer.provide(Memory.layer))
  const call = (n: number) => {
    const found = calls[n]
    if (found === undefined) throw new Error(`no commit ${n}`)
    return found
  }
  return {
    layer,
    calls,
    keys: () => calls.map(({ commit }) => commit.events.map(({ key }) => key).join()),
    succeed: (n: number) =>
      Effect.suspend(() => {
        const { commit, answer } = call(n)
        return Deferred.succeed(answer, {
          eventIds: commit.events.map(() => ++ids),
          turns: commit.turns.map(() => ({ _tag: "Committed" as const, messageIds: [], versions: [] }))
        }).pipe(Effect.andThen(settle))
      }),
    fail: (n: number, reason: StoreError["reason"]) =>
      Effect.suspend(() =>
        Deferred.fail(call(n).answer, new StoreError({ operation: "commit", reason })).pipe(Effect.andThen(settle))
      )
  }
}

const withJournal = <A, E>(
  store: Layer.Layer<Store>,
  run: Effect.Effect<A, E, Journal | StatusStream | Store | Scope.Scope>,
  options?: JournalOptions
) =>
  run.pipe(
    Effect.provide(Journal.layer(options).pipe(Layer.provideMerge(StatusStream.layer), Layer.provideMerge(store)))
  )

const inaccessible = new Inaccessible({ detail: "told to" })

describe("the journal", () => {
  it.effect("gathers what arrives while commits are under way into the next one", () => {
    const store = puppet(2)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        for (const key of ["a", "b"]) journal.append(arrival(key), stream, at(1))
        yield* settle
        journal.append(arrival("c"), stream, at(2))
        yield* settle
        for (const key of ["d", "e", "f"]) journal.append(arrival(key), stream, at(3))
        yield* settle
        assert.deepStrictEqual(store.keys(), ["a,b", "c"])
        yield* store.succeed(0)
        assert.deepStrictEqual(store.keys(), ["a,b", "c", "d,e,f"])
        yield* store.succeed(1)
        yield* store.succeed(2)
      })
    )
  })

  it.effect("cuts a commit at the greatest number of events, and moves no position ahead of its events", () => {
    const store = puppet(1)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        for (let i = 1; i <= 5; i++) journal.append(arrival(`${i}`), stream, at(i))
        yield* settle
        for (let n = 0; n < 3; n++) yield* store.succeed(n)
        assert.deepStrictEqual(store.keys(), ["1,2", "3,4", "5"])
        assert.deepStrictEqual(
          store.calls.map(({ commit }) => commit.positions.map(({ position }) => position?.seq)),
          [[2], [4], [5]]
        )
      }),
      { maxBatch: 2 }
    )
  })

  it.effect("commits one position for each stream: the last that was told, also when that is none", () => {
    const store = puppet(1)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        const other: StreamRef = { account: "fake:1", stream: "gateway/1" }
        journal.append(arrival("a"), stream, at(1))
        journal.advance(other, at(7))
        journal.advance(stream, undefined)
        yield* settle
        assert.deepStrictEqual(
          store.calls[0]?.commit.positions.map(({ stream: name, position }) => [name, position?.seq]),
          [
            ["gateway/0", undefined],
            ["gateway/1", 7]
          ]
        )
        yield* store.succeed(0)
      })
    )
  })

  it.effect("tells every caller its own result", () =>
    withJournal(
      Memory.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        const told: Array<string> = []
        journal.append(
          arrival("a", (id) => told.push(`a ${id}`)),
          stream,
          at(1)
        )
        journal.append(
          arrival("a", (id) => told.push(`a again ${id}`)),
          stream,
          at(2)
        )
        journal.append(
          arrival("b", (id) => told.push(`b ${id}`)),
          stream,
          at(3)
        )
        const state = [{ key: "k", value: "1", expected: 0 }]
        journal.turn({ eventId: undefined, messages: [messageTo("ann", "x")], state }, (r) => told.push(r._tag))
        journal.turn({ eventId: undefined, messages: [], state }, (r) => told.push(r._tag))
        journal.message({ id: 1, status: "sending", attempts: 0, at: 0 }, () => told.push("message"))
        yield* journal.flush
        assert.deepStrictEqual(told, ["a 1", "a again 0", "b 2", "Committed", "Conflict", "message"])
      })
    )
  )

  it.effect("repeats a failing commit and everything behind it, in order, each answered once", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      yield* withJournal(
        disk.layer,
        Effect.gen(function* () {
          const journal = yield* Journal
          const heard = yield* news
          const told: Array<number> = []
          yield* disk.failNext(3, inaccessible)
          for (let i = 1; i <= 100; i++) {
            journal.append(
              arrival(`${i}`, (id) => told.push(id)),
              stream,
              at(i)
            )
            if (i % 7 === 0) yield* Effect.yieldNow
          }
          assert.isTrue(told.length < 100)
          yield* TestClock.adjust("1 minute")
          yield* journal.flush
          assert.deepStrictEqual(
            told,
            Array.from({ length: 100 }, (_, i) => i + 1)
          )
          const store = yield* Store
          const events = yield* store.pendingEvents("fake:1", { after: 0, limit: 1000 })
          assert.strictEqual(events.length, 100)
          assert.strictEqual((yield* store.positions("fake:1"))[0]?.seq, 100)
          const tags = heard.map(({ _tag }) => _tag)
          assert.deepStrictEqual(tags, ["StoreFailed", "StoreFailed", "StoreFailed", "StoreRecovered"])
          assert.isFalse(journal.isFailing())
        })
      )
    })
  )

  it.effect("tells of a failure also when the first repetition succeeds, and that it fails meanwhile", () => {
    const store = puppet(2)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        const heard: Array<string> = []
        const status = yield* StatusStream
        yield* status.listen((news) => void heard.push(`${news._tag} ${journal.isFailing()}`))
        journal.append(arrival("a"), stream, at(1))
        yield* settle
        yield* store.fail(0, inaccessible)
        yield* store.succeed(1)
        assert.deepStrictEqual(heard, ["StoreFailed true", "StoreRecovered false"])
      })
    )
  })

  it.effect("repeats two commits in flight in their order when the first fails, before anything newer", () => {
    const store = puppet(2)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        const heard = yield* news
        const told: Array<number> = []
        const tell = (id: number) => void told.push(id)
        journal.append(arrival("a", tell), stream, at(1))
        yield* settle
        journal.append(arrival("b", tell), stream, at(2))
        yield* settle
        journal.append(arrival("c", tell), stream, at(3))
        yield* store.fail(0, new Full({ detail: "told to" }))
        assert.deepStrictEqual(store.keys(), ["a", "b"], "waits for the second to fail before it repeats")
        yield* store.fail(1, new Superseded())
        assert.deepStrictEqual(store.keys(), ["a", "b", "a"])
        yield* store.succeed(2)
        assert.deepStrictEqual(store.keys(), ["a", "b", "a", "b"])
        yield* store.succeed(3)
        yield* store.succeed(4)
        assert.deepStrictEqual(store.keys(), ["a", "b", "a", "b", "c"])
        assert.deepStrictEqual(told, [1, 2, 3])
        assert.deepStrictEqual(
          heard.map(({ _tag }) => _tag),
          ["StoreFailed", "StoreRecovered"]
        )
      })
    )
  })

  it.effect("waits longer between repetitions, at most five seconds", () => {
    const store = puppet(1)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        journal.append(arrival("a"), stream, at(1))
        yield* settle
        yield* store.fail(0, inaccessible)
        const waits: Array<number> = []
        for (let n = 1; n < 9; n++) {
          yield* store.fail(n, inaccessible)
          let waited = 0
          while (store.calls.length === n + 1 && waited < 20_000) {
            yield* TestClock.adjust(100)
            yield* settle
            waited += 100
          }
          waits.push(waited)
        }
        assert.deepStrictEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        yield* store.succeed(9)
      })
    )
  })

  it.effect("flushes what was submitted before, and does not wait for what comes later", () => {
    const store = puppet(1)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        yield* journal.flush
        journal.append(arrival("a"), stream, at(1))
        yield* settle
        journal.append(arrival("b"), stream, at(2))
        const flushing = yield* Effect.forkChild(journal.flush, { startImmediately: true })
        yield* store.succeed(0)
        assert.isUndefined(flushing.pollUnsafe(), "b is not stored yet")
        journal.append(arrival("c"), stream, at(3))
        yield* store.succeed(1)
        assert.isDefined(flushing.pollUnsafe(), "c is nobody's business")
        yield* store.succeed(2)
      })
    )
  })

  it.effect("ends with the error when the store is unusable, and no flush hangs on it", () => {
    const store = puppet(1)
    return withJournal(
      store.layer,
      Effect.gen(function* () {
        const journal = yield* Journal
        journal.append(arrival("a"), stream, at(1))
        yield* settle
        const flushing = yield* Effect.forkChild(journal.flush, { startImmediately: true })
        yield* store.fail(0, new Corrupt({ detail: "told to" }))
        yield* store.fail(1, new Corrupt({ detail: "told to" }))
        const error = yield* Effect.flip(journal.fatal)
        assert.strictEqual(error.reason._tag, "Corrupt")
        yield* Fiber.join(flushing)
        journal.append(arrival("b"), stream, at(2))
        yield* journal.flush
        assert.strictEqual(store.calls.length, 2)
      })
    )
  })

  it.effect("takes a defect of the store for a store that is unusable", () =>
    Effect.gen(function* () {
      const broken = Layer.effect(
        Store,
        Effect.map(Store, (store) => Store.of({ ...store, commit: () => Effect.die("bug") }))
      ).pipe(Layer.provide(Memory.layer))
      yield* withJournal(
        broken,
        Effect.gen(function* () {
          const journal = yield* Journal
          journal.settle(1)
          assert.strictEqual((yield* Effect.flip(journal.fatal)).reason._tag, "Unusable")
        })
      )
    })
  )

  it.effect("repeats nothing any more once it was closed", () =>
    Effect.gen(function* () {
      const store = puppet(1)
      const life = yield* Effect.forkChild(
        withJournal(
          store.layer,
          Effect.gen(function* () {
            const journal = yield* Journal
            journal.append(arrival("a"), stream, at(1))
            yield* settle
            yield* store.fail(0, inaccessible)
            yield* store.fail(1, inaccessible)
          })
        )
      )
      yield* until("the first repetition", () => store.calls.length >= 2)
      let seen = 0
      for (let i = 0; i < 50; i++) {
        yield* TestClock.adjust("5 seconds")
        yield* settle
        while (seen < store.calls.length) yield* store.fail(seen++, inaccessible)
      }
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(life)))
      const { length } = store.calls
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.strictEqual(store.calls.length, length)
    })
  )

  it.effect("a repetition that waits when it is closed is not tried: the file may be another store's by then", () =>
    Effect.gen(function* () {
      const store = puppet(1)
      const life = yield* Effect.forkChild(
        withJournal(
          store.layer,
          Effect.gen(function* () {
            const journal = yield* Journal
            journal.append(arrival("a"), stream, at(1))
            yield* settle
            yield* store.fail(0, inaccessible)
          }),
          { retry: Schedule.spaced("1 minute") }
        )
      )
      yield* until("the first repetition", () => store.calls.length === 2)
      yield* store.fail(1, inaccessible)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(life)))
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.strictEqual(store.calls.length, 2)
    })
  )

  it.effect.each(Array.from({ length: 25 }, (_, i) => i + 1))(
    "applies everything once and in order on a store that fails at random (seed %i)",
    (seed) =>
      Effect.gen(function* () {
        const random = prng(seed)
        const disk = Memory.make()
        yield* disk.slow("4 millis")
        yield* withJournal(
          disk.layer,
          Effect.gen(function* () {
            const journal = yield* Journal
            const told: Array<string> = []
            const expected: Array<string> = []
            for (let i = 1; i <= 200; i++) {
              if (random() < 0.1) yield* disk.failNext(1 + Math.floor(random() * 3), inaccessible)
              expected.push(`event ${i}`)
              journal.append(
                arrival(`${i}`, () => told.push(`event ${i}`)),
                stream,
                at(i)
              )
              const messages = [messageTo("ann", `${i}`)]
              if (random() < 0.5) journal.turn({ eventId: undefined, messages, state: [] }, () => {})
              if (random() < 0.3) yield* TestClock.adjust(Math.floor(random() * 20))
              const store = yield* Store
              if (i % 20 === 0) {
                // What is stored at any time: no position without its events.
                const [position] = yield* store.positions("fake:1")
                const events = yield* store.pendingEvents("fake:1", { after: 0, limit: 1000 })
                assert.strictEqual(position?.seq ?? 0, events.length)
              }
            }
            yield* TestClock.adjust("5 minutes")
            yield* journal.flush
            assert.deepStrictEqual(told, expected)
            const store = yield* Store
            const rows = yield* store.pendingMessages("fake:1", { after: 0, limit: 1000 })
            const numbers = rows.map(({ content }) => Number(content.text))
            assert.deepStrictEqual(
              numbers,
              [...numbers].sort((a, b) => a - b)
            )
            assert.strictEqual(new Set(numbers).size, numbers.length)
          }),
          { maxBatch: 5 }
        )
      })
  )
})
