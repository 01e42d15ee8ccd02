/**
 * One account of one platform, alive: its gateways under supervision, its lanes, its relay.
 *
 * Everything here belongs to the account's scope. Its failures are its own: what cannot heal stops this account,
 * says so, and leaves the others alone.
 */
import { Clock, Effect, Fiber, type Latch, type Scope } from "effect"
import type { GatewayError, Retryable } from "../domain/GatewayError.ts"
import type { NewMessage, OutboxMessage } from "../domain/Message.ts"
import type { Platform } from "../ports/Platform.ts"
import type { PendingEvent } from "../ports/Store.ts"
import * as Holding from "./account/Holding.ts"
import * as Incoming from "./account/Incoming.ts"
import { type AccountOptions, check, defaults } from "./account/Options.ts"
import * as Outgoing from "./account/Outgoing.ts"
import * as Parts from "./account/Parts.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import { drain } from "./Drain.ts"
import type { Intake } from "./Intake.ts"
import type { Relay } from "./Relay.ts"
import type { ShardView } from "./ShardLink.ts"
import * as Shards from "./Shards.ts"

export type { AccountOptions } from "./account/Options.ts"
export type { Services } from "./account/Parts.ts"

/** A running account, as the front door and the monitor see it. */
export interface Account {
  readonly platform: Platform
  readonly dispatcher: Dispatcher
  readonly intake: Intake
  readonly relay: Relay
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly shards: () => ReadonlyArray<ShardView>
  /** Stores messages outside of a turn; waits while the outbox is full, and returns when they are durable. */
  readonly send: (messages: ReadonlyArray<NewMessage>) => Effect.Effect<void>
  /** What a person holds of it. */
  readonly holding: Holding.Holding
  /**
   * Ends the connection of one shard for this reason, as if the peer had: its supervisor counts the failure on the
   * ladder and dials again. Does nothing while the shard is not connected.
   */
  readonly cut: (shard: number, reason: Retryable) => Effect.Effect<void>
  /** Takes back what was a dead letter: an event to its lane, a message to the relay. */
  readonly revive: (revived: PendingEvent | OutboxMessage) => void
  /** Cuts the connections and dials again; also leaves `Failed`. */
  readonly restart: Effect.Effect<void>
  /** Stops in order, within `drainTimeout`: intake, lanes, outbox. The first call does it, the others wait for it. */
  readonly stop: Effect.Effect<void>
  /** Why the account waits for a person, if it does. */
  readonly failure: () => GatewayError | undefined
}

/**
 * Starts an account: what the store holds first, then the gateways, once `started` opens. Stops in order when the
 * scope closes: intake, lanes, outbox, flush. `gaveUp` is called each time it stops trying and waits for a person.
 */
export const start = Effect.fnUntraced(function* (
  platform: Platform,
  started: Latch.Latch,
  gaveUp: () => void,
  given: AccountOptions = {}
): Effect.fn.Return<Account, never, Scope.Scope | Parts.Services> {
  // Who attaches a platform of his own has nobody else to tell him.
  yield* Effect.orDie(check(given))
  const options = { ...defaults, ...platform.sessions, ...given }
  const parts = yield* Parts.make(platform, options)
  const outgoing: Outgoing.Outgoing = yield* Outgoing.make(parts, {
    drained: () => dispatcher.resume(),
    said: (conversation, mark) => intake.backfill?.said(conversation, mark)
  })
  const { dispatcher, intake, recover } = yield* Incoming.make(parts, outgoing)
  const holding = Holding.make(parts, dispatcher, outgoing)
  const shards = Shards.make(parts, intake, gaveUp)

  const intaking = started.await.pipe(
    Effect.andThen(holding.recover),
    Effect.andThen(outgoing.recover),
    Effect.andThen(holding.open),
    Effect.andThen(recover),
    Effect.andThen(shards.run),
    Effect.forkScoped
  )
  const stop = yield* stopping(parts, yield* intaking, dispatcher, outgoing.relay)

  return {
    platform,
    dispatcher,
    intake,
    relay: outgoing.relay,
    startedAt: yield* Clock.currentTimeMillis,
    shards: shards.views,
    send: outgoing.send,
    holding,
    revive: (revived) => {
      // Before recovery has read the store, it will find it there.
      if (!outgoing.hasRecovered()) return
      if ("content" in revived) outgoing.revive(revived)
      else dispatcher.takeStored(dispatcher.lanes.of(revived.conversation), revived.id)
    },
    cut: shards.cut,
    restart: shards.restart,
    stop,
    failure: shards.failure
  }
})

/** Ends the intake, then drains; once, whoever asks, and at the latest when the scope closes. */
const stopping = Effect.fnUntraced(function* (
  { journal, options, platform: { account }, status }: Parts.Parts,
  intaking: Fiber.Fiber<never>,
  dispatcher: Dispatcher,
  relay: Relay
) {
  const drained = drain({ account, journal, status, dispatcher, relay }, options.drainTimeout)
  const stop = yield* Effect.cached(Effect.andThen(Fiber.interrupt(intaking), drained))
  yield* Effect.addFinalizer(() => stop)
  return stop
})
