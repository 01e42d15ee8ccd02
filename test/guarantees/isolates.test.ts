/** Promise: one account, platform or handler failing, hanging or flooding does not slow another. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { Bot } from "everbot"
import type { Fault } from "everbot/simulator"
import { burst, fourChats, groups, listening, say } from "./support/Crowd.ts"
import type { Mode } from "./support/Mode.ts"
import * as World from "./support/World.ts"

/** The second of two platforms must look like another bot. */
const twoPlatforms = (mode: Mode) =>
  Effect.all([World.platform({}, mode), World.platform({ appId: "102000002" }, mode)])

/** So many messages one after the other, each answered before the next is said; the slowest answer in milliseconds. */
const converse = Effect.fnUntraced(function* (simulator: Parameters<typeof say>[0], place: Parameters<typeof say>[1]) {
  let slowest = 0
  for (let n = 0; n < 15; n++) {
    const said = say(simulator, place)
    yield* simulator.until(() => said.replies.length > 0).pipe(World.within(20_000, "an answer beside the trouble"))
    slowest = Math.max(slowest, (said.replies[0]?.at ?? 0) - said.at)
  }
  return slowest
})

describe.each(World.modes)("isolates, by %s", (mode) => {
  const failures: ReadonlyArray<readonly [name: string, fault: Fault]> = [
    ["is banned", { kind: "banned" }],
    ["cannot be reached", { kind: "restart", ms: 60_000 }],
    ["answers nothing in time", { kind: "slowAnswer", ms: 60_000, times: 1000 }],
    ["fails every call", { kind: "serverError", times: 100_000 }]
  ]
  for (const [name, fault] of failures) {
    it.live(`an account whose platform ${name} leaves the other account as it was`, () =>
      Effect.gen(function* () {
        const [bad, good] = yield* twoPlatforms(mode)
        const app = Layer.mergeAll(World.Echo, World.account(bad), World.account(good))
        const bot = yield* World.runOn(yield* World.database, app, { drainTimeout: Duration.millis(300) })
        yield* Effect.all([listening(bad), listening(good)])
        const place = { kind: "group", id: "group-1" } as const
        yield* converse(good, place)
        yield* burst(bad, fourChats, 40)
        yield* bad.fault(fault)
        yield* burst(bad, fourChats, 40)
        const slowest = yield* converse(good, place)
        assert.isBelow(slowest, 1500)
        World.assertFair(good)
        assert.strictEqual(good.books.answered, good.books.said)
        assert.strictEqual(good.books.dials.length, mode === "WebSocket" ? 1 : 0)
        const status = yield* bot.status
        assert.isTrue(status.some(({ account, isConnected }) => account === `qq:${good.appId}` && isConnected))
        // The trouble is real: the other account has not answered everything.
        assert.isBelow(bad.books.answered, 80)
      })
    )
  }

  it.live("an account that is flooded leaves the other account as it was", () =>
    Effect.gen(function* () {
      const [flooded, calm] = yield* twoPlatforms(mode)
      const app = Layer.mergeAll(World.Echo, World.account(flooded), World.account(calm))
      yield* World.runOn(yield* World.database, app, { drainTimeout: Duration.millis(300) })
      yield* Effect.all([listening(flooded), listening(calm)])
      yield* burst(flooded, groups(16), 2000)
      yield* converse(calm, { kind: "group", id: "group-1" })
      // All these answers came while the other account was still working off its flood.
      assert.isBelow(flooded.books.answered, 2000)
      const worst = Math.max(...calm.books.offered.map((it) => (it.replies[0]?.at ?? 0) - it.at))
      yield* flooded.settled.pipe(World.within(30_000, "the flood"))
      World.assertFair(flooded)
      World.assertFair(calm)
      assert.isBelow(worst, flooded.books.judge().latency.max)
    })
  )

  it.live("a flood in one chat does not delay another", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const Work = Bot.on("MessageReceived", (event) => Effect.andThen(Effect.sleep(5), Bot.reply(event, event.text)))
      yield* World.runOn(yield* World.database, Layer.mergeAll(Work, World.account(simulator)))
      yield* listening(simulator)
      const loud = { kind: "group", id: "loud" } as const
      const quiet = { kind: "group", id: "quiet" } as const
      yield* burst(simulator, [loud], 400)
      const slowest = yield* converse(simulator, quiet)
      const { answered } = simulator.books
      assert.isBelow(answered, 400)
      yield* simulator.settled.pipe(World.within(30_000, "every answer"))
      World.assertFair(simulator)
      const longest = simulator.books.judge().latency.max
      assert.isBelow(slowest, longest / 2)
    })
  )

  it.live("handlers that hang, die or loop over failures in their chats leave the others as they were", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const Troubled = Bot.on("MessageReceived", (event) => {
        if (event.text === "hang") return Effect.never
        if (event.text === "die") return Effect.die(new Error("dead"))
        if (event.text === "throw") throw new Error("thrown")
        if (event.text === "fail") return Effect.fail("again and again")
        return Bot.reply(event, event.text)
      })
      const options = { handlerTimeout: Duration.seconds(1), drainTimeout: Duration.millis(300) }
      const bot = yield* World.runOn(yield* World.database, Layer.mergeAll(Troubled, World.account(simulator, options)))
      yield* listening(simulator)
      const troubled = groups(20)
      const bad = troubled.map((place, n) => say(simulator, place, ["hang", "die", "throw", "fail"][n % 4]))
      const behind = yield* burst(simulator, troubled, 20)
      const slowest = yield* converse(simulator, { kind: "direct", id: "user-1" })
      assert.isBelow(slowest, 1500)
      // Also the chats themselves go on, once their message is a dead letter.
      yield* simulator
        .until(() => behind.every(({ replies }) => replies.length > 0))
        .pipe(World.within(25_000, "what waits behind them"))
      assert.isTrue(bad.every(({ replies }) => replies.length === 0))
      assert.strictEqual(bot.news.filter(({ _tag }) => _tag === "EventDeadLettered").length, 20)
    })
  )
})
