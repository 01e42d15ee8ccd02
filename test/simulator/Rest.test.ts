import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Fault, QqSimulator } from "everbot/simulator"
import * as Bot from "./RawBot.ts"

const group = { kind: "group", id: "C9F778FE6ADF9D1D1DBE395BF744A33A" } as const
const channel = { kind: "channel", id: "100010" } as const

const askToken = (simulator: QqSimulator.QqSimulator, body: unknown, contentType = "application/json") =>
  Effect.promise(async () => {
    const response = await fetch(simulator.tokenUrl, {
      method: "POST",
      headers: { "Content-Type": contentType },
      body: JSON.stringify(body)
    })
    const text = await response.text()
    return { status: response.status, text, body: text.startsWith("{") ? Bot.parse(text) : {} }
  })

const online = (options?: QqSimulator.Options) =>
  Effect.gen(function* () {
    const simulator = yield* QqSimulator.make(options)
    const token = yield* Bot.token(simulator)
    const { wire } = yield* Bot.identify(simulator, token)
    const send = (path: string, body: unknown) => Bot.call(simulator, "POST", path, { token, body })
    const answer = (msgId: string, msgSeq = 1) => Bot.reply(simulator, token, group.id, msgId, msgSeq)
    return { simulator, token, wire, send, answer }
  })

describe("the token endpoint", () => {
  it.live("gives the same token again, with its remaining life as a string", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const credentials = { appId: simulator.appId, clientSecret: simulator.clientSecret }
      const first = yield* askToken(simulator, credentials)
      const second = yield* askToken(simulator, credentials)
      assert.strictEqual(first.body["access_token"], second.body["access_token"])
      assert.match(String(first.body["expires_in"]), /^\d+$/)
      assert.strictEqual(typeof first.body["expires_in"], "string")
    })
  )

  it.live("gives a new token near the end, while the old one still works", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ tokenLifetime: "50 seconds", tokenRefreshWindow: "60 seconds" })
      const old = yield* Bot.token(simulator)
      const fresh = yield* Bot.token(simulator)
      assert.notStrictEqual(old, fresh)
      assert.strictEqual((yield* Bot.call(simulator, "GET", "/users/@me", { token: old })).status, 200)
    })
  )

  it.live("refuses a numeric appId, another content type and a wrong secret, all with status 200", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const { appId, clientSecret } = simulator
      const answers = [
        yield* askToken(simulator, { appId: Number(appId), clientSecret }),
        yield* askToken(simulator, { appId, clientSecret }, "text/plain"),
        yield* askToken(simulator, { appId, clientSecret: "wrong" })
      ]
      assert.deepStrictEqual(
        answers.map(({ body, status }) => [status, body["code"]]),
        [
          [200, 100002],
          [200, 100007],
          [200, 100016]
        ]
      )
    })
  )

  it.live("fails the next calls on command", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const credentials = { appId: simulator.appId, clientSecret: simulator.clientSecret }
      const seen: Array<unknown> = []
      for (const form of ["json", "html", "busy"] as const) {
        yield* simulator.fault({ kind: "tokenServerError", times: 1, form })
        const { body, status } = yield* askToken(simulator, credentials)
        seen.push([status, body["code"]])
      }
      assert.deepStrictEqual(seen, [
        [500, 100002],
        [502, undefined],
        [200, 100001]
      ])
      assert.notStrictEqual((yield* askToken(simulator, credentials)).body["access_token"], undefined)
    })
  )
})

describe("authorization", () => {
  it.live("names what is wrong with a credential", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const codes = yield* Effect.forEach(["", "Bearer x", "QQBot nonsense", "Bot 1020.abc"], (authorization) =>
        Effect.map(Bot.call(simulator, "GET", "/gateway", { authorization }), ({ body, headers, status }) => {
          assert.isNotNull(headers.get("x-tps-trace-id"))
          assert.strictEqual(typeof body["trace_id"], "string")
          return [status, body["code"]]
        })
      )
      assert.deepStrictEqual(codes, [
        [401, 11241],
        [401, 11243],
        [401, 11244],
        [401, 11245]
      ])
    })
  )

  it.live("accepts the legacy credential when told to", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ acceptLegacyToken: true })
      const { status } = yield* Bot.call(simulator, "GET", "/gateway", { authorization: "Bot 1020.abc" })
      assert.strictEqual(status, 200)
    })
  )
})

describe("sending", () => {
  it.live("accepts a reply once per msg_seq and calls the repetition a duplicate", () =>
    Effect.gen(function* () {
      const { answer, simulator } = yield* online()
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      assert.strictEqual((yield* answer(id)).status, 200)
      const again = yield* answer(id)
      assert.deepStrictEqual([again.status, again.body["code"]], [400, 40054005])
      assert.strictEqual((yield* answer(id, 2)).status, 200)
      assert.deepStrictEqual(simulator.books.judge().duplicated, [id])
      assert.deepStrictEqual(simulator.books.judge({ repliesPerMessage: 2 }).duplicated, [])
    })
  )

  it.live("refuses unknown messages, other chats, late and too many replies", () =>
    Effect.gen(function* () {
      const { answer, send, simulator } = yield* online({ passive: { direct: { within: 0, replies: 5 } } })
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      const late = yield* simulator.say({ in: { kind: "direct", id: "U1" }, text: "hi" })
      yield* Effect.sleep(2)
      const text = { msg_type: 0, content: "x" }
      const codes = [
        (yield* answer("ROBOT1.0_unknown")).body["code"],
        (yield* send("/v2/groups/ANOTHER/messages", { ...text, msg_id: id })).body["code"],
        (yield* send("/v2/users/U1/messages", { ...text, msg_id: late.id })).body["code"]
      ]
      for (let seq = 1; seq <= 5; seq++) assert.strictEqual((yield* answer(id, seq)).status, 200)
      codes.push((yield* answer(id, 6)).body["code"])
      assert.deepStrictEqual(codes, [40034024, 40034024, 40034005, 40034128])
    })
  )

  it.live("refuses bodies that are empty, too long, of no type, or not JSON", () =>
    Effect.gen(function* () {
      const { send } = yield* online({ maxTextLength: 10 })
      const codes = yield* Effect.forEach(
        [{ msg_type: 0 }, { msg_type: 0, content: "x".repeat(11) }, { msg_type: 99, content: "x" }, "text"],
        (body) => Effect.map(send("/v2/groups/G/messages", body), ({ body }) => body["code"])
      )
      assert.deepStrictEqual(codes, [50006, 40054007, 50035, 50035])
    })
  )

  it.live("takes a body that leaves out its type for text", () =>
    Effect.gen(function* () {
      const { send, simulator } = yield* online()
      assert.strictEqual((yield* send("/v2/groups/G/messages", { content: "hi" })).status, 200)
      assert.deepStrictEqual(
        simulator.books.sent.map(({ accepted, text }) => [accepted, text]),
        [[true, "hi"]]
      )
    })
  )

  it.live("lets an event of the right kind carry a passive reply", () =>
    Effect.gen(function* () {
      const { send, simulator } = yield* online()
      yield* simulator.emit("GROUP_ADD_ROBOT", { group_openid: "G" }, { eventId: "GROUP_ADD_ROBOT:1" })
      yield* simulator.emit("GROUP_DEL_ROBOT", { group_openid: "G" }, { eventId: "GROUP_DEL_ROBOT:1" })
      const answers = yield* Effect.forEach(["GROUP_ADD_ROBOT:1", "GROUP_DEL_ROBOT:1", "nothing"], (event_id) =>
        send("/v2/groups/G/messages", { msg_type: 0, content: "hi", event_id })
      )
      assert.deepStrictEqual(
        answers.map(({ body, status }) => [status, body["code"]]),
        [
          [200, undefined],
          [400, 40034027],
          [400, 40034025]
        ]
      )
    })
  )

  it.live("counts active messages against their quota", () =>
    Effect.gen(function* () {
      const { send } = yield* online({ activeMessagesPerChat: 1 })
      const body = { msg_type: 0, content: "hello out there" }
      assert.strictEqual((yield* send("/v2/groups/G/messages", body)).status, 200)
      assert.strictEqual((yield* send("/v2/groups/G/messages", body)).body["code"], 40034100)
    })
  )

  it.live("never de-duplicates in guild channels", () =>
    Effect.gen(function* () {
      const { send, simulator } = yield* online()
      const { id } = yield* simulator.say({ in: channel, text: "hi" })
      const body = { content: "pong", msg_id: id, msg_seq: 1 }
      assert.strictEqual((yield* send("/channels/100010/messages", body)).body["channel_id"], "100010")
      assert.strictEqual((yield* send("/channels/100010/messages", body)).status, 200)
      assert.deepStrictEqual(simulator.books.judge().duplicated, [id])
    })
  )

  it.live("refuses guild sends without a gateway", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { body } = yield* Bot.call(simulator, "POST", "/channels/1/messages", { token, body: { content: "hi" } })
      assert.strictEqual(body["code"], 304018)
    })
  )

  it.live("answers guild direct messages and opens their sessions", () =>
    Effect.gen(function* () {
      const { send, simulator, wire } = yield* online()
      const { body } = yield* send("/users/@me/dms", { recipient_id: "77", source_guild_id: "18" })
      const place = { kind: "guildDirect", id: String(body["guild_id"]) } as const
      const { id } = yield* simulator.say({ in: place, text: "psst" })
      yield* wire.frame(Bot.dispatched("DIRECT_MESSAGE_CREATE"))
      assert.strictEqual((yield* send(`/dms/${place.id}/messages`, { content: "yes?", msg_id: id })).status, 200)
    })
  )

  it.live("keeps a channel's history, bot and users alike", () =>
    Effect.gen(function* () {
      const { send, simulator, token } = yield* online()
      const one = yield* simulator.say({ in: channel, text: "one" })
      const two = yield* simulator.say({ in: channel, text: "two" })
      yield* send("/channels/100010/messages", { content: "three", msg_id: two.id })
      const { body } = yield* Bot.call(simulator, "GET", `/channels/100010/messages/${one.id}`, { token })
      assert.include(JSON.stringify(body["message"]), one.id)
      const after = yield* Bot.call(simulator, "GET", `/channels/100010/messages?after=${one.id}`, { token })
      assert.include(after.text, two.id)
      assert.include(after.text, "three")
      assert.notInclude(after.text, `"id":"${one.id}"`)
    })
  )

  it.live("decodes odd characters in paths", () =>
    Effect.gen(function* () {
      const { simulator, token } = yield* online()
      const id = "a/b c!.-_+="
      const { status } = yield* Bot.call(simulator, "PUT", `/interactions/${encodeURIComponent(id)}`, {
        token,
        body: { code: 0 }
      })
      assert.strictEqual(status, 204)
      assert.strictEqual(simulator.books.interactions[0]?.id, id)
    })
  )

  it.live("answers unknown routes with 404, a code and a trace", () =>
    Effect.gen(function* () {
      const { send } = yield* online()
      const { body, headers, status } = yield* send("/v3/nothing", {})
      assert.strictEqual(status, 404)
      assert.strictEqual(typeof body["code"], "number")
      assert.strictEqual(body["trace_id"], headers.get("x-tps-trace-id"))
    })
  )
})

describe("REST faults", () => {
  const failing: ReadonlyArray<readonly [string, Fault, number, string | undefined]> = [
    ["rateLimited with Retry-After", { kind: "rateLimited", times: 1, retryAfter: 3 }, 429, "3"],
    ["rateLimited without", { kind: "rateLimited", times: 1 }, 429, undefined],
    ["serverError", { kind: "serverError", times: 1, status: 504 }, 504, undefined],
    ["htmlError", { kind: "htmlError", times: 1 }, 502, undefined]
  ]
  for (const [what, fault, status, retryAfter] of failing) {
    it.live(`${what} fails a send without processing it, and then it is over`, () =>
      Effect.gen(function* () {
        const { answer, simulator } = yield* online()
        const { id } = yield* simulator.say({ in: group, text: "hi" })
        yield* simulator.fault(fault)
        const failed = yield* answer(id)
        assert.strictEqual(failed.status, status)
        assert.strictEqual(failed.headers.get("retry-after") ?? undefined, retryAfter)
        assert.strictEqual(failed.text.startsWith("<html>"), fault.kind === "htmlError")
        assert.strictEqual(simulator.books.sent.length, 0)
        assert.strictEqual((yield* answer(id)).status, 200)
      })
    )
  }

  it.live("lostAnswer processes the send and then drops the connection", () =>
    Effect.gen(function* () {
      const { answer, simulator } = yield* online()
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* simulator.fault({ kind: "lostAnswer", times: 1 })
      yield* Effect.flip(answer(id))
      assert.strictEqual((yield* answer(id)).body["code"], 40054005)
      assert.strictEqual(simulator.books.sent[0]?.answerLost, true)
      assert.deepStrictEqual(simulator.books.judge().duplicated, [])
    })
  )

  it.live("a guild send repeated after a lost answer is excused", () =>
    Effect.gen(function* () {
      const { send, simulator } = yield* online()
      const { id } = yield* simulator.say({ in: channel, text: "hi" })
      yield* simulator.fault({ kind: "lostAnswer", times: 1 })
      yield* Effect.flip(send("/channels/100010/messages", { content: "pong", msg_id: id }))
      yield* send("/channels/100010/messages", { content: "pong", msg_id: id })
      const { duplicated, repeated } = simulator.books.judge()
      assert.deepStrictEqual([duplicated, repeated], [[], [id]])
    })
  )

  it.live("slowAnswer processes at once and answers late", () =>
    Effect.gen(function* () {
      const { answer, simulator } = yield* online()
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* simulator.fault({ kind: "slowAnswer", ms: 200 })
      const before = Date.now()
      yield* answer(id)
      assert.isAtLeast(Date.now() - before, 190)
      assert.isBelow(simulator.books.judge().latency.p50, 150)
    })
  )

  it.live("audit answers 202, and the verdict comes as an event", () =>
    Effect.gen(function* () {
      const { send, simulator, token } = yield* online()
      const { wire } = yield* Bot.identify(simulator, token, Bot.intents + 2 ** 27)
      const { id } = yield* simulator.say({ in: channel, text: "hi" })
      yield* simulator.fault({ kind: "audit", times: 1 })
      const held = yield* send("/channels/100010/messages", { content: "pong", msg_id: id })
      assert.deepStrictEqual([held.status, held.body["code"]], [202, 304024])
      const [auditId = ""] = simulator.pendingAudits()
      assert.include(held.text, auditId)
      yield* simulator.audit(auditId, "pass")
      const passed = yield* wire.frame(Bot.dispatched("MESSAGE_AUDIT_PASS"))
      assert.include(JSON.stringify(passed.d), auditId)
      assert.strictEqual(simulator.books.sent[0]?.audit, "pass")
    })
  )
})
