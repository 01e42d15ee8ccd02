/**
 * Property-test a retry schedule of your own: see its delays without waiting, check that it has the properties a good
 * one has, and watch a wrong variant being caught with a counter-example that can be run again.
 *
 * Run it: npx tsx examples/40_property_test_a_schedule.ts
 */
import { Console, Duration, Effect, Schedule } from "effect"
import { Schedules } from "everbot"
import {
  capHolds,
  Delays,
  forgivenOnlyAfterStability,
  jitterWithin,
  type PropertyViolated,
  retryAfterHonoured
} from "everbot/testing"

const grow = Schedule.exponential("2 seconds", 1.5)

// Patient: it grows slowly, waits 20 seconds at most unless the peer asks for more, and forgives after a stable minute.
// Each line stands where it stands for a reason: the cap after the jitter, the peer's wish after the cap, and what
// measures how long an attempt lived last, when the whole wait is known.
const mine = (jitter: number) =>
  grow.pipe(
    Schedules.capDelay("20 seconds"),
    Schedules.jitter(jitter, { atMost: "20 seconds" }),
    Schedule.setInputType<Schedules.Failure>(),
    Schedules.honourRetryAfter({ atMost: "1 hour" }),
    Schedules.whileRetryable,
    Schedules.forgiveAfter("1 minute")
  )

// Wrong: the same lines in another order. It exceeds its cap, and takes a wait that the peer asked for as a life.
const wrong = grow.pipe(
  Schedules.capDelay("20 seconds"),
  Schedules.jitter(0.1),
  Schedules.forgiveAfter("1 minute"),
  Schedule.setInputType<Schedules.Failure>(),
  Schedules.honourRetryAfter({ atMost: "1 hour" }),
  Schedules.whileRetryable
)

const properties = (schedule: typeof wrong) => ({
  "holds its cap of 20 s": capHolds(schedule, "20 seconds", { seed: 40 }),
  "jitters by 10 % at most": jitterWithin(schedule, mine(0), 0.1, { seed: 40 }),
  "waits as long as the peer asks": retryAfterHonoured(schedule, { seed: 40 }),
  "forgives after a stable minute only": forgivenOnlyAfterStability(schedule, "1 minute", { seed: 40 })
})

const check = (name: string, schedule: typeof wrong) =>
  Effect.gen(function* () {
    yield* Console.log(`\n${name}`)
    for (const [claim, property] of Object.entries(properties(schedule))) {
      const caught = (violated: PropertyViolated) =>
        Console.log(`  ✗ ${claim}\n${violated.message.replace(/^/gm, "    ")}`)
      yield* Effect.matchEffect(property, { onFailure: caught, onSuccess: () => Console.log(`  ✓ ${claim}`) })
    }
  })

const lost: Schedules.Failure = { isRetryable: true }
const busy: Schedules.Failure = { isRetryable: true, retryAfter: Duration.seconds(90) }

const program = Effect.gen(function* () {
  const { delays } = yield* Delays.of(mine(0.1), [lost, lost, lost, busy, { input: lost, ranFor: 60_000 }, lost], {
    seed: 1
  })
  yield* Console.log(
    `Delays after three losses, a peer that is busy, a stable minute, and a loss:\n  ${delays.join(", ")} ms`
  )
  yield* check("Mine", mine(0.1))
  yield* check("Wrong", wrong)
})

await Effect.runPromise(program)
