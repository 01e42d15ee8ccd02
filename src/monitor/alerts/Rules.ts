/**
 * When to call for help: rules over health, errors and metrics, as plain data. What a rule finds it finds for each
 * subject apart: an alert about one account does not hide that of another.
 */
import { Duration, Option } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import type { Severity } from "./Alert.ts"

export interface Common {
  /** Rules of one app have different names. @defaultValue what it looks at, e.g. `health unhealthy` */
  readonly name?: string | undefined
  /** @defaultValue "warning"; "critical" for health that is unhealthy */
  readonly severity?: Severity | undefined
  /** After it told of a subject, it tells of the same no second time within this. @defaultValue that of the options */
  readonly coolDown?: Duration.Input | undefined
  /** While it stays wrong, it is told again each time this has passed; `false`: never. @defaultValue that of the options */
  readonly remindAfter?: Duration.Input | false | undefined
}

export interface HealthOptions extends Common {
  /** From which level on. @defaultValue "unhealthy" */
  readonly level?: "degraded" | "unhealthy" | undefined
  /** How long it must be so. @defaultValue 1 minute */
  readonly window?: Duration.Input | undefined
  /** Only checks of this name. @defaultValue every check */
  readonly check?: string | undefined
  /** Only those of this account. */
  readonly account?: string | undefined
}

export interface ErrorOptions extends Common {
  /** Only this reason, e.g. `RateLimited`. @defaultValue every reason, each by itself */
  readonly reason?: string | undefined
  /** So many within the window. @defaultValue 10 */
  readonly threshold?: number | undefined
  /** @defaultValue 5 minutes */
  readonly window?: Duration.Input | undefined
}

export interface MetricOptions extends Common {
  /** A gauge that stays above this for the whole window; a counter that grows by more within it. */
  readonly above?: number | undefined
  /** A gauge that stays below this for the whole window. */
  readonly below?: number | undefined
  /** @defaultValue 1 minute */
  readonly window?: Duration.Input | undefined
  /** Only figures with these labels, e.g. `{ account: "qq:102000001" }`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

interface Resolved {
  readonly name: string
  readonly severity: Severity
  /** Milliseconds. */
  readonly window: number
  readonly coolDown: number | undefined
  /** `Infinity`: never. */
  readonly remindAfter: number | undefined
}

export type Rule = Resolved &
  (
    | {
        readonly _tag: "Health"
        readonly level: "degraded" | "unhealthy"
        readonly check: string | undefined
        readonly account: string | undefined
      }
    | { readonly _tag: "Error"; readonly reason: string | undefined; readonly threshold: number }
    | {
        readonly _tag: "Metric"
        readonly metric: string
        readonly above: number | undefined
        readonly below: number | undefined
        readonly labels: Readonly<Record<string, string>>
      }
  )

export const bad = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting: `alerts.${setting}`, reason: new Malformed({ problem }), mend })

/** Milliseconds. Throws a ConfigError. */
export const millis = (setting: string, input: Duration.Input): number => {
  const duration = Option.getOrUndefined(Duration.fromInput(input))
  const length = duration === undefined ? Number.NaN : Duration.toMillis(duration)
  if (length >= 0 && Number.isFinite(length)) return length
  throw bad(setting, "is not a duration", 'Write it like "5 minutes".')
}

/** The same of what may be `false`, which is `Infinity`. A reminder each round would be a flood. */
export const reminder = (setting: string, input: Duration.Input | false): number => {
  if (input === false) return Number.POSITIVE_INFINITY
  const length = millis(setting, input)
  if (length >= shortestReminder) return length
  throw bad(setting, "is shorter than a minute", "Give it a minute or more, or `false` for none.")
}

const shortestReminder = 60_000

const resolve = (options: Common, name: string, severity: Severity, window: Duration.Input): Resolved => ({
  name: options.name ?? name,
  severity: options.severity ?? severity,
  window: millis(`${options.name ?? name}.window`, window),
  coolDown: options.coolDown === undefined ? undefined : millis(`${options.name ?? name}.coolDown`, options.coolDown),
  remindAfter:
    options.remindAfter === undefined ? undefined : reminder(`${options.name ?? name}.remindAfter`, options.remindAfter)
})

/** A check that is not well for a while. */
export const onHealth = (options: HealthOptions = {}): Rule => {
  const { account, check, level = "unhealthy" } = options
  const name = `health ${level}${check === undefined ? "" : ` ${check}`}`
  const severity = level === "unhealthy" ? "critical" : "warning"
  return { _tag: "Health", level, check, account, ...resolve(options, name, severity, options.window ?? "1 minute") }
}

/** Errors of one reason that come too often. */
export const onErrors = (options: ErrorOptions = {}): Rule => {
  const { reason, threshold = 10 } = options
  const name = `errors${reason === undefined ? "" : ` ${reason}`}`
  if (!(Number.isInteger(threshold) && threshold >= 1 && threshold <= 10_000)) {
    throw bad(`${name}.threshold`, `is ${threshold}`, "Give a whole number from 1 to 10,000.")
  }
  return { _tag: "Error", reason, threshold, ...resolve(options, name, "warning", options.window ?? "5 minutes") }
}

/** A figure of `/api/metrics` that is beyond a threshold. */
export const onMetric = (metric: string, options: MetricOptions): Rule => {
  const { above, below, labels = {} } = options
  const name = `metric ${metric}`
  if (above === undefined && below === undefined) {
    throw bad(name, "has no threshold", "Give it `above`, or `below`, or both.")
  }
  const rest = resolve(options, name, "warning", options.window ?? "1 minute")
  return { _tag: "Metric", metric, above, below, labels, ...rest }
}
