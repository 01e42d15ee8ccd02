/**
 * Promise: one shard that is cut, goes deaf or loses its session is not noticed by the others; and the platform's limits
 * on session starts are kept by all of them together. The platform's books are the judge of both.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Fault, Offered, QqSimulator } from "everbot/simulator"
import { alive, sayTo } from "./support/Shards.ts"
import * as World from "./support/World.ts"

const count = 16
const all = Array.from({ length: count }, (_, shard) => shard)

/** Milliseconds from the question to the answer. */
const slowestOf = (said: ReadonlyArray<Offered>) =>
  Math.max(...said.map(({ at, replies }) => (replies[0]?.at ?? Number.POSITIVE_INFINITY) - at))

/** How many times a connection came to be ready. */
const timesReady = (news: World.Running["news"]) =>
  news.filter((it) => it._tag === "ConnectionChanged" && it.to._tag === "Ready").length

/** The slowest answer while all is well. */
const slowest = Effect.fnUntraced(function* (simulator: QqSimulator.QqSimulator, shards: ReadonlyArray<number>) {
  const said = yield* Effect.forEach(shards, (shard) => sayTo(simulator, shard))
  yield* simulator.settled.pipe(World.within(20_000, "every answer"))
  return slowestOf(said)
})

describe("isolates shards", () => {
  it.live("16 shards: one is cut, one goes deaf, one loses its session, and the other 13 do not notice", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({
        shards: count,
        heartbeatInterval: "1500 millis",
        sessionStarts: { total: count + 1, maxConcurrency: count }
      })
      const bot = yield* World.runOn(yield* World.database, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* simulator.until(() => alive(simulator) === count).pipe(World.within(20_000, "all sessions"))
      yield* bot.until((news) => timesReady(news) === count)
      const usual = yield* slowest(simulator, all)
      const before = bot.news.length
      const hurts: ReadonlyArray<readonly [shard: number, fault: Fault]> = [
        [3, { kind: "cut", by: "rst", shard: 3 }],
        [7, { kind: "halfOpen", shard: 7 }],
        [11, { kind: "invalidSession", resumable: false, shard: 11 }]
      ]
      for (const [, fault] of hurts) {
        yield* simulator.fault(fault)
        yield* Effect.forEach(all, (shard) => sayTo(simulator, shard), { discard: true })
      }
      const { books } = simulator
      // Shard 11 may only identify once the first of the 16 starts is five seconds old.
      yield* simulator
        .until(() => books.resumes.length === 2 && books.sessions.length === count + 1)
        .pipe(World.within(20_000, "two resumes and a new session"))
      yield* Effect.forEach(all, (shard) => sayTo(simulator, shard), { discard: true })
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      World.assertFair(simulator)
      assert.strictEqual(books.dials.length, count + 3)
      assert.isTrue(books.resumes.every(({ refused }) => refused === undefined))
      assert.isTrue(books.identifies.every(({ refused }) => refused === undefined))
      const moved = bot.news.slice(before).flatMap((it) => (it._tag === "ConnectionChanged" ? [it.shard] : []))
      assert.deepStrictEqual(
        [...new Set(moved)].sort((a, b) => a - b),
        [3, 7, 11]
      )
      // What the others were told was answered as if nothing had happened.
      const bystanders = books.offered.filter(({ place }) => !hurts.some(([shard]) => place?.id === `channel-${shard}`))
      assert.isBelow(slowestOf(bystanders), 4 * usual + 1000)
    })
  )
})

// Each has a platform of its own, so they may wait together.
describe.concurrent("goes on under another number of shards", () => {
  it.live("when the platform insists on more: sessions begin anew, what they cannot replay is on record", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ shards: 2 })
      const filename = yield* World.database
      const bot = yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* simulator.until(() => alive(simulator) === 2).pipe(World.within(20_000, "two sessions"))
      yield* Effect.forEach([0, 1], (shard) => sayTo(simulator, shard), { discard: true })
      yield* simulator.settled
      yield* simulator.fault({ kind: "moreShards", shards: 4, insists: true })
      yield* simulator.until(() => alive(simulator) === 4).pipe(World.within(20_000, "four sessions"))
      yield* Effect.forEach([0, 1, 2, 3], (shard) => sayTo(simulator, shard), { discard: true })
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      World.assertFair(simulator)
      const { books } = simulator
      assert.strictEqual(books.answered, 6)
      assert.deepStrictEqual(
        books.sessions.slice(2).map(({ shard }) => shard[1]),
        [4, 4, 4, 4]
      )
      assert.strictEqual(books.resumes.length, 0)
      assert.isTrue(bot.news.some((it) => it._tag === "ShardsPlanned" && it.from === 2 && it.to === 4))
      yield* bot.stop
      const gaps = yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`))
      assert.deepStrictEqual(gaps.map(({ stream }) => stream).sort(), ["gateway/0", "gateway/1"])
      for (const gap of gaps) assert.match(gap.why, /has 4 connections now.*one of 2/)
    })
  )

  it.live("when it recommends more at the next start; and resumes all of them at the start after", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ shards: 1 })
      const filename = yield* World.database
      const { books } = simulator
      const app = Layer.mergeAll(World.Echo, World.account(simulator))
      const first = yield* World.runOn(filename, app)
      yield* simulator.until(() => alive(simulator) === 1).pipe(World.within(20_000, "a session"))
      yield* sayTo(simulator, 0)
      yield* simulator.settled
      yield* first.stop
      yield* simulator.fault({ kind: "moreShards", shards: 3 })
      const second = yield* World.runOn(filename, app)
      yield* simulator.until(() => books.sessions.length === 4).pipe(World.within(20_000, "three sessions more"))
      yield* Effect.forEach([0, 1, 2], (shard) => sayTo(simulator, shard), { discard: true })
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      assert.strictEqual(books.resumes.length, 0)
      yield* second.stop
      const third = yield* World.runOn(filename, app)
      yield* simulator.until(() => books.resumes.length === 3).pipe(World.within(20_000, "three resumes"))
      yield* third.stop
      const gaps = yield* World.inStore(filename, (store) => store.gaps(`qq:${simulator.appId}`))
      assert.deepStrictEqual(
        gaps.map(({ stream }) => stream),
        ["gateway/0"]
      )
      World.assertFair(simulator)
    })
  )

  it.live("and keeps to the number its sessions have while the platform cannot be asked", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ shards: 2 })
      const filename = yield* World.database
      const { books } = simulator
      const app = Layer.mergeAll(World.Echo, World.account(simulator))
      const first = yield* World.runOn(filename, app)
      // What the platform has begun, the bot has not heard of before READY is there.
      yield* first.until((news) => timesReady(news) === 2).pipe(World.within(20_000, "two sessions"))
      yield* first.stop
      // One call for the number, none for the two resumes, which know their address.
      yield* simulator.fault({ kind: "serverError", times: 1 })
      yield* World.runOn(filename, app)
      yield* simulator.until(() => books.resumes.length === 2).pipe(World.within(20_000, "two resumes"))
      assert.strictEqual(books.identifies.length, 2)
    })
  )
})
