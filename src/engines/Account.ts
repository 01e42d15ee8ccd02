/**
 * One account of one platform, alive: its gateways under supervision, its lanes, its relay.
 *
 * Everything here belongs to the account's scope. Its failures are its own: what cannot heal stops this account,
 * says so, and leaves the others alone.
 */
import { Clock, Deferred, Duration, Effect, Fiber, FiberSet, Latch, type Scope, Stream } from "effect"
import { GatewayError, type Retryable } from "../domain/GatewayError.ts"
import type { HandlerError } from "../domain/HandlerError.ts"
import type { MessageStatus, NewMessage, OutboxMessage } from "../domain/Message.ts"
import type { Platform } from "../ports/Platform.ts"
import { type PendingEvent, Store, type TurnResult, type TurnWrite } from "../ports/Store.ts"
import * as Alarm from "./Alarm.ts"
import * as Breaker from "./Breaker.ts"
import { Dispatcher } from "./Dispatcher.ts"
import type { DispatcherOptions } from "./DispatcherPorts.ts"
import { drain } from "./Drain.ts"
import { streamOf } from "./FrameReader.ts"
import { Handlers } from "./Handlers.ts"
import { Inbox } from "./Inbox.ts"
import { Intake, type ShardView } from "./Intake.ts"
import { Journal } from "./Journal.ts"
import * as Ladder from "./Ladder.ts"
import type { Delivery } from "./Lanes.ts"
import { Probation } from "./Probation.ts"
import * as Recovery from "./Recovery.ts"
import { Relay, type RelayOptions } from "./Relay.ts"
import * as Schedules from "./Schedules.ts"
import { StateCache } from "./StateCache.ts"
import { StatusStream } from "./StatusStream.ts"
import * as Supervisor from "./Supervisor.ts"
import * as WebhookIntake from "./WebhookIntake.ts"

export interface AccountOptions extends Partial<DispatcherOptions>, Partial<RelayOptions>, Partial<Supervisor.Options> {
  /**
   * How long a stop may take: lanes finish, replies leave. What is left then waits in the store for the next start.
   * @defaultValue 10 seconds
   */
  readonly drainTimeout?: Duration.Duration
  /**
   * How many processes may end while an event is handled again after a crash, before it is taken for the cause and
   * becomes a dead letter.
   * @defaultValue 3
   */
  readonly maxCrashes?: number
}

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

const defaults: DispatcherOptions &
  RelayOptions &
  Supervisor.Options & { readonly drainTimeout: Duration.Duration; readonly maxCrashes: number } = {
  concurrency: 256,
  handlerTimeout: Duration.seconds(30),
  redeliver: Schedules.redeliver(),
  maxMessages: 100,
  maxResident: 2048,
  maxResidentBytes: 32 * 1024 * 1024,
  maxBacklog: 200_000,
  maxAttempts: 5,
  resend: Schedules.resend(),
  maxQueued: 10_000,
  onUnknown: "hold",
  reconnect: Supervisor.defaultReconnect,
  identify: Supervisor.defaultIdentify,
  stableAfter: Duration.seconds(30),
  ladder: Ladder.defaults,
  drainTimeout: Duration.seconds(10),
  maxCrashes: 3
}

/** What an account runs on. */
export type Services = Store | Journal | Inbox | StatusStream | StateCache | Handlers | Probation | Supervisor.Services

const breakerStates = { Closed: "closed", Open: "open", HalfOpen: "half-open" } as const

/** Messages under way at once, across conversations. */
const sendConcurrency = 16

/**
 * Starts an account: what the store holds first, then the gateways, once `started` opens. Stops in order when the
 * scope closes: intake, lanes, outbox, flush. `gaveUp` is called each time it stops trying and waits for a person.
 */
export const start = Effect.fnUntraced(function* (
  platform: Platform,
  started: Latch.Latch,
  gaveUp: () => void,
  given: AccountOptions = {}
): Effect.fn.Return<Account, never, Scope.Scope | Services> {
  const options = { ...defaults, ...given }
  const journal = yield* Journal
  const inbox = yield* Inbox
  const status = yield* StatusStream
  const cache = yield* StateCache
  const handlers = yield* Handlers
  const alarm = yield* Alarm.make
  const fork = yield* FiberSet.runtime(yield* FiberSet.make<unknown, unknown>())<never>()
  const breaker = yield* Breaker.make()
  const { account } = platform
  const source = { store: yield* Store, journal }
  const probation = (yield* Probation).of(account, fork)

  /** The last row that recovery took from the store; what is said before it ended waits, and is taken once. */
  let recoveredTo: number | undefined
  const early: Array<OutboxMessage> = []
  const offer = (row: OutboxMessage): void => {
    if (recoveredTo === undefined) early.push(row)
    else if (row.id > recoveredTo) relay.take(row)
  }
  const enqueue = (messages: ReadonlyArray<NewMessage>, ids: ReadonlyArray<number>): void => {
    ids.forEach((id, index) => {
      const message = messages[index]
      if (message) offer({ ...message, id, status: "queued", attempts: 0 })
    })
  }
  const commit = (write: TurnWrite, done: (result: TurnResult) => void): void =>
    journal.turn(write, (result) => {
      if (result._tag === "Committed") {
        cache.committed(write.state, result.versions)
        enqueue(write.messages, result.messageIds)
      } else cache.forget(write.state)
      done(result)
    })

  /** Open while the outbox has room. */
  const room = Latch.makeUnsafe(true)
  const send = (messages: ReadonlyArray<NewMessage>): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (relay.isFull) {
        room.closeUnsafe()
        return Effect.andThen(room.await, send(messages))
      }
      return Effect.callback<void>((resume) => {
        commit({ eventId: undefined, messages, state: [] }, () => resume(Effect.void))
      })
    })

  const relay: Relay = new Relay(
    { ...options, concurrency: sendConcurrency },
    {
      platform,
      alarm,
      breaker,
      fork,
      record: journal.message,
      settled: (message: OutboxMessage, to: MessageStatus, reason) =>
        status.publish({ _tag: "MessageSettled", account, id: message.id, status: to, reason }),
      drained: () => {
        room.openUnsafe()
        dispatcher.resume()
      }
    }
  )
  const load = (ids: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<Delivery>> =>
    Recovery.patient(source, (store) => store.events(ids)).pipe(
      Effect.map((events) =>
        events.map(({ id, key, raw, receivedAt }) => {
          const event = platform.decode(raw, key)
          return { id, event, receivedAt, size: raw.length, attempt: 1, pace: undefined }
        })
      )
    )
  const dispatcher: Dispatcher = new Dispatcher(options, {
    alarm,
    fork,
    handlerOf: handlers.of,
    readState: (key) => Recovery.patient(source, () => cache.read(key)),
    settle: inbox.settle,
    probation,
    commit: inbox.isDurable ? commit : (write, done) => commit({ ...write, eventId: undefined }, done),
    load,
    canSpill: inbox.isDurable,
    isBlocked: () => relay.isFull,
    failed: (delivery: Delivery, error: HandlerError, willRetry) => {
      const { conversation, key } = delivery.event
      status.publish({ _tag: "TurnFailed", account, conversation, error, willRetry })
      if (!willRetry) {
        status.publish({ _tag: "EventDeadLettered", account, conversation, key, reason: error.reason.message })
      }
    },
    pressureChanged: () => intake.measure()
  })
  const intake: Intake = new Intake({ account, alarm, inbox, journal, status, dispatcher })
  yield* status.listen((news) => {
    if (news._tag === "StoreFailed" || news._tag === "StoreRecovered") intake.measure()
  })
  yield* Effect.forkScoped(
    breaker.transitions.pipe(
      Stream.runForEach(({ to }) =>
        Effect.sync(() => status.publish({ _tag: "BreakerChanged", account, state: breakerStates[to] }))
      )
    )
  )

  const views: Array<() => ShardView> = []
  const restarts = Latch.makeUnsafe(false)
  let failure: GatewayError | undefined

  const recover = Effect.gen(function* () {
    recoveredTo = yield* Recovery.messages(source, account, (row) => relay.take(row))
    for (const row of early.splice(0)) offer(row)
    if (!inbox.isDurable) return
    yield* probation.recall
    const condemned: Array<readonly [id: number, deaths: number]> = []
    yield* Recovery.events(source, account, (event) => {
      const { conversation, id, notBefore } = event
      const deaths = probation.take(event)
      if (deaths >= options.maxCrashes) return void condemned.push([id, deaths])
      const lane = dispatcher.lanes.of(conversation)
      if (notBefore !== undefined && notBefore > alarm.now()) dispatcher.deferStored(lane, id, notBefore)
      else dispatcher.takeStored(lane, id)
    })
    probation.taken()
    for (const [id, deaths] of condemned) {
      for (const delivery of yield* load([id])) dispatcher.condemn(delivery, deaths)
    }
  })

  const cuts = new Map<number, Deferred.Deferred<never, GatewayError>>()
  const gateway: Supervisor.Gateway = {
    account,
    refreshCredentials: platform.refreshCredentials,
    connect: (link) =>
      Effect.suspend(() => {
        const cut = Deferred.makeUnsafe<never, GatewayError>()
        cuts.set(link.shard, cut)
        return Effect.raceFirst(platform.connect(link), Deferred.await(cut))
      })
  }

  const shards = Effect.gen(function* () {
    const known = inbox.isDurable ? yield* Recovery.patient(source, (store) => store.positions(account)) : []
    const count = yield* Effect.retry(platform.shards, options.reconnect)
    views.length = 0
    const links = Array.from({ length: count }, (_, shard) => {
      const name = platform.webhook === undefined ? streamOf(shard) : WebhookIntake.streamOf(shard)
      const link = intake.link(
        shard,
        name,
        known.find(({ stream }) => stream === name)
      )
      views.push(link.view)
      return link
    })
    return yield* Effect.all(
      links.map((link) => Supervisor.supervise(gateway, link, options)),
      { concurrency: "unbounded", discard: true }
    )
  })

  /** The shards, again and again: an account that gave up waits here for a person. */
  const gateways = Effect.gen(function* () {
    restarts.closeUnsafe()
    failure = undefined
    const error = yield* Effect.raceFirst(Effect.flip(shards), Effect.as(restarts.await, undefined)).pipe(
      Effect.catchDefect((defect) =>
        Effect.as(
          Effect.logError("the gateways died; they begin again in a moment", defect).pipe(
            Effect.andThen(Effect.sleep("5 seconds"))
          ),
          undefined
        )
      )
    )
    if (error === undefined) return
    failure = error
    gaveUp()
    yield* restarts.await
  })

  const intaking = yield* Effect.forkScoped(
    Effect.andThen(started.await, Effect.andThen(recover, Effect.forever(gateways)))
  )
  const stop = yield* Effect.cached(
    Effect.andThen(
      Fiber.interrupt(intaking),
      drain({ account, journal, status, dispatcher, relay }, options.drainTimeout)
    )
  )
  yield* Effect.addFinalizer(() => stop)

  return {
    platform,
    dispatcher,
    intake,
    relay,
    startedAt: yield* Clock.currentTimeMillis,
    shards: () => views.map((view) => view()),
    send,
    revive: (revived) => {
      // Before recovery has read the store, it will find it there.
      if (recoveredTo === undefined) return
      if ("content" in revived) relay.take(revived)
      else dispatcher.takeStored(dispatcher.lanes.of(revived.conversation), revived.id)
    },
    cut: (shard, reason) =>
      Effect.suspend(() => {
        const cut = cuts.get(shard)
        return cut === undefined ? Effect.void : Deferred.fail(cut, new GatewayError({ account, reason }))
      }),
    restart: Effect.sync(() => restarts.openUnsafe()),
    stop,
    failure: () => failure
  }
})
