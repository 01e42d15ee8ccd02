/** How a bot is doing, as numbers; and the stream of what changed. */
import { Clock, Effect, Layer, Stream } from "effect"
import type { Position } from "../domain/Event.ts"
import type { Status } from "../domain/Status.ts"
import type { Account } from "../engines/Account.ts"
import { Runtime } from "../engines/Runtime.ts"
import type { ShardView } from "../engines/ShardLink.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import type { WebhookView } from "../ports/Webhook.ts"

/** The figures of one gateway connection. */
export interface ShardStatus {
  readonly shard: number
  /** How many shards the account has. */
  readonly shards: number
  /** The name of its connection state. */
  readonly state: ShardView["state"]["_tag"]
  /** Epoch milliseconds since when it is in this state. */
  readonly since: number
  readonly isConnected: boolean
  /** Session id and sequence, if it has a session. */
  readonly session: Position | undefined
  /** Connections tried, and the part of them that reached a session, 0..1. */
  readonly attempts: number
  readonly successRate: number
  /** Connections after the first one. */
  readonly reconnects: number
  /** Epoch milliseconds. */
  readonly lastHeartbeatAt: number | undefined
  /** Milliseconds from a heartbeat to its answer. */
  readonly heartbeatRoundTrip: number | undefined
}

/** The figures of one account, since the process started. */
export interface AccountStatus {
  readonly account: string
  /** Every shard is connected. */
  readonly isConnected: boolean
  readonly shards: ReadonlyArray<ShardStatus>
  readonly eventsReceived: number
  readonly eventsProcessed: number
  /** Received over the account's uptime. */
  readonly eventsPerSecond: number
  readonly turnsFailed: number
  readonly eventsDead: number
  readonly eventsWaiting: number
  readonly messagesSent: number
  readonly messagesUnsent: number
  readonly messagesWaiting: number
  readonly isIntakePaused: boolean
  /** Conversations that a person has taken over, and one more for the account itself. */
  readonly holds: number
  /** Figures of the account's webhook, if it has one; `isConnected` says that it takes calls, not that any comes. */
  readonly webhook: WebhookView | undefined
  /** Milliseconds. */
  readonly uptime: number
}

const ofShard = (view: ShardView): ShardStatus => ({
  shard: view.shard,
  shards: view.shards,
  state: view.state._tag,
  since: view.since,
  isConnected: view.state._tag === "Ready",
  session: view.position,
  attempts: view.dials,
  successRate: view.dials === 0 ? 0 : Math.min(1, view.sessions / view.dials),
  reconnects: Math.max(0, view.sessions - 1),
  lastHeartbeatAt: view.lastHeartbeatAt,
  heartbeatRoundTrip: view.heartbeatRoundTrip
})

/** The figures of one account at `now` (epoch milliseconds). */
export const ofAccount = (account: Account, now: number): AccountStatus => {
  const { dispatcher, relay, intake } = account
  const shards = account.shards().map(ofShard)
  const uptime = now - account.startedAt
  return {
    account: account.platform.account,
    isConnected: shards.length > 0 && shards.every(({ isConnected }) => isConnected),
    shards,
    eventsReceived: dispatcher.counters.received,
    eventsProcessed: dispatcher.counters.handled,
    eventsPerSecond: uptime > 0 ? (dispatcher.counters.received * 1000) / uptime : 0,
    turnsFailed: dispatcher.counters.failedTurns,
    eventsDead: dispatcher.counters.dead,
    eventsWaiting: dispatcher.lanes.backlog,
    messagesSent: relay.sent,
    messagesUnsent: relay.unsent,
    messagesWaiting: relay.depth,
    isIntakePaused: intake.isPaused,
    holds: account.holding.all().length,
    webhook: account.platform.webhook?.(),
    uptime
  }
}

/** The figures of every account. */
export const status: Effect.Effect<ReadonlyArray<AccountStatus>, never, Runtime> = Effect.gen(function* () {
  const runtime = yield* Runtime
  const now = yield* Clock.currentTimeMillis
  return runtime.accounts().map((account) => ofAccount(account, now))
})

/** The connections of an account (`qq:<app id>`), one by one; none for an account that does not run here. */
export const shards = (account: string): Effect.Effect<ReadonlyArray<ShardStatus>, never, Runtime> =>
  Effect.map(Runtime, (runtime) =>
    runtime
      .accounts()
      .filter(({ platform }) => platform.account === account)
      .flatMap((it) => it.shards().map(ofShard))
  )

/** Runs `handler` for everything the runtime tells about itself: connections, recoveries, dead letters, pressure. */
export const onStatus = <E, R>(
  handler: (status: Status) => Effect.Effect<unknown, E, R>
): Layer.Layer<never, never, StatusStream | R> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { changes } = yield* StatusStream
      yield* changes.pipe(
        // Whatever one piece of news does to the handler, a throw included, it is told the next one.
        Stream.runForEach((news) =>
          Effect.ignoreCause(
            Effect.suspend(() => handler(news)),
            { log: "Warn" }
          )
        ),
        Effect.forkScoped
      )
    })
  )
