/**
 * Runs a schedule over a list of failures without sleeping, and tells what it would have waited.
 *
 * Time is virtual, jitter is seeded: the same schedule, failures and seed give the same delays.
 */
import { Clock, Duration, Effect, Pull, Random, Schedule } from "effect"

/** One failed attempt. */
export interface Attempt<I> {
  readonly input: I
  /** How long the attempt ran before it failed, in milliseconds. @defaultValue 0 */
  readonly ranFor?: number | undefined
}

export interface Run {
  /** Milliseconds waited after each failure, until the schedule stopped or the failures ran out. */
  readonly delays: ReadonlyArray<number>
  /** Whether the schedule gave up before the failures ran out. */
  readonly stopped: boolean
}

export interface DelaysOptions {
  /** Of the jitter; `"still"` draws the middle of every range instead. @defaultValue "everbot" */
  readonly seed?: string | number | undefined
}

const still = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0.5 }

const isAttempt = <I>(given: I | Attempt<I>): given is Attempt<I> =>
  typeof given === "object" && given !== null && "input" in given

/** Runs `schedule` over failures, or over attempts that ran for a while before they failed. */
export const of = <O, I, E, R>(
  schedule: Schedule.Schedule<O, I, E, R>,
  failures: Iterable<NoInfer<I> | Attempt<NoInfer<I>>>,
  options: DelaysOptions = {}
): Effect.Effect<Run, E, R> =>
  Effect.suspend(() => {
    let now = 0
    // A schedule may ask the clock (e.g. when it starts), so the clock must be ours too.
    const nanos = () => BigInt(Math.round(now * 1e6))
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => now,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.sync(() => {
          now += Duration.toMillis(duration)
        })
    }
    return Effect.gen(function* () {
      const step = yield* Schedule.toStep(schedule)
      const delays: Array<number> = []
      for (const failure of failures) {
        const { input, ranFor = 0 } = isAttempt(failure) ? failure : { input: failure }
        now += ranFor
        const delay = yield* Pull.matchEffect(step(now, input), {
          onSuccess: ([, delay]) => Effect.succeed(Duration.toMillis(delay)),
          onDone: () => Effect.undefined,
          onFailure: Effect.failCause
        })
        if (delay === undefined) return { delays, stopped: true }
        delays.push(delay)
        now += delay
      }
      return { delays, stopped: false }
    }).pipe(
      Effect.provideService(Clock.Clock, clock),
      options.seed === "still"
        ? Effect.provideService(Random.Random, still)
        : Random.withSeed(options.seed ?? "everbot")
    )
  })

/** The same failure, again and again. */
export const repeat = <I>(input: I, times: number, ranFor?: number): ReadonlyArray<Attempt<I>> =>
  Array.from({ length: times }, () => ({ input, ranFor }))
