/** Whether a bot kept to the platform's limits on starting sessions: reckoned from the books alone, all shards together. */
import type { Identify } from "./Books.ts"

/** Sessions that may be started. */
export interface StartLimits {
  /** In any window. */
  readonly atOnce: number
  /** Milliseconds. */
  readonly window: number
  /** From the start of the platform until its first day is over. */
  readonly total: number
}

/** The identifies that were one too many, in any window or altogether; refused ones were asked for all the same. */
export const excess = (
  identifies: ReadonlyArray<Identify>,
  { atOnce, total, window }: StartLimits
): ReadonlyArray<Identify> => {
  let started = 0
  return identifies.filter((identify, index) => {
    const first = identifies[index - atOnce]
    const isHasty = first !== undefined && identify.at - first.at < window
    const isOver = started >= total
    if (identify.session !== undefined) started++
    return isHasty || isOver
  })
}
