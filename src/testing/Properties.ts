/**
 * Properties that a retry schedule should have, ready to check: each is an Effect that succeeds when the property held
 * over many random failures, and fails with a {@link PropertyViolated} that shows the smallest counter-example found,
 * with the seeds to see it again. Nothing sleeps.
 */
import { Arbitrary, Data, Duration, Effect, Random, type Schedule, Schema } from "effect"
import type { Failure } from "../engines/Schedules.ts"
import * as Delays from "./Delays.ts"

export interface PropertyOptions<I> {
  /** What the attempts fail with. @defaultValue retryable failures, where it matters with a `retryAfter` */
  readonly failure?: Arbitrary.Arbitrary<I> | undefined
  /** Cases to try. @defaultValue 200 */
  readonly runs?: number | undefined
  /** Of the cases. @defaultValue a random one, named when the property fails */
  readonly seed?: number | undefined
  /** The longest `retryAfter` that must be honoured; only for `retryAfterHonoured`. @defaultValue 10 minutes */
  readonly atMost?: Duration.Input | undefined
}

/** The property does not hold. Its message is the counter-example. */
export class PropertyViolated extends Data.TaggedError("PropertyViolated")<{
  readonly property: string
  readonly problem: string
  readonly attempts: ReadonlyArray<Delays.Attempt<unknown>>
  readonly delays: ReadonlyArray<number>
  /** Of the cases: pass it as `seed` to the property. */
  readonly seed: number
  /** Of the jitter in the counter-example: pass it as `seed` to `Delays.of`. */
  readonly jitterSeed: number | string
}> {
  override get message() {
    const lines = this.attempts.slice(0, this.delays.length + 1).map(({ input, ranFor = 0 }, index) => {
      const delay = this.delays[index]
      const next = delay === undefined ? "gave up" : `waited ${delay} ms`
      return `  ${index + 1}. ran ${ranFor} ms, failed with ${describe(input)}, ${next}`
    })
    const seeds = `  seed ${this.seed}, jitter seed ${this.jitterSeed}`
    return [`${this.property} does not hold: ${this.problem}`, ...lines, seeds].join("\n")
  }
}

const describe = (input: unknown): string => {
  if (typeof input !== "object" || input === null) return String(input)
  const { retryAfter, isRetryable } = input as Partial<Failure>
  const kind = "_tag" in input ? String(input._tag) : isRetryable === false ? "a fatal failure" : "a retryable failure"
  return retryAfter === undefined ? kind : `${kind} (retry after ${Duration.format(retryAfter)})`
}

const plain: Arbitrary.Arbitrary<Failure> = Arbitrary.Constant({ isRetryable: true })

const asked: Arbitrary.Arbitrary<Failure> = Arbitrary.schema(
  Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 })))
).pipe(
  Arbitrary.map((millis) =>
    millis === null ? { isRetryable: true } : { isRetryable: true, retryAfter: Duration.millis(millis) }
  )
)

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

interface Case<I> {
  readonly attempts: ReadonlyArray<Delays.Attempt<I>>
  readonly jitterSeed: number
}

/** What went wrong in one case, if anything. */
interface Verdict {
  readonly problem: string
  readonly delays: ReadonlyArray<number>
  /** Where other attempts than those of the case were run. */
  readonly attempts?: ReadonlyArray<Delays.Attempt<unknown>>
  readonly jitterSeed?: string
}

const check = Effect.fnUntraced(function* <I>(
  property: string,
  failure: Arbitrary.Arbitrary<I>,
  ranFor: Arbitrary.Arbitrary<number>,
  options: PropertyOptions<I>,
  judge: (attempts: ReadonlyArray<Delays.Attempt<I>>, jitterSeed: number) => Effect.Effect<Verdict | undefined>
) {
  const seed = options.seed ?? (yield* Random.nextIntBetween(0, 2 ** 31))
  const cases: Arbitrary.Arbitrary<Case<I>> = Arbitrary.all({
    attempts: Arbitrary.array(Arbitrary.all({ input: failure, ranFor }), { minLength: 1, maxLength: 40 }),
    jitterSeed: int(0, 2 ** 31 - 1)
  })
  const result = yield* Arbitrary.checkEffect(
    cases,
    ({ attempts, jitterSeed }) =>
      Effect.flatMap(judge(attempts, jitterSeed), (verdict) =>
        verdict === undefined
          ? Effect.succeed(true)
          : Effect.fail(new PropertyViolated({ property, seed, attempts, jitterSeed, ...verdict }))
      ),
    { runs: options.runs ?? 200, seed, size: 40 }
  )
  switch (result._tag) {
    case "Passed":
      return
    case "Falsified":
      return result.failure._tag === "PropertyError" ? yield* result.failure.error : yield* Effect.die(result)
    default:
      return yield* Effect.die(new Error(Arbitrary.formatCheckFailure(result)))
  }
})

type Check = Effect.Effect<void, PropertyViolated>

/** Schedules over failures that are not the default ones need an arbitrary of their own. */
type Options<I> = Failure extends I
  ? [options?: PropertyOptions<I>]
  : [options: PropertyOptions<I> & { readonly failure: Arbitrary.Arbitrary<I> }]

const choose = <I>(options: PropertyOptions<I>, otherwise: Arbitrary.Arbitrary<Failure>): Arbitrary.Arbitrary<I> =>
  // The type of the options asks for `failure` unless a plain Failure is an I.
  options.failure ?? (otherwise as Arbitrary.Arbitrary<Failure & I>)

/** Most attempts fail at once, one in twenty lives long: else a schedule that forgives would never reach its cap. */
const lives = Arbitrary.map(Arbitrary.all([int(0, 19), int(0, 600_000)]), ([kind, millis]) =>
  kind === 19 ? millis : millis % 1000
)

/** No delay exceeds `cap`, jitter included, however long the failures go on. The failures name no `retryAfter`. */
export const capHolds = <I = Failure>(
  schedule: Schedule.Schedule<unknown, I>,
  cap: Duration.Input,
  ...[options = {}]: Options<I>
): Check => {
  const limit = Duration.toMillis(cap)
  return check("capHolds", choose(options, plain), lives, options, (attempts, seed) =>
    Effect.map(Delays.of(schedule, attempts, { seed }), ({ delays }) => {
      const over = delays.find((delay) => delay > limit)
      return over === undefined ? undefined : { problem: `waited ${over} ms, the cap is ${limit} ms`, delays }
    })
  )
}

/** Every delay lies within `1 ± fraction` of what `base`, the same schedule without jitter, would wait (to the ms). */
export const jitterWithin = <I = Failure>(
  schedule: Schedule.Schedule<unknown, I>,
  base: Schedule.Schedule<unknown, I>,
  fraction: number,
  ...[options = {}]: Options<I>
): Check =>
  check("jitterWithin", choose(options, plain), lives, options, (attempts, seed) =>
    Effect.map(
      Effect.all([Delays.of(schedule, attempts, { seed }), Delays.of(base, attempts, { seed })]),
      ([{ delays }, expected]) => {
        if (delays.length !== expected.delays.length) {
          return { problem: `made ${delays.length} retries, without jitter ${expected.delays.length}`, delays }
        }
        const at = delays.findIndex((delay, index) => {
          const middle = expected.delays[index] ?? 0
          return Math.abs(delay - middle) > middle * fraction + 1
        })
        if (at === -1) return undefined
        const [delay, middle] = [delays[at], expected.delays[at]]
        return { problem: `waited ${delay} ms, more than ${fraction * 100} % off ${middle} ms`, delays }
      }
    )
  )

/** Every delay is at least what the peer asked for, up to `atMost` (the default failures ask for 10 minutes at most). */
export const retryAfterHonoured = <I extends Failure = Failure>(
  schedule: Schedule.Schedule<unknown, I>,
  ...[options = {}]: Options<I>
): Check => {
  const bound = Duration.fromInputUnsafe(options.atMost ?? "10 minutes")
  return check("retryAfterHonoured", choose<I>(options, asked), lives, options, (attempts, seed) =>
    Effect.map(Delays.of(schedule, attempts, { seed }), ({ delays }) => {
      const wanted = (index: number) =>
        Duration.toMillis(Duration.min(attempts[index]?.input.retryAfter ?? Duration.zero, bound))
      const at = delays.findIndex((delay, index) => delay < wanted(index))
      return at === -1 ? undefined : { problem: `waited ${delays[at]} ms, the peer asked for ${wanted(at)} ms`, delays }
    })
  )
}

/**
 * Attempts that lived shorter than `stableAfter` change nothing, and one that lived as long makes the schedule begin
 * again; a long wait is not a life. Jitter is held still, so that delays can be compared.
 */
export const forgivenOnlyAfterStability = <I = Failure>(
  schedule: Schedule.Schedule<unknown, I>,
  stableAfter: Duration.Input,
  ...[options = {}]: Options<I>
): Check => {
  const stable = Duration.toMillis(stableAfter)
  const run = (attempts: ReadonlyArray<Delays.Attempt<I>>) => Delays.of(schedule, attempts, { seed: "still" })
  return check("forgivenOnlyAfterStability", choose(options, plain), int(0, stable - 1), options, (attempts) =>
    Effect.gen(function* () {
      const short = yield* run(attempts)
      const never = yield* run(attempts.map(({ input }) => ({ input })))
      const early = short.delays.findIndex((delay, index) => delay !== never.delays[index])
      if (early !== -1 || short.delays.length !== never.delays.length) {
        const problem = `forgiven before ${stable} ms: retry ${early + 1} waited ${short.delays[early]} ms, not ${never.delays[early]} ms`
        return { problem, delays: short.delays, jitterSeed: "still" }
      }
      if (options.failure === undefined) {
        const wish = { isRetryable: true, retryAfter: Duration.millis(stable * 2 + 3_600_000) } as Failure & I
        const quick = attempts.map(({ input }) => ({ input }))
        const asked = [{ input: wish }, ...quick]
        const patient = yield* run(asked)
        const plain = yield* run([...quick.slice(0, 1), ...quick])
        const mistaken = patient.delays.findIndex((delay, index) => index > 0 && delay !== plain.delays[index])
        if (mistaken !== -1) {
          const problem = `the wait before retry ${mistaken + 1} counted as the life of the attempt`
          return { problem, attempts: asked, delays: patient.delays, jitterSeed: "still" }
        }
      }
      const lasted = attempts.map((attempt) => ({ ...attempt, ranFor: stable }))
      const all = [...attempts, ...lasted.slice(0, 1), ...attempts]
      const after = yield* run(all)
      const fresh = yield* run([...lasted.slice(0, 1), ...attempts])
      const tail = after.delays.slice(attempts.length)
      const late = tail.findIndex((delay, index) => delay !== fresh.delays[index])
      if (late === -1) return undefined
      const problem = `not forgiven after ${stable} ms: then it waited ${tail[late]} ms, a fresh one ${fresh.delays[late]} ms`
      return { problem, attempts: all, delays: after.delays, jitterSeed: "still" }
    })
  )
}
