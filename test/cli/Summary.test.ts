/** The verdict of the demo follows the books: what a bot broke shows in the numbers, and each of them alone fails it. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { QqSimulator } from "everbot/simulator"
import { Scoreboard } from "../../src/cli/demo/Scoreboard.ts"
import { isKept, summarize, toLines } from "../../src/cli/demo/Summary.ts"
import * as RawBot from "../simulator/RawBot.ts"

describe("the summary", () => {
  it.live("finds the message that a bot heard and never answered, and the one it answered twice", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const board = new Scoreboard(simulator.books, yield* Clock.Clock)
      const token = yield* RawBot.token(simulator)
      const wire = yield* RawBot.open(simulator)
      yield* wire.until(() => wire.raw.length > 0)
      wire.send({ op: 2, d: { token: `QQBot ${token}`, intents: RawBot.intents, shard: [0, 1] } })
      yield* simulator.until(({ sessions }) => sessions.length > 0)
      const place = { kind: "group", id: "G" } as const
      const twice = simulator.sayUnsafe({ in: place, text: "hear me" })
      simulator.sayUnsafe({ in: place, text: "and me" })
      yield* RawBot.reply(simulator, token, "G", twice.id, 1)
      yield* RawBot.reply(simulator, token, "G", twice.id, 2)
      const summary = summarize(board)
      assert.deepInclude(summary, { offered: 2, replied: 1, lost: 1, duplicated: 1, outOfOrder: 0 })
      assert.isFalse(isKept(summary))
      assert.strictEqual(toLines(summary).at(-1), "FAILED: 1 lost, 1 duplicated, 0 out of order")
    })
  )

  it.live("fails for each broken promise alone, and passes without one", () =>
    Effect.gen(function* () {
      const { books } = yield* QqSimulator.make()
      const summary = summarize(new Scoreboard(books, yield* Clock.Clock))
      assert.isTrue(isKept(summary))
      for (const broken of ["lost", "duplicated", "outOfOrder"]) assert.isFalse(isKept({ ...summary, [broken]: 1 }))
    })
  )
})
