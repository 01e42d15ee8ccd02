/** What all calls have in common: looked at before the wire, repeated where that is safe, read leniently. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Redacted } from "effect"
import type { HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import type { RestError } from "../../../src/domain/RestError.ts"
import { type Api, QqApi } from "../../../src/platforms/qq/Api.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import { endpoints } from "../../../src/platforms/qq/rest/Endpoints.ts"
import { type Asked, config, fakeClient, fakeToken, type Reply, secret } from "./fakes.ts"

const api = (
  answer: (asked: Asked, count: number) => Effect.Effect<Reply, HttpClientError.HttpClientError> | Reply
) => {
  const calls: Array<Asked> = []
  const fake = fakeClient((asked) => {
    if (asked.path === "/app/getAppAccessToken") {
      return Effect.succeed({ body: { access_token: fakeToken(1), expires_in: "7200" } })
    }
    calls.push(asked)
    const reply = answer(asked, calls.length)
    return Effect.isEffect(reply) ? reply : Effect.succeed(reply)
  })
  const layer = QqApi.layerNoDeps.pipe(
    Layer.provide(QqRest.layer(config)),
    Layer.provide(QqCredentials.layer(config)),
    Layer.provide(fake.layer)
  )
  return { calls, layer }
}

const use = <A>(run: (api: Api) => Effect.Effect<A, RestError>) => QqApi.use(run)

describe("a call that cannot be right", () => {
  const wrong: ReadonlyArray<readonly [string, string, (api: Api) => Effect.Effect<unknown, RestError>]> = [
    ["an empty id", "guild", (api) => api.guilds.get("")],
    ["an id with white space", "channel", (api) => api.channels.get(" 100010")],
    ["a page that is too large", "query.limit", (api) => api.members.list("1", { limit: 401 })],
    ["half a member", "query.limit", (api) => api.members.list("1", { limit: 1.5 })],
    ["a role that says nothing", "body", (api) => api.roles.create("1", {})],
    ["a mute without an end", "body", (api) => api.mute.guild("1", {})],
    ["seconds that are no digits", "mute_seconds", (api) => api.mute.guild("1", { mute_seconds: "soon" })],
    ["permissions in words", "add", (api) => api.permissions.changeRole("1", "2", { add: "speak" })],
    [
      "four channels to recommend",
      "recommend_channels",
      (api) =>
        api.announces.create("1", {
          announces_type: 0,
          recommend_channels: ["1", "2", "3", "4"].map((channel_id) => ({ channel_id, introduce: "" }))
        })
    ],
    ["sound from nowhere", "audio_url", (api) => api.audio.control("1", { status: 0, audio_url: "a.mp3" })],
    ["a file without a source", "body", (api) => api.files.uploadToGroup("G", { file_type: 1 })],
    ["a message that says nothing", "body", (api) => api.messages.sendToChannel("1", {})],
    ["a sequence below zero", "msg_seq", (api) => api.messages.sendToUser("U", { msg_type: 0, msg_seq: -1 })]
  ]
  for (const [what, field, call] of wrong) {
    it.effect(`with ${what} is not sent, and says that it is ${field} and what to do`, () => {
      const { calls, layer } = api(() => ({ body: {} }))
      return Effect.gen(function* () {
        const { reason } = yield* Effect.flip(use(call))
        assert.isTrue(reason._tag === "Invalid" && reason.field === field, reason.message)
        assert.isFalse(reason.isRetryable)
        assert.isTrue(reason._tag === "Invalid" && reason.mend.endsWith("."))
        assert.strictEqual(calls.length, 0)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("never says the value", () => {
    const { layer } = api(() => ({ body: {} }))
    return Effect.gen(function* () {
      const body = { name: "n", type: 0, private_user_ids: [`${secret} `] }
      const error = yield* Effect.flip(use((api) => api.channels.create("1", body)))
      assert.include(error.message, "private_user_ids[0]")
      assert.notInclude(JSON.stringify(error) + error.message, secret)
    }).pipe(Effect.provide(layer))
  })
})

describe("an id in a path", () => {
  it.effect("may hold anything and stays one segment", () => {
    const { calls, layer } = api(() => ({ body: {} }))
    return Effect.gen(function* () {
      yield* use((api) => api.messages.recallFromGroup("G/../x", "ROBOT1.0_a/b?c#d"))
      assert.strictEqual(calls[0]?.path, "/v2/groups/G%2F..%2Fx/messages/ROBOT1.0_a%2Fb%3Fc%23d")
    }).pipe(Effect.provide(layer))
  })
})

describe("a look-up that failed for now", () => {
  const guild: Reply = { body: { id: "1", name: "g" } }

  it.effect("is repeated, three attempts in all", () => {
    const { calls, layer } = api((_, count) => (count < 3 ? { status: 502, body: "<html>" } : guild))
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(use((api) => api.guilds.get("1")))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).name, "g")
      assert.strictEqual(calls.length, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not repeated when it was refused for good", () => {
    const { calls, layer } = api(() => ({ status: 404, body: { code: 10004 } }))
    return Effect.gen(function* () {
      yield* Effect.flip(use((api) => api.guilds.get("1")))
      assert.strictEqual(calls.length, 1)
    }).pipe(Effect.provide(layer))
  })
})

describe("a write that failed", () => {
  it.effect("is not repeated: it may have been done, and then nobody knows", () => {
    const { calls, layer } = api(() => ({ status: 502, body: "<html>" }))
    return Effect.gen(function* () {
      const made = use((api) => api.channels.create("1", { name: "n", type: 0 }))
      assert.strictEqual((yield* Effect.flip(made)).reason._tag, "OutcomeUnknown")
      const muted = use((api) => api.mute.guild("1", { mute_seconds: "0" }))
      assert.strictEqual((yield* Effect.flip(muted)).reason._tag, "Unavailable")
      assert.strictEqual(calls.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is repeated when it certainly did nothing", () => {
    const { calls, layer } = api((_, count) =>
      count === 1 ? { status: 400, body: { code: 304018 } } : { body: { id: "m" } }
    )
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(use((api) => api.messages.sendToChannel("1", { content: "hi" })))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).id, "m")
      assert.strictEqual(calls.length, 2)
    }).pipe(Effect.provide(layer))
  })
})

describe("an endpoint that said too frequent", () => {
  it.effect("is left alone until its time, and others are not", () => {
    const { calls, layer } = api((asked, count) =>
      asked.path === "/v2/menu" && count === 1
        ? { status: 429, headers: { "retry-after": "20" }, body: { code: 22009 } }
        : { body: { version: 1, panel_id: "p" } }
    )
    return Effect.gen(function* () {
      const menu = { items: [{ name: "hi", type: "send_message" }] } as const
      const update = use((api) => api.menu.update(menu))
      const first = yield* Effect.flip(update)
      assert.strictEqual(first.retryAfter && Duration.toSeconds(first.retryAfter), 20)
      yield* TestClock.adjust("5 seconds")
      const second = yield* Effect.flip(update)
      assert.strictEqual(second.retryAfter && Duration.toSeconds(second.retryAfter), 15)
      assert.strictEqual(calls.length, 1)
      yield* use((api) => api.panels.get("p"))
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* update).version, 1)
      assert.strictEqual(calls.length, 3)
    }).pipe(Effect.provide(layer))
  })
})

describe("an answer", () => {
  it.effect("without a body is fine where none is needed", () => {
    const { layer } = api(() => ({ status: 204 }))
    return Effect.gen(function* () {
      yield* use((api) => api.roles.delete("1", "2"))
      yield* use((api) => api.audio.takeMic("1"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("may write ids as numbers, leave lists out and say more than we know", () => {
    const answers: ReadonlyArray<unknown> = [
      { id: 7, name: "g", brand_new: true },
      null,
      { guild_id: "1" },
      [{ id: 1 }, "x", null, { name: "no id" }]
    ]
    const { layer } = api((_, count) => ({ body: answers[count - 1] }))
    return Effect.gen(function* () {
      assert.deepStrictEqual<unknown>(yield* use((api) => api.guilds.get("1")), { id: "7", name: "g", brand_new: true })
      assert.deepStrictEqual(yield* use((api) => api.guilds.channels("1")), [])
      assert.deepStrictEqual((yield* use((api) => api.roles.list("1"))).roles, [])
      assert.deepStrictEqual<unknown>(yield* use((api) => api.guilds.channels("1")), [{ id: "1" }])
    }).pipe(Effect.provide(layer))
  })

  it.effect("gives the message, wrapped or not", () => {
    const one = { id: "m/1", channel_id: "1", guild_id: "2" }
    const { calls, layer } = api((_, count) => ({ body: count === 1 ? { message: one } : one }))
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* use((api) => api.messages.get("1", "m/1")), one)
      assert.deepStrictEqual(yield* use((api) => api.messages.get("1", "m/1")), one)
      assert.strictEqual(calls[0]?.path, "/channels/1/messages/m%2F1")
    }).pipe(Effect.provide(layer))
  })

  it.effect("that is something else is told: a look-up may be repeated, what a write did is unknown", () => {
    const { layer } = api(() => ({ body: "hello" }))
    return Effect.gen(function* () {
      const read = yield* Effect.forkChild(Effect.flip(use((api) => api.guilds.get("1"))))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(read)).reason._tag, "Unavailable")
      const written = yield* Effect.flip(use((api) => api.roles.create("1", { name: "r" })))
      assert.strictEqual(written.reason._tag, "OutcomeUnknown")
    }).pipe(Effect.provide(layer))
  })
})

describe("the API", () => {
  it("has every endpoint once under its name", () => {
    const names = endpoints.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })

  it.live("works on its own, without a bot", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const { appId, apiUrl, clientSecret, tokenUrl } = simulator
      const layer = Qq.QqApi.layer({ appId, apiUrl, tokenUrl, clientSecret: Redacted.make(clientSecret) })
      const me = yield* Effect.provide(
        Qq.QqApi.use((api) => api.me.get()),
        layer
      )
      assert.strictEqual(me.username, "everbot")
    })
  )
})
