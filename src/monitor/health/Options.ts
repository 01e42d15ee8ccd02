/** What health is measured by: every limit with its default, in one value. */
import { Duration, Option } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import * as Setting from "../../ports/Setting.ts"
import type { Check } from "./Check.ts"

/** The durations among the options, and their defaults; {@link meanings} tells what each limits. */
export const defaults = {
  interval: "30 seconds",
  timeout: "5 seconds",
  heartbeatLimit: "120 seconds",
  connectionLimit: "60 seconds",
  activityLimit: "300 seconds",
  storeLimit: "1 second",
  outboxLimit: "60 seconds",
  outboxDeadline: "10 minutes",
  loopDelayLimit: "200 millis",
  loopStallLimit: "2 seconds",
  clockLimit: "5 seconds"
} as const satisfies Record<string, Duration.Input>

/** The numbers among the options, and their defaults. */
export const defaultNumbers = {
  backlogLimit: 10_000,
  memoryLimit: 0.85,
  memoryDeadline: 0.95,
  backupLimit: 2,
  diskLimit: 1024 ** 3,
  diskDeadline: 128 * 1024 ** 2
} as const satisfies Record<string, number>

type Limit = keyof typeof defaults
type Count = keyof typeof defaultNumbers

const meanings: Readonly<Record<Limit | Count, string>> = {
  interval: "Between two rounds of checks.",
  timeout: "A check without a limit of its own is unhealthy when it takes longer.",
  heartbeatLimit: "A connection without an answered heartbeat for longer is unhealthy, cut and dialled again.",
  connectionLimit: "An account that is not connected is degraded, and after this long unhealthy.",
  // Never unhealthy: nobody may have said anything.
  activityLimit: 'A connection without an event for longer is degraded ("quiet").',
  storeLimit: "A store that takes longer to answer a read and to commit what is under way is degraded.",
  outboxLimit: "Messages that could have left this long ago are degraded.",
  outboxDeadline: "Messages that could have left this long ago are unhealthy.",
  loopDelayLimit: "An event loop that is later in one of a hundred samples of a round is degraded.",
  loopStallLimit: "An event loop that stood still for longer, once in a round, is degraded.",
  clockLimit: "A clock that is further off from the platform's is degraded.",
  backlogLimit: "Events that may wait for their handlers before the inbox is degraded.",
  memoryLimit: "The part of the container's (or machine's) memory in use above which it is degraded.",
  // The next moment may bring the kernel's killer.
  memoryDeadline: "The part above which it is unhealthy.",
  backupLimit: "A backup that is older than so many of its intervals is degraded.",
  diskLimit: "Bytes free on the disk of the database below which it is degraded.",
  diskDeadline: "Bytes below which it is unhealthy."
}

/** How many events may wait for their handlers before the inbox is degraded. */
export const defaultBacklogLimit = defaultNumbers.backlogLimit

/** Durations, see {@link defaults}; numbers, see {@link defaultNumbers}; and: */
export interface Options extends Partial<Readonly<Record<Limit, Duration.Input> & Record<Count, number | undefined>>> {
  /** Checks of one's own, besides those that `Bot.check` adds. */
  readonly checks?: ReadonlyArray<Check> | undefined
}

/** All limits, durations in milliseconds. */
export interface Limits extends Readonly<Record<Limit | Count, number>> {}

/** `EVERBOT_HEALTH_` and the name of the option. */
const variable = (option: string) => `EVERBOT_HEALTH_${option.replace(/[A-Z]/g, "_$&").toUpperCase()}` as const

const settingOf = <A>(name: Limit | Count, fallback: string | number, kind: (about: Setting.About) => A): A =>
  kind({ name: variable(name), about: meanings[name], fallback: String(fallback) })

/** Where the environment says {@link Options}. */
export const settings: Readonly<
  Record<Limit, Setting.Setting<Duration.Duration>> & Record<Count, Setting.Setting<number>>
> = {
  interval: settingOf("interval", defaults.interval, Setting.duration),
  timeout: settingOf("timeout", defaults.timeout, Setting.duration),
  heartbeatLimit: settingOf("heartbeatLimit", defaults.heartbeatLimit, Setting.duration),
  connectionLimit: settingOf("connectionLimit", defaults.connectionLimit, Setting.duration),
  activityLimit: settingOf("activityLimit", defaults.activityLimit, Setting.duration),
  storeLimit: settingOf("storeLimit", defaults.storeLimit, Setting.duration),
  outboxLimit: settingOf("outboxLimit", defaults.outboxLimit, Setting.duration),
  outboxDeadline: settingOf("outboxDeadline", defaults.outboxDeadline, Setting.duration),
  loopDelayLimit: settingOf("loopDelayLimit", defaults.loopDelayLimit, Setting.duration),
  loopStallLimit: settingOf("loopStallLimit", defaults.loopStallLimit, Setting.duration),
  clockLimit: settingOf("clockLimit", defaults.clockLimit, Setting.duration),
  backlogLimit: settingOf("backlogLimit", defaultNumbers.backlogLimit, Setting.amount),
  memoryLimit: settingOf("memoryLimit", defaultNumbers.memoryLimit, Setting.amount),
  memoryDeadline: settingOf("memoryDeadline", defaultNumbers.memoryDeadline, Setting.amount),
  backupLimit: settingOf("backupLimit", defaultNumbers.backupLimit, Setting.amount),
  diskLimit: settingOf("diskLimit", defaultNumbers.diskLimit, Setting.amount),
  diskDeadline: settingOf("diskDeadline", defaultNumbers.diskDeadline, Setting.amount)
}

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
