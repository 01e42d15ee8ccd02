import { assert, describe, it } from "@effect/vitest"
import { Clock, ConfigProvider, Duration, Effect, Exit, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { ConfigError } from "../../src/domain/ConfigError.ts"
import { Corrupt, Full, StoreError } from "../../src/domain/StoreError.ts"
import * as Retention from "../../src/engines/Retention.ts"
import { type Cutoffs, nothingPruned, type Pruned, Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"

const minutes = 60_000
const hours = 60 * minutes
const days = 24 * hours

const succeeds = Effect.succeed(nothingPruned)

/** A store that notes when it is pruned and of what; `answer` may make it fail. */
const noting = (answer: (calls: number) => Effect.Effect<Pruned, StoreError> = () => succeeds) => {
  const calls: Array<readonly [at: number, cutoffs: Cutoffs]> = []
  const layer = Layer.effect(
    Store,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      return Store.of({
        ...(yield* Store),
        prune: (cutoffs) =>
          Effect.suspend(() => {
            calls.push([clock.currentTimeMillisUnsafe(), cutoffs])
            return answer(calls.length)
          })
      })
    })
  ).pipe(Layer.provide(Memory.layer))
  return { calls, layer }
}

const failing = (reason: StoreError["reason"]) => Effect.fail(new StoreError({ operation: "prune", reason }))

/** Settings as if they were in the environment; by default none. */
const env = (settings: Readonly<Record<string, string>> = {}) =>
  ConfigProvider.layer(ConfigProvider.fromUnknown(settings))

describe("retention", () => {
  it.effect("prunes events and messages older than seven days and gaps older than ninety, hour by hour", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* TestClock.setTime(300 * days)
      yield* Retention.start({})
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(calls, [])
      yield* TestClock.adjust("2 hours")
      const times = [10 * minutes, 70 * minutes].map((after) => 300 * days + after)
      const week = (at: number) => at - 7 * days
      assert.deepStrictEqual(
        calls,
        times.map((at) => [
          at,
          { events: week(at), sent: week(at), auditing: week(at), deadLetters: undefined, gaps: at - 90 * days }
        ])
      )
    }).pipe(Effect.provide([layer, env()]))
  })

  it.effect("keeps each table as long as it is told, in code first and then in the environment", () => {
    const { calls, layer } = noting()
    const settings = {
      EVERBOT_KEEP_EVENTS: "30 days",
      EVERBOT_KEEP_MESSAGES: "2 days",
      EVERBOT_KEEP_DEAD_LETTERS: "8 weeks",
      EVERBOT_KEEP_GAPS: "forever"
    }
    return Effect.gen(function* () {
      yield* TestClock.setTime(300 * days)
      yield* Retention.start({ keep: { events: "36 hours" } })
      yield* TestClock.adjust("10 minutes")
      const now = 300 * days + 10 * minutes
      // What is under review is kept for a week at least: a later verdict would find nothing.
      const expected = { events: now - 36 * hours, sent: now - 2 * days, auditing: now - 7 * days }
      assert.deepStrictEqual(calls, [[now, { ...expected, deadLetters: now - 56 * days, gaps: undefined }]])
    }).pipe(Effect.provide([layer, env(settings)]))
  })

  it.effect("never prunes when everything is kept for ever", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* Retention.start({ keep: { events: false, messages: "Infinity", gaps: false } })
      yield* TestClock.adjust("30 days")
      assert.deepStrictEqual(calls, [])
    }).pipe(Effect.provide([layer, env()]))
  })

  it.effect("refuses to keep anything for less than a day, and names the setting and the mend, not the value", () =>
    Effect.gen(function* () {
      const refused = (keep: Retention.Keep, settings: Readonly<Record<string, string>> = {}) =>
        Effect.flip(Retention.resolve(keep)).pipe(Effect.provide(env(settings)))
      for (const [error, setting] of [
        [yield* refused({ events: "23 hours" }), "keep.events"],
        [yield* refused({ messages: 0 }), "keep.messages"],
        [yield* refused({ gaps: Duration.negativeInfinity }), "keep.gaps"],
        [yield* refused({}, { EVERBOT_KEEP_EVENTS: "90 minutes" }), "EVERBOT_KEEP_EVENTS"],
        [yield* refused({}, { EVERBOT_KEEP_DEAD_LETTERS: "1 hour" }), "EVERBOT_KEEP_DEAD_LETTERS"],
        [yield* refused({}, { EVERBOT_KEEP_GAPS: "a while" }), "EVERBOT_KEEP_GAPS"]
      ] as const) {
        assert.strictEqual(error.setting, setting)
        assert.match(error.message, /(is shorter than 1d|is no duration)\. (Keep it for a day|Write it like)/)
        assert.notMatch(error.message, /23|90|while\b/)
      }
      const whole = yield* Retention.resolve({ events: "1 day" }).pipe(
        Effect.provide(env({ EVERBOT_KEEP_GAPS: " ", EVERBOT_KEEP_MESSAGES: "Infinity" }))
      )
      assert.deepStrictEqual(whole, {
        events: Duration.days(1),
        messages: Duration.infinity,
        deadLetters: Duration.infinity,
        gaps: Duration.days(90)
      })
    })
  )

  it.effect("an app with a bad setting does not start, and its defect is the ConfigError", () => {
    const { layer } = noting()
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Retention.start({ keep: { events: "1 hour" } })))
      const defect = Exit.isFailure(exit) ? exit.cause.reasons.find(({ _tag }) => _tag === "Die") : undefined
      assert.instanceOf(defect?._tag === "Die" && defect.defect, ConfigError)
    }).pipe(Effect.provide([layer, env()]))
  })

  it.effect("tells as a warning how many dead letters went, because nobody took them up", () => {
    const { layer } = noting(() => Effect.succeed({ ...nothingPruned, events: 5, deadLetters: 3 }))
    const lines: Array<string> = []
    const log = Logger.make<unknown, void>(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))
    return Effect.gen(function* () {
      yield* Retention.start({ keep: { deadLetters: "30 days" } })
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(lines, ["Warn deleted 3 dead letters that nobody took up within 30d"])
    }).pipe(Effect.provide([layer, env(), Logger.layer([log])]))
  })

  it.effect("tries again a minute after a failure that may pass, and keeps its hours afterwards", () => {
    const { calls, layer } = noting((call) => (call <= 2 ? failing(new Full({ detail: "no space" })) : succeeds))
    return Effect.gen(function* () {
      yield* Retention.start({})
      yield* TestClock.adjust("80 minutes")
      assert.deepStrictEqual(
        calls.map(([at]) => at / minutes),
        [10, 11, 13, 73]
      )
    }).pipe(Effect.provide([layer, env()]))
  })

  it.effect("goes on the next hour after a failure that does not pass, and after a defect", () => {
    const { calls, layer } = noting((call) =>
      call === 1 ? failing(new Corrupt({ detail: "page 7" })) : call === 2 ? Effect.die("bug") : succeeds
    )
    return Effect.gen(function* () {
      yield* Retention.start({})
      yield* TestClock.adjust("3 hours")
      assert.deepStrictEqual(
        calls.map(([at]) => at / minutes),
        [10, 70, 130]
      )
    }).pipe(Effect.provide([layer, env()]))
  })

  it.effect("stops with its scope", () => {
    const { calls, layer } = noting()
    return Effect.gen(function* () {
      yield* Effect.scoped(Retention.start({}))
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(calls, [])
    }).pipe(Effect.provide([layer, env()]))
  })
})
