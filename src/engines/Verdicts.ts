/**
 * Ends the wait of messages under review: when the platform tells a verdict, the row that rests as `auditing` becomes
 * `sent` or `refused`.
 *
 * The verdict is an event like any other, stored before it is handled, and the row is written before the event is
 * settled. So a verdict survives a crash, and one that is handled twice finds nothing the second time.
 */
import { Deferred, Effect } from "effect"
import type { EventOf } from "../domain/Event.ts"
import type { Platform, Verdict } from "../ports/Platform.ts"
import type { Store } from "../ports/Store.ts"
import type { Handlers } from "./Handlers.ts"
import * as Handler from "./Handlers.ts"
import type { Journal } from "./Journal.ts"
import * as Recovery from "./Recovery.ts"
import type { Relay } from "./Relay.ts"

/** What verdicts need besides the relay of their account. */
export interface Services {
  readonly store: Store["Service"]
  readonly journal: Journal["Service"]
  readonly handlers: Handlers["Service"]
}

/** Hears the verdicts of a platform that gives any, until the scope closes. They wait until their relay is given. */
export const listen = Effect.fnUntraced(function* (platform: Platform, services: Services) {
  const relay = Deferred.makeUnsafe<Relay>()
  const { account, verdict: verdictOf } = platform
  if (verdictOf === undefined) return relay
  const apply = Effect.fnUntraced(function* (verdict: Verdict) {
    const to = yield* Deferred.await(relay)
    const message = yield* find(account, verdict.auditId, to, services)
    if (message !== undefined) to.reviewed(message, verdict)
  })
  const hear = Handler.make(
    (event: EventOf<"PlatformEvent">) => {
      const verdict = event.account === account ? verdictOf(event) : undefined
      return verdict === undefined ? Effect.void : apply(verdict)
    },
    yield* Effect.context<never>()
  )
  yield* services.handlers.add("PlatformEvent", hear)
  return relay
})

/**
 * The row that a verdict is about, if it is one of ours. The verdict may be faster than the answer to the send, so this
 * looks again until every send that was under way has its answer.
 */
const find = Effect.fnUntraced(function* (
  account: string,
  auditId: string,
  relay: Relay,
  { store, journal }: Services
) {
  const { begun } = relay
  for (;;) {
    const mayFollow = relay.awaits(begun)
    yield* journal.flush
    const row = yield* Recovery.patient({ store, journal }, ({ auditing }) => auditing(account, auditId))
    if (row !== undefined || !mayFollow) return row
    yield* Effect.sleep("250 millis")
  }
})
