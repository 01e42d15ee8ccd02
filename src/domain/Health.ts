/** How the bot is, as measured in one round of checks: plain data, so that it can be shown, logged and compared. */

/**
 * - `healthy`: it does what it should
 * - `degraded`: it works, but a person should know
 * - `unhealthy`: something does not work
 */
export type Level = "healthy" | "degraded" | "unhealthy"

export interface Verdict {
  readonly level: Level
  /** Why; for a healthy verdict a remark, if anything. */
  readonly reason: string | undefined
}

/** What one check found. */
export interface CheckReport extends Verdict {
  readonly name: string
  /** The account it is about; `undefined` when it is about the process. */
  readonly account: string | undefined
  /** Epoch milliseconds of the first round in a row that found this level. */
  readonly since: number
  /** How long the check took, in milliseconds. */
  readonly took: number
}

export interface AccountHealth {
  readonly account: string
  /** The worst of its checks. */
  readonly level: Level
  readonly checks: ReadonlyArray<CheckReport>
}

export interface HealthReport {
  /** The worst of all checks. */
  readonly level: Level
  /** Epoch milliseconds of the first round in a row that found this level. */
  readonly since: number
  /** Epoch milliseconds at which the round ended. */
  readonly at: number
  /** What concerns the whole process. */
  readonly checks: ReadonlyArray<CheckReport>
  readonly accounts: ReadonlyArray<AccountHealth>
}

const rank: Readonly<Record<Level, number>> = { healthy: 0, degraded: 1, unhealthy: 2 }

/** The worst level; `healthy` when there is none. */
export const worst = (verdicts: Iterable<{ readonly level: Level }>): Level => {
  let level: Level = "healthy"
  for (const verdict of verdicts) if (rank[verdict.level] > rank[level]) level = verdict.level
  return level
}
