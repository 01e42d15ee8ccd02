import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Identify, QqSimulator } from "everbot/simulator"
import { excess } from "../../src/simulator/StartLimits.ts"
import * as Bot from "./RawBot.ts"

const at = (...times: ReadonlyArray<number>): ReadonlyArray<Identify> =>
  times.map((time, n) => ({ at: time, intents: 1, shard: [n, times.length] as const, session: `S${n}` }))

const limits = { atOnce: 2, window: 5000, total: 100 }

describe("the limits on session starts", () => {
  it("find the starts that are one too many in any five seconds", () => {
    assert.deepStrictEqual(excess(at(0, 1, 5000, 5001), limits), [])
    assert.deepStrictEqual(
      excess(at(0, 1, 4999, 5001, 5002), limits).map((start) => start.at),
      [4999, 5002]
    )
  })

  it("find the starts beyond the day's number, and do not count refused ones as started", () => {
    const days = at(0, 10_000, 20_000, 30_000).map((start, n) => (n === 1 ? { ...start, session: undefined } : start))
    assert.deepStrictEqual(
      excess(days as ReadonlyArray<Identify>, { ...limits, total: 2 }).map((start) => start.at),
      [30_000]
    )
  })

  it.live("are enforced when they are given: who hurries is refused, and on record", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ sessionStarts: { total: 10, maxConcurrency: 1 } })
      const token = yield* Bot.token(simulator)
      yield* Bot.identify(simulator, token)
      const wire = yield* Bot.open(simulator)
      yield* wire.frame(Bot.hello)
      wire.send({ op: 2, d: { token: `QQBot ${token}`, intents: Bot.intents } })
      assert.strictEqual(yield* wire.closing, 4903)
      assert.strictEqual(simulator.books.judge().excessStarts.length, 1)
    })
  )

  it.live(
    "moreShards that it insists on closes smaller sessions with 4011, takes no new ones, and recommends more",
    () =>
      Effect.gen(function* () {
        const simulator = yield* QqSimulator.make()
        const token = yield* Bot.token(simulator)
        const { session, wire } = yield* Bot.identify(simulator, token)
        yield* simulator.fault({ kind: "moreShards", shards: 2, insists: true })
        assert.strictEqual(yield* wire.closing, 4011)
        const again = yield* Bot.resume(simulator, token, session, 1)
        assert.strictEqual(yield* again.closing, 4006)
        const small = yield* Bot.open(simulator)
        yield* small.frame(Bot.hello)
        small.send({ op: 2, d: { token: `QQBot ${token}`, intents: Bot.intents, shard: [0, 1] } })
        assert.strictEqual(yield* small.closing, 4011)
        const { body } = yield* Bot.call(simulator, "GET", "/gateway/bot", { token })
        assert.strictEqual(body["shards"], 2)
      })
  )
})
