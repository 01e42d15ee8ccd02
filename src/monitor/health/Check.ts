/**
 * A check is a small value: a name and an effect that looks at one thing and says how it is. It fails, dies, hangs or
 * sulks for itself alone.
 */
import { Cause, type Duration, Effect } from "effect"
import type { Level, Verdict } from "../../domain/Health.ts"

/** What one run of a check found, and how to repair it. */
export class Finding implements Verdict {
  readonly level: Level
  readonly reason: string | undefined
  /** Begins to repair what was found; the next round measures whether that helped. */
  readonly repair: Effect.Effect<unknown, unknown> | undefined

  constructor(level: Level, reason?: string, repair?: Effect.Effect<unknown, unknown>) {
    this.level = level
    this.reason = reason
    this.repair = repair
  }
}

/** All is well. */
export const healthy = new Finding("healthy")

/** All is well, with a remark. */
export const remark = (reason: string): Finding => new Finding("healthy", reason)

/** It works, but a person should know why. */
export const degraded = (reason: string): Finding => new Finding("degraded", reason)

/** It does not work. `repair` runs whenever a round finds this. */
export const unhealthy = (reason: string, repair?: Effect.Effect<unknown, unknown>): Finding =>
  new Finding("unhealthy", reason, repair)

export interface Check {
  readonly name: string
  /** The account it is about; about the process when absent. */
  readonly account?: string | undefined
  /** Success is healthy, unless it is a {@link Finding}; a failure is unhealthy, with its message as the reason. */
  readonly run: Effect.Effect<unknown, unknown>
  /** It is unhealthy when it takes longer. @defaultValue that of the options, 5 seconds */
  readonly timeout?: Duration.Input | undefined
}

export interface CheckOptions<R = never> {
  /** It is unhealthy when it takes longer. @defaultValue 5 seconds */
  readonly timeout?: Duration.Input | undefined
  /** Runs whenever a round finds it unhealthy, and never twice at once. */
  readonly repair?: Effect.Effect<unknown, unknown, R> | undefined
}

/** A check of one's own: `Health.check("database", sql`SELECT 1`)`. */
export const check = (name: string, run: Effect.Effect<unknown, unknown>, options: CheckOptions = {}): Check => {
  const { repair, timeout } = options
  if (repair === undefined) return { name, run, timeout }
  const repaired = Effect.matchCause(run, {
    onSuccess: (found) => {
      const finding = toFinding(found)
      return finding.level === "unhealthy"
        ? new Finding("unhealthy", finding.reason, finding.repair ?? repair)
        : finding
    },
    onFailure: (cause) => unhealthy(whyFailed(cause), repair)
  })
  return { name, run: repaired, timeout }
}

/** What a run that succeeded found. */
export const toFinding = (found: unknown): Finding => (found instanceof Finding ? found : healthy)

/** A failure in one line. */
export const whyFailed = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}
