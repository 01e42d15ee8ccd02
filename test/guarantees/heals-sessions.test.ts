/** Promise: sessions that have grown old, or deaf though their heart beats, are replaced or resumed without a loss. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { burst, fourChats, listening, talkingWhile } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

describe.concurrent("heals sessions", () => {
  it.live(
    "that are old are replaced while everybody talks: all is answered once, in order, and no gap is on record",
    () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform()
        const filename = yield* World.database
        const app = Layer.mergeAll(World.Echo, World.account(simulator, { renewAfter: Duration.millis(500) }))
        const bot = yield* World.runOn(filename, app)
        yield* listening(simulator)
        const renewals = () => bot.news.filter(({ _tag }) => _tag === "SessionRenewed").length
        yield* bot
          .until(() => renewals() === 2)
          .pipe(talkingWhile(simulator, fourChats, 40), World.within(20_000, "two renewals"))
        yield* simulator.settled.pipe(World.within(20_000, "every answer"))
        World.assertFair(simulator)
        const { books } = simulator
        assert.isAbove(books.said, 100)
        assert.strictEqual(books.answered, books.said)
        assert.isAtLeast(books.sessions.length, 3)
        // Each fresh session began while the one before it still lived.
        assert.isTrue(books.sessions.every(({ endedBy }) => endedBy === undefined))
        assert.strictEqual(books.resumes.length, 0)
        yield* bot.stop
        assert.deepStrictEqual(yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`)), [])
      })
  )

  it.live("that beat and deliver nothing are found out and resumed, and what they held back is answered", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const app = Layer.mergeAll(World.Echo, World.account(simulator, { deafAfter: Duration.millis(500) }))
      const bot = yield* World.runOn(yield* World.database, app)
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 200)
      // At once, or the bot would take the pause for deafness, too.
      yield* simulator.fault({ kind: "silence", of: "dispatches" })
      yield* burst(simulator, fourChats, 20)
      yield* simulator.settled.pipe(World.within(20_000, "what was held back"))
      World.assertFair(simulator)
      assert.isAtLeast(simulator.books.resumes.length, 1)
      assert.isTrue(
        bot.news.some(
          (it) =>
            it._tag === "ConnectionChanged" &&
            it.to._tag === "Reconnecting" &&
            it.to.cause.reason._tag === "HeartbeatMissed" &&
            /delivered nothing/.test(it.to.cause.reason.detail ?? "")
        )
      )
    })
  )
})
