/** What health is measured by: every limit with its default, in one value. */
import { Duration, Option } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import type { Check } from "./Check.ts"

/** The durations among the options, and their defaults. */
export const defaults = {
  /** Between two rounds of checks. */
  interval: "30 seconds",
  /** A check without a limit of its own is unhealthy when it takes longer. */
  timeout: "5 seconds",
  /** A connection without an answered heartbeat for longer is unhealthy, and is cut and dialled again. */
  heartbeatLimit: "120 seconds",
  /** An account that is not connected is degraded, and after this long unhealthy. */
  connectionLimit: "60 seconds",
  /** A connection without an event for longer is degraded ("quiet"), never unhealthy: nobody may have said anything. */
  activityLimit: "300 seconds",
  /** A store that takes longer to answer a read and to commit what is under way is degraded. */
  storeLimit: "1 second",
  /** Messages that could have left this long ago are degraded ... */
  outboxLimit: "60 seconds",
  /** ... and after this long unhealthy. */
  outboxDeadline: "10 minutes",
  /** An event loop whose delay exceeds this in one of a hundred samples since the last round is degraded. */
  loopDelayLimit: "200 millis",
  /** An event loop that stood still for longer, once since the last round, is degraded. */
  loopStallLimit: "2 seconds",
  /** A clock that is further off from the platform's is degraded. */
  clockLimit: "5 seconds"
} as const satisfies Record<string, Duration.Input>

/** The numbers among the options, and their defaults. */
export const defaultNumbers = {
  /** Events that may wait for their handlers before the inbox is degraded. */
  backlogLimit: 10_000,
  /** Memory in use, as a part of what the container (or the machine) has: above it is degraded ... */
  memoryLimit: 0.85,
  /** ... and above this unhealthy: the next moment may bring the kernel's killer. */
  memoryDeadline: 0.95,
  /** A backup that is older than so many of its intervals is degraded. */
  backupLimit: 2,
  /** Bytes free on the disk of the database: below is degraded ... */
  diskLimit: 1024 ** 3,
  /** ... and below this unhealthy. */
  diskDeadline: 128 * 1024 ** 2
} as const satisfies Record<string, number>

/** How many events may wait for their handlers before the inbox is degraded. */
export const defaultBacklogLimit = defaultNumbers.backlogLimit

type Limit = keyof typeof defaults
type Count = keyof typeof defaultNumbers

/** Durations, see {@link defaults}; numbers, see {@link defaultNumbers}; and: */
export interface Options extends Partial<Readonly<Record<Limit, Duration.Input> & Record<Count, number | undefined>>> {
  /** Checks of one's own, besides those that `Bot.check` adds. */
  readonly checks?: ReadonlyArray<Check> | undefined
}

/** All limits, durations in milliseconds. */
export interface Limits extends Readonly<Record<Limit | Count, number>> {}

const bad = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting: `health.${setting}`, reason: new Malformed({ problem }), mend })

const durationOf = (name: Limit, given: Duration.Input | undefined): number => {
  const duration = Option.getOrUndefined(Duration.fromInput(given ?? defaults[name]))
  const millis = duration === undefined ? Number.NaN : Duration.toMillis(duration)
  if (millis > 0) return millis
  throw bad(name, "is not a duration above zero", `Write it like "${defaults[name]}".`)
}

const numberOf = (name: Count, given: number | undefined): number => {
  const number = given ?? defaultNumbers[name]
  if (number > 0) return number
  throw bad(name, `is ${number}`, "Give a number above 0.")
}

/** The limits that options ask for. Throws a ConfigError. */
export const resolve = (options: Options): Limits => {
  const limits: Partial<Record<Limit | Count, number>> = {}
  for (const name of Object.keys(defaults) as Array<Limit>) limits[name] = durationOf(name, options[name])
  for (const name of Object.keys(defaultNumbers) as Array<Count>) limits[name] = numberOf(name, options[name])
  return limits as Record<Limit | Count, number>
}
