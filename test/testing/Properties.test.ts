import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schedule } from "effect"
import * as GatewayError from "../../src/domain/GatewayError.ts"
import * as Schedules from "../../src/engines/Schedules.ts"
import * as Properties from "../../src/testing/Properties.ts"

const gatewayFailure = Arbitrary.Constant(
  new GatewayError.GatewayError({ account: "qq:1", reason: new GatewayError.ConnectionLost({ network: false }) })
)

describe("every schedule of everbot", () => {
  it.effect("holds its cap", () =>
    Effect.gen(function* () {
      yield* Properties.capHolds(Schedules.backoff(), "30 seconds")
      yield* Properties.capHolds(Schedules.backoff({ jitter: 1, cap: 700, base: 600 }), 700)
      yield* Properties.capHolds(Schedules.reconnect(), "30 seconds")
      yield* Properties.capHolds(Schedules.identify(), "5 minutes")
      yield* Properties.capHolds(Schedules.resend(), "30 seconds")
      yield* Properties.capHolds(Schedules.redeliver(), "30 seconds")
      yield* Properties.capHolds(Schedules.poll(), "30 seconds")
      yield* Properties.capHolds(Schedules.credentials(), "1 minute")
      yield* Properties.capHolds(Schedules.linearByClass(), "15 seconds", { failure: gatewayFailure })
    })
  )

  it.effect("jitters within its fraction", () =>
    Effect.gen(function* () {
      yield* Properties.jitterWithin(Schedules.backoff(), Schedules.backoff({ jitter: 0 }), 0.25)
      yield* Properties.jitterWithin(Schedules.reconnect({ jitter: 0.5 }), Schedules.reconnect({ jitter: 0 }), 0.5)
      yield* Properties.jitterWithin(Schedules.resend(), Schedules.resend({ jitter: 0 }), 0.25)
    })
  )

  it.effect("honours what the peer asked for", () =>
    Effect.gen(function* () {
      yield* Properties.retryAfterHonoured(Schedules.reconnect())
      yield* Properties.retryAfterHonoured(Schedules.identify())
      yield* Properties.retryAfterHonoured(Schedules.resend())
      yield* Properties.retryAfterHonoured(Schedules.poll())
      yield* Properties.retryAfterHonoured(Schedules.credentials())
      yield* Properties.retryAfterHonoured(Schedules.poll({ retryAfterAtMost: "1 minute" }), { atMost: "1 minute" })
    })
  )

  it.effect("is forgiven only after stability, where it is forgiven at all", () =>
    Effect.gen(function* () {
      yield* Properties.forgivenOnlyAfterStability(Schedules.reconnect(), Schedules.defaultStableAfter)
      const own = Schedules.backoff().pipe(Schedules.forgiveAfter("10 seconds"))
      yield* Properties.forgivenOnlyAfterStability(own, "10 seconds")
    })
  )
})

describe("a wrong schedule is caught", () => {
  it.effect("when it jitters after its cap", () =>
    Effect.gen(function* () {
      const wrong = Schedule.exponential(500).pipe(Schedules.capDelay(30_000), Schedules.jitter(0.25))
      const error = yield* Effect.flip(Properties.capHolds(wrong, 30_000, { seed: 7 }))
      assert.match(error.message, /^capHolds does not hold: waited 3\d+ ms, the cap is 30000 ms\n {2}1\. ran \d+ ms/)
      assert.include(error.message, "seed 7, jitter seed ")
    })
  )

  it.effect("when it exceeds its cap only between the times it is forgiven", () =>
    Effect.gen(function* () {
      const wrong = Schedule.exponential(500).pipe(Schedules.capDelay(30_000), Schedules.jitter(0.1))
      yield* Effect.flip(Properties.capHolds(wrong.pipe(Schedules.forgiveAfter("1 minute")), 30_000))
    })
  )

  it.effect("when it has no cap", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Properties.capHolds(Schedule.exponential(500), 30_000, { seed: 1 }))
      assert.strictEqual(error.attempts.length, 7)
    })
  )

  it.effect("when it jitters more than it says, or stops earlier than its base", () =>
    Effect.gen(function* () {
      const still = Schedules.backoff({ jitter: 0 })
      yield* Effect.flip(Properties.jitterWithin(Schedules.backoff({ jitter: 0.3 }), still, 0.25))
      yield* Effect.flip(Properties.jitterWithin(still.pipe(Schedules.attempts(3)), still, 0.25))
    })
  )

  it.effect("when it caps what the peer asked for", () =>
    Effect.gen(function* () {
      const wrong = Schedules.resend().pipe(Schedules.capDelay("30 seconds"))
      const error = yield* Effect.flip(Properties.retryAfterHonoured(wrong))
      assert.match(error.message, /the peer asked for 3\d{4} ms/)
      assert.strictEqual(error.attempts.length, 1)
    })
  )

  it.effect("when it forgives too early, never, or takes a wait for a life", () =>
    Effect.gen(function* () {
      const early = Schedules.backoff().pipe(Schedules.forgiveAfter("10 seconds"))
      const never = Schedules.backoff()
      const confused = Schedules.backoff().pipe(
        Schedules.forgiveAfter("1 minute"),
        Schedule.setInputType<Schedules.Failure>(),
        Schedules.honourRetryAfter()
      )
      const problem = (schedule: Schedule.Schedule<unknown, Schedules.Failure>) =>
        Effect.map(Effect.flip(Properties.forgivenOnlyAfterStability(schedule, "1 minute")), (error) => error.problem)
      assert.match(yield* problem(early), /^forgiven before 60000 ms/)
      assert.match(yield* problem(never), /^not forgiven after 60000 ms/)
      assert.match(yield* problem(confused), /counted as the life of the attempt$/)
    })
  )

  it.effect("and the same seed shows the same counter-example", () =>
    Effect.gen(function* () {
      const run = Effect.flip(
        Properties.capHolds(Schedule.exponential(500).pipe(Schedules.jitter(1)), 4000, { seed: 3 })
      )
      assert.strictEqual((yield* run).message, (yield* run).message)
    })
  )
})
