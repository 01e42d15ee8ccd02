/** The way in of an account: from its gateways through the inbox to the lanes and their handlers. */
import { Effect, Result, type Scope } from "effect"
import type { Event, PlatformEvent } from "../../domain/Event.ts"
import * as HandlerError from "../../domain/HandlerError.ts"
import type { StoredEvent } from "../../ports/Store.ts"
import { Backfill } from "../Backfill.ts"
import { Dispatcher } from "../Dispatcher.ts"
import type { Handler } from "../Handlers.ts"
import { Intake } from "../Intake.ts"
import type { Delivery } from "../Lanes.ts"
import * as Recovery from "../Recovery.ts"
import { drawn } from "../Spans.ts"
import type { Outgoing } from "./Outgoing.ts"
import type { Parts } from "./Parts.ts"

export interface Incoming {
  readonly dispatcher: Dispatcher
  readonly intake: Intake
  /** Finds how far conversations were whole, and gives the events that no turn has settled back to their lanes. */
  readonly recover: Effect.Effect<void>
}

/** Builds the way in; what its turns say goes out through `outgoing`. */
export const make = Effect.fnUntraced(function* (
  parts: Parts,
  { commit, relay }: Outgoing
): Effect.fn.Return<Incoming, never, Scope.Scope> {
  const { alarm, cache, fork, handlers, inbox, journal, options, platform, probation, spans, status } = parts
  const { account } = platform

  /** A frame that cannot be decoded must stop neither its lane nor the start: it becomes a dead letter, with the cause. */
  const undecodable = Effect.fnUntraced(function* ({ id, key, raw, receivedAt }: StoredEvent, error: unknown) {
    const pending = yield* Recovery.patient(parts, (store) => store.pendingEvents(account, { after: id - 1, limit: 1 }))
    for (const { conversation } of pending.filter((it) => it.id === id)) {
      const place = { account, platform: platform.name, key, conversation }
      const event: PlatformEvent = {
        _tag: "PlatformEvent",
        ...place,
        type: "UNDECODABLE",
        data: undefined,
        isKnown: false
      }
      const delivery: Delivery = {
        id,
        event,
        receivedAt,
        size: raw.length,
        shard: undefined,
        attempt: 1,
        pace: undefined
      }
      dispatcher.condemn(delivery, 1, new HandlerError.Undecodable({ error }))
    }
  })

  const load = Effect.fnUntraced(function* (ids: ReadonlyArray<number>) {
    const deliveries: Array<Delivery> = []
    for (const stored of yield* Recovery.patient(parts, (store) => store.events(ids))) {
      const { id, key, raw, receivedAt } = stored
      // Platforms promise not to throw; one that breaks the promise must not break the account.
      const event = Result.try(() => platform.decode(raw, key))
      if (Result.isFailure(event)) yield* undecodable(stored, event.failure)
      else
        deliveries.push({
          id,
          event: event.success,
          receivedAt,
          size: raw.length,
          shard: undefined,
          attempt: 1,
          pace: undefined
        })
    }
    return deliveries
  })

  const failed = (delivery: Delivery, error: HandlerError.HandlerError, willRetry: boolean): void => {
    const { conversation, key } = delivery.event
    status.publish({ _tag: "TurnFailed", account, conversation, error, willRetry })
    if (willRetry) return
    status.publish({ _tag: "EventDeadLettered", account, conversation, key, reason: error.reason.message })
  }

  const handlerOf = (event: Event): Handler | undefined => {
    const handler = handlers.of(event)
    return handler === undefined || spans.current === undefined ? handler : drawn(handler, spans.current)
  }

  let isRecovering = false
  const dispatcher: Dispatcher = new Dispatcher(options, {
    alarm,
    fork,
    handlerOf,
    readState: (key) => Recovery.patient(parts, () => cache.read(key)),
    settle: inbox.settle,
    probation,
    commit: inbox.isDurable ? commit : (write, done) => commit({ ...write, eventId: undefined }, done),
    load,
    canSpill: inbox.isDurable,
    isBlocked: () => isRecovering || relay.isFull || dispatcher.lanes.isHeld,
    failed,
    pressureChanged: () => intake.measure()
  })
  const intake: Intake = new Intake({ account, alarm, inbox, journal, status, dispatcher, spans })
  yield* status.listen((news) => {
    if (news._tag === "StoreFailed" || news._tag === "StoreRecovered") intake.measure()
  })

  if (platform.history !== undefined) {
    intake.backfill = new Backfill(platform.history, parts, {
      inject: (event, raw) => intake.inject(event, raw),
      release: (delivery) => dispatcher.take(delivery)
    })
  }

  const recover = Effect.gen(function* () {
    intake.backfill?.load(yield* Recovery.patient(parts, (store) => store.positions(account)))
    yield* probation.recall
    isRecovering = true
    const condemned: Array<readonly [id: number, deaths: number]> = []
    yield* Recovery.events(parts, account, (event) => {
      const { conversation, id, notBefore } = event
      const deaths = probation.take(event)
      if (deaths >= options.maxCrashes) return void condemned.push([id, deaths])
      const lane = dispatcher.lanes.of(conversation)
      if (notBefore !== undefined && notBefore > alarm.now()) dispatcher.deferStored(lane, id, notBefore)
      else dispatcher.takeStored(lane, id)
    })
    yield* probation.taken
    isRecovering = false
    dispatcher.resume()
    for (const [id, deaths] of condemned) {
      const reason = new HandlerError.Crashed({ times: deaths })
      for (const delivery of yield* load([id])) dispatcher.condemn(delivery, deaths, reason)
    }
  })
  return { dispatcher, intake, recover: inbox.isDurable ? recover : Effect.void }
})
