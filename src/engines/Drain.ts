/**
 * Stops an account in order and in time: what is on its way into the store comes to its lane, lanes finish, replies
 * leave, everything is flushed. What is left when the time is over waits in the store for the next start, and is named.
 */
import { Clock, Duration, Effect } from "effect"
import type { Dispatcher } from "./Dispatcher.ts"
import type { Journal } from "./Journal.ts"
import type { Relay } from "./Relay.ts"
import type { StatusStream } from "./StatusStream.ts"

export interface Parts {
  readonly account: string
  readonly journal: Journal["Service"]
  readonly status: StatusStream["Service"]
  readonly dispatcher: Dispatcher
  readonly relay: Relay
}

/** Completes within `limit`. The gateways must have stopped before. */
export const drain = Effect.fnUntraced(function* (parts: Parts, limit: Duration.Duration) {
  const { account, dispatcher, journal, relay, status } = parts
  const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
  status.publish({ _tag: "DrainStarted", deadline })
  yield* journal.flush.pipe(
    Effect.andThen(dispatcher.idle),
    Effect.andThen(journal.flush),
    Effect.andThen(relay.idle),
    Effect.andThen(journal.flush),
    Effect.timeoutOption(limit)
  )
  dispatcher.stop()
  relay.stop()
  const leftTurns = dispatcher.lanes.backlog
  const leftMessages = relay.depth
  status.publish({ _tag: "Drained", leftTurns, leftMessages })
  if (leftTurns + leftMessages === 0) return
  yield* Effect.logWarning(
    `stopped with ${leftTurns} events and ${leftMessages} messages left; the next start goes on with them`
  ).pipe(Effect.annotateLogs({ account }))
})
