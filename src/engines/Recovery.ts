/**
 * What an earlier process left behind, page by page: its replies go on, its unsettled events go back to their lanes.
 * Reads wait for the store as long as it takes: without them the account could not keep order.
 */
import { Effect, Schedule } from "effect"
import type { OutboxMessage } from "../domain/Message.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { PendingEvent, Store } from "../ports/Store.ts"

const limit = 1000

const schedule = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])

/** Repeats a read until the store answers. A store that is beyond repair is the journal's to report. */
export const patient = <A>(read: Effect.Effect<A, StoreError>): Effect.Effect<A> =>
  Effect.orDie(Effect.retry(read, schedule))

/** Calls `take` for each message that is still to be sent, oldest first; returns the id of the last one, or 0. */
export const messages = Effect.fnUntraced(function* (
  store: Store["Service"],
  account: string,
  take: (message: OutboxMessage) => void
) {
  for (let after = 0; ; ) {
    const rows = yield* patient(store.pendingMessages(account, { after, limit }))
    for (const row of rows) take(row)
    after = rows.at(-1)?.id ?? after
    if (rows.length < limit) return after
  }
})

/** Calls `take` for each event that no turn has settled, oldest first. */
export const events = Effect.fnUntraced(function* (
  store: Store["Service"],
  account: string,
  take: (event: PendingEvent) => void
) {
  for (let after = 0; ; ) {
    const rows = yield* patient(store.pendingEvents(account, { after, limit }))
    for (const row of rows) take(row)
    after = rows.at(-1)?.id ?? after
    if (rows.length < limit) return
  }
})
