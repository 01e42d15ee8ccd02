/** Calls to QQ's REST API: what is asked, and what every answer becomes. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Result, Tracer } from "effect"
import type { HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import type { ConversationKind } from "../../../src/domain/Conversation.ts"
import type { OutboxMessage, Receipt, ReplyTo } from "../../../src/domain/Message.ts"
import type { RestError } from "../../../src/domain/RestError.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import type { Method } from "../../../src/platforms/qq/Http.ts"
import { path } from "../../../src/platforms/qq/Path.ts"
import * as ReplyWindows from "../../../src/platforms/qq/ReplyWindows.ts"
import { type GatewayInfo, QqRest, type RequestOptions } from "../../../src/platforms/qq/Rest.ts"
import { restCodes } from "../../../src/platforms/qq/RestCode.ts"
import { directSequence, isIdempotent, sequenceOf } from "../../../src/platforms/qq/Send.ts"
import { type Asked, config, fakeClient, fakeToken, type Reply, secret } from "./fakes.ts"
import { account, group, person } from "./fixtures.ts"

/** Answers the token call with `fakeToken(1)`, `fakeToken(2)`, …, and every other call from `answer`. */
const rest = (
  answer: (asked: Asked, count: number) => Effect.Effect<Reply, HttpClientError.HttpClientError> | Reply,
  settings = config
) => {
  let tokens = 0
  const calls: Array<Asked> = []
  const fake = fakeClient((asked) => {
    if (asked.path === "/app/getAppAccessToken") {
      return Effect.succeed({ body: { access_token: fakeToken(++tokens), expires_in: "7200" } })
    }
    calls.push(asked)
    const reply = answer(asked, calls.length)
    return Effect.isEffect(reply) ? reply : Effect.succeed(reply)
  })
  const layer = QqRest.layer(settings).pipe(Layer.provide(QqCredentials.layer(settings)), Layer.provide(fake.layer))
  return { calls, layer, tokens: () => tokens }
}

const send = (message: OutboxMessage) => QqRest.use((rest) => rest.send(message))
const request = (method: Method, path: string, body?: unknown, options?: RequestOptions) =>
  QqRest.use((rest) => rest.request(method, path, body, options))

const message = (kind: ConversationKind, changes: Partial<OutboxMessage> = {}): OutboxMessage => ({
  id: 41,
  status: "sending",
  attempts: 1,
  conversation: { account, kind, id: kind === "group" ? group : kind === "direct" ? person : "100010" },
  content: { text: "pong" },
  priority: "normal",
  notBefore: 0,
  createdAt: 0,
  ...changes
})
const reply = (kind: ConversationKind, to: Partial<ReplyTo> = { messageId: "ROBOT1.0_x" }, id = 41) =>
  message(kind, { id, replyTo: { receivedAt: 0, ...to } })
const ok: Reply = { body: { id: "ROBOT1.0_sent", timestamp: "2026-11-02T09:17:20+08:00" } }

describe("a message", () => {
  const places: ReadonlyArray<readonly [ConversationKind, string, object]> = [
    ["group", `/v2/groups/${group}/messages`, { msg_type: 0, content: "pong", msg_id: "ROBOT1.0_x", msg_seq: 1042 }],
    ["direct", `/v2/users/${person}/messages`, { msg_type: 0, content: "pong", msg_id: "ROBOT1.0_x", msg_seq: 1042 }],
    ["channel", "/channels/100010/messages", { content: "pong", msg_id: "ROBOT1.0_x" }],
    ["guildDirect", "/dms/100010/messages", { content: "pong", msg_id: "ROBOT1.0_x" }]
  ]
  for (const [kind, where, body] of places) {
    it.effect(`to a ${kind} goes where it belongs and says what it answers`, () => {
      const { calls, layer } = rest(() => ok)
      return Effect.gen(function* () {
        assert.deepStrictEqual(yield* send(reply(kind)), { messageId: "ROBOT1.0_sent", status: "sent" })
        assert.strictEqual(calls.length, 1)
        assert.strictEqual(calls[0]?.method, "POST")
        assert.strictEqual(calls[0]?.path, where)
        assert.deepStrictEqual(calls[0]?.body, body)
        assert.strictEqual(calls[0]?.headers["authorization"], `QQBot ${fakeToken(1)}`)
        assert.strictEqual(calls[0]?.headers["x-union-appid"], "102000001")
        assert.strictEqual(calls[0]?.headers["traceparent"], undefined)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("may answer an event instead, and says so; one that answers nothing says nothing", () => {
    const { calls, layer } = rest(() => ok)
    return Effect.gen(function* () {
      yield* send(reply("group", { eventId: "GROUP_ADD_ROBOT:x" }))
      yield* send(message("group"))
      yield* send(reply("channel", { eventId: "e", messageId: "m" }))
      assert.deepStrictEqual(
        calls.map((call) => call.body),
        [
          { msg_type: 0, content: "pong", event_id: "GROUP_ADD_ROBOT:x", msg_seq: 1042 },
          { msg_type: 0, content: "pong", msg_seq: 1042 },
          { content: "pong", msg_id: "m" }
        ]
      )
    }).pipe(Effect.provide(layer))
  })

  it("has a sequence that is its row's for ever, within the range known to be accepted", () => {
    assert.deepStrictEqual(
      [0, 1, 998_998, 998_999, 2 ** 40].map((id) => sequenceOf({ id })),
      [1001, 1002, 999_999, 1001, (2 ** 40 % 998_999) + 1001]
    )
  })

  it("as an answer of its turn has the sequence of its number there, whichever row it is in", () => {
    const to = (nth: number) => ({ messageId: "m", receivedAt: 0, nth })
    assert.deepStrictEqual(
      [
        sequenceOf({ id: 7, replyTo: to(0) }),
        sequenceOf({ id: 9, replyTo: to(0) }),
        sequenceOf({ id: 9, replyTo: to(4) })
      ],
      [1, 1, 5]
    )
    assert.strictEqual(sequenceOf({ id: 7, replyTo: to(1000) }), 1008)
  })

  it("shares no sequence with calls that do not go through the outbox", () => {
    const last = { messageId: "m", receivedAt: 0, nth: 499 }
    for (let n = 0; n < 2000; n++) {
      const direct = directSequence()
      assert.isAbove(direct, sequenceOf({ id: 7, replyTo: last }))
      assert.isBelow(direct, sequenceOf({ id: 0, replyTo: { ...last, nth: 500 } }))
    }
  })

  it("is recognised when repeated only as a reply in a group or private chat", () => {
    for (const kind of ["group", "direct"] as const) {
      assert.isTrue(isIdempotent(reply(kind)))
      assert.isTrue(isIdempotent(reply(kind, { eventId: "e" })))
      assert.isFalse(isIdempotent(reply(kind, {})))
      assert.isFalse(isIdempotent(message(kind)))
    }
    for (const kind of ["channel", "guildDirect"] as const) assert.isFalse(isIdempotent(reply(kind)))
  })

  const refusals: ReadonlyArray<readonly [string, OutboxMessage]> = [
    ["that is empty", message("group", { content: { text: "" } })],
    ["to a place that holds no chat", message("guild")],
    ["to the account itself", message("account")]
  ]
  for (const [what, refused] of refusals) {
    it.effect(`${what} is rejected without a call`, () => {
      const { calls, layer } = rest(() => ok)
      return Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(send(refused))).reason._tag, "Rejected")
        assert.strictEqual(calls.length, 0)
      }).pipe(Effect.provide(layer))
    })
  }

  const windows: ReadonlyArray<readonly [ConversationKind, number]> = [
    ["group", 5],
    ["direct", 60],
    ["channel", 5],
    ["guildDirect", 5]
  ]
  for (const [kind, minutes] of windows) {
    it.effect(`to a ${kind} is sent ${minutes} minutes after what it answers, and not a moment later`, () => {
      const { calls, layer } = rest(() => ok)
      return Effect.gen(function* () {
        yield* TestClock.adjust(Duration.minutes(minutes))
        yield* send(reply(kind))
        yield* TestClock.adjust("1 millis")
        const { reason } = yield* Effect.flip(send(reply(kind, { messageId: "other" }, 42)))
        assert.strictEqual(reason._tag, "ReplyWindowClosed")
        assert.strictEqual(calls.length, 1)
        yield* send(message(kind))
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("may be one of five answers, repeats not counted, failures not counted", () => {
    const { calls, layer } = rest((_, count) => (count === 1 ? { status: 503 } : ok))
    return Effect.gen(function* () {
      yield* Effect.flip(send(reply("group", undefined, 1)))
      for (const id of [1, 2, 3, 4, 5, 5, 1]) yield* send(reply("group", undefined, id))
      const { reason } = yield* Effect.flip(send(reply("group", undefined, 6)))
      assert.strictEqual(reason._tag, "ReplyWindowClosed")
      assert.strictEqual(calls.length, 8)
      yield* send(reply("group", { messageId: "another" }, 6))
    }).pipe(Effect.provide(layer))
  })

  it.effect("is sent within the windows that the account was told of", () => {
    const replyWindows = { ...ReplyWindows.defaults, group: { time: Duration.minutes(7), count: 2 } }
    const { calls, layer } = rest(() => ok, { ...config, replyWindows })
    return Effect.gen(function* () {
      yield* TestClock.adjust("7 minutes")
      for (const id of [1, 2]) yield* send(reply("group", undefined, id))
      assert.include((yield* Effect.flip(send(reply("group", undefined, 3)))).message, "answered 2 times")
      yield* TestClock.adjust("1 millis")
      assert.include((yield* Effect.flip(send(reply("group", { messageId: "m2" }, 4)))).message, "after the 7m")
      assert.strictEqual(calls.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it("is left to the platform when the clock was set since the message came, forward or back", () => {
    const hour = 3_600_000
    const at = (receivedAt: number) => reply("group", { messageId: "m", receivedAt })
    const book = new ReplyWindows.ReplyBook(ReplyWindows.defaults)
    book.look(10 * hour, 0)
    assert.isDefined(book.refusal(at(9 * hour), 10 * hour))
    // A second of correction is none.
    book.look(10 * hour + 2000, 1000)
    assert.isDefined(book.refusal(at(9 * hour), 10 * hour + 2000))
    book.look(11 * hour + 3000, 2000)
    assert.isUndefined(book.refusal(at(10 * hour), 11 * hour + 3000))
    // And what comes from then on is judged again.
    book.look(12 * hour + 3000, hour + 2000)
    assert.isDefined(book.refusal(at(11 * hour + 4000), 12 * hour + 3000))
    book.look(5 * hour, hour + 3000)
    assert.isUndefined(book.refusal(at(4 * hour), 5 * hour))
  })

  it("counts its answers in bounded memory", () => {
    const book = new ReplyWindows.ReplyBook(ReplyWindows.defaults, 100)
    for (let id = 0; id < 5000; id++) book.sent(reply("group", { messageId: `m${id}`, receivedAt: id }, id), id)
    assert.isAtMost(book.size, 100)
    book.sent(reply("group", { messageId: "late", receivedAt: 1e9 }), 1e9)
    assert.strictEqual(book.size, 1)
  })
})

describe("the answer to a send", () => {
  const auditing = { code: 304023, message: "waiting", data: { message_audit: { audit_id: "a-1" } } }
  const receipts: ReadonlyArray<readonly [string, Reply, Receipt]> = [
    [
      "202 is a message under review",
      { status: 202, body: auditing },
      { messageId: undefined, status: "auditing", auditId: "a-1" }
    ],
    [
      "201 is a message under review",
      { status: 201, body: {} },
      { messageId: undefined, status: "auditing", auditId: undefined }
    ],
    [
      "304024 is a message under review, whatever its status",
      { status: 400, body: { ...auditing, code: 304024 } },
      { messageId: undefined, status: "auditing", auditId: "a-1" }
    ],
    [
      "40054005 means that it was sent before",
      { status: 400, body: { code: 40054005, message: "duplicate" } },
      { messageId: undefined, status: "sent" }
    ],
    [
      "40054005 as err_code means the same",
      { status: 500, body: { code: 1, err_code: 40054005 } },
      { messageId: undefined, status: "sent" }
    ],
    ["a numeric id is an id", { body: { id: 7 } }, { messageId: "7", status: "sent" }],
    ["204 is a message without an id", { status: 204 }, { messageId: undefined, status: "sent" }]
  ]
  for (const [what, answer, receipt] of receipts) {
    it.effect(what, () => {
      const { layer } = rest(() => answer)
      return Effect.gen(function* () {
        assert.deepStrictEqual(yield* send(reply("group")), receipt)
      }).pipe(Effect.provide(layer))
    })
  }

  for (const row of restCodes) {
    if (["AlreadySent", "Auditing", "CredentialsExpired"].includes(row.becomes) || row.retries !== undefined) continue
    const tag = row.becomes === "NotReached" ? "Unavailable" : row.becomes
    it.effect(`of code ${row.codes[0]} (${row.meaning}) is ${tag} and keeps the trace`, () => {
      const { calls, layer } = rest(() => ({
        status: 400,
        headers: { "X-Tps-trace-ID": "trace-9" },
        body: { code: 5, err_code: row.codes[0], message: "no" }
      }))
      return Effect.gen(function* () {
        const error = yield* Effect.flip(send(reply("group")))
        assert.strictEqual(error.reason._tag, tag)
        assert.strictEqual(error.account, account)
        assert.strictEqual(error.reason.trace, "trace-9")
        assert.strictEqual(calls.length, 1)
      }).pipe(Effect.provide(layer))
    })
  }

  const unclear: ReadonlyArray<readonly [string, Reply]> = [
    ["that is a page of HTML", { status: 502, body: "<html><h1>Bad gateway</h1></html>" }],
    ["that is empty", { body: undefined }],
    ["that is no message", { body: { hello: 1 } }],
    ["that is a list", { body: [] }],
    ["that says the platform failed", { status: 500, body: { code: 123456, message: "oops" } }]
  ]
  for (const [what, answer] of unclear) {
    it.effect(`${what} leaves the outcome open, which only a repeat that is recognised can settle`, () => {
      const { layer } = rest(() => answer)
      return Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(send(message("channel")))).reason._tag, "OutcomeUnknown")
        assert.strictEqual((yield* Effect.flip(send(reply("group")))).reason._tag, "Unavailable")
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("with a code in a 200 is a refusal after all", () => {
    const { layer } = rest(() => ({ body: { code: 40034006, message: "bad words" } }))
    return Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(send(message("channel")))).reason._tag, "Rejected")
    }).pipe(Effect.provide(layer))
  })

  it.effect("that does not come is an unknown outcome, or a time-out where a repeat is recognised", () => {
    const { calls, layer } = rest(() => Effect.never)
    return Effect.gen(function* () {
      const risky = yield* Effect.forkChild(Effect.flip(send(message("channel"))), { startImmediately: true })
      const safe = yield* Effect.forkChild(Effect.flip(send(reply("group"))), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(risky)).reason._tag, "OutcomeUnknown")
      const { reason } = yield* Fiber.join(safe)
      assert.isTrue(reason._tag === "TimedOut" && Duration.toSeconds(reason.limit) === 10)
      assert.strictEqual(calls.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("429 tells how long to wait: seconds, a date, or nothing", () => {
    const headers: ReadonlyArray<Record<string, string>> = [
      { "retry-after": "3" },
      { "retry-after": new Date(90_000).toUTCString() },
      { "retry-after": new Date(0).toUTCString() },
      { "retry-after": "soon" },
      { "retry-after": "-5" },
      {}
    ]
    const { layer } = rest((_, count) => ({
      status: 429,
      headers: headers[count - 1] ?? {},
      body: { message: "slow" }
    }))
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 minute")
      const waits: Array<number | undefined> = []
      for (const _ of headers) {
        const { reason, retryAfter } = yield* Effect.flip(send(message("group")))
        assert.strictEqual(reason._tag, "RateLimited")
        waits.push(retryAfter && Duration.toSeconds(retryAfter))
      }
      assert.deepStrictEqual(waits, [3, 30, 0, undefined, undefined, undefined])
    }).pipe(Effect.provide(layer))
  })
})

describe("a refused token", () => {
  const refused = (code: number): Reply => ({ status: 401, body: { code, message: "token" } })

  for (const code of [11241, 11243, 11244, 11251, 11261, 11275, 0]) {
    it.effect(`(code ${code}) is replaced, and the call repeated once`, () => {
      const { calls, layer } = rest((_, count) => (count === 1 ? refused(code) : ok))
      return Effect.gen(function* () {
        yield* send(message("channel"))
        assert.deepStrictEqual(
          calls.map((call) => call.headers["authorization"]),
          [`QQBot ${fakeToken(1)}`, `QQBot ${fakeToken(2)}`]
        )
      }).pipe(Effect.provide(layer))
    })

    it.effect(`(code ${code}) twice ends the call, ${code === 11244 ? "for now" : "for good"}`, () => {
      const { calls, layer } = rest(() => refused(code))
      return Effect.gen(function* () {
        const error = yield* Effect.flip(send(message("channel")))
        assert.strictEqual(error.reason._tag, code === 11244 ? "CredentialsExpired" : "Unauthorized")
        assert.strictEqual(calls.length, 2)
        assert.notInclude(JSON.stringify(error) + error.message, "token-")
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("is replaced once for all who were refused", () => {
    const { layer, tokens } = rest((asked) =>
      asked.headers["authorization"] === `QQBot ${fakeToken(1)}` ? refused(11244) : ok
    )
    return Effect.gen(function* () {
      yield* Effect.all(
        Array.from({ length: 20 }, () => send(message("group"))),
        { concurrency: 20 }
      )
      assert.strictEqual(tokens(), 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("for an address that is not on the allow-list is final at once, and says what to do", () => {
    const { calls, layer } = rest(() => ({ status: 401, body: { code: 11298, err_code: 40023002, message: "ip" } }))
    return Effect.gen(function* () {
      const error = yield* Effect.flip(request("GET", "/users/@me"))
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.include(error.message, "allow-list")
      assert.strictEqual(calls.length, 1)
    }).pipe(Effect.provide(layer))
  })

  const noToken: ReadonlyArray<readonly [string, Reply, string]> = [
    ["for now", { status: 503 }, "Unavailable"],
    ["for good", { body: { code: 100016, message: "wrong secret" } }, "Unauthorized"]
  ]
  for (const [what, answer, tag] of noToken) {
    it.effect(`that cannot be had ${what} is ${tag}, and nothing was sent`, () => {
      const { asked, layer } = fakeClient(() => Effect.succeed(answer))
      return Effect.gen(function* () {
        const error = yield* Effect.flip(send(message("channel")))
        assert.strictEqual(error.reason._tag, tag)
        if (error.reason._tag === "Unavailable") assert.isFalse(error.reason.reached)
        assert.notInclude(error.message, secret)
        assert.strictEqual(asked.length, 1)
      }).pipe(
        Effect.provide(QqRest.layer(config).pipe(Layer.provide(QqCredentials.layer(config)), Layer.provide(layer)))
      )
    })
  }
})

describe("a check that failed inside the platform", () => {
  const codes = restCodes.flatMap((row) => (row.retries === 1 ? row.codes : []))

  it("is what QQ grants one repetition for", () => {
    assert.sameMembers(codes, [11242, 11252, 11263, 11281])
    assert.isTrue(restCodes.every(({ becomes, retries }) => retries === undefined || becomes === "Unavailable"))
  })

  /** The end of a call, and after how many seconds it was asked. */
  const outcome = Effect.fnUntraced(function* (
    replies: (count: number) => Reply,
    call: Effect.Effect<unknown, RestError, QqRest>
  ) {
    const times: Array<number> = []
    const begin = yield* Clock.currentTimeMillis
    const { layer } = rest((_, count) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        times.push((now - begin) / 1000)
        return replies(count)
      })
    )
    const fiber = yield* Effect.forkChild(Effect.result(call).pipe(Effect.provide(layer)))
    yield* TestClock.adjust("1 minute")
    return { end: yield* Fiber.join(fiber), times }
  })
  const failing = (code: number): Reply => ({ status: 500, body: { code, message: "check failed", trace_id: "t-1" } })

  for (const code of codes) {
    it.effect(`(code ${code}) is asked once more, a second later, and then never again`, () =>
      Effect.gen(function* () {
        const mended = yield* outcome((count) => (count === 1 ? failing(code) : ok), send(message("channel")))
        assert.isTrue(Result.isSuccess(mended.end))
        assert.deepStrictEqual(mended.times, [0, 1])
        const { end, times } = yield* outcome(() => failing(code), send(message("channel")))
        assert.deepStrictEqual(times, [0, 1])
        assert(Result.isFailure(end))
        assert.isFalse(end.failure.isRetryable)
        assert.deepInclude(end.failure.reason, { _tag: "RetriesExhausted", code, trace: "t-1" })
        assert.include(end.failure.message, "check failed")
      })
    )
  }

  it.effect("leaves another failure that follows it what it is", () =>
    Effect.gen(function* () {
      const limited: Reply = { status: 429, body: { code: 20028 } }
      const { end, times } = yield* outcome(
        (count) => (count === 1 ? failing(11242) : limited),
        request("GET", "/users/@me")
      )
      assert.deepStrictEqual(times, [0, 1])
      assert.isTrue(Result.isFailure(end) && end.failure.reason._tag === "RateLimited")
    })
  )
})

describe("any call", () => {
  it.effect("gives the body of a 2xx, the text of one that is no JSON, and nothing for an empty one", () => {
    const replies: ReadonlyArray<Reply> = [
      { body: { a: 1 } },
      { status: 204 },
      { status: 202, body: { code: 1 } },
      { body: "ok!" }
    ]
    const { calls, layer } = rest((_, count) => replies[count - 1] ?? {})
    return Effect.gen(function* () {
      const query = { limit: 20, after: "a b", before: undefined }
      assert.deepStrictEqual(yield* request("GET", "/guilds", undefined, { query }), { a: 1 })
      assert.strictEqual(yield* request("DELETE", "/a"), undefined)
      assert.deepStrictEqual(yield* request("POST", "/a", { b: 1 }), { code: 1 })
      assert.strictEqual(yield* request("PATCH", "/a", {}), "ok!")
      assert.deepStrictEqual(
        calls.map(({ method, path, body }) => [method, path, body]),
        [
          ["GET", "/guilds?limit=20&after=a+b", undefined],
          ["DELETE", "/a", undefined],
          ["POST", "/a", { b: 1 }],
          ["PATCH", "/a", {}]
        ]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("without an answer is a time-out if it may be repeated, else an unknown outcome", () => {
    const { layer } = rest(() => Effect.never)
    return Effect.gen(function* () {
      const outcome = Effect.fnUntraced(function* (effect: ReturnType<typeof request>) {
        const fiber = yield* Effect.forkChild(Effect.flip(effect), { startImmediately: true })
        yield* TestClock.adjust("10 seconds")
        return (yield* Fiber.join(fiber)).reason._tag
      })
      assert.strictEqual(yield* outcome(request("GET", "/a")), "TimedOut")
      assert.strictEqual(yield* outcome(request("PUT", "/a")), "TimedOut")
      assert.strictEqual(yield* outcome(request("POST", "/a")), "OutcomeUnknown")
      assert.strictEqual(yield* outcome(request("POST", "/a", {}, { isRepeatable: true })), "TimedOut")
    }).pipe(Effect.provide(layer))
  })

  it("keeps ids from being anything but one segment of the path", () => {
    assert.strictEqual(path`/a/${"x/../y?z#!%.-_"}/b`, "/a/x%2F..%2Fy%3Fz%23!%25.-_/b")
    assert.strictEqual(new URL(`http://h${path`/a/${".."}/b`}`).pathname, "/a/%252E%252E/b")
    assert.strictEqual(path`/a/${"\ud800"}`, "/a/%EF%BF%BD")
  })

  it.effect("repeat no token, though the answer does, also where it is cut", () => {
    const said = (token: string) => [
      { status: 403, body: { code: 1, message: `no: QQBot ${token}\r\nINFO forged`, trace_id: token } },
      { status: 403, body: { message: `${"x".repeat(195)}${token}` } },
      { status: 502, body: `<p>${"<br>".repeat(498)}</p>${token}` },
      { status: 500, headers: { "x-tps-trace-id": token }, body: { message: "failed" } }
    ]
    const { layer } = rest((_, count) => said(fakeToken(1))[count - 1] ?? {})
    return Effect.gen(function* () {
      const { request } = yield* QqRest
      for (const _ of said("")) {
        const { message } = yield* Effect.flip(request("GET", "/x"))
        assert.notMatch(message, /\n/)
        assert.notInclude(message, fakeToken(1).slice(0, 4))
      }
    }).pipe(Effect.provide(layer))
  })
})

describe("a trace", () => {
  it.effect("of a call and of its token shows neither the token nor the secret", () => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const { layer } = rest((_, count) => (count === 1 ? { status: 401, body: { code: 11244 } } : ok))
    return Effect.gen(function* () {
      yield* send(message("group")).pipe(Effect.provide(layer), Effect.withTracer(tracer))
      const shown = spans.map((span) => `${span.name} ${JSON.stringify([...span.attributes])}`)
      assert.include(shown.join(), "QqRest.send")
      for (const hidden of [fakeToken(1), fakeToken(2), secret]) assert.notInclude(shown.join(), hidden)
    })
  })
})

describe("the gateway's address", () => {
  const limit = { total: 1000, remaining: "998", reset_after: 14400000, max_concurrency: 1 }
  const rows: ReadonlyArray<readonly [unknown, GatewayInfo | "Unavailable"]> = [
    [
      { url: "wss://g", shards: 2, session_start_limit: limit },
      {
        url: "wss://g",
        shards: 2,
        startLimit: { total: 1000, remaining: 998, resetAfter: 14400000, maxConcurrency: 1 }
      }
    ],
    [{ url: "wss://g" }, { url: "wss://g", shards: undefined, startLimit: undefined }],
    [
      { url: "wss://g", shards: "x", session_start_limit: { total: null } },
      {
        url: "wss://g",
        shards: undefined,
        startLimit: { total: undefined, remaining: undefined, resetAfter: undefined, maxConcurrency: undefined }
      }
    ],
    [{ shards: 1, session_start_limit: limit }, "Unavailable"],
    [[], "Unavailable"],
    ["<html>", "Unavailable"]
  ]
  for (const [body, expected] of rows) {
    it.effect(`is read from ${JSON.stringify(body)}`, () => {
      const { calls, layer } = rest(() => ({ body }))
      return Effect.gen(function* () {
        const { gateway, gatewayBot } = yield* QqRest
        for (const ask of [gatewayBot, gateway]) {
          if (expected === "Unavailable") assert.strictEqual((yield* Effect.flip(ask)).reason._tag, expected)
          else assert.deepStrictEqual(yield* ask, expected)
        }
        assert.deepStrictEqual(
          calls.map((call) => call.path),
          ["/gateway/bot", "/gateway"]
        )
      }).pipe(Effect.provide(layer))
    })
  }
})
