/** Messages that QQ holds for review, on the simulator and a real store: from the 202 to the verdict. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { QqSimulator } from "everbot/simulator"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import { listening, say } from "../../guarantees/support/Crowd.ts"
import * as World from "../../guarantees/support/World.ts"

const channel = { kind: "channel", id: "500" } as const

const app = (simulator: QqSimulator.QqSimulator) =>
  Layer.mergeAll(World.Echo, World.account(simulator, { intents: Intents.add(Intents.defaults, "MESSAGE_AUDIT") }))

/** How messages came to rest so far: id and status. */
const outcomes = (bot: World.Running) =>
  bot.news.flatMap((it) => (it._tag === "MessageSettled" ? [[it.id, it.status] as const] : []))

const settling = (bot: World.Running, count: number) =>
  bot.until(() => outcomes(bot).length >= count).pipe(World.within(20_000, `${count} outcomes`))

/** What the store says in the end: messages by status, and those that rest unsent. */
const inStore = (simulator: QqSimulator.QqSimulator, filename: string) =>
  World.inStore(filename, (store) =>
    Effect.all({
      counts: Effect.map(store.counts(`qq:${simulator.appId}`), ({ messages }) => messages),
      letters: store.deadLetters(`qq:${simulator.appId}`, { limit: 10 })
    })
  )

describe.concurrent("messages under review", () => {
  it.live("one that passes becomes sent, one that is rejected becomes a dead letter that says so", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const filename = yield* World.database
      const bot = yield* World.runOn(filename, app(simulator))
      yield* listening(simulator)
      yield* simulator.fault({ kind: "audit", times: 2 })
      say(simulator, channel, "good")
      yield* settling(bot, 1)
      say(simulator, channel, "bad")
      yield* settling(bot, 2)
      assert.deepStrictEqual(outcomes(bot), [
        [1, "auditing"],
        [2, "auditing"]
      ])
      const [good = "", bad = ""] = simulator.pendingAudits()
      yield* simulator.audit(bad, "reject")
      yield* simulator.audit(good, "pass")
      yield* settling(bot, 4)
      assert.deepStrictEqual(outcomes(bot).slice(2), [
        [2, "refused"],
        [1, "sent"]
      ])
      yield* bot.stop
      const { counts, letters } = yield* inStore(simulator, filename)
      assert.deepStrictEqual([counts.sent, counts.refused, counts.auditing], [1, 1, 0])
      assert.deepStrictEqual(
        letters.map((letter) => letter._tag === "DeadMessage" && [letter.message.content.text, letter.reason]),
        [["bad", "rejected by review"]]
      )
    })
  )

  it.live("a verdict that comes while the process is down is applied by the next one", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const filename = yield* World.database
      const first = yield* World.runOn(filename, app(simulator))
      yield* listening(simulator)
      yield* simulator.fault({ kind: "audit", times: 2 })
      say(simulator, channel, "good")
      say(simulator, channel, "bad")
      yield* settling(first, 2)
      yield* first.stop
      assert.strictEqual((yield* inStore(simulator, filename)).counts.auditing, 2)
      const [good = "", bad = ""] = simulator.pendingAudits()
      yield* simulator.audit(good, "pass")
      yield* simulator.audit(bad, "reject")
      const second = yield* World.runOn(filename, app(simulator))
      yield* settling(second, 2)
      assert.sameDeepMembers(outcomes(second), [
        [1, "sent"],
        [2, "refused"]
      ])
      yield* second.stop
      const { counts, letters } = yield* inStore(simulator, filename)
      assert.deepStrictEqual([counts.sent, counts.refused, counts.auditing, letters.length], [1, 1, 0, 1])
      // Neither was said again.
      assert.strictEqual(simulator.books.sent.length, 2)
    })
  )
})
