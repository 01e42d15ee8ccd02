/** That who waits for a read of the store does not wait in silence, nor for ever for what will never be. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import { Corrupt, Inaccessible, type Reason, StoreError } from "../../src/domain/StoreError.ts"
import { Store } from "../../src/ports/Store.ts"
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
})
