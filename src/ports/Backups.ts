/**
 * What is known of the backups that are made while the bot runs: written by whoever makes them, read by whoever watches; one
 * for both wherever they stand in an app.
 */
import { Context, Layer } from "effect"

/** The backups of one database on a schedule. Times in epoch milliseconds. */
export interface Scheduled {
  readonly filename: string
  /** Milliseconds from one to the next. */
  readonly every: number
  /** Since when it is the task of this process to make them. */
  readonly since: number
  /** When the newest whole one was made, also by an earlier process. */
  newestAt: number | undefined
  /** Why the last try failed; `undefined` when it did not. */
  failure: string | undefined
}

export class Backups extends Context.Service<Backups, { readonly scheduled: Set<Scheduled> }>()(
  "everbot/ports/Backups"
) {
  static readonly layer = Layer.sync(this, () => ({ scheduled: new Set<Scheduled>() }))
}
