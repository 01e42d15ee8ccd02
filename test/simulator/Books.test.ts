import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { QqSimulator } from "everbot/simulator"
import { settling } from "../../src/simulator/Judge.ts"
import * as Bot from "./RawBot.ts"

const group = { kind: "group", id: "C9F778FE6ADF9D1D1DBE395BF744A33A" } as const

const online = Effect.gen(function* () {
  const simulator = yield* QqSimulator.make()
  const token = yield* Bot.token(simulator)
  const { session, wire } = yield* Bot.identify(simulator, token)
  const isSettled = settling(simulator.books)
  const judge = () => {
    const verdict = simulator.books.judge()
    assert.strictEqual(isSettled(), verdict.lost.length === 0, "what waits for the verdict sees the same")
    return verdict
  }
  return { simulator, token, session, wire, judge }
})

describe("the verdict", () => {
  it.live("calls a delivered message without a reply lost", () =>
    Effect.gen(function* () {
      const { judge, simulator, wire } = yield* online
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* wire.frame(({ s }) => s === 2)
      assert.deepStrictEqual(judge().lost, [id])
      assert.isTrue(simulator.books.offered[0]?.delivered)
    })
  )

  it.live("names why the reply to a lost message was refused", () =>
    Effect.gen(function* () {
      const { judge, simulator, token } = yield* online
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* Bot.call(simulator, "POST", `/v2/groups/${group.id}/messages`, {
        token,
        body: { msg_type: 0, content: "x".repeat(6000), msg_id: id }
      })
      assert.deepStrictEqual(judge().refused, [{ id, code: 40054007 }])
    })
  )

  it.live("excuses what was said before the first session", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const { id } = yield* simulator.say({ in: group, text: "anybody?" })
      const { lost, unheard } = simulator.books.judge()
      assert.deepStrictEqual([lost, unheard], [[], [id]])
    })
  )

  it.live("still owes what waits in a session that can be resumed", () =>
    Effect.gen(function* () {
      const { judge, simulator, wire } = yield* online
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[id], []])
    })
  )

  it.live("forfeits what the platform threw away before it can have arrived", () =>
    Effect.gen(function* () {
      const { judge, simulator, wire } = yield* online
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* simulator.fault({ kind: "invalidSession", resumable: false })
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[], [id]])
    })
  )

  it.live("forfeits nothing a heartbeat has named", () =>
    Effect.gen(function* () {
      const { judge, simulator, wire } = yield* online
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* wire.frame(({ s }) => s === 2)
      wire.send({ op: 1, d: 2 })
      yield* wire.frame(({ op }) => op === 11)
      yield* simulator.fault({ kind: "cut", by: "rst" })
      yield* simulator.until((books) => books.closes.length === 1)
      yield* simulator.fault({ kind: "invalidSession", resumable: false })
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[id], []])
    })
  )

  it.live("forfeits what was written without proof that it was read", () =>
    Effect.gen(function* () {
      const { judge, simulator, wire } = yield* online
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* wire.frame(({ s }) => s === 2)
      yield* simulator.fault({ kind: "cut", by: "rst" })
      yield* simulator.until((books) => books.closes.length === 1)
      yield* simulator.fault({ kind: "invalidSession", resumable: false })
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[], [id]])
    })
  )

  it.live("takes the answer to a close frame as proof that everything before it was read", () =>
    Effect.gen(function* () {
      const { judge, simulator } = yield* online
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* simulator.fault({ kind: "close", code: 4900 })
      yield* simulator.until((books) => books.closes.length === 1)
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[id], []])
    })
  )

  it.live("lets a bot drop what it read before a close frame that leaves the session to be resumed", () =>
    Effect.gen(function* () {
      const { judge, simulator } = yield* online
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* simulator.fault({ kind: "close", code: 4009 })
      yield* simulator.until((books) => books.closes.length === 1)
      yield* simulator.fault({ kind: "invalidSession", resumable: false })
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[], [id]])
    })
  )

  it.live("holds a bot to the session it left behind", () =>
    Effect.gen(function* () {
      const { judge, simulator, token, wire } = yield* online
      wire.send({ op: 1, d: 1 })
      yield* wire.frame(({ op }) => op === 11)
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* Bot.identify(simulator, token)
      yield* simulator.fault({ kind: "restart", ms: 10, keepSessions: false })
      assert.deepStrictEqual([judge().lost, judge().abandoned], [[id], [id]])
    })
  )

  it.live("does not hold a bot to a session it was told is invalid", () =>
    Effect.gen(function* () {
      const { judge, session, simulator, token, wire } = yield* online
      wire.send({ op: 1, d: 1 })
      yield* wire.frame(({ op }) => op === 11)
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      yield* simulator.fault({ kind: "expireToken" })
      yield* (yield* Bot.resume(simulator, token, session, 1)).closing
      yield* Bot.identify(simulator, yield* Bot.token(simulator))
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[], [id]])
    })
  )

  it.live("does not hold a bot to a session it may never have heard of", () =>
    Effect.gen(function* () {
      const { judge, simulator, token, wire } = yield* online
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      const { id } = yield* simulator.say({ in: group, text: "hi" })
      assert.deepStrictEqual(judge().lost, [id])
      yield* Bot.identify(simulator, token)
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[], [id]])
    })
  )

  it.live("takes a reply as proof that its message and those before it were read", () =>
    Effect.gen(function* () {
      const { judge, simulator, token } = yield* online
      const one = yield* simulator.say({ in: group, text: "one" })
      const two = yield* simulator.say({ in: group, text: "two" })
      yield* Bot.reply(simulator, token, group.id, two.id)
      yield* simulator.fault({ kind: "restart", ms: 10, keepSessions: false })
      assert.deepStrictEqual([judge().lost, judge().forfeited], [[one.id], []])
    })
  )

  it.live("notices replies in the wrong order within a place, and only there", () =>
    Effect.gen(function* () {
      const { judge, simulator, token } = yield* online
      const other = { kind: "group", id: "OTHER" } as const
      const one = yield* simulator.say({ in: group, text: "one" })
      const elsewhere = yield* simulator.say({ in: other, text: "elsewhere" })
      const two = yield* simulator.say({ in: group, text: "two" })
      yield* Bot.reply(simulator, token, group.id, two.id)
      yield* Bot.reply(simulator, token, other.id, elsewhere.id)
      yield* Bot.reply(simulator, token, group.id, one.id)
      assert.deepStrictEqual(judge().outOfOrder, [one.id])
    })
  )

  it.live("expects a reply to a message event that was emitted, once", () =>
    Effect.gen(function* () {
      const { judge, simulator } = yield* online
      const data = { id: "M1", author: { member_openid: "A" }, content: "look", group_openid: "G" }
      yield* simulator.emit("GROUP_AT_MESSAGE_CREATE", data)
      yield* simulator.emit("GROUP_MESSAGE_CREATE", data)
      assert.deepStrictEqual([judge().offered, judge().lost], [1, ["M1"]])
    })
  )

  it.live("judges only what the bot owes", () =>
    Effect.gen(function* () {
      const { simulator } = yield* online
      yield* simulator.say({ in: group, text: "just talking" })
      const { id } = yield* simulator.say({ in: group, text: "/ping" })
      assert.deepStrictEqual(simulator.books.judge({ owes: ({ text }) => text.startsWith("/") }).lost, [id])
    })
  )
})

describe("a flood", () => {
  it.live("waits for a slow reader instead of piling up in its socket", () =>
    Effect.gen(function* () {
      const { simulator, wire } = yield* online
      const events = 60_000
      wire.socket.pause()
      for (let n = 0; n < events; n++) simulator.sayUnsafe({ in: group, text: `message ${n}` })
      const written = simulator.books.sessions[0]?.writtenUpTo ?? 0
      // Some fits into the kernel's buffers; the rest must not have been handed to the socket at all.
      assert.isAbove(written, 1)
      assert.isBelow(written, events / 2)
      wire.socket.removeAllListeners("message")
      let received = 0
      yield* Effect.callback<void>((resume) => {
        wire.socket.on("message", () => {
          if (++received === events) resume(Effect.void)
        })
        wire.socket.resume()
      })
      assert.strictEqual(simulator.books.sessions[0]?.writtenUpTo, events + 1)
    })
  )

  it.live("ends a session whose backlog outgrows the limit", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ resumeLimit: 100 })
      const token = yield* Bot.token(simulator)
      const { wire } = yield* Bot.identify(simulator, token)
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      for (let n = 0; n < 500; n++) simulator.sayUnsafe({ in: group, text: `message ${n}` })
      assert.strictEqual(simulator.books.sessions[0]?.endedBy, "platform")
    })
  )
})
