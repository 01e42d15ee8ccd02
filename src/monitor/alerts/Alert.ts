/** What a person is told: that something is wrong, that it still is, or that it is over. Plain data. */

export type Severity = "warning" | "critical"

export interface Alert {
  /** `reminded`: it was told before, and is still so. */
  readonly state: "raised" | "reminded" | "recovered"
  readonly severity: Severity
  /** The rule that says so, by its name. */
  readonly rule: string
  /** What it is about: a check, a reason of errors, a metric with its labels. One alert for each, however often it is found. */
  readonly subject: string
  /** In words. */
  readonly text: string
  /** What was measured: milliseconds of a bad health, errors in the window, the metric's figure or increase. */
  readonly value: number
  /** Epoch milliseconds since which it is so; of a recovery, since which it was. */
  readonly since: number
  /** Epoch milliseconds. */
  readonly at: number
  /** Times it came back since it was last told of, and the cool-down kept silent. */
  readonly suppressed: number
}
