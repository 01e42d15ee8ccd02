import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import * as Bot from "../../src/Bot.ts"
import type { Turn, TurnEnded } from "../../src/engines/Turn.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { life, room } from "../fixtures/runtime.ts"

/** As somebody without types would hand it over. */
const untyped = (it: unknown) => {
  const bag: object = { it }
  return Reflect.get(bag, "it")
}

describe("what cannot be stored", () => {
  const circle: { readonly platform: string; self?: unknown } = { platform: "fake" }
  circle.self = circle
  const large = { platform: "fake", number: 1n }
  const refused: ReadonlyArray<readonly [what: string, said: Effect.Effect<void, TurnEnded, Bot.Runtime | Turn>]> = [
    ["a text that is undefined", Bot.send(room("ann"), untyped(undefined))],
    ["no content at all", Bot.send(room("ann"), untyped(null))],
    ["a text that is a bigint", Bot.send(room("ann"), { text: untyped(1n) })],
    ["content that holds a bigint", Bot.send(room("ann"), { text: "x", native: large })],
    ["content that holds itself", Bot.send(room("ann"), { text: "x", native: circle })],
    ["a chat without an id", Bot.send({ ...room("ann"), id: untyped(undefined) }, "x")],
    ["an unknown priority", Bot.send(room("ann"), "x", { priority: untyped("urgent") })],
    ["a message after an infinite time", Bot.send(room("ann"), "x", { after: Duration.infinity })],
    ["a message after more time than there is", Bot.send(room("ann"), "x", { after: "9000000000 days" })],
    ["an event put off for ever", Bot.later(Duration.infinity)]
  ]
  for (const [what, said] of refused) {
    it.live(`is a dead letter of its own: ${what}; the turns beside it commit`, () =>
      Effect.gen(function* () {
        const fake = FakePlatform.make()
        const feature = Bot.on("MessageReceived", (event) =>
          event.text === "bad" ? said : Bot.reply(event, event.text)
        )
        const store = Layer.orDie(Sqlite.layer({ filename: ":memory:" }))
        const events = [
          Events.message({ text: "bad", in: "ann" }),
          Events.message({ text: "after it", in: "ann" }),
          Events.message({ text: "beside it", in: "bob" })
        ]
        const talk = Effect.gen(function* () {
          yield* fake.emit(...events)
          yield* fake.awaitSent(2)
          return yield* (yield* Store).counts("fake:1")
        })
        const counts = yield* life(store, fake, feature, talk)
        assert.deepStrictEqual(
          [
            fake
              .sent()
              .map(({ content }) => content.text)
              .sort(),
            counts.deadEvents
          ],
          [["after it", "beside it"], 1]
        )
      })
    )
  }
})

describe("a message", () => {
  it.live("that may be late by any time never expires", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      const feature = Bot.on("MessageReceived", (event) => Bot.reply(event, "x", { within: Duration.infinity }))
      const talk = Effect.andThen(fake.emit(Events.message({ text: "hello", in: "ann" })), fake.awaitSent(1))
      yield* life(Memory.layer, fake, feature, talk)
      assert.deepStrictEqual(
        fake.sent().map(({ expiresAt }) => expiresAt),
        [undefined]
      )
    })
  )
})
