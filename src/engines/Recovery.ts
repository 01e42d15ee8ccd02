/**
 * What an earlier process left behind, page by page: its replies go on, its unsettled events go back to their lanes.
 * Reads wait for the store as long as it takes: without them the account could not keep order.
 */
import { Effect, Schedule } from "effect"
import type { OutboxMessage } from "../domain/Message.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { PendingEvent, Store } from "../ports/Store.ts"
import type { Journal } from "./Journal.ts"

const limit = 1000

const schedule = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])

/** A store that is read, and the journal that is told when it cannot be. */
export interface Source {
  readonly store: Store["Service"]
  readonly journal: Pick<Journal["Service"], "failed" | "recovered">
}

/**
 * Repeats a read until the store answers, and says what is wrong meanwhile. A store that is beyond repair ends the
 * process by way of the journal: what waits here must not wait in silence for ever.
 */
export const patient = <A>(
  { journal, store }: Source,
  read: (store: Store["Service"]) => Effect.Effect<A, StoreError>
): Effect.Effect<A> =>
  Effect.suspend(() => {
    let hasFailed = false
    return Effect.suspend(() => read(store)).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          hasFailed = true
          journal.failed(error)
        })
      ),
      Effect.retry({ schedule, while: ({ isRetryable }) => isRetryable }),
      Effect.tap(() => Effect.sync(() => hasFailed && journal.recovered())),
      Effect.catch(() => Effect.never)
    )
  })

/** Calls `take` for each message that is still to be sent, oldest first; returns the id of the last one, or 0. */
export const messages = Effect.fnUntraced(function* (
  source: Source,
  account: string,
  take: (message: OutboxMessage) => void
) {
  for (let after = 0; ; ) {
    const rows = yield* patient(source, (store) => store.pendingMessages(account, { after, limit }))
    for (const row of rows) take(row)
    after = rows.at(-1)?.id ?? after
    if (rows.length < limit) return after
  }
})

/** Calls `take` for each event that no turn has settled, oldest first. */
export const events = Effect.fnUntraced(function* (
  source: Source,
  account: string,
  take: (event: PendingEvent) => void
) {
  for (let after = 0; ; ) {
    const rows = yield* patient(source, (store) => store.pendingEvents(account, { after, limit }))
    for (const row of rows) take(row)
    after = rows.at(-1)?.id ?? after
    if (rows.length < limit) return
  }
})
