/**
 * The combinators that everbot's schedules are built from. Import them as `Schedules.…`.
 *
 * Order matters, and each says why: grow → cap → jitter → cap → honour the peer → stop when fatal → count → forgive.
 */
import { Clock, Duration, Effect, Pull, Random, Schedule } from "effect"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"

/** What a schedule wants to know of a failure. GatewayError, RestError, CredentialError, StoreError and HandlerError fit. */
export interface Failure {
  readonly isRetryable: boolean
  /** How long the peer asked us to wait. */
  readonly retryAfter?: Duration.Duration | undefined
}

/** A schedule over failures; its output is the delay before the next attempt. */
export type Backoff<I = Failure> = Schedule.Schedule<Duration.Duration, I>

type Combinator<C> = <O, I extends C, E, R>(self: Schedule.Schedule<O, I, E, R>) => Schedule.Schedule<O, I, E, R>

/** Delays never exceed `cap`. Put it after jitter, or jitter will exceed it. */
export const capDelay = (cap: Duration.Input): Combinator<unknown> => {
  const limit = finite("cap", cap)
  return (self) => Schedule.modifyDelay(self, ({ duration }) => Effect.succeed(Duration.min(duration, limit)))
}

/**
 * Spreads each delay evenly over `1 ± fraction` of itself, so that many bots do not come back together. What would
 * exceed `atMost` is not cut but spread below it: a cut would bring half of them back at exactly the cap.
 */
export const jitter = (fraction: number, options?: { readonly atMost?: Duration.Input }): Combinator<unknown> => {
  const part = within("jitter", fraction, 0, 1)
  const ceiling = options?.atMost === undefined ? Infinity : Duration.toMillis(finite("atMost", options.atMost))
  return (self) =>
    Schedule.modifyDelay(self, ({ duration }) => {
      const millis = Math.min(Duration.toMillis(duration), Number.MAX_SAFE_INTEGER)
      const low = millis * (1 - part)
      const high = Math.max(low, Math.min(millis * (1 + part), ceiling))
      return Effect.map(Random.next, (random) => Duration.millis(Math.round(low + (high - low) * random)))
    })
}

/**
 * Waits at least as long as the peer asked. `atMost` (default 1 day: Discord's session starts refill daily) bounds
 * what a hostile or broken peer can ask for. Put it after `capDelay`: the peer's wish outranks our cap.
 */
export const honourRetryAfter = (options?: { readonly atMost?: Duration.Input }): Combinator<Failure> => {
  const bound = finite("atMost", options?.atMost ?? "1 day")
  return (self) =>
    Schedule.modifyDelay(self, ({ duration, input }) =>
      Effect.succeed(
        input.retryAfter === undefined ? duration : Duration.max(duration, Duration.min(input.retryAfter, bound))
      )
    )
}

/** Stops at the first failure that trying again cannot mend. */
export const whileRetryable: Combinator<Failure> = (self) => Schedule.while(self, ({ input }) => input.isRetryable)

/** Stops after this many attempts in all, the first one included. `undefined`: never. */
export const attempts =
  (total: number | undefined): Combinator<unknown> =>
  (self) =>
    total === undefined ? self : Schedule.upTo(self, { times: within("attempts", total, 1, Infinity) - 1 })

/**
 * Begins again when the attempt that just failed had lived at least `stable`; with `startWith` when given, e.g. to let
 * the first retry after a stable session go at once. An attempt's life counts from the end of the wait before it, so
 * this must be the outermost combinator that knows of delays, and `stable` must exceed the time a handshake may take.
 */
export const forgiveAfter =
  <O, I, E, R>(stable: Duration.Input, options?: { readonly startWith?: Schedule.Schedule<O, I, E, R> }) =>
  (self: Schedule.Schedule<O, I, E, R>): Schedule.Schedule<O, I, E, R> => {
    const threshold = Duration.toMillis(finite("stableAfter", stable))
    return Schedule.fromStep(
      Effect.gen(function* () {
        let step = yield* Schedule.toStep(self)
        let startedAt = yield* Clock.currentTimeMillis
        return Effect.fnUntraced(function* (now: number, input: I) {
          if (now - startedAt >= threshold) step = yield* Schedule.toStep(options?.startWith ?? self)
          const result = yield* step(now, input)
          startedAt = now + Duration.toMillis(result[1])
          return result
        })
      })
    )
  }

/** Goes on as if `failures` failures had been seen before: continues a count that was stored, e.g. in an outbox row. */
export const startingAt =
  (failures: number): Combinator<unknown> =>
  (self) =>
    Schedule.fromStep(
      Effect.map(Schedule.toStep(self), (step) => {
        let left = Math.min(failures, 1000)
        return Effect.fnUntraced(function* (now, input) {
          for (; left > 0; left--) yield* step(now, input)
          return yield* step(now, input)
        })
      })
    )

/** Asks a schedule, without sleeping: the delay after the `attempt`-th failure (1 is the first); `undefined` when it gives up. */
export const delayAfter = Effect.fnUntraced(function* <O, I, E, R>(
  schedule: Schedule.Schedule<O, I, E, R>,
  failure: I,
  attempt: number
): Effect.fn.Return<Duration.Duration | undefined, E, R> {
  const step = yield* Schedule.toStep(startingAt(attempt - 1)(schedule))
  const now = yield* Clock.currentTimeMillis
  return yield* Pull.matchEffect(step(now, failure), {
    onSuccess: ([, delay]) => Effect.succeed(delay),
    onDone: () => Effect.undefined,
    onFailure: Effect.failCause
  })
})

/** Makes the delay that was chosen the output, whatever the combinators before it reported. */
export function outputDelay<O, I, E, R>(
  self: Schedule.Schedule<O, I, E, R>
): Schedule.Schedule<Duration.Duration, I, E, R> {
  return Schedule.map(self, ({ duration }) => duration)
}

function malformed(setting: string, problem: string, mend: string): ConfigError {
  return new ConfigError({ setting, reason: new Malformed({ problem }), mend })
}

export function finite(setting: string, input: Duration.Input): Duration.Duration {
  const duration = Duration.fromInput(input)
  if (duration._tag === "Some" && Duration.isFinite(duration.value) && !Duration.isNegative(duration.value)) {
    return duration.value
  }
  throw malformed(
    setting,
    "is not a finite duration of 0 or more",
    `Give a duration, e.g. "30 seconds" or 30_000 (ms).`
  )
}

export function within(setting: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value
  throw malformed(setting, `is outside ${low} to ${high}`, `Give a number from ${low} to ${high}.`)
}
