/**
 * Promise: slow handlers or a slow platform cost bounded memory: slowness travels back to the socket, while heartbeats
 * keep flowing.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Latch, Layer, Schedule } from "effect"
import { Bot } from "everbot"
import { Sqlite } from "everbot/sqlite"
import { burst, groups, listening } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

const events = 20_000
/** What a busy intake may have on its way to the store, on top of the limit of the lanes. */
const storing = 4096

describe("stays bounded", () => {
  it.live("20,000 events into handlers that sleep stop at the socket, and all are handled after they wake", () =>
    Effect.gen(function* () {
      const interval = 1000
      const simulator = yield* World.platform({ heartbeatInterval: interval, socketBuffer: 65_536 })
      const { books } = simulator
      const bed = yield* Latch.make(false)
      let handled = 0
      let most = 0
      const Sleeper = Bot.on("MessageReceived", () =>
        bed.whenOpen(
          Effect.sync(() => {
            handled++
          })
        )
      )
      const limits = { maxResident: 100, maxBacklog: 500, handlerTimeout: Duration.minutes(2) }
      const account = World.account(simulator, { ...limits, connection: { patience: "1 second" } })
      // The disk is not what is measured here.
      const store = Sqlite.layer({ filename: yield* World.database, synchronous: "NORMAL" })
      const bot = yield* World.run(Layer.mergeAll(Sleeper, account), { store })
      yield* listening(simulator)
      const before = process.memoryUsage()
      yield* burst(simulator, groups(50), events)
      yield* bot
        .until((news) => news.some(({ _tag }) => _tag === "IntakePaused"))
        .pipe(World.within(20_000, "a pause of the intake"))
      const watch = Effect.map(bot.status, ([it]) => {
        most = Math.max(most, it?.eventsWaiting ?? 0)
      })
      // Three heartbeats later nothing has moved: nothing was read, and every heartbeat was sent and answered.
      const beats = books.heartbeats.length
      const [paused] = yield* bot.status
      yield* Effect.repeat(watch, { schedule: Schedule.spaced(20), until: () => books.heartbeats.length >= beats + 3 })
      const [still] = yield* bot.status
      assert.strictEqual(still?.isIntakePaused, true)
      assert.strictEqual(still?.eventsReceived, paused?.eventsReceived)
      assert.isAtMost(most, limits.maxBacklog + storing)
      assert.isAtMost(still?.eventsReceived ?? events, limits.maxBacklog + storing + limits.maxResident)
      assert.isBelow(books.sessions[0]?.writtenUpTo ?? events, events, "the rest waits at the platform")
      assert.strictEqual(handled, 0)
      const grown = process.memoryUsage()
      // The simulator shares this process and remembers 20,000 messages: a few kilobytes for each, and no more.
      assert.isBelow(grown.heapUsed - before.heapUsed, 160 * 1024 * 1024)

      yield* bed.open
      yield* Effect.repeat(watch, { schedule: Schedule.spaced(20), until: () => handled >= events }).pipe(
        World.within(40_000, "all events")
      )
      yield* Effect.repeat(watch, { schedule: Schedule.spaced(20), times: 5 })
      assert.strictEqual(handled, events)
      assert.isAtMost(most, limits.maxBacklog + storing)
      // One connection and one session from beginning to end, with a steady heart.
      assert.deepStrictEqual([books.dials.length, books.identifies.length, books.resumes.length], [1, 1, 0])
      assert.isTrue(books.heartbeats.every(({ acknowledged }) => acknowledged))
      const gaps = books.heartbeats.slice(1).map(({ at }, n) => at - (books.heartbeats[n]?.at ?? at))
      assert.isBelow(Math.max(...gaps), interval * 1.5)
    })
  )

  it.live(
    "calls of a webhook into handlers that sleep are told to come again, and all are handled after they wake",
    () =>
      Effect.gen(function* () {
        const count = 1200
        const simulator = yield* World.platform({}, "webhook")
        const { books } = simulator
        const bed = yield* Latch.make(false)
        let handled = 0
        const Sleeper = Bot.on("MessageReceived", () =>
          bed.whenOpen(
            Effect.sync(() => {
              handled++
            })
          )
        )
        const limits = { maxResident: 100, maxBacklog: 500, handlerTimeout: Duration.minutes(2) }
        const store = Sqlite.layer({ filename: yield* World.database, synchronous: "NORMAL" })
        const bot = yield* World.run(Layer.mergeAll(Sleeper, World.account(simulator, limits)), { store })
        yield* listening(simulator)
        yield* burst(simulator, groups(50), count)
        const refusals = () => books.pushes.filter(({ status }) => status === 503).length
        yield* simulator.until(() => refusals() > 0).pipe(World.within(20_000, "a call that is to come again"))
        const [paused] = yield* bot.status
        assert.strictEqual(paused?.isIntakePaused, true)
        // A round of refusals later nothing has moved, and no more calls wait inside than the platform has connections.
        const before = refusals()
        yield* simulator.until(() => refusals() > before + 50).pipe(World.within(20_000, "more refusals"))
        const [still] = yield* bot.status
        assert.strictEqual(still?.eventsReceived, paused?.eventsReceived)
        assert.isAtMost(still?.eventsReceived ?? count, limits.maxBacklog + limits.maxResident + 50)
        assert.isAtMost(still?.webhook?.waiting ?? count, 32)
        assert.strictEqual(handled, 0)
        yield* bed.open
        yield* Effect.sleep(20).pipe(
          Effect.repeat({ until: () => handled >= count }),
          World.within(40_000, "all events")
        )
        assert.strictEqual(handled, count)
        assert.strictEqual(books.count("webhook:gaveUp"), 0)
      })
  )

  it.live.each(World.modes)("a platform that takes no messages holds the handlers back, and they the %s", (mode) =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ heartbeatInterval: "1 second", socketBuffer: 65_536 }, mode)
      const { books } = simulator
      const limits = { maxQueued: 100, maxBacklog: 500, maxResident: 100, concurrency: 32 }
      const store = Sqlite.layer({ filename: yield* World.database, synchronous: "NORMAL" })
      const app = Layer.mergeAll(World.Echo, World.account(simulator, limits))
      const bot = yield* World.run(app, { store })
      yield* listening(simulator)
      yield* simulator.fault({ kind: "rateLimited", times: 1_000_000, retryAfter: 1 })
      const count = mode === "WebSocket" ? 5000 : 1500
      yield* burst(simulator, groups(50), count)
      yield* bot
        .until((news) => news.some(({ _tag }) => _tag === "IntakePaused"))
        .pipe(World.within(20_000, "a pause of the intake"))
      const [status] = yield* bot.status
      assert.isAtMost(status?.messagesWaiting ?? Number.POSITIVE_INFINITY, limits.maxQueued + limits.concurrency)
      assert.isBelow(status?.eventsReceived ?? count, count)
      const beats = books.heartbeats.length
      const isAlive = simulator.until(({ heartbeats, pushes }) =>
        mode === "WebSocket" ? heartbeats.length >= beats + 2 : pushes.some(({ status }) => status === 503)
      )
      yield* isAlive.pipe(World.within(20_000, "a sign of life"))
      yield* simulator.fault({ kind: "rateLimited", times: 0 })
      yield* simulator.settled.pipe(World.within(40_000, "every answer"))
      World.assertFair(simulator)
      assert.strictEqual(books.answered, count)
    })
  )
})
