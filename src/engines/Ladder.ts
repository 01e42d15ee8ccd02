/**
 * The ladder of recovery, as data: what to try next when a connection ends, and when trying is over.
 *
 * ```
 * resume → identify → refreshCredentials → restartAccount → awaitOperator → endProcess
 * ```
 * Pure: {@link climb} counts a failure and says on which rung to go on. Nothing skips a rung silently: every rung that
 * is climbed is reported with its reason, also those that are only passed on the way to a higher one.
 */
import { ConfigError, Malformed } from "../domain/ConfigError.ts"
import type { GatewayError, Reason } from "../domain/GatewayError.ts"

/** From the gentlest to the last. `awaitOperator` stops the account until a person acts. */
export const rungs = [
  "resume",
  "identify",
  "refreshCredentials",
  "restartAccount",
  "awaitOperator",
  "endProcess"
] as const
export type Rung = (typeof rungs)[number]

/**
 * What a failure says about the way back:
 * - `unreachable`: no peer was reached, so nothing was learnt about session or credentials
 * - `handshake`: a peer was there, but it did not take us in: a failed resume or identify
 * - `dropped`: it took us in and let us go before we were stable
 * - `session`: it refused the session; `credentials`: it hints that the token is stale
 * - `waiting`: it, or our own inbox, asks for patience
 * - `fatal`: trying again cannot help
 */
export type FailureClass = "unreachable" | "handshake" | "dropped" | "session" | "credentials" | "waiting" | "fatal"

/**
 * For each rung above the first: after how many failures of a class, on the rung where we stand, it is climbed. A rung
 * that does not name a class is passed by failures of that class.
 */
export type Ladder = Readonly<Record<Exclude<Rung, "resume">, Readonly<Partial<Record<FailureClass, number>>>>>

/**
 * Three failed resumes give the session up (QQ: hermes PR#26025), ten drops in a row do too. What no number names never
 * climbs: an outage, however long, costs neither session nor account. Nothing ends the process unless configured.
 */
export const defaults: Ladder = {
  identify: { handshake: 3, dropped: 10, session: 1 },
  refreshCredentials: { handshake: 5, session: 3, credentials: 1 },
  restartAccount: { handshake: 5, session: 3, credentials: 3 },
  awaitOperator: { session: 20, credentials: 5, fatal: 1 },
  endProcess: {}
}

/** Where one connection stands: plain data, so that it can be shown and stored. */
export interface Position {
  readonly rung: Rung
  /** Failures since this rung was reached. */
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>
  /** Whether the platform took us in since the last failure. */
  readonly isAccepted: boolean
}

export interface Climb {
  readonly from: Rung
  readonly to: Rung
  readonly why: GatewayError
  /** How many failures of the class of `why` led here. */
  readonly failures: number
  /** Whether `to` is only passed on the way up, because it could not help. */
  readonly isPassed: boolean
}

export interface Climbed {
  readonly position: Position
  /** What to do next; the rung of `position`. */
  readonly rung: Rung
  /** Every rung that was climbed, lowest first; empty when the failure changes nothing. */
  readonly climbs: ReadonlyArray<Climb>
}

/** At the foot of the ladder. */
export const start: Position = { rung: "resume", failures: {}, isAccepted: false }

/** The defaults with some rungs changed; a rung that is given replaces its row. Throws a `ConfigError` for bad numbers. */
export const make = (changes: Partial<Ladder> = {}): Ladder => {
  for (const [rung, after] of Object.entries(changes)) {
    for (const [name, count] of Object.entries(after ?? {})) {
      if (Number.isInteger(count) && count >= 1) continue
      throw new ConfigError({
        setting: `ladder.${rung}.${name}`,
        reason: new Malformed({ problem: `is ${count}, not a number of failures` }),
        mend: "Give a whole number from 1, or leave the class out so that it never climbs there."
      })
    }
  }
  return { ...defaults, ...changes }
}

/** The class of a reason; `isAccepted` tells whether the platform had taken us in before it happened. */
export const failureClass = (reason: Reason, isAccepted: boolean): FailureClass => {
  if (!reason.isRetryable) return "fatal"
  switch (reason._tag) {
    case "ConnectionLost":
      if (reason.network) return "unreachable"
      return isAccepted ? "dropped" : "handshake"
    case "HeartbeatMissed":
    case "HandshakeTimedOut":
      return isAccepted ? "dropped" : "handshake"
    case "SessionInvalidated":
      if (reason.dropCredentials) return "credentials"
      return reason.resumable ? "handshake" : "session"
    case "ServerRequestedReconnect":
    case "Throttled":
    case "InboxUnavailable":
    case "RestartRequested":
      return "waiting"
  }
}

/**
 * Whom a reason to give up concerns: the whole `account`, the `plan` of how many connections it has, or nobody but the
 * `shard` it happened to. What a shard may have brought upon itself is its own: if the others have it too, they will
 * find out.
 */
export const concerns = (reason: Reason): "account" | "plan" | "shard" => {
  switch (reason._tag) {
    case "AuthenticationFailed":
    case "IntentsDisallowed":
    case "AccountBanned":
      return "account"
    case "ShardingRequired":
    case "InvalidShard":
      return "plan"
    default:
      return "shard"
  }
}

/** Counts one failure and answers where to go on. The next rung that names its class is climbed when its number is reached; rungs between are passed. */
export const climb = (position: Position, failure: GatewayError, ladder: Ladder = defaults): Climbed => {
  const kind = failureClass(failure.reason, position.isAccepted)
  const failures = (position.failures[kind] ?? 0) + 1
  const at = rungs.indexOf(position.rung)
  const target = rungs.findIndex((rung, index) => index > at && rung !== "resume" && ladder[rung][kind] !== undefined)
  const next = rungs[target]
  if (next === undefined || next === "resume" || failures < (ladder[next][kind] ?? Infinity)) {
    const stayed = { rung: position.rung, failures: { ...position.failures, [kind]: failures }, isAccepted: false }
    return { position: stayed, rung: stayed.rung, climbs: [] }
  }
  const path = rungs.slice(at, target + 1)
  const climbs = path.slice(1).map((to, index) => {
    const from = path[index] ?? position.rung
    return { from, to, why: failure, failures, isPassed: index < path.length - 2 }
  })
  return { position: { rung: next, failures: {}, isAccepted: false }, rung: next, climbs }
}

/**
 * The platform took us in (READY, RESUMED): there is a session to resume again, and failed handshakes are forgotten.
 * Drops are not, so that a peer that always accepts and lets go is met with a fresh session after all.
 */
export const accepted = (position: Position): Position => ({
  rung: "resume",
  failures: position.failures.dropped === undefined ? {} : { dropped: position.failures.dropped },
  isAccepted: true
})

/** The session lived long enough (`stableAfter`): everything is forgiven. */
export const stable = (position: Position): Position => ({ ...start, isAccepted: position.isAccepted })
