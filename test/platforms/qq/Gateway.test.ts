import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as CredentialError from "../../../src/domain/CredentialError.ts"
import type { Position } from "../../../src/domain/Event.ts"
import { ConnectionLost } from "../../../src/domain/GatewayError.ts"
import * as RestError from "../../../src/domain/RestError.ts"
import * as Gateway from "../../../src/platforms/qq/Gateway.ts"
import type { GatewayInfo } from "../../../src/platforms/qq/Rest.ts"
import type { Budget } from "../../../src/platforms/qq/SessionStarts.ts"
import type { Peer, Server } from "../../../src/testing/FakeTransport.ts"
import * as FakeTransport from "../../../src/testing/FakeTransport.ts"
import { Record, reasonOf, settle } from "../../engines/gateway.ts"
import { fakeToken } from "./fakes.ts"

const account = "qq:102000001"
const stored: Position = { stream: "gateway/0", session: "S0", seq: 7, startedAt: 5, resumeUrl: "wss://before" }

const limit = { total: 1000, remaining: 900, resetAfter: 3_600_000, maxConcurrency: 1 }

/** A gateway account over a scripted server; connections share what the account remembers. */
const accountOver = Effect.fnUntraced(function* (server: Server, more: Partial<Gateway.Options> = {}) {
  const calls = { discover: 0, tokens: 0 }
  const state: { info: GatewayInfo; token: Redacted.Redacted<string>; rejected: number } = {
    info: { url: "wss://gateway", shards: 1, startLimit: limit },
    token: Redacted.make(fakeToken(1)),
    rejected: 0
  }
  const fake = FakeTransport.make(server)
  const gateway = yield* Gateway.make({
    account,
    intents: 512,
    rest: {
      gatewayBot: Effect.sync(() => {
        calls.discover++
        return state.info
      })
    },
    credentials: {
      get: Effect.sync(() => state.token),
      reject: (token) =>
        Effect.sync(() => {
          state.rejected++
          if (token === state.token) state.token = Redacted.make(fakeToken(state.rejected + 1))
        })
    },
    ...more
  }).pipe(Effect.provide(fake.layer))
  const connect = Effect.fnUntraced(function* (resumeFrom?: Position, shard = 0, shards = 1) {
    const record = new Record()
    const fiber = yield* Effect.forkChild(
      Effect.scoped(
        gateway.connect({
          shard,
          shards,
          deliver: (event, raw, position) =>
            void record.delivered.push({ event, raw: Buffer.from(raw).toString("utf8"), position }),
          advance: (position) => void record.advanced.push(position),
          forget: () => void record.forgotten++,
          resumeFrom: Effect.succeed(resumeFrom),
          onPressure: () => Effect.void,
          transition: (to) => void record.states.push(to),
          ignored: (why) => void record.ignored.push(why),
          beat: (roundTrip) => void record.beats.push(roundTrip)
        })
      )
    )
    yield* settle
    return { record, fiber }
  })
  return { connect, calls, state, peers: fake.peers }
})

const greet = (peer: Peer) => peer.send({ op: 10, d: { heartbeat_interval: 41_250 } })
const ready = { op: 0, s: 1, t: "READY", d: { version: 1, session_id: "S1", user: { id: "1", username: "b" } } }

/** A server that accepts whoever comes. */
const polite: Server = {
  opened: greet,
  received: (peer, text) => {
    const { d, op } = JSON.parse(text)
    if (op === 2) peer.send(ready)
    if (op === 6) peer.send({ op: 0, s: d.seq + 1, t: "RESUMED", d: "" })
    if (op === 1) peer.send({ op: 11 })
  }
}

const firstFrame = (peer: Peer | undefined) => JSON.parse(peer?.received[0] ?? "null")

describe("QQ's gateway", () => {
  it.effect("identifies with token, intents and shard, and stores the address with the session", () =>
    Effect.gen(function* () {
      const { connect, peers } = yield* accountOver(polite)
      const { record, fiber } = yield* connect(undefined, 3, 4)
      assert.deepStrictEqual(firstFrame(peers[0]), {
        op: 2,
        d: { token: `QQBot ${fakeToken(1)}`, intents: 512, shard: [3, 4] }
      })
      assert.deepStrictEqual(record.advanced, [
        { stream: "gateway/3", session: "S1", seq: 1, startedAt: 0, resumeUrl: "wss://gateway", shards: 4 }
      ])
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("delivers decoded events under the id of their message", () =>
    Effect.gen(function* () {
      const { connect, peers } = yield* accountOver(polite)
      const { record, fiber } = yield* connect()
      const author = { id: "A", user_openid: "A" }
      peers[0]?.send({ op: 0, s: 2, id: "x", t: "C2C_MESSAGE_CREATE", d: { id: "M", author, content: "hi" } })
      peers[0]?.send({ op: 0, s: 3, t: "NEW_THING", d: 1 })
      peers[0]?.send({ op: 0 })
      yield* settle
      assert.deepInclude(record.delivered[0]?.event, { _tag: "MessageReceived", text: "hi", account })
      assert.deepInclude(record.delivered[1]?.event, { _tag: "PlatformEvent", type: "NEW_THING", key: "S1:3" })
      assert.strictEqual(record.delivered[2]?.position.seq, 3)
      assert.strictEqual(new Set(record.keys).size, 3)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("resumes with the prefixed token and asks for no address where it knows one", () =>
    Effect.gen(function* () {
      const { connect, peers, calls } = yield* accountOver(polite)
      const first = yield* connect(stored)
      assert.strictEqual(peers[0]?.url, "wss://before")
      assert.deepStrictEqual(firstFrame(peers[0]), {
        op: 6,
        d: { token: `QQBot ${fakeToken(1)}`, session_id: "S0", seq: 7 }
      })
      peers[0]?.close(4009)
      assert.strictEqual((yield* reasonOf(first.fiber))._tag, "ServerRequestedReconnect")
      const second = yield* connect(stored)
      assert.strictEqual(calls.discover, 0)
      assert.deepStrictEqual(second.record.states.at(-1), { _tag: "Ready", session: "S0", resumed: true })
      yield* Fiber.interrupt(second.fiber)
    })
  )

  it.effect("asks for the address again after a connection that came to nothing", () =>
    Effect.gen(function* () {
      let isDown = true
      const { connect, peers, calls } = yield* accountOver({
        ...polite,
        accept: () => (isDown ? new ConnectionLost({ network: true }) : undefined)
      })
      yield* reasonOf((yield* connect(stored)).fiber)
      isDown = false
      const { fiber } = yield* connect(stored)
      assert.deepStrictEqual([peers[0]?.url, calls.discover], ["wss://gateway", 1])
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("says no token, though the peer repeats ours when it explains itself", () =>
    Effect.gen(function* () {
      const { connect, peers } = yield* accountOver(polite)
      const { fiber } = yield* connect()
      peers[0]?.close(4009, `QQBot ${fakeToken(1)} expired: ${fakeToken(1)}\r\nINFO forged`)
      const { message } = yield* reasonOf(fiber)
      assert.include(message, "QQBot <secret> expired: <secret>\\r\\nINFO forged")
    })
  )

  it.effect("takes no READY whose session it could not keep: it is stored with every event", () =>
    Effect.gen(function* () {
      const endless = { ...ready, d: { ...ready.d, session_id: "s".repeat(100_000) } }
      const { connect } = yield* accountOver({ opened: greet, received: (peer) => peer.send(endless) })
      const { record, fiber } = yield* connect()
      assert.deepStrictEqual([record.ignored, record.advanced], [["READY without a session_id that can be kept"], []])
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* reasonOf(fiber))._tag, "HandshakeTimedOut")
    })
  )

  it.effect("drops the token after close 4004 and after an invalid session, and not after other ends", () =>
    Effect.gen(function* () {
      for (const [end, rejected] of [
        [(peer: Peer | undefined) => peer?.close(4004), 1],
        [(peer: Peer | undefined) => peer?.send({ op: 9, d: false }), 1],
        [(peer: Peer | undefined) => peer?.send({ op: 9, d: true }), 0],
        [(peer: Peer | undefined) => peer?.close(4006), 0],
        [(peer: Peer | undefined) => peer?.drop(), 0]
      ] as const) {
        const { connect, peers, state } = yield* accountOver(polite)
        const first = yield* connect(stored)
        end(peers[0])
        yield* settle
        yield* TestClock.adjust("2 seconds")
        yield* reasonOf(first.fiber)
        const { fiber } = yield* connect(stored)
        assert.strictEqual(state.rejected, rejected, String(end))
        assert.strictEqual(firstFrame(peers[1]).d.token, `QQBot ${fakeToken(rejected + 1)}`)
        yield* Fiber.interrupt(fiber)
      }
    })
  )

  it.effect("gives a session up after three resumes in vain, and not because the network was down", () =>
    Effect.gen(function* () {
      let isDown = true
      const { connect, peers } = yield* accountOver({
        accept: () => (isDown ? new ConnectionLost({ network: true }) : undefined),
        opened: (peer) => peer.drop()
      })
      for (let n = 0; n < 5; n++) yield* reasonOf((yield* connect(stored)).fiber)
      isDown = false
      for (let n = 0; n < 3; n++) {
        const { fiber, record } = yield* connect(stored)
        yield* reasonOf(fiber)
        assert.strictEqual(record.forgotten, 0)
      }
      assert.strictEqual(peers.length, 3)
      const { fiber, record } = yield* connect(stored)
      assert.strictEqual(record.forgotten, 1)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("waits with identifying, not with resuming, until a slot is free, and remembers over restarts", () =>
    Effect.gen(function* () {
      let saved: Budget | undefined
      const budget = {
        load: Effect.sync(() => saved),
        save: (next: Budget) =>
          Effect.sync(() => {
            saved = next
          })
      }
      const first = yield* accountOver(polite, { budget })
      const one = yield* first.connect()
      const two = yield* first.connect()
      assert.strictEqual(first.peers.length, 1)
      const three = yield* first.connect(stored)
      assert.strictEqual(first.peers.length, 2)
      yield* TestClock.adjust("5 seconds")
      yield* settle
      assert.strictEqual(first.peers.length, 3)
      assert.deepStrictEqual(saved, { remaining: 899, resetAt: 3_600_000, lastStart: 5000, over: [5000], open: 0 })
      const restarted = yield* accountOver(polite, { budget })
      const four = yield* restarted.connect()
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(restarted.peers.length, 0)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(restarted.peers.length, 1)
      for (const { fiber } of [one, two, three, four]) yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("says when to come back when no session start is left, and still resumes", () =>
    Effect.gen(function* () {
      const { connect, peers, state } = yield* accountOver(polite)
      state.info = { ...state.info, startLimit: { ...limit, remaining: 0 } }
      const reason = yield* reasonOf((yield* connect()).fiber)
      assert(reason._tag === "Throttled")
      assert.strictEqual(Duration.toMillis(reason.retryAfter), 3_600_000)
      assert.strictEqual(peers.length, 0)
      const { fiber, record } = yield* connect(stored)
      assert.strictEqual(record.states.at(-1)?._tag, "Ready")
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("waits before it identifies after a code that asks for it", () =>
    Effect.gen(function* () {
      const { connect, peers } = yield* accountOver(polite)
      const first = yield* connect(stored)
      peers[0]?.close(4903)
      yield* reasonOf(first.fiber)
      const { fiber } = yield* connect()
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(peers.length, 1)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(peers.length, 2)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("fails with what a person can act on when the secret is refused, without showing it", () =>
    Effect.gen(function* () {
      const refused = new CredentialError.Refused({
        code: 100016,
        detail: "invalid appid or secret",
        advice: "Fix it."
      })
      const { connect } = yield* accountOver(polite, {
        credentials: {
          get: Effect.fail(new CredentialError.CredentialError({ account, reason: refused })),
          reject: () => Effect.void
        }
      })
      const reason = yield* reasonOf((yield* connect()).fiber)
      assert.deepInclude(reason, { _tag: "AuthenticationFailed", code: 100016, advice: "Fix it." })
    })
  )

  it.effect("fails retryably while the API is down", () =>
    Effect.gen(function* () {
      const down = new RestError.Unavailable({ status: 503, reached: true })
      const { connect } = yield* accountOver(polite, {
        rest: { gatewayBot: Effect.fail(new RestError.RestError({ account, reason: down })) }
      })
      const reason = yield* reasonOf((yield* connect()).fiber)
      assert.deepInclude(reason, { _tag: "ConnectionLost", isRetryable: true, network: false })
      const { fiber, record } = yield* connect(stored)
      assert.strictEqual(record.states.at(-1)?._tag, "Ready")
      yield* Fiber.interrupt(fiber)
    })
  )

  it("reads any frame at all", () => {
    const values = [undefined, null, 0, -1, 1.5, Number.NaN, "", "READY", [], {}, { session_id: 7 }, true]
    for (const op of [0, 1, 7, 9, 10, 11, 99, "0", null]) {
      for (const d of values) {
        for (const s of values) {
          for (const t of values) {
            const frame = Gateway.read({ op, d, s, t })
            if (frame._tag === "Hello") assert.isAbove(frame.interval, 0)
            if ("seq" in frame) assert.isTrue(Number.isSafeInteger(frame.seq))
          }
        }
      }
    }
  })
})
