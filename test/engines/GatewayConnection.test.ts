import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Position } from "../../src/domain/Event.ts"
import { ConnectionLost } from "../../src/domain/GatewayError.ts"
import { ack, hello, message, open, polite, read, ready, reasonOf, resumed, settle } from "./gateway.ts"

const stored: Position = { stream: "gateway/0", session: "S0", seq: 7, startedAt: 5 }

const peerOf = <A>(peers: ReadonlyArray<A>): A => {
  const last = peers.at(-1)
  if (last === undefined) throw new Error("nothing was dialled")
  return last
}

describe("a gateway connection", () => {
  it.effect("identifies, records READY's sequence number and delivers what follows with its position", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite() })
      const peer = peerOf(peers)
      peer.send(message(2, "你好"))
      peer.send(message(3))
      yield* settle
      assert.deepStrictEqual(
        record.states.map((state) => state._tag),
        ["Identifying", "Ready"]
      )
      assert.deepStrictEqual(record.advanced, [
        { stream: "gateway/0", session: "S1", seq: 1, startedAt: 0, resumeUrl: undefined, shards: 1 }
      ])
      assert.deepStrictEqual(record.keys, ["E2", "E3"])
      assert.deepStrictEqual(
        record.delivered.map(({ position }) => position.seq),
        [2, 3]
      )
      assert.deepStrictEqual(JSON.parse(record.delivered[0]?.raw ?? ""), message(2, "你好"))
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("resumes from the committed position and delivers the replay that comes before RESUMED", () =>
    Effect.gen(function* () {
      const server = polite({
        received: (peer, text) => {
          if (JSON.parse(text).op !== 6) return
          assert.strictEqual(JSON.parse(text).d.seq, 7)
          peer.send(message(8))
          peer.send(message(9))
          peer.send(resumed(10))
        }
      })
      const { record, fiber } = yield* open({ server, resumeFrom: stored })
      assert.deepStrictEqual(record.keys, ["E8", "E9"])
      assert.deepStrictEqual(record.states.at(-1), { _tag: "Ready", session: "S0", resumed: true })
      assert.deepStrictEqual(
        record.delivered.map(({ position }) => [position.session, position.seq, position.startedAt]),
        [
          ["S0", 8, 5],
          ["S0", 9, 5]
        ]
      )
      assert.strictEqual(record.advanced.at(-1)?.seq, 10)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("closes with a code that keeps the session when it is interrupted, and takes nothing more", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite() })
      const peer = peerOf(peers)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(peer.closedWith, 4000)
      peer.send(message(2))
      yield* settle
      assert.deepStrictEqual(record.keys, [])
      assert.strictEqual(record.forgotten, 0)
    })
  )

  it.effect("survives every kind of frame that means nothing", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite() })
      const peer = peerOf(peers)
      const senseless = ["", "{", "null", "[1]", "7", '"text"', '{"op":99}', "{}", new Uint8Array([0xff, 0xfe, 0])]
      for (const frame of senseless) peer.send(frame)
      peer.send(message(2, "x".repeat(5_000_000)))
      yield* settle
      assert.strictEqual(record.ignored.length, senseless.length)
      assert.deepStrictEqual(record.keys, ["E2"])
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("ends with the platform's reason when the server closes, and keeps or forgets the session by it", () =>
    Effect.gen(function* () {
      for (const [code, tag, forgotten] of [
        [4004, "AuthenticationFailed", 0],
        [4006, "SessionInvalidated", 1],
        [1006, "ConnectionLost", 0]
      ] as const) {
        const { record, peers, fiber } = yield* open({ server: polite(), resumeFrom: stored })
        peerOf(peers).close(code)
        assert.strictEqual((yield* reasonOf(fiber))._tag, tag)
        assert.strictEqual(record.forgotten, forgotten)
        assert.deepStrictEqual(
          record.ends.map(({ wasReady, wasResuming }) => [wasReady, wasResuming]),
          [[true, true]]
        )
      }
    })
  )

  it.effect("reconnects at once, resumable, when the server asks to", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite() })
      peerOf(peers).send({ op: 7, d: null })
      assert.strictEqual((yield* reasonOf(fiber))._tag, "ServerRequestedReconnect")
      assert.strictEqual(peerOf(peers).closedWith, 4000)
      assert.strictEqual(record.forgotten, 0)
    })
  )

  it.effect("waits for the close frame that says why a session is invalid", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite(), resumeFrom: stored })
      peerOf(peers).send({ op: 9, d: false })
      yield* TestClock.adjust("900 millis")
      assert.isUndefined(fiber.pollUnsafe())
      peerOf(peers).close(4004)
      assert.strictEqual((yield* reasonOf(fiber))._tag, "AuthenticationFailed")
      assert.strictEqual(record.forgotten, 1)
    })
  )

  it.effect("gives up a session that is invalid without a cause after a second, and keeps one that is resumable", () =>
    Effect.gen(function* () {
      for (const resumable of [true, false]) {
        const { record, peers, fiber } = yield* open({ server: polite(), resumeFrom: stored })
        peerOf(peers).send({ op: 9, d: resumable })
        yield* TestClock.adjust("1 second")
        const reason = yield* reasonOf(fiber)
        assert(reason._tag === "SessionInvalidated")
        assert.deepStrictEqual([reason.resumable, reason.dropCredentials], [resumable, !resumable])
        assert.strictEqual(record.forgotten, resumable ? 0 : 1)
      }
    })
  )

  it.effect("gives up a server that never greets, and one that never accepts", () =>
    Effect.gen(function* () {
      for (const server of [{}, { opened: polite().opened }]) {
        const { fiber } = yield* open({ server })
        yield* TestClock.adjust("9 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* reasonOf(fiber))._tag, "HandshakeTimedOut")
      }
    })
  )

  it.effect("keeps a resume that takes long as long as replayed events come", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({
        server: {
          opened: (peer) => peer.send(hello),
          received: (peer, text) => {
            if (JSON.parse(text).op === 1) peer.send(ack)
          }
        },
        resumeFrom: stored
      })
      for (let n = 8; n < 28; n++) {
        peerOf(peers).send(message(n))
        yield* TestClock.adjust("8 seconds")
      }
      assert.isUndefined(fiber.pollUnsafe())
      assert.strictEqual(record.delivered.length, 20)
      assert.isTrue(
        peerOf(peers).received.some((text) => JSON.parse(text).op === 1),
        "it beats during a long replay"
      )
      yield* TestClock.adjust("21 seconds")
      assert.strictEqual((yield* reasonOf(fiber))._tag, "HandshakeTimedOut")
    })
  )

  it.effect("stops reading while the inbox is full, beats on, and is not judged meanwhile", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite() })
      const peer = peerOf(peers)
      record.press(true)
      for (let n = 2; n < 12; n++) peer.send(message(n))
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(record.keys, [])
      assert.isUndefined(fiber.pollUnsafe())
      assert.isAtLeast(peer.received.filter((text) => JSON.parse(text).op === 1).length, 15)
      record.press(false)
      yield* settle
      assert.strictEqual(record.delivered.length, 10)
      yield* TestClock.adjust("10 minutes")
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    })
  )

  // A platform that sends only for who is connected would otherwise hold back the very replies that fill the outbox.
  it.effect("gets its session and takes no event when the inbox was full from the start", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({
        server: polite(),
        link: { onPressure: (listener) => Effect.sync(() => listener(true)) }
      })
      const peer = peerOf(peers)
      assert.isTrue(peer.isPaused)
      assert.deepStrictEqual(
        record.states.map(({ _tag }) => _tag),
        ["Identifying", "Ready"]
      )
      peer.send(message(2))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(record.delivered, [])
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("heartbeats carry the received sequence number and their round trip is reported", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({ server: polite() })
      peerOf(peers).send(message(2))
      yield* TestClock.adjust("40 seconds")
      const beats = peerOf(peers).received.filter((text) => JSON.parse(text).op === 1)
      assert.deepStrictEqual(
        beats.map((text) => JSON.parse(text).d),
        [1, 2]
      )
      assert.strictEqual(record.beats.length, 2)
      peerOf(peers).send({ op: 1 })
      yield* settle
      assert.deepStrictEqual(JSON.parse(peerOf(peers).received.at(-1) ?? ""), { op: 1, d: 2 })
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("notices a half-open socket within 1.1 intervals of its last sign of life, and cuts it", () =>
    Effect.gen(function* () {
      const { peers, fiber, record } = yield* open({ server: polite(), resumeFrom: stored })
      yield* TestClock.adjust("13 seconds")
      peerOf(peers).silence()
      yield* TestClock.adjust("32 seconds")
      const reason = yield* reasonOf(fiber)
      assert.strictEqual(reason._tag, "HeartbeatMissed")
      assert.strictEqual(record.forgotten, 0)
      assert.isFalse(peerOf(peers).isOpen)
    })
  )

  it.effect("fails with why it could not be dialled, without an end left open", () =>
    Effect.gen(function* () {
      const { fiber, record } = yield* open({
        server: { accept: () => new ConnectionLost({ network: true, detail: "ECONNREFUSED" }) },
        resumeFrom: stored
      })
      const reason = yield* reasonOf(fiber)
      assert.deepInclude(reason, { _tag: "ConnectionLost", network: true })
      assert.deepStrictEqual([record.forgotten, record.ends.length], [0, 1])
    })
  )

  it.effect("ends without losing its place when the inbox throws: nothing after that event is delivered", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const { record, peers, fiber } = yield* open({
        server: polite(),
        link: {
          deliver: (event) => {
            if (event.key === "E3") throw new Error("no")
            seen.push(event.key)
          }
        }
      })
      for (const n of [2, 3, 4]) peerOf(peers).send(message(n))
      assert.strictEqual((yield* reasonOf(fiber))._tag, "InboxUnavailable")
      assert.deepStrictEqual(seen, ["E2"])
      assert.strictEqual(record.advanced.length, 1)
      assert.strictEqual(record.forgotten, 0)
    })
  )

  it.effect("survives an event that cannot be decoded, and a platform bug ends only the connection", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({
        server: polite(),
        protocol: {
          decode: () => {
            throw new Error("decoder")
          },
          read: (envelope) => {
            if (envelope.op === 98) throw new Error("reader")
            return read(envelope)
          }
        }
      })
      peerOf(peers).send(message(2))
      yield* settle
      assert.strictEqual(record.ignored.length, 1)
      assert.strictEqual(record.advanced.at(-1)?.seq, 2)
      peerOf(peers).send({ op: 98 })
      const exit = yield* Fiber.await(fiber)
      assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(peerOf(peers).closedWith, 4000)
    })
  )

  it.effect("takes a READY in answer to a resume as a new session", () =>
    Effect.gen(function* () {
      const server = polite({
        received: (peer, text) => {
          const { op } = JSON.parse(text)
          if (op === 6) peer.send(ready)
          if (op === 1) peer.send(ack)
        }
      })
      const { record, fiber } = yield* open({ server, resumeFrom: stored })
      assert.deepStrictEqual(record.states.at(-1), { _tag: "Ready", session: "S1", resumed: false })
      assert.deepInclude(record.advanced.at(-1), { session: "S1", seq: 1 })
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("forgets a session that the protocol will not resume before it identifies", () =>
    Effect.gen(function* () {
      const { record, peers, fiber } = yield* open({
        server: polite(),
        resumeFrom: stored,
        protocol: {
          prepare: () => Effect.succeed({ url: "ws://fake", resume: undefined, greeting: () => '{"op":2}' })
        }
      })
      assert.strictEqual(record.forgotten, 1)
      assert.strictEqual(JSON.parse(peerOf(peers).received[0] ?? "").op, 2)
      yield* Fiber.interrupt(fiber)
    })
  )
})
