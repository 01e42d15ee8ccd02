import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { QqSimulator } from "everbot/simulator"
import * as Bot from "./RawBot.ts"

const group = { kind: "group", id: "C9F778FE6ADF9D1D1DBE395BF744A33A" } as const

describe("the gateway", () => {
  it.live("greets, starts a session, delivers what is said and accepts the answer", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { wire } = yield* Bot.identify(simulator, token)
      const said = yield* simulator.say({ in: group, text: "/ping" })
      const frame = yield* wire.frame(Bot.dispatched("GROUP_AT_MESSAGE_CREATE"))
      assert.strictEqual(frame.s, 2)
      assert.strictEqual(Bot.messageId(frame), said.id)
      assert.notStrictEqual(frame.id, said.id)
      const answer = yield* Bot.reply(simulator, token, group.id, said.id)
      assert.strictEqual(answer.status, 200)
      yield* simulator.settled
      const verdict = simulator.books.judge()
      assert.deepStrictEqual([verdict.offered, verdict.answered, verdict.lost], [1, 1, []])
    })
  )

  it.live("replays what a cut socket missed and then says RESUMED", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      yield* simulator.fault({ kind: "cut", by: "rst" })
      assert.strictEqual(yield* wire.closing, 1006)
      yield* simulator.say({ in: group, text: "one" })
      yield* simulator.say({ in: group, text: "two" })
      const again = yield* Bot.resume(simulator, token, session, 1)
      const resumed = yield* again.frame(Bot.dispatched("RESUMED"))
      assert.strictEqual(resumed.d, "")
      assert.deepStrictEqual(
        again.frames.map(({ s, t }) => [s, t]),
        [
          [undefined, undefined],
          [2, "GROUP_AT_MESSAGE_CREATE"],
          [3, "GROUP_AT_MESSAGE_CREATE"],
          [4, "RESUMED"]
        ]
      )
    })
  )

  const refused = (token: string, d: Record<string, unknown>, options?: QqSimulator.Options) =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make(options)
      const access = yield* Bot.token(simulator)
      const wire = yield* Bot.open(simulator)
      yield* wire.frame(Bot.hello)
      wire.send({
        op: 2,
        d: { token: token === "" ? `QQBot ${access}` : token === "raw" ? access : token, intents: Bot.intents, ...d }
      })
      const code = yield* wire.closing
      return { invalid: wire.frames.some(({ d, op }) => op === 9 && d === false), code }
    })

  for (const [why, code, token, d, options] of [
    ["a bad token", 4004, "QQBot nonsense", {}, {}],
    ["a token without its prefix", 4004, "raw", {}, {}],
    ["intents it was not granted", 4014, "", { intents: 512 }, { grantedIntents: Bot.intents }],
    ["intents that do not exist", 4013, "", { intents: 4 }, {}],
    ["a shard out of range", 4010, "", { shard: [2, 2] }, {}],
    ["a used up budget", 4903, "", {}, { sessionStarts: { total: 1000, remaining: 0 } }]
  ] as const) {
    it.live(`answers ${why} with op 9 and then close ${code}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* refused(token, d, options), { invalid: true, code })
      })
    )
  }

  for (const [what, frame, code] of [
    ["an unknown opcode", '{"op":99}', 4001],
    ["something that is not JSON", "nonsense", 4002],
    ["an Identify without a token", '{"op":2,"d":{"intents":1}}', 4002]
  ] as const) {
    it.live(`closes ${what} with ${code}`, () =>
      Effect.gen(function* () {
        const simulator = yield* QqSimulator.make()
        const wire = yield* Bot.open(simulator)
        yield* wire.frame(Bot.hello)
        wire.socket.send(frame)
        assert.strictEqual(yield* wire.closing, code)
      })
    )
  }

  it.live("counts session starts down, but not resumes", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ sessionStarts: { total: 10 } })
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      wire.socket.terminate()
      const again = yield* Bot.resume(simulator, token, session, 1)
      yield* again.frame(Bot.dispatched("RESUMED"))
      const { body } = yield* Bot.call(simulator, "GET", "/gateway/bot", { token })
      const limit = body["session_start_limit"]
      assert.isTrue(typeof limit === "object" && limit !== null && "remaining" in limit && limit.remaining === 9)
      assert.strictEqual(body["shards"], 1)
    })
  )

  it.live("closes a second Identify on one socket with 4005", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { wire } = yield* Bot.identify(simulator, token)
      wire.send({ op: 2, d: { token: `QQBot ${token}`, intents: 1 } })
      assert.strictEqual(yield* wire.closing, 4005)
    })
  )

  it.live("acknowledges heartbeats in every form bots send them", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { wire } = yield* Bot.identify(simulator, token)
      for (const beat of [
        { op: 1, d: 1 },
        { op: 1, d: null },
        { op: 1, s: 1 }
      ])
        wire.send(beat)
      yield* wire.until(() => wire.frames.filter(({ op }) => op === 11).length === 3)
      assert.deepStrictEqual(
        simulator.books.heartbeats.map(({ d }) => d),
        [1, null, 1]
      )
    })
  )

  it.live("closes a bot that stops beating with 4009 and lets it resume", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ heartbeatInterval: 40 })
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      assert.strictEqual(yield* wire.closing, 4009)
      const again = yield* Bot.resume(simulator, token, session, 1)
      yield* again.frame(Bot.dispatched("RESUMED"))
    })
  )

  it.live("lets a resume take the session over from the older socket", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      const again = yield* Bot.resume(simulator, `QQBot ${token}`, session, 1)
      yield* again.frame(Bot.dispatched("RESUMED"))
      assert.strictEqual(yield* wire.closing, 4902)
      yield* simulator.say({ in: group, text: "to the new one" })
      yield* again.frame(Bot.dispatched("GROUP_AT_MESSAGE_CREATE"))
    })
  )

  it.live("refuses to resume a session that outlived its window", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ resumeWindow: 20 })
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      wire.socket.terminate()
      yield* simulator.until((books) => books.sessions[0]?.endedAt !== undefined)
      const again = yield* Bot.resume(simulator, token, session, 1)
      assert.strictEqual(yield* again.closing, 4006)
      assert.isTrue(again.frames.some(({ d, op }) => op === 9 && d === false))
    })
  )

  it.live("keeps a session whose resume brought a dead token, for a resume with a living one", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      wire.socket.terminate()
      yield* simulator.fault({ kind: "expireToken" })
      const refused = yield* Bot.resume(simulator, token, session, 1)
      assert.strictEqual(yield* refused.closing, 4004)
      assert.isTrue(refused.frames.some(({ d, op }) => op === 9 && d === false))
      const again = yield* Bot.resume(simulator, yield* Bot.token(simulator), session, 1)
      yield* again.frame(Bot.dispatched("RESUMED"))
    })
  )

  it.live("refuses a sequence that was never given", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { session, wire } = yield* Bot.identify(simulator, token)
      wire.socket.terminate()
      const again = yield* Bot.resume(simulator, token, session, 99)
      assert.strictEqual(yield* again.closing, 4007)
    })
  )

  it.live("sends events only to who asked for their intent", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const token = yield* Bot.token(simulator)
      const { wire } = yield* Bot.identify(simulator, token, 2 ** 30)
      const unheard = yield* simulator.say({ in: group, text: "not for you" })
      yield* simulator.say({ in: { kind: "channel", id: "100010" }, text: "a < b & c" })
      const frame = yield* wire.frame(Bot.dispatched("AT_MESSAGE_CREATE"))
      assert.strictEqual(frame.s, 2)
      assert.include(JSON.stringify(frame.d), "a &lt; b &amp; c")
      assert.deepStrictEqual(simulator.books.judge().unheard, [unheard.id])
    })
  )
})
