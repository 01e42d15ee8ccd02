/**
 * Promise: SIGTERM stops intake, finishes lanes, flushes and closes the session resumable, within a deadline; what was
 * left is named. A planned restart loses and repeats nothing.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Child from "./support/Child.ts"
import { backAgain, burst, fourChats, listening, say, talkingWhile } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

const stopped = (child: Child.Child) => child.end("SIGTERM").pipe(World.within(20_000, "the end after SIGTERM"))

/** How long it took from the signal to the last moment of the process, by its own account. */
const millisToEnd = (child: Child.Child): number => {
  const [, millis] = /ended (\d+) ms after SIGTERM/.exec(child.output()) ?? []
  return Number(millis ?? assert.fail(`it never said how long it took:\n${child.output()}`))
}

describe.each(World.modes)("drains, by %s", (mode) => {
  it.live("four planned restarts under load: each exits with 0 in time, and nothing is lost or repeated", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const { books } = simulator
      let child = yield* Child.start(simulator, filename)
      yield* listening(simulator).pipe(World.within(20_000, "the first session"))
      yield* Effect.gen(function* () {
        for (let n = 1; n <= 4; n++) {
          yield* simulator.until(({ answered }) => answered >= n * 40)
          assert.deepStrictEqual(yield* stopped(child), { code: 0, signal: null }, child.output())
          assert.isBelow(millisToEnd(child), 5500)
          assert.match(child.output(), /drained; left: 0 events, 0 messages/)
          child = yield* Child.start(simulator, filename)
          yield* backAgain(simulator).pipe(World.within(20_000, "the bot back"))
        }
      }).pipe(talkingWhile(simulator, fourChats, mode === "WebSocket" ? 40 : 80))
      yield* simulator.settled.pipe(World.within(20_000, `every answer\n${child.output()}`))
      World.assertFair(simulator)
      assert.strictEqual(books.answered, books.said)
      // Nothing was sent that the platform had to recognise as a repetition.
      assert.strictEqual(books.sent.length, books.said)
      if (mode === "webhook") return
      // Resumed each time.
      assert.deepStrictEqual([books.identifies.length, books.resumes.length], [1, 4])
      assert.deepStrictEqual(
        books.resumes.filter(({ refused }) => refused !== undefined),
        []
      )
      // Closed with a code that keeps the session; data that was not read any more may turn the goodbye into a reset.
      const codes = books.closes.map(({ code }) => code)
      assert.isTrue(codes.length === 4 && codes.every((code) => code === 4000 || code === 1006), codes.join())
      assert.include(codes, 4000)
    })
  )

  it.live("what the deadline cuts off is named in the log, and done after the next start", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const { books } = simulator
      // By webhook a message is a call of its own: slower ones must suffice for a heap of them.
      const pause = mode === "WebSocket" ? "50" : "400"
      const slow = { BOT_HANDLER: "slow", BOT_PAUSE: pause, BOT_DRAIN: "500" }
      const first = yield* Child.start(simulator, filename, slow)
      yield* listening(simulator).pipe(World.within(20_000, "the first session"))
      yield* burst(simulator, fourChats, 200)
      yield* simulator.until(({ answered }) => answered >= 8)
      assert.deepStrictEqual(yield* stopped(first), { code: 0, signal: null }, first.output())
      assert.isBelow(millisToEnd(first), 3000)
      // What a webhook was not called for yet, or not told that it has it, is the platform's to bring again.
      const taken = mode === "WebSocket" ? books.said : books.pushes.filter(({ status }) => status === 200).length
      const left = taken - books.answered
      const [, events, messages] = /stopped with (\d+) events and (\d+) messages left/.exec(first.output()) ?? []
      assert.isAbove(left, mode === "WebSocket" ? 50 : 5)
      // Messages on their way at the deadline may have arrived; nothing may be missing from the count.
      assert.isAtLeast(Number(events) + Number(messages), left, first.output())
      assert.isAtMost(Number(events) + Number(messages), left + 16, first.output())
      const second = yield* Child.start(simulator, filename)
      yield* simulator.settled.pipe(World.within(20_000, `every answer\n${second.output()}`))
      World.assertFair(simulator)
      assert.strictEqual(books.answered, 200)
      assert.strictEqual(books.identifies.length, mode === "WebSocket" ? 1 : 0)
    })
  )

  it.live("a handler that hangs, even out of reach of an interruption, does not keep the process from ending", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const env = { BOT_HANDLER: "hang", BOT_DRAIN: "500" }
      const child = yield* Child.start(simulator, filename, env)
      yield* listening(simulator).pipe(World.within(20_000, "the first session"))
      const [here, there] = fourChats
      assert(here !== undefined && there !== undefined)
      say(simulator, here, "hang")
      const behind = say(simulator, here, "behind it")
      const beside = say(simulator, there, "beside it")
      yield* simulator.until(() => beside.replies.length > 0).pipe(World.within(20_000, "the answer beside"))
      assert.deepStrictEqual(yield* stopped(child), { code: 0, signal: null }, child.output())
      assert.isBelow(millisToEnd(child), 3000)
      assert.match(child.output(), /stopped with 2 events and 0 messages left/)
      const next = yield* Child.start(simulator, filename)
      yield* simulator.settled.pipe(World.within(20_000, `every answer\n${next.output()}`))
      World.assertFair(simulator)
      assert.strictEqual(behind.replies.length, 1)
    })
  )

  it.live("SIGTERM before the first session ends it just as well", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      yield* simulator.fault({ kind: "tokenServerError", times: 1000, form: "hang" })
      const child = yield* Child.start(simulator, yield* World.database)
      yield* simulator.until((books) => books.count("route:token") > 0).pipe(World.within(20_000, "a first call"))
      assert.deepStrictEqual(yield* stopped(child), { code: 0, signal: null }, child.output())
    })
  )
})
