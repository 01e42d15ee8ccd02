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
  loopStallLimit: "2 seconds"
} as const satisfies Record<string, Duration.Input>

/** How many events may wait for their handlers before the inbox is degraded. */
export const defaultBacklogLimit = 10_000

type Limit = keyof typeof defaults

/** Durations, see {@link defaults}; and: */
export interface Options extends Partial<Readonly<Record<Limit, Duration.Input>>> {
  /** Events that may wait for their handlers before the inbox is degraded. @defaultValue 10,000 */
  readonly backlogLimit?: number | undefined
  /** Checks of one's own, besides those that `Bot.check` adds. */
  readonly checks?: ReadonlyArray<Check> | undefined
}

/** All limits, in milliseconds. */
export interface Limits extends Readonly<Record<Limit, number>> {
  readonly backlogLimit: number
}

const bad = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting: `health.${setting}`, reason: new Malformed({ problem }), mend })

/** The limits that options ask for. Throws a ConfigError. */
export const resolve = (options: Options): Limits => {
  const limits: Partial<Record<Limit, number>> = {}
  for (const name of Object.keys(defaults) as Array<Limit>) {
    const duration = Option.getOrUndefined(Duration.fromInput(options[name] ?? defaults[name]))
    const millis = duration === undefined ? Number.NaN : Duration.toMillis(duration)
    if (!(millis > 0)) throw bad(name, "is not a duration above zero", `Write it like "${defaults[name]}".`)
    limits[name] = millis
  }
  const backlogLimit = options.backlogLimit ?? defaultBacklogLimit
  if (!(backlogLimit > 0)) throw bad("backlogLimit", `is ${backlogLimit}`, "Give a number above 0.")
  return { ...(limits as Record<Limit, number>), backlogLimit }
}
