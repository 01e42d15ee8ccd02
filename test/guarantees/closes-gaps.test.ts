/**
 * Promise: what no replay covers is fetched from history where the platform has one (QQ: guild channels), and the rest
 * is recorded as a gap, from when to when and why. Never silence.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer } from "effect"
import { Qq } from "everbot/qq"
import type { Fault, QqSimulator } from "everbot/simulator"
import * as Child from "./support/Child.ts"
import { burst, fourChats, listening, say } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

// Each has a platform of its own, so they may wait together.
describe.concurrent("closes gaps", () => {
  const ends: ReadonlyArray<readonly [name: string, fault: Fault]> = [
    ["declares the session invalid", { kind: "invalidSession", resumable: false }],
    ["closes with a code that ends the session", { kind: "close", code: 4900 }],
    ["revokes the token", { kind: "revokeToken" }],
    ["comes back from a restart without its sessions", { kind: "restart", ms: 200, keepSessions: false }]
  ]
  for (const [name, fault] of ends) {
    it.live(`a gap is on record when the platform ${name}`, () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform()
        const filename = yield* World.database
        const before = yield* Clock.currentTimeMillis
        const bot = yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
        yield* listening(simulator)
        yield* burst(simulator, fourChats, 12)
        yield* simulator.settled
        const [session] = simulator.books.sessions
        const lastSeq = session?.writtenUpTo ?? 0
        yield* simulator.fault(fault)
        yield* simulator.until((books) => books.sessions.length === 2).pipe(World.within(20_000, "a new session"))
        const after = say(simulator, { kind: "group", id: "group-1" }, "after the gap")
        yield* simulator.until(() => after.replies.length > 0).pipe(World.within(20_000, "the answer after it"))
        yield* bot.stop
        const gaps = yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`))
        assert.strictEqual(gaps.length, 1)
        const [gap] = gaps
        assert.strictEqual(gap?.stream, "gateway/0")
        assert.strictEqual(gap?.from, lastSeq)
        assert.match(gap?.why ?? "", /could not be resumed/)
        const times = [before, gap?.since ?? 0, gap?.until ?? 0, yield* Clock.currentTimeMillis]
        assert.deepStrictEqual(
          times,
          times.toSorted((a, b) => a - b)
        )
        // Who watches is told, too.
        assert.deepStrictEqual(
          bot.news.flatMap((it) => (it._tag === "GapRecorded" ? [it.gap] : [])),
          gaps
        )
      })
    )
  }

  it.live("a bot that was away for longer than its session lasts records what it may have missed", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ resumeWindow: "300 millis" })
      const filename = yield* World.database
      const first = yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* listening(simulator)
      const heard = say(simulator, { kind: "group", id: "group-1" }, "before")
      yield* simulator.until(() => heard.replies.length > 0)
      yield* first.stop
      const stoppedAt = yield* Clock.currentTimeMillis
      yield* simulator.until((books) => books.count("session:ended") === 1)
      const second = yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* simulator.until((books) => books.sessions.length === 2).pipe(World.within(20_000, "a new session"))
      // The platform counts a session before the bot has heard of it.
      yield* second
        .until((news) => news.some(({ _tag }) => _tag === "GapRecorded"))
        .pipe(World.within(20_000, "the gap"))
      yield* second.stop
      const gaps = yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`))
      assert.strictEqual(gaps.length, 1)
      assert.isAtMost(gaps[0]?.since ?? Number.POSITIVE_INFINITY, stoppedAt)
      assert.isAbove(gaps[0]?.until ?? 0, stoppedAt)
    })
  )

  it.live("a bot that was killed before it had stored its first session records that one may have been there", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const filename = yield* World.database
      const gaps = World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`))
      yield* simulator.fault({ kind: "noHello", times: 1 })
      const first = yield* Child.start(simulator, filename)
      yield* simulator.until(({ dials }) => dials.length === 1).pipe(World.within(20_000, "a connection"))
      yield* first.end("SIGKILL")
      const killedAt = yield* Clock.currentTimeMillis
      for (const sessions of ["one that begins", "one that is resumed"]) {
        const next = yield* Child.start(simulator, filename)
        yield* listening(simulator).pipe(World.within(20_000, "a session"))
        const heard = say(simulator, { kind: "group", id: "group-1" }, sessions)
        yield* simulator.until(() => heard.replies.length > 0).pipe(World.within(20_000, "an answer"))
        yield* next.end("SIGTERM")
        const [gap, ...others] = yield* gaps
        assert.deepStrictEqual([gap?.from, gap?.stream, others], [undefined, "gateway/0", []], sessions)
        assert.isAtMost(gap?.since ?? Number.POSITIVE_INFINITY, killedAt)
        assert.isAtLeast(gap?.until ?? 0, killedAt)
      }
    })
  )

  it.live("a start that came to nothing leaves no gap", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const filename = yield* World.database
      const app = () => Layer.mergeAll(World.Echo, World.account(simulator))
      yield* simulator.fault({ kind: "noHello", times: 1 })
      const first = yield* World.runOn(filename, app())
      yield* simulator.until(({ dials }) => dials.length === 1).pipe(World.within(20_000, "a connection"))
      yield* first.stop
      yield* World.runOn(filename, app())
      yield* listening(simulator).pipe(World.within(20_000, "a session"))
      const heard = say(simulator, { kind: "group", id: "group-1" }, "hello")
      yield* simulator.until(() => heard.replies.length > 0).pipe(World.within(20_000, "an answer"))
      assert.deepStrictEqual(yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`)), [])
    })
  )

  it.live("a session that is resumed leaves no gap", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const filename = yield* World.database
      const app = () => Layer.mergeAll(World.Echo, World.account(simulator, { drainTimeout: Duration.seconds(1) }))
      const bot = yield* World.runOn(filename, app())
      yield* listening(simulator)
      for (let n = 1; n <= 3; n++) {
        yield* burst(simulator, fourChats, 8)
        yield* simulator.fault({ kind: "cut", by: "rst" })
        yield* simulator.until((books) => books.resumes.length === n)
      }
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      yield* bot.stop
      yield* World.runOn(filename, app())
      yield* simulator.until((books) => books.resumes.length === 4)
      assert.deepStrictEqual(yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`)), [])
    })
  )

  it.live("a bot that is called by webhook records when it could not be", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, "webhook")
      const filename = yield* World.database
      const account = `qq:${simulator.appId}`
      const app = () => Layer.mergeAll(World.Echo, World.account(simulator))
      const first = yield* World.runOn(filename, app())
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 8)
      yield* simulator.settled
      const stopping = yield* Clock.currentTimeMillis
      yield* first.stop
      const stopped = yield* Clock.currentTimeMillis
      // A webhook hears nothing of what was given up while it was away: the time is all there is to say.
      yield* Effect.sleep(1500)
      const starting = yield* Clock.currentTimeMillis
      const second = yield* World.runOn(filename, app())
      const after = say(simulator, { kind: "group", id: "group-1" }, "after the gap")
      yield* simulator.until(() => after.replies.length > 0).pipe(World.within(20_000, "the answer after it"))
      yield* second.stop
      const gaps = yield* World.inStore(filename, (store) => store.gaps(account))
      assert.strictEqual(gaps.length, 1)
      const [gap] = gaps
      assert(gap !== undefined)
      assert.strictEqual(gap.stream, "webhook/0")
      assert.match(gap.why, /no webhook call was taken/)
      const times = [stopping, gap.since, stopped, starting, gap.until, after.replies[0]?.at ?? 0]
      assert.deepStrictEqual(
        times,
        times.toSorted((a, b) => a - b)
      )
      World.assertFair(simulator)
    })
  )
})

const channel = { kind: "channel", id: "100010" } as const
const listed = "route:GET /channels/:id/messages"

/** A bot that hears every message of its channels. */
const attentive = (simulator: QqSimulator.QqSimulator) =>
  World.account(simulator, { intents: Qq.Intents.add(Qq.Intents.defaults, "GUILD_MESSAGES") })

const answered = (said: ReadonlyArray<ReturnType<typeof say>>) => said.every(({ replies }) => replies.length > 0)

describe.concurrent.for(World.modes)("closes gaps in guild channels, by %s", (mode) => {
  const start = Effect.gen(function* () {
    const simulator = yield* World.platform({}, mode)
    const filename = yield* World.database
    const bot = yield* World.runOn(filename, Layer.mergeAll(World.Echo, attentive(simulator)))
    yield* listening(simulator)
    const before = yield* burst(simulator, [channel], 3)
    yield* simulator.until(() => answered(before)).pipe(World.within(20_000, "what was said before"))
    const gaps = Effect.andThen(
      bot.stop,
      World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`))
    )
    return { simulator, bot, filename, gaps }
  })

  it.live("what a session swallowed is found by its number, fetched, and answered in its place", () =>
    Effect.gen(function* () {
      const { bot, gaps, simulator } = yield* start
      yield* simulator.fault({ kind: "lostEvents", times: 25 })
      const swallowed = yield* burst(simulator, [channel], 25)
      const after = yield* burst(simulator, [channel, { kind: "group", id: "group-1" }], 4)
      yield* simulator
        .until(() => answered([...swallowed, ...after]))
        .pipe(World.within(20_000, `every answer\n${bot.log.slice(-10).join("\n")}`))
      World.assertFair(simulator)
      assert.isTrue(bot.news.some((it) => it._tag === "GapFilled" && it.conversation.id === channel.id))
      assert.deepStrictEqual(yield* gaps, [])
    })
  )

  it.live("what the history refuses is on record with its bounds, and the conversation goes on", () =>
    Effect.gen(function* () {
      const { bot, gaps, simulator } = yield* start
      yield* simulator.fault({ kind: "historyForbidden" })
      yield* simulator.fault({ kind: "lostEvents", times: 2 })
      yield* burst(simulator, [channel], 2)
      const after = yield* burst(simulator, [channel], 2)
      yield* simulator.until(() => answered(after)).pipe(World.within(20_000, "what was said after it"))
      World.assertFair(simulator)
      // Three messages and three answers came before.
      const told = bot.news.flatMap((it) => (it._tag === "GapRecorded" ? [it.gap] : []))
      const recorded = yield* gaps
      assert.deepStrictEqual(recorded, told)
      const [gap] = recorded
      assert.deepInclude({ ...gap }, { stream: `channel:${channel.id}`, from: 6, to: 9 })
      assert.match(gap?.why ?? "", /may not|privilege/)
      assert.isAtLeast(gap?.until ?? 0, gap?.since ?? Number.POSITIVE_INFINITY)
    })
  )

  it.live("the bot's own answers are no gaps: a conversation without a loss asks no history", () =>
    Effect.gen(function* () {
      const { gaps, simulator } = yield* start
      for (let n = 0; n < 10; n++) {
        const said = yield* burst(simulator, [channel], 2)
        yield* simulator.until(() => answered(said)).pipe(World.within(20_000, "an answer"))
      }
      assert.strictEqual(simulator.books.count(listed), 0)
      assert.deepStrictEqual(yield* gaps, [])
    })
  )

  if (mode === "WebSocket") {
    it.live("what was said after a session was lost is fetched though nothing else is said", () =>
      Effect.gen(function* () {
        const { bot, gaps, simulator } = yield* start
        yield* simulator.fault({ kind: "lostEvents", times: 5 })
        const missed = yield* burst(simulator, [channel], 5)
        yield* simulator.fault({ kind: "invalidSession", resumable: false })
        yield* simulator
          .until(() => answered(missed))
          .pipe(World.within(20_000, `every answer\n${bot.log.slice(-10).join("\n")}`))
        const after = yield* burst(simulator, [channel], 2)
        yield* simulator.until(() => answered(after)).pipe(World.within(20_000, "what was said then"))
        World.assertFair(simulator)
        assert.deepStrictEqual(
          (yield* gaps).map(({ stream }) => stream),
          ["gateway/0"]
        )
      })
    )
  } else {
    it.live("what was said while the bot could not be called is fetched though nothing else is said", () =>
      Effect.gen(function* () {
        const { bot, filename, gaps, simulator } = yield* start
        yield* bot.stop
        yield* simulator.fault({ kind: "lostEvents", times: 5 })
        const missed = yield* burst(simulator, [channel], 5)
        // A shorter absence counts for none: the platform calls again by then.
        yield* Effect.sleep(1100)
        yield* World.runOn(filename, Layer.mergeAll(World.Echo, attentive(simulator)))
        yield* simulator.until(() => answered(missed)).pipe(World.within(20_000, "every answer"))
        World.assertFair(simulator)
        assert.deepStrictEqual(
          (yield* gaps).map(({ stream }) => stream),
          ["webhook/0"]
        )
      })
    )
  }
})
