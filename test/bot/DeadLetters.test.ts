/** Dead letters from the front door: seen with their reason, given another life at once, or let go. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Bot from "../../src/Bot.ts"
import { Rejected } from "../../src/domain/RestError.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import * as Fixture from "../fixtures/runtime.ts"

const account = "fake:1"

describe("a dead letter", () => {
  it.effect("of an event is handled again when it is requeued, without a restart", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      let isBroken = true
      const Echo = Bot.on("MessageReceived", (event) =>
        isBroken ? Effect.die(new Error("a bug")) : Bot.reply(event, `late: ${event.text}`)
      )
      const run = Effect.gen(function* () {
        yield* fake.emit(Events.message({ text: "hello" }))
        yield* Fixture.settle
        const [letter] = yield* Bot.deadLetters(account)
        assert.strictEqual(letter?._tag, "DeadEvent")
        assert.include(letter?.reason, "a bug")
        isBroken = false
        assert.isTrue(yield* Bot.requeue({ _tag: "DeadEvent", id: letter?.id ?? 0 }))
        yield* Fixture.until("the answer", () => fake.sent().length === 1)
        assert.deepStrictEqual(yield* Bot.deadLetters(account), [])
        assert.isFalse(yield* Bot.requeue({ _tag: "DeadEvent", id: letter?.id ?? 0 }))
      })
      yield* Fixture.untilEnded(Fixture.life(Fixture.forgetful, fake, Echo, run))
    })
  )

  it.effect("of a message is sent again when it is requeued, and gone when it is discarded", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      const refused = new Rejected({ detail: "not like this" })
      yield* fake.failSends(refused, refused)
      const run = Effect.gen(function* () {
        yield* Bot.send(Fixture.room("1"), "one")
        yield* Bot.send(Fixture.room("2"), "two")
        yield* Fixture.settle
        const letters = yield* Bot.deadLetters(account)
        assert.deepStrictEqual(
          letters.map(({ _tag }) => _tag),
          ["DeadMessage", "DeadMessage"]
        )
        const [two, one] = letters
        assert.isTrue(yield* Bot.requeue({ _tag: "DeadMessage", id: one?.id ?? 0 }))
        assert.isTrue(yield* Bot.discard({ _tag: "DeadMessage", id: two?.id ?? 0 }))
        yield* Fixture.until("the message", () => fake.sent().length === 1)
        assert.deepStrictEqual(yield* Bot.deadLetters(account), [])
      })
      yield* Fixture.life(
        Fixture.forgetful,
        fake,
        Bot.on("MessageReceived", () => Effect.void),
        run
      )
    })
  )
})
