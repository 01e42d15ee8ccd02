import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import { RateLimited, RestError } from "../../src/domain/RestError.ts"
import * as ErrorMonitor from "../../src/monitor/ErrorMonitor.ts"

const limited = new RestError({ account: "qq:1", reason: new RateLimited({}) })
const named = (name: string) => ({ message: name, reason: { _tag: name } })

const monitored = Effect.fnUntraced(function* (options: ErrorMonitor.Options = {}) {
  const alerts: Array<ErrorMonitor.Alert> = []
  const onAlert = (alert: ErrorMonitor.Alert) => Effect.sync(() => void alerts.push(alert))
  const monitor = yield* ErrorMonitor.make({ onAlert, ...options })
  const record = (error: ErrorMonitor.Observed, times = 1) =>
    Effect.andThen(
      Effect.sync(() => {
        for (let n = 0; n < times; n++) monitor.record(error)
      }),
      TestClock.adjust(0)
    )
  return { ...monitor, alerts, record }
})

describe("ErrorMonitor", () => {
  it.effect("counts errors and their rate by reason", () =>
    Effect.gen(function* () {
      const monitor = yield* monitored()
      yield* monitor.record(limited, 4)
      yield* monitor.record(new Error("odd"))
      const { total, perMinute, byReason } = yield* monitor.summary
      assert.deepStrictEqual([total, perMinute], [5, 1])
      assert.deepStrictEqual(byReason["RateLimited"], {
        count: 4,
        perMinute: 0.8,
        latest: "qq:1: the platform limits the rate",
        latestAt: 0
      })
      assert.strictEqual(byReason["unknown"]?.latest, "odd")
    })
  )

  it.effect("forgets what left the window", () =>
    Effect.gen(function* () {
      const monitor = yield* monitored()
      yield* monitor.record(limited, 3)
      yield* TestClock.adjust("3 minutes")
      yield* monitor.record(limited, 2)
      assert.strictEqual((yield* monitor.summary).total, 5)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* monitor.summary).total, 2)
      yield* TestClock.adjust("30 days")
      assert.deepStrictEqual((yield* monitor.summary).byReason, {})
    })
  )

  it.effect("raises an alert at its threshold, then holds its tongue until the cool-down is over", () =>
    Effect.gen(function* () {
      const monitor = yield* monitored({ threshold: 3, coolDown: "10 minutes" })
      yield* monitor.record(limited, 2)
      assert.strictEqual(monitor.alerts.length, 0)
      yield* monitor.record(limited, 5)
      assert.deepStrictEqual(
        monitor.alerts.map(({ reason, count, suppressed }) => [reason, count, suppressed]),
        [["RateLimited", 3, 0]]
      )
      yield* TestClock.adjust("10 minutes")
      yield* monitor.record(limited, 2)
      assert.strictEqual(monitor.alerts.length, 1)
      yield* monitor.record(limited)
      assert.deepStrictEqual([monitor.alerts[1]?.count, monitor.alerts[1]?.suppressed], [3, 4])
    })
  )

  it.effect("has thresholds of its own for single reasons, and cools each down alone", () =>
    Effect.gen(function* () {
      const monitor = yield* monitored({ threshold: 2, thresholds: { Loud: Infinity, Grave: 1 } })
      yield* monitor.record(named("Loud"), 1000)
      yield* monitor.record(named("Grave"))
      yield* monitor.record(named("Usual"), 2)
      assert.deepStrictEqual(
        monitor.alerts.map(({ reason }) => reason),
        ["Grave", "Usual"]
      )
    })
  )

  it.effect("goes on after an alert that fails, dies or hangs", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const monitor = yield* monitored({
        threshold: 1,
        onAlert: ({ reason }) =>
          Effect.suspend((): Effect.Effect<void, string> => {
            seen.push(reason)
            if (reason === "Fails") return Effect.fail("no network")
            if (reason === "Dies") return Effect.die("bug")
            return reason === "Hangs" ? Effect.never : Effect.void
          })
      })
      for (const name of ["Fails", "Dies", "Hangs", "Works"]) yield* monitor.record(named(name))
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(seen, ["Fails", "Dies", "Hangs", "Works"])
    })
  )

  it.effect("stays bounded under endless new reasons, long messages and an alert that hangs", () =>
    Effect.gen(function* () {
      const monitor = yield* ErrorMonitor.make({ threshold: 1, onAlert: () => Effect.never, maxReasons: 10 })
      for (let n = 0; n < 20_000; n++) monitor.record({ message: "x".repeat(1000), reason: { _tag: `Reason${n}` } })
      const { total, byReason, alertsDropped } = yield* monitor.summary
      assert.strictEqual(total, 20_000)
      assert.strictEqual(Object.keys(byReason).length, 11)
      assert.strictEqual(byReason["other"]?.count, 19_990)
      assert.isAtMost(byReason["other"]?.latest.length ?? 0, 300)
      assert.strictEqual(alertsDropped, 0)
    })
  )

  it.effect("makes room for new reasons once old ones have been silent for a window", () =>
    Effect.gen(function* () {
      const monitor = yield* monitored({ maxReasons: 2 })
      for (const name of ["A", "B", "C"]) yield* monitor.record(named(name))
      yield* TestClock.adjust("5 minutes")
      yield* monitor.record(named("D"))
      assert.deepStrictEqual(Object.keys((yield* monitor.summary).byReason), ["D"])
    })
  )

  it.effect("counts what a plain list of times would, to the width of one slot", () =>
    Effect.gen(function* () {
      const seed = process.env["SEED"] ?? String(process.hrtime.bigint())
      yield* Effect.gen(function* () {
        const monitor = yield* monitored({ window: "1 minute", threshold: Infinity })
        const times: Array<number> = []
        let now = 0
        for (let n = 0; n < 300; n++) {
          const step = yield* Random.nextIntBetween(0, 4000)
          yield* TestClock.adjust(step)
          now += step
          yield* monitor.record(limited)
          times.push(now)
          const { total } = yield* monitor.summary
          const within = (millis: number) => times.filter((time) => now - time < millis).length
          assert.isTrue(within(59_000) <= total && total <= within(60_000), `SEED=${seed}, step ${n}: ${total}`)
        }
      }).pipe(Random.withSeed(seed))
    })
  )

  it("refuses a window or threshold of nothing and names it", () => {
    const run = (options: ErrorMonitor.Options) => () => Effect.runSync(Effect.scoped(ErrorMonitor.make(options)))
    assert.throws(run({ threshold: 0 }), /errorMonitor\.threshold is 0\. Give a number above 0/)
    assert.throws(run({ window: Duration.zero }), /errorMonitor\.window/)
    assert.throws(run({ thresholds: { X: -1 } }), /errorMonitor\.thresholds\.X/)
  })
})
