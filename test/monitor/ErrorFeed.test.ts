import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import type { Event } from "../../src/domain/Event.ts"
import { AccountBanned, ConnectionLost } from "../../src/domain/GatewayError.ts"
import type { OutboxMessage } from "../../src/domain/Message.ts"
import { Rejected } from "../../src/domain/RestError.ts"
import type { Alert } from "../../src/monitor/ErrorMonitor.ts"
import { decode } from "../../src/platforms/qq/Decode.ts"
import { Events, FakePlatform, layer, start } from "../../src/testing/index.ts"

describe("ErrorFeed", () => {
  it.effect("counts failing handlers, dead letters, refused messages and lost connections by reason", () => {
    const fake = FakePlatform.make()
    const features = Bot.on("MessageReceived", (event) =>
      event.text === "bug" ? Effect.die("a bug") : Bot.reply(event, "no")
    )
    return Effect.gen(function* () {
      yield* start
      yield* TestClock.adjust("1 second")
      yield* fake.failSends(new Rejected({ detail: "not nice" }))
      yield* fake.emit(Events.message({ text: "bug" }), Events.message({ text: "hello" }))
      yield* TestClock.adjust("1 second")
      yield* fake.disconnect(new ConnectionLost({ network: false }))
      yield* TestClock.adjust("5 seconds")
      const { byReason } = yield* Bot.errors
      assert.deepStrictEqual(Object.fromEntries(Object.entries(byReason).map(([name, { count }]) => [name, count])), {
        HandlerDied: 1,
        EventDeadLettered: 1,
        MessageRefused: 1,
        ConnectionLost: 1
      })
    }).pipe(Effect.provide(features.pipe(Layer.provideMerge(layer(fake)))))
  })

  it.effect("alerts at once when an account gave up", () => {
    const alerts: Array<Alert> = []
    const fake = FakePlatform.make()
    const attached = layer(fake, { errors: { onAlert: (alert: Alert) => Effect.sync(() => void alerts.push(alert)) } })
    return Effect.gen(function* () {
      yield* fake.refuseConnections(new AccountBanned({ advice: "Ask the platform." }))
      yield* start
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        alerts.map(({ reason, count }) => [reason, count]),
        [["AccountBanned", 1]]
      )
    }).pipe(Effect.provide(attached))
  })
})

describe("A reply", () => {
  const replyTo = Effect.fnUntraced(function* (event: Event) {
    const fake = FakePlatform.make()
    const features = Layer.mergeAll(
      Bot.on("PlatformEvent", (one) => Bot.reply(one, "hi")),
      Bot.on("MessageDeleted", (one) => Bot.reply(one, "hi")),
      Bot.on("MessageReceived", (one) => Bot.reply(one, "hi"))
    )
    return yield* Effect.gen(function* () {
      yield* start
      yield* TestClock.adjust("1 second")
      yield* fake.emit(event)
      const sent: ReadonlyArray<OutboxMessage> = yield* fake.awaitSent(1)
      return sent[0]?.replyTo
    }).pipe(Effect.provide(features.pipe(Layer.provideMerge(layer(fake)))))
  })

  it.effect("to a platform's event names the id that the platform gave", () =>
    Effect.gen(function* () {
      const answered = yield* replyTo({ ...Events.other({ type: "FRIEND_ADD" }), eventId: "FRIEND_ADD:1" })
      assert.deepStrictEqual([answered?.eventId, answered?.messageId], ["FRIEND_ADD:1", undefined])
    })
  )

  it.effect("to an event without an id of its own names nothing, however its key looks", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* replyTo(Events.other({ type: "FRIEND_ADD" })))
      assert.isUndefined(yield* replyTo(Events.deleted({ messageId: "m1" })))
    })
  )

  it("to a QQ event names the id of its envelope, and nothing when the envelope had none", () => {
    const frame = { op: 0, s: 3, t: "FRIEND_ADD", d: { openid: "u1" } }
    const ids = [{ ...frame, id: "FRIEND_ADD:1" }, frame].map((envelope) => {
      const event = decode("qq:1", envelope, "session:3")
      return event._tag === "PlatformEvent" ? [event.key, event.eventId] : []
    })
    assert.deepStrictEqual(ids, [
      ["FRIEND_ADD:1", "FRIEND_ADD:1"],
      ["session:3", undefined]
    ])
  })

  it.effect("to a message names the message", () =>
    Effect.gen(function* () {
      const answered = yield* replyTo(Events.message({ text: "hello", id: "m1" }))
      assert.deepStrictEqual([answered?.messageId, answered?.eventId], ["m1", undefined])
    })
  )
})
