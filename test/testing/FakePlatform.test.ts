import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import * as GatewayError from "../../src/domain/GatewayError.ts"
import * as RestError from "../../src/domain/RestError.ts"
import { Events, FakePlatform, layer, start } from "../../src/testing/index.ts"

const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

const app = <A, E>(run: (fake: FakePlatform.FakePlatform) => Effect.Effect<A, E, Bot.Runtime>) => {
  const fake = FakePlatform.make()
  return Effect.andThen(start, run(fake)).pipe(Effect.provide(echo.pipe(Layer.provideMerge(layer(fake)))))
}
const texts = (fake: FakePlatform.FakePlatform) => fake.sent().map(({ content }) => content.text)
const settle = TestClock.adjust("5 minutes")

describe("a test app", () => {
  it.effect("answers a message, in order, in its conversation", () =>
    app((fake) =>
      Effect.gen(function* () {
        yield* fake.emit(Events.message({ text: "one", in: "ann" }), Events.message({ text: "two", in: "ann" }))
        yield* settle
        const sent = yield* fake.awaitSent(2)
        assert.deepStrictEqual(
          sent.map(({ content, conversation }) => [content.text, conversation.id]),
          [
            ["one", "ann"],
            ["two", "ann"]
          ]
        )
      })
    )
  )

  it.effect("resumes after a drop, replays what it missed, and handles nothing twice", () =>
    app((fake) =>
      Effect.gen(function* () {
        yield* fake.emit(Events.message({ text: "before" }))
        yield* settle
        yield* fake.disconnect()
        yield* fake.emit(Events.message({ text: "between", id: "same" }))
        yield* settle
        yield* fake.emit(Events.message({ text: "again", id: "same" }), Events.message({ text: "after" }))
        yield* settle
        assert.deepStrictEqual(texts(fake), ["before", "between", "after"])
        assert.deepStrictEqual(fake.counts(), { identified: 1, resumed: 1, refreshedCredentials: 0 })
      })
    )
  )

  it.effect("identifies afresh when the session is gone", () =>
    app((fake) =>
      Effect.gen(function* () {
        yield* fake.emit(Events.message({ text: "before" }))
        yield* settle
        yield* fake.invalidate
        yield* fake.disconnect(new GatewayError.SessionInvalidated({ resumable: false, dropCredentials: true }))
        yield* settle
        yield* fake.emit(Events.message({ text: "after" }))
        yield* settle
        assert.deepStrictEqual(texts(fake), ["before", "after"])
        assert.strictEqual(fake.counts().identified, 2)
        assert.isAtLeast(fake.counts().refreshedCredentials, 1)
      })
    )
  )

  it.effect("tries a send again when it failed for a reason that may pass", () =>
    app((fake) =>
      Effect.gen(function* () {
        yield* fake.failSends(new RestError.Unavailable({ reached: false }), new RestError.RateLimited({}))
        yield* fake.emit(Events.message({ text: "hello" }))
        yield* settle
        assert.deepStrictEqual(texts(fake), ["hello"])
        assert.strictEqual(fake.tried().length, 3)
      })
    )
  )

  it.effect("connects in the end, however often it is refused", () =>
    app((fake) =>
      Effect.gen(function* () {
        yield* fake.disconnect()
        yield* fake.refuseConnections(
          ...Array.from({ length: 5 }, () => new GatewayError.ConnectionLost({ network: true }))
        )
        yield* fake.emit(Events.message({ text: "hello" }))
        yield* settle
        yield* fake.disconnect()
        yield* TestClock.adjust("1 hour")
        yield* fake.emit(Events.message({ text: "still there" }))
        yield* settle
        assert.deepStrictEqual(texts(fake), ["hello", "still there"])
      })
    )
  )
})
