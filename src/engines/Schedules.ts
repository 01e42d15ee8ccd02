/**
 * Every retry of everbot as a named `Schedule` value, and the combinators they are built from. Each works on its own
 * around any Effect whose error says `isRetryable` and, where the peer named one, `retryAfter`: `Effect.retry(call,
 * Schedules.resend())`. A schedule's output is the delay it chose. Delays are whole milliseconds.
 *
 * Options that make no sense (a cap that is not finite, a factor below 1) throw a `ConfigError` where the schedule is
 * built, not where it runs.
 */
import { Duration, Effect, Schedule } from "effect"
import type { Reason as GatewayReason } from "../domain/GatewayError.ts"
import {
  attempts,
  type Backoff,
  capDelay,
  type Failure,
  finite,
  forgiveAfter,
  honourRetryAfter,
  jitter,
  outputDelay,
  whileRetryable,
  within
} from "./ScheduleCombinators.ts"

export { LimitExceeded, type RetryLongerOptions, retryLonger } from "./RetryLonger.ts"
export {
  attempts,
  type Backoff,
  capDelay,
  delayAfter,
  type Failure,
  forgiveAfter,
  honourRetryAfter,
  jitter,
  startingAt,
  whileRetryable
} from "./ScheduleCombinators.ts"

export interface BackoffOptions {
  /** The first delay. @defaultValue 500 ms */
  readonly base?: Duration.Input | undefined
  /** Each delay is this many times the one before. @defaultValue 2 */
  readonly factor?: number | undefined
  /** No delay is longer, jitter included. @defaultValue 30 s */
  readonly cap?: Duration.Input | undefined
  /** Each delay is spread over `1 ± jitter` of itself. @defaultValue 0.25 */
  readonly jitter?: number | undefined
}

export interface RetryOptions extends BackoffOptions {
  /** Attempts in all, the first one included; `Infinity` never gives up. */
  readonly attempts?: number | undefined
  /** The longest `retryAfter` that is believed. */
  readonly retryAfterAtMost?: Duration.Input | undefined
}

export interface ReconnectOptions extends RetryOptions {
  /** A session that lived this long earns a fresh backoff, and its first retry at once. @defaultValue 2 minutes */
  readonly stableAfter?: Duration.Input | undefined
}

/** Options over defaults, where an option that is `undefined` counts as not given. */
const over = <O extends object>(defaults: O, options: O): O => ({
  ...defaults,
  ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
})

/** Exponential with cap and jitter: 500 ms × 2, cap 30 s, 25 % jitter. Never stops. */
export const backoff = (options: BackoffOptions = {}): Backoff<unknown> => {
  const cap = finite("cap", options.cap ?? "30 seconds")
  return Schedule.exponential(
    finite("base", options.base ?? "500 millis"),
    within("factor", options.factor ?? 2, 1, Infinity)
  ).pipe(capDelay(cap), jitter(options.jitter ?? 0.25, { atMost: cap }), capDelay(cap), outputDelay)
}

const heeding = (options: RetryOptions, self: Backoff<unknown>): Backoff =>
  self.pipe(
    Schedule.setInputType<Failure>(),
    honourRetryAfter({ atMost: options.retryAfterAtMost ?? "1 day" }),
    whileRetryable,
    attempts(options.attempts),
    outputDelay
  )

const retrying = (options: RetryOptions): Backoff => heeding(options, backoff(options))

/**
 * For gateways: 1 s × 2, cap 30 s, 25 % jitter, honours `retryAfter` up to a day, stops at a fatal reason. After a
 * session that lived `stableAfter` it begins again with a retry at once. The default of 2 minutes keeps a peer that
 * drops us right then below 720 session starts a day, within Discord's budget of 1,000.
 */
export const reconnect = ({ stableAfter, ...options }: ReconnectOptions = {}): Backoff => {
  const grow = backoff(over({ base: "1 second" }, options))
  const atOnce = Schedule.concat(Schedule.duration(0), grow)
  return heeding(options, grow).pipe(
    forgiveAfter(stableAfter ?? defaultStableAfter, { startWith: heeding(options, atOnce) })
  )
}

/** How long a session must live before its backoff is forgiven, unless told otherwise. */
export const defaultStableAfter: Duration.Duration = Duration.minutes(2)

/** Between session starts that failed: 5 s × 2, cap 5 min. Starts are a budget (Discord: 1,000 a day), so it is slow. */
export const identify = (options: RetryOptions = {}): Backoff =>
  retrying(over({ base: "5 seconds", cap: "5 minutes" }, options))

/** For messages of the outbox: 500 ms × 2, cap 30 s, 10 attempts; believes `retryAfter` up to an hour. */
export const resend = (options: RetryOptions = {}): Backoff =>
  retrying(over({ attempts: 10, retryAfterAtMost: "1 hour" }, options))

/** For handlers whose turn failed: 500 ms × 2, cap 30 s, 5 attempts. */
export const redeliver = (options: RetryOptions = {}): Backoff => retrying(over({ attempts: 5 }, options))

/** For a long poll that failed: 1 s × 2, cap 30 s. Put it around one poll, so that a success begins it again. */
export const poll = (options: RetryOptions = {}): Backoff => retrying(over({ base: "1 second" }, options))

/** For the token endpoint: 1 s × 2, cap 1 min. Stops when the id or secret is refused. */
export const credentials = (options: RetryOptions = {}): Backoff =>
  retrying(over({ base: "1 second", cap: "1 minute" }, options))

// ---------------------------------------------------------------- linear by failure class

export type FailureClass = "socketClosed" | "network" | "other"

/** The delay after the n-th failure in a row is `step × n`, at most `cap`. */
export interface Linear {
  readonly step: Duration.Input
  readonly cap: Duration.Input
}

export type LinearOptions = { readonly [C in FailureClass]?: Linear | undefined } & Pick<
  RetryOptions,
  "attempts" | "retryAfterAtMost"
>

/** Socket closed 3 s × n ≤ 15 s, network 10 s × n ≤ 60 s, other 5 s × n ≤ 30 s. */
export const linearDefaults: Readonly<Record<FailureClass, Linear>> = {
  socketClosed: { step: "3 seconds", cap: "15 seconds" },
  network: { step: "10 seconds", cap: "60 seconds" },
  other: { step: "5 seconds", cap: "30 seconds" }
}

/** The class of a reason to lose a gateway: a peer that spoke and left, a peer that is silent or away, all else. */
export const failureClass = (reason: GatewayReason): FailureClass => {
  switch (reason._tag) {
    case "ConnectionLost":
      return reason.network ? "network" : "socketClosed"
    case "ServerRequestedReconnect":
      return "socketClosed"
    case "HandshakeTimedOut":
    case "HeartbeatMissed":
      return "network"
    default:
      return "other"
  }
}

/** Linear by failure class; n counts all failures in a row, of whatever class. Stops at a fatal reason. */
export const linearByClass = (options: LinearOptions = {}): Backoff<Failure & { readonly reason: GatewayReason }> => {
  const row = (name: FailureClass) => {
    const { step, cap } = options[name] ?? linearDefaults[name]
    return { step: finite(`${name}.step`, step), cap: finite(`${name}.cap`, cap) }
  }
  const table = { socketClosed: row("socketClosed"), network: row("network"), other: row("other") }
  return Schedule.forever.pipe(
    Schedule.setInputType<Failure & { readonly reason: GatewayReason }>(),
    Schedule.modifyDelay(({ attempt, input }) => {
      const { step, cap } = table[failureClass(input.reason)]
      return Effect.succeed(Duration.min(Duration.times(step, attempt), cap))
    }),
    honourRetryAfter({ atMost: options.retryAfterAtMost ?? "1 day" }),
    whileRetryable,
    attempts(options.attempts),
    outputDelay
  )
}
