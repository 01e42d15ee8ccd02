import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, type Schedule } from "effect"
import { TestClock } from "effect/testing"
import { ConfigError } from "../../src/domain/ConfigError.ts"
import * as CredentialError from "../../src/domain/CredentialError.ts"
import * as GatewayError from "../../src/domain/GatewayError.ts"
import * as RestError from "../../src/domain/RestError.ts"
import * as Schedules from "../../src/engines/Schedules.ts"
import * as Delays from "../../src/testing/Delays.ts"

const failure: Schedules.Failure = { isRetryable: true }
const fatal: Schedules.Failure = { isRetryable: false }
const asking = (retryAfter: Duration.Input): Schedules.Failure => ({
  isRetryable: true,
  retryAfter: Duration.fromInputUnsafe(retryAfter)
})
const gateway = (reason: GatewayError.Reason) => new GatewayError.GatewayError({ account: "qq:1", reason })

describe("backoff", () => {
  it.effect("doubles from half a second to a cap of 30 seconds", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.backoff({ jitter: 0 }), Delays.repeat(failure, 9))
      assert.deepStrictEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    })
  )

  it.effect("stays at its cap after thousands of failures, where an exponential is infinite", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.backoff(), Delays.repeat(failure, 3000))
      assert.strictEqual(delays.length, 3000)
      assert.isTrue(delays.every((delay) => Number.isInteger(delay) && delay <= 30_000))
    })
  )

  it.effect("spreads the delays at the cap below it, so that bots do not come back together", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.backoff(), Delays.repeat(failure, 500))
      const capped = delays.slice(7)
      assert.isBelow(capped.filter((delay) => delay === 30_000).length, 5)
      assert.isBelow(Math.min(...capped), 23_500)
      assert.isAbove(Math.max(...capped), 29_000)
    })
  )

  it.effect("gives the same delays for the same seed and others for another", () =>
    Effect.gen(function* () {
      const run = (seed: number) => Delays.of(Schedules.backoff(), Delays.repeat(failure, 6), { seed })
      assert.deepStrictEqual(yield* run(1), yield* run(1))
      assert.notDeepEqual(yield* run(1), yield* run(2))
    })
  )

  for (const [setting, options] of [
    ["cap", { cap: Duration.infinity }],
    ["base", { base: -1 }],
    ["factor", { factor: 0.5 }],
    ["jitter", { jitter: 2 }],
    ["jitter", { jitter: Number.NaN }]
  ] as const) {
    it(`refuses ${JSON.stringify(options)} and names ${setting}`, () => {
      assert.throws(() => Schedules.backoff(options), new RegExp(`^${setting} is .*Give a`))
      assert.throws(() => Schedules.backoff(options), ConfigError)
    })
  }
})

describe("honourRetryAfter", () => {
  it.effect("waits at least as long as the peer asked, also above the cap", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.reconnect({ jitter: 0 }), [asking("5 minutes"), asking(100)])
      assert.deepStrictEqual(delays, [300_000, 2000])
    })
  )

  it.effect("does not believe a peer that asks for years, for ever, or for less than nothing", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.resend({ jitter: 0 }), [
        asking(Duration.days(4000)),
        asking(Duration.infinity),
        asking(Duration.negativeInfinity),
        asking(Number.NaN)
      ])
      assert.deepStrictEqual(delays, [3_600_000, 3_600_000, 2000, 4000])
    })
  )
})

describe("reconnect", () => {
  it.effect("doubles from one second and stops at a fatal reason", () =>
    Effect.gen(function* () {
      const run = yield* Delays.of(Schedules.reconnect({ jitter: 0 }), [failure, failure, fatal, failure])
      assert.deepStrictEqual(run, { delays: [1000, 2000], stopped: true })
    })
  )

  it.effect("comes back at once after a stable session, and backs off from the start after that", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.reconnect({ jitter: 0, stableAfter: "1 minute" }), [
        ...Delays.repeat(failure, 3),
        { input: failure, ranFor: 60_000 },
        ...Delays.repeat(failure, 2)
      ])
      assert.deepStrictEqual(delays, [1000, 2000, 4000, 0, 1000, 2000])
    })
  )

  it.effect("counts the life of the first session too", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.reconnect({ jitter: 0 }), [{ input: failure, ranFor: 120_000 }])
      assert.deepStrictEqual(delays, [0])
    })
  )

  it.effect("does not forgive a session that lived a millisecond too short", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.reconnect({ jitter: 0 }), Delays.repeat(failure, 4, 119_999))
      assert.deepStrictEqual(delays, [1000, 2000, 4000, 8000])
    })
  )

  it.effect("does not take the wait that the peer asked for as a life", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.reconnect({ jitter: 0 }), [
        asking("10 minutes"),
        asking("10 minutes"),
        failure
      ])
      assert.deepStrictEqual(delays, [600_000, 600_000, 4000])
    })
  )

  it.effect("waits as long as the peer asked even after a stable session", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.reconnect({ jitter: 0 }), [
        { input: asking("3 seconds"), ranFor: 1e6 },
        failure
      ])
      assert.deepStrictEqual(delays, [3000, 1000])
    })
  )

  it.effect("starts fewer than 1,000 sessions a day against a peer that drops each one as soon as it is stable", () =>
    Effect.gen(function* () {
      const day = 86_400_000
      const { delays } = yield* Delays.of(Schedules.reconnect(), Delays.repeat(failure, 2000, 120_000))
      let now = 0
      const starts = delays.filter((delay) => {
        now += delay + 120_000
        return now <= day
      })
      assert.isBelow(starts.length, 1000)
    })
  )

  it.effect("drives a real retry: a session that lived long earns a retry at once", () =>
    Effect.gen(function* () {
      const lives = ["1 second", "1 second", "10 minutes", "1 second"] as const
      const started: Array<number> = []
      const session = Effect.gen(function* () {
        const life = lives[started.length]
        started.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
        return yield* life === undefined ? Effect.void : Effect.andThen(Effect.sleep(life), Effect.fail(failure))
      })
      const fiber = yield* Effect.forkChild(Effect.retry(session, Schedules.reconnect({ jitter: 0 })))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(started, [0, 2000, 5000, 605_000, 607_000])
    })
  )
})

describe("the named schedules", () => {
  it.effect("give up after their attempts: resend after 10, redeliver after 5", () =>
    Effect.gen(function* () {
      const resend = yield* Delays.of(Schedules.resend(), Delays.repeat(failure, 20))
      const redeliver = yield* Delays.of(Schedules.redeliver(), Delays.repeat(failure, 20))
      const forever = yield* Delays.of(Schedules.redeliver({ attempts: Infinity }), Delays.repeat(failure, 200))
      assert.deepStrictEqual([resend.delays.length, resend.stopped], [9, true])
      assert.deepStrictEqual([redeliver.delays.length, redeliver.stopped], [4, true])
      assert.deepStrictEqual([forever.delays.length, forever.stopped], [200, false])
    })
  )

  it.effect("take an option that is undefined as not given", () =>
    Effect.gen(function* () {
      const { delays } = yield* Delays.of(Schedules.poll({ base: undefined, jitter: 0 }), [failure])
      assert.deepStrictEqual(delays, [1000])
    })
  )

  it.effect("fit the errors of gateways, calls and credentials as they are", () =>
    Effect.gen(function* () {
      const throttled = gateway(new GatewayError.Throttled({ retryAfter: Duration.minutes(1) }))
      const limited = new RestError.RestError({
        account: "qq:1",
        reason: new RestError.RateLimited({ retryAfter: Duration.minutes(2) })
      })
      const refused = new CredentialError.CredentialError({
        account: "qq:1",
        reason: new CredentialError.Refused({ code: 1, detail: "no", advice: "Look." })
      })
      const typed: Schedule.Schedule<Duration.Duration, GatewayError.GatewayError> = Schedules.reconnect()
      assert.deepStrictEqual((yield* Delays.of(typed, [throttled])).delays, [60_000])
      assert.deepStrictEqual((yield* Delays.of(Schedules.resend(), [limited])).delays, [120_000])
      assert.isTrue((yield* Delays.of(Schedules.credentials(), [refused])).stopped)
      yield* Effect.flip(Effect.retry(Effect.fail(refused), Schedules.credentials()))
    })
  )

  it.effect("can be asked for the delay after any attempt without sleeping", () =>
    Effect.gen(function* () {
      const ask = (attempt: number) => Schedules.delayAfter(Schedules.redeliver({ jitter: 0 }), failure, attempt)
      assert.deepStrictEqual(yield* ask(1), Duration.millis(500))
      assert.deepStrictEqual(yield* ask(4), Duration.seconds(4))
      assert.isUndefined(yield* ask(5))
      assert.isUndefined(yield* Schedules.delayAfter(Schedules.redeliver(), fatal, 1))
    })
  )
})

describe("linearByClass", () => {
  const lost = (network: boolean) => gateway(new GatewayError.ConnectionLost({ network }))
  const run = (error: GatewayError.GatewayError) =>
    Effect.map(Delays.of(Schedules.linearByClass(), Delays.repeat(error, 8)), ({ delays }) => delays)

  it.effect("waits 3 s × n to 15 s for a closed socket, 10 s × n to 60 s for the network, else 5 s × n to 30 s", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* run(lost(false)),
        [3, 6, 9, 12, 15, 15, 15, 15].map((s) => s * 1000)
      )
      assert.deepStrictEqual(
        yield* run(lost(true)),
        [10, 20, 30, 40, 50, 60, 60, 60].map((s) => s * 1000)
      )
      const other = gateway(new GatewayError.InboxUnavailable({}))
      assert.deepStrictEqual(
        yield* run(other),
        [5, 10, 15, 20, 25, 30, 30, 30].map((s) => s * 1000)
      )
    })
  )

  it.effect("counts failures of all classes in a row, honours the peer and stops at a fatal reason", () =>
    Effect.gen(function* () {
      const run = yield* Delays.of(Schedules.linearByClass({ other: { step: 1, cap: 9 } }), [
        lost(false),
        lost(true),
        gateway(new GatewayError.InboxUnavailable({})),
        gateway(new GatewayError.Throttled({ retryAfter: Duration.seconds(70) })),
        gateway(new GatewayError.AccountBanned({ advice: "Appeal." }))
      ])
      assert.deepStrictEqual(run, { delays: [3000, 20_000, 3, 70_000], stopped: true })
    })
  )
})

describe("retryLonger", () => {
  const slow = (takes: Duration.Input) => Effect.as(Effect.sleep(takes), "answer")

  it.effect("gives a slow call a longer limit each time, until it fits", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Effect.timed(Schedules.retryLonger(slow("35 seconds"), { limit: "10 seconds" }))
      )
      yield* TestClock.adjust("10 minutes")
      const [took, answer] = yield* Fiber.join(fiber)
      assert.strictEqual(answer, "answer")
      assert.strictEqual(Duration.toSeconds(took), 10 + 20 + 35)
    })
  )

  it.effect("never exceeds the longest limit and fails with it after four attempts", () =>
    Effect.gen(function* () {
      const call = Schedules.retryLonger(Effect.never, { limit: "10 seconds", factor: 3, maxLimit: "50 seconds" })
      const fiber = yield* Effect.forkChild(Effect.timed(Effect.flip(call)))
      yield* TestClock.adjust("10 minutes")
      const [took, error] = yield* Fiber.join(fiber)
      assert.strictEqual(error.message, "no answer within 50s")
      assert.strictEqual(Duration.toSeconds(took), 10 + 30 + 50 + 50)
    })
  )

  it.effect("does not repeat a call that failed for another reason, unless the schedule says so", () =>
    Effect.gen(function* () {
      let calls = 0
      const failing = Effect.suspend(() => Effect.fail({ isRetryable: true, call: ++calls }))
      yield* Effect.flip(Schedules.retryLonger(failing, { limit: "1 second" }))
      assert.strictEqual(calls, 1)
      const schedule = Schedules.redeliver({ base: 0 })
      yield* Effect.flip(failing.pipe(Schedules.retryLonger({ limit: "1 second", schedule })))
      assert.strictEqual(calls, 6)
    })
  )
})
