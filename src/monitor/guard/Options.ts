/** What a process may take before it is ended: every limit with its default. */
import { Duration, Option } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"

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

/** Throws a ConfigError. */
export const resolve = (options: Options): Limits => {
  const quietHours = options.quietHours ?? [3, 5]
  if (!quietHours.every((hour) => Number.isInteger(hour) && hour >= 0 && hour <= 24)) {
    throw bad("quietHours", "are no hours", "Give two whole numbers from 0 to 24, like [3, 5].")
  }
  const { restarts, window } = options.budget ?? { restarts: 5, window: "1 hour" }
  if (!(Number.isInteger(restarts) && restarts >= 0))
    throw bad("budget.restarts", `is ${restarts}`, "Give a whole number.")
  return {
    interval: millis("interval", options.interval ?? "10 seconds"),
    memory: unless(options.memory ?? 0.9, (part) => above("memory", part)),
    memoryWindow: millis("memoryWindow", options.memoryWindow ?? "2 minutes"),
    cpu: unless(options.cpu ?? 0.95, (part) => above("cpu", part)),
    cpuWindow: millis("cpuWindow", options.cpuWindow ?? "10 minutes"),
    loopDelay: unless(options.loopDelay ?? "1 second", (delay) => millis("loopDelay", delay)),
    loopWindow: millis("loopWindow", options.loopWindow ?? "2 minutes"),
    maxUptime: unless(options.maxUptime ?? "7 days", (uptime) => millis("maxUptime", uptime)),
    quietHours,
    defects: options.defects ?? true,
    drainDeadline: millis("drainDeadline", options.drainDeadline ?? "30 seconds"),
    budget: { restarts, window: millis("budget.window", window) }
  }
}
