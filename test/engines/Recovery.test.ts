/** That who waits for a read of the store does not wait in silence, nor for ever for what will never be. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import { Corrupt, Inaccessible, type Reason, StoreError } from "../../src/domain/StoreError.ts"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { life, news, settle, untilEnded } from "../fixtures/runtime.ts"

/** A store with one unsettled event, whose reads of it fail for these reasons, in this order. */
const failing = Effect.fnUntraced(function* (...reasons: ReadonlyArray<Reason>) {
  const disk = Memory.make()
  const fake = FakePlatform.make()
  const Deaf = Bot.on("MessageReceived", () => Effect.never)
  yield* fake.emit(Events.message({ text: "hello" }))
  yield* untilEnded(life(disk.layer, fake, Deaf, settle))
  const left = [...reasons]
  const broken = Layer.effect(
    Store,
    Effect.map(Store, (store) =>
      Store.of({
        ...store,
        events: (ids) =>
          Effect.suspend(() => {
            const reason = left.shift()
            return reason === undefined
              ? store.events(ids)
              : Effect.fail(new StoreError({ operation: "events", reason }))
          })
      })
    )
  ).pipe(Layer.provide(disk.layer))
  return { broken, fake }
})

const Echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

describe("recovery", () => {
  it.effect("a read that meets damage ends the app with the reason", () =>
    Effect.gen(function* () {
      const { broken, fake } = yield* failing(new Corrupt({ detail: "bot.db" }))
      const fatal = Effect.flip(Bot.Runtime.use((runtime) => runtime.fatal))
      const error = yield* untilEnded(life(broken, fake, Echo, fatal))
      assert.strictEqual(error.message, "events: the database is damaged: bot.db")
      assert.deepStrictEqual(fake.sent(), [])
    })
  )

  it.effect("a read that cannot be done now is news, is tried again, and that it worked is news too", () =>
    Effect.gen(function* () {
      const reason = new Inaccessible({ detail: "bot.db" })
      const { broken, fake } = yield* failing(reason, reason)
      const told = yield* untilEnded(
        life(
          broken,
          fake,
          Echo,
          Effect.gen(function* () {
            const heard = yield* news
            const passing = yield* Effect.forkChild(TestClock.adjust("1 minute"))
            yield* fake.awaitSent(1)
            yield* Fiber.join(passing)
            return heard.map(({ _tag }) => _tag).filter((tag) => tag.startsWith("Store"))
          })
        )
      )
      assert.deepStrictEqual(told.slice(-2), ["StoreFailed", "StoreRecovered"])
    })
  )

  /** What a platform throws is up to the platform. */
  const poisons: ReadonlyArray<readonly [what: string, thrown: unknown, says: string]> = [
    ["an error", new TypeError("no such field"), "TypeError: no such field"],
    ["anything", { at: 7 }, '{"at":7}']
  ]
  for (const [what, thrown, says] of poisons) {
    it.effect(
      `a stored frame whose decoding throws ${what} becomes a dead letter, and all others are handled, in order`,
      () =>
        Effect.gen(function* () {
          const disk = Memory.make()
          const fake = FakePlatform.make()
          const Deaf = Bot.on("MessageReceived", () => Effect.never)
          const said = (text: string, who: string) => Events.message({ text, id: text, in: who })
          yield* fake.emit(
            said("a", "ann"),
            said("poison", "ann"),
            said("b", "ann"),
            said("c", "bob"),
            said("poison 2", "cy")
          )
          yield* untilEnded(life(disk.layer, fake, Deaf, settle))
          const decode = (raw: Uint8Array, key: string) => {
            const event = fake.platform.decode(raw, key)
            if (event._tag === "MessageReceived" && event.text.startsWith("poison")) throw thrown
            return event
          }
          const poisoned = { ...fake, platform: { ...fake.platform, decode } }
          const run = Effect.gen(function* () {
            const heard = yield* news
            yield* fake.awaitSent(3)
            yield* settle
            return { heard, letters: yield* Bot.deadLetters("fake:1") }
          })
          const { heard, letters } = yield* untilEnded(life(disk.layer, poisoned, Echo, run))
          const ofAnn = fake.sent().filter(({ conversation }) => conversation.id === "ann")
          assert.deepStrictEqual(
            ofAnn.map(({ content }) => content.text),
            ["a", "b"]
          )
          assert.strictEqual(fake.sent().length, 3)
          const reason = `its stored frame cannot be decoded: ${says}`
          assert.sameDeepMembers(
            letters.map((it) => (it._tag === "DeadEvent" ? [it.conversation.id, it.attempts, it.reason] : it)),
            ["ann", "cy"].map((who) => [who, 1, reason])
          )
          assert.strictEqual(heard.filter(({ _tag }) => _tag === "EventDeadLettered").length, 2)
          // It is over: the next start finds nothing of it, and another life of it ends the same way.
          const again = Effect.gen(function* () {
            const [letter] = letters
            assert.isTrue(letter !== undefined && (yield* Bot.requeue(letter)))
            yield* settle
            return yield* Bot.deadLetters("fake:1")
          })
          const left = yield* untilEnded(life(disk.layer, poisoned, Echo, again))
          assert.strictEqual(left.length, 2)
          assert.strictEqual(fake.sent().length, 3)
        })
    )
  }

  it.effect("an event that ended too many processes is buried though its frame cannot be decoded any more", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make()
      yield* fake.emit(Events.message({ text: "poison", in: "ann" }), Events.message({ text: "b", in: "bob" }))
      yield* untilEnded(
        life(
          disk.layer,
          fake,
          Bot.on("MessageReceived", () => Effect.never),
          settle
        )
      )
      const blame = Effect.gen(function* () {
        const store = yield* Store
        const [first] = yield* store.pendingEvents("fake:1", { after: 0, limit: 1 })
        const value = JSON.stringify({ trying: [], blamed: { [String(first?.id)]: 3 } })
        const [entry] = yield* store.state(["fake:1/probation"])
        const state = [{ key: "fake:1/probation", value, expected: entry?.version ?? 0 }]
        yield* store.commit({ ...emptyCommit, turns: [{ eventId: undefined, messages: [], state }] })
      })
      yield* untilEnded(Effect.provide(blame, disk.layer))
      const decode = (raw: Uint8Array, key: string) => {
        const event = fake.platform.decode(raw, key)
        if (event._tag === "MessageReceived" && event.text === "poison") throw new Error("not any more")
        return event
      }
      const run = Effect.gen(function* () {
        yield* fake.awaitSent(1)
        yield* settle
        // The account goes on to connect.
        assert.deepStrictEqual(
          (yield* Bot.status).map(({ shards }) => shards.length),
          [1]
        )
        return yield* Bot.deadLetters("fake:1")
      })
      const letters = yield* untilEnded(
        life(disk.layer, { ...fake, platform: { ...fake.platform, decode } }, Echo, run)
      )
      assert.deepStrictEqual(
        letters.map(({ reason }) => reason),
        ["its stored frame cannot be decoded: Error: not any more"]
      )
    })
  )
})
