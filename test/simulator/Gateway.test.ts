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
})
