/** What a process may take before it is ended: every limit with its default. */
import { Duration, Option, Result } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import * as Setting from "../../ports/Setting.ts"

export interface Options {
  /** Between two looks. @defaultValue 10 seconds */
  readonly interval?: Duration.Input | undefined
  /** The part of the container's (or machine's) memory that this process may occupy for `memoryWindow`. @defaultValue 0.9 */
  readonly memory?: number | false | undefined
  /** @defaultValue 2 minutes */
  readonly memoryWindow?: Duration.Input | undefined
  /** The part of one processor that it may use for all of `cpuWindow`; handlers that compute a lot need more. @defaultValue 0.95 */
  readonly cpu?: number | false | undefined
  /** @defaultValue 10 minutes */
  readonly cpuWindow?: Duration.Input | undefined
  /** How late timers may be (99th percentile) for all of `loopWindow`. @defaultValue 1 second */
  readonly loopDelay?: Duration.Input | false | undefined
  /** @defaultValue 2 minutes */
  readonly loopWindow?: Duration.Input | undefined
  /** After so long it ends in the next quiet hour. @defaultValue 7 days */
  readonly maxUptime?: Duration.Input | false | undefined
  /** From and until which hour of the local time it is quiet. @defaultValue [3, 5] */
  readonly quietHours?: readonly [from: number, until: number] | undefined
  /** Whether an exception or rejection that nobody catches ends it; without, Node ends it without a drain. @defaultValue true */
  readonly defects?: boolean | undefined
  /** How long a drain may take before the process is ended all the same. @defaultValue 30 seconds */
  readonly drainDeadline?: Duration.Input | undefined
  /**
   * More ends that nobody asked for than this within the window, and the guard ends the process no more but for defects:
   * what five restarts did not mend a sixth will not. Health is degraded then. @defaultValue 5 in 1 hour
   */
  readonly budget?: { readonly restarts: number; readonly window: Duration.Input } | undefined
}

export const defaults = {
  interval: "10 seconds",
  memory: 0.9,
  memoryWindow: "2 minutes",
  cpu: 0.95,
  cpuWindow: "10 minutes",
  loopDelay: "1 second",
  loopWindow: "2 minutes",
  maxUptime: "7 days",
  quietHours: [3, 5],
  drainDeadline: "30 seconds",
  budget: { restarts: 5, window: "1 hour" }
} as const satisfies Options

/** Durations in milliseconds; `undefined`: not guarded. */
export interface Limits {
  readonly interval: number
  readonly memory: number | undefined
  readonly memoryWindow: number
  readonly cpu: number | undefined
  readonly cpuWindow: number
  readonly loopDelay: number | undefined
  readonly loopWindow: number
  readonly maxUptime: number | undefined
  readonly quietHours: readonly [from: number, until: number]
  readonly defects: boolean
  readonly drainDeadline: number
  readonly budget: { readonly restarts: number; readonly window: number }
}

const bad = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting: `processGuard.${setting}`, reason: new Malformed({ problem }), mend })

const millis = (setting: string, input: Duration.Input): number => {
  const duration = Option.getOrUndefined(Duration.fromInput(input))
  const length = duration === undefined ? Number.NaN : Duration.toMillis(duration)
  if (length > 0) return length
  throw bad(setting, "is not a duration above zero", 'Write it like "2 minutes".')
}

const above = (setting: string, value: number): number => {
  if (value > 0) return value
  throw bad(setting, `is ${value}`, "Give a number above 0, or `false` for no limit.")
}

const unless = <A>(value: A | false, limit: (value: A) => number): number | undefined =>
  value === false ? undefined : limit(value)

const isHour = (hour: number): boolean => Number.isInteger(hour) && hour >= 0 && hour <= 24

const [from, until] = defaults.quietHours
const quiet = {
  name: "EVERBOT_GUARD_QUIET_HOURS",
  about: "The hours in which it ends for its age.",
  fallback: `${from}-${until}`
} as const

const hours = Setting.custom(quiet, (text) => {
  const [, from = "", until = ""] = /^(\d{1,2})-(\d{1,2})$/.exec(text) ?? []
  const both = [Number(from), Number(until)] as const
  return from !== "" && both.every(isHour)
    ? Result.succeed(both)
    : Result.fail(
        new ConfigError({
          setting: quiet.name,
          reason: new Malformed({ problem: "are no two hours of the day" }),
          mend: "Write them like 3-5, or leave it out."
        })
      )
})

const duration = (name: `EVERBOT_GUARD_${string}`, about: string, fallback: string) =>
  Setting.duration({ name, about, fallback })
const part = (name: `EVERBOT_GUARD_${string}`, about: string, fallback: number) =>
  Setting.orOff(Setting.amount({ name, about, fallback: String(fallback) }))

/** Where the environment says {@link Options}. */
export const settings = {
  interval: duration("EVERBOT_GUARD_INTERVAL", "Between two looks of the process guard.", defaults.interval),
  memory: part("EVERBOT_GUARD_MEMORY", "The part of the memory that it may occupy.", defaults.memory),
  memoryWindow: duration("EVERBOT_GUARD_MEMORY_WINDOW", "For how long.", defaults.memoryWindow),
  cpu: part("EVERBOT_GUARD_CPU", "The part of one processor that it may use.", defaults.cpu),
  cpuWindow: duration("EVERBOT_GUARD_CPU_WINDOW", "For how long.", defaults.cpuWindow),
  loopDelay: Setting.orOff(
    duration("EVERBOT_GUARD_LOOP_DELAY", "How late timers may be (99th percentile).", defaults.loopDelay)
  ),
  loopWindow: duration("EVERBOT_GUARD_LOOP_WINDOW", "For how long.", defaults.loopWindow),
  maxUptime: Setting.orOff(
    duration("EVERBOT_GUARD_MAX_UPTIME", "After so long it ends in the next quiet hour.", defaults.maxUptime)
  ),
  quietHours: hours,
  drainDeadline: duration("EVERBOT_GUARD_DRAIN_DEADLINE", "How long its drain may take.", defaults.drainDeadline)
} satisfies Setting.For<Options>

/** Throws a ConfigError. */
export const resolve = (options: Options): Limits => {
  const quietHours = options.quietHours ?? defaults.quietHours
  if (!quietHours.every(isHour)) {
    throw bad("quietHours", "are no hours", "Give two whole numbers from 0 to 24, like [3, 5].")
  }
  const { restarts, window } = options.budget ?? defaults.budget
  if (!(Number.isInteger(restarts) && restarts >= 0))
    throw bad("budget.restarts", `is ${restarts}`, "Give a whole number.")
  return {
    interval: millis("interval", options.interval ?? defaults.interval),
    memory: unless(options.memory ?? defaults.memory, (part) => above("memory", part)),
    memoryWindow: millis("memoryWindow", options.memoryWindow ?? defaults.memoryWindow),
    cpu: unless(options.cpu ?? defaults.cpu, (part) => above("cpu", part)),
    cpuWindow: millis("cpuWindow", options.cpuWindow ?? defaults.cpuWindow),
    loopDelay: unless(options.loopDelay ?? defaults.loopDelay, (delay) => millis("loopDelay", delay)),
    loopWindow: millis("loopWindow", options.loopWindow ?? defaults.loopWindow),
    maxUptime: unless(options.maxUptime ?? defaults.maxUptime, (uptime) => millis("maxUptime", uptime)),
    quietHours,
    defects: options.defects ?? true,
    drainDeadline: millis("drainDeadline", options.drainDeadline ?? defaults.drainDeadline),
    budget: { restarts, window: millis("budget.window", window) }
  }
}
