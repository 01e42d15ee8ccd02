/** The shapes that the API speaks: plain JSON, times in epoch milliseconds, `null` for what is not there. */
import { Schema } from "effect"
import type { Alert as AlertRecord } from "../alerts/Alert.ts"
import { Ended } from "../guard/RestartBook.ts"
import type { Recovery as RecoveryRecord, Transition as TransitionRecord } from "../record/Connections.ts"
import type { Sample as SampleRecord } from "../record/Series.ts"

const Millis = Schema.Number
const OrNull = <S extends Schema.Top>(schema: S) => Schema.NullOr(schema)

export const Level = Schema.Literals(["healthy", "degraded", "unhealthy"])

const Check = Schema.Struct({
  name: Schema.String,
  account: OrNull(Schema.String),
  level: Level,
  reason: OrNull(Schema.String),
  /** Since when it is so. */
  since: Millis,
  /** How long the check took. */
  took: Millis
})

export const Health = Schema.Struct({
  level: Level,
  since: Millis,
  at: Millis,
  checks: Schema.Array(Check),
  accounts: Schema.Array(Schema.Struct({ account: Schema.String, level: Level, checks: Schema.Array(Check) }))
}).annotate({ identifier: "Health" })

export const Readiness = Schema.Struct({ ready: Schema.Boolean, reasons: Schema.Array(Schema.String) }).annotate({
  identifier: "Readiness"
})

export const ConnectionStateTag = Schema.Literals([
  "Disconnected",
  "Connecting",
  "Identifying",
  "Resuming",
  "Ready",
  "Reconnecting",
  "Failed",
  "Closed"
])

const Transition = Schema.Struct({
  at: Millis,
  from: ConnectionStateTag,
  to: ConnectionStateTag,
  why: OrNull(Schema.String),
  attempt: OrNull(Schema.Int),
  resumed: OrNull(Schema.Boolean)
})

export const Connection = Schema.Struct({
  account: Schema.String,
  shard: Schema.Int,
  state: ConnectionStateTag,
  /** Since when it is in this state. */
  since: Millis,
  /** Why there is no connection; the latest reason while it is on its way back. */
  why: OrNull(Schema.String),
  /** Connections tried, and those that reached a session. */
  dials: Schema.Int,
  sessions: Schema.Int,
  lastHeartbeatAt: OrNull(Millis),
  heartbeatRoundTrip: OrNull(Millis),
  lastEventAt: OrNull(Millis),
  /** The latest changes, oldest first. */
  history: Schema.Array(Transition)
}).annotate({ identifier: "Connection" })

export const Recovery = Schema.Struct({
  account: Schema.String,
  shard: Schema.Int,
  lostAt: Millis,
  cause: Schema.String,
  reason: Schema.String,
  steps: Schema.Array(
    Schema.Struct({ at: Millis, step: Schema.String, why: OrNull(Schema.String), isPassed: Schema.Boolean })
  ),
  endedAt: OrNull(Millis),
  outcome: OrNull(Schema.Literals(["resumed", "identified", "failed", "closed"]))
}).annotate({ identifier: "Recovery" })

export const Gap = Schema.Struct({
  account: Schema.String,
  stream: Schema.String,
  from: OrNull(Schema.Number),
  to: OrNull(Schema.Number),
  since: Millis,
  until: Millis,
  why: Schema.String
}).annotate({ identifier: "Gap" })

export const Account = Schema.Struct({
  account: Schema.String,
  platform: Schema.String,
  isConnected: Schema.Boolean,
  shards: Schema.Int,
  shardsReady: Schema.Int,
  /** What it waits for a person with, if it gave up. */
  failure: OrNull(Schema.String),
  isPaused: Schema.Boolean,
  /** Why a person paused its intake. */
  pausedBecause: OrNull(Schema.String),
  /** Conversations that a person has taken over, and one more for the account itself. See `/api/holds`. */
  holds: Schema.Int,
  startedAt: Millis,
  eventsReceived: Schema.Int,
  eventsHandled: Schema.Int,
  eventsWaiting: Schema.Int,
  eventsDead: Schema.Int,
  turnsFailed: Schema.Int,
  messagesSent: Schema.Int,
  messagesUnsent: Schema.Int,
  messagesWaiting: Schema.Int
}).annotate({ identifier: "Account" })

const Percentiles = Schema.Struct({
  count: Schema.Int,
  p50: OrNull(Millis),
  p95: OrNull(Millis),
  p99: OrNull(Millis)
})

export const Process = Schema.Struct({
  pid: Schema.Int,
  node: Schema.String,
  everbot: Schema.String,
  startedAt: Millis,
  uptime: Millis,
  /** Bytes; `memoryLimit` is the container's or machine's. */
  rss: Schema.Number,
  heapUsed: Schema.Number,
  memoryLimit: OrNull(Schema.Number),
  cpu: Schema.Number,
  loopDelay: Millis
}).annotate({ identifier: "Process" })

export const Sample = Schema.Struct({
  at: Millis,
  received: Schema.Number,
  handled: Schema.Number,
  sent: Schema.Number,
  failedTurns: Schema.Number,
  errors: Schema.Number,
  eventsWaiting: Schema.Int,
  messagesWaiting: Schema.Int,
  oldestMessageAge: Millis,
  p50: OrNull(Millis),
  p95: OrNull(Millis),
  p99: OrNull(Millis),
  rss: Schema.Number,
  cpu: Schema.Number,
  loopDelay: Millis
}).annotate({ identifier: "Sample" })

export const Status = Schema.Struct({
  at: Millis,
  level: Level,
  hasStarted: Schema.Boolean,
  process: Process,
  accounts: Schema.Array(Account),
  /** From an event to the platform's answer to its reply, over the last minute. */
  replyLatency: Percentiles,
  /** What this server can do besides: `simulator` where the bot runs on a simulated platform. */
  features: Schema.Array(Schema.String)
}).annotate({ identifier: "Status" })

export const Errors = Schema.Struct({
  /** Errors in the window, and per minute. */
  total: Schema.Int,
  perMinute: Schema.Number,
  /** The most frequent first. */
  reasons: Schema.Array(
    Schema.Struct({
      reason: Schema.String,
      count: Schema.Int,
      perMinute: Schema.Number,
      latest: Schema.String,
      latestAt: Millis
    })
  ),
  /** Errors per second over the last minutes. */
  trend: Schema.Array(Schema.Struct({ at: Millis, errors: Schema.Number })),
  /** The latest ones, newest first. */
  latest: Schema.Array(Schema.Struct({ at: Millis, reason: Schema.String, message: Schema.String }))
}).annotate({ identifier: "Errors" })

export const Alert = Schema.Struct({
  state: Schema.Literals(["raised", "reminded", "recovered"]),
  severity: Schema.Literals(["warning", "critical"]),
  rule: Schema.String,
  subject: Schema.String,
  text: Schema.String,
  value: Schema.Number,
  since: Millis,
  at: Millis,
  suppressed: Schema.Int
}).annotate({ identifier: "Alert" })

export const Alerts = Schema.Struct({
  /** What the rules find wrong now. */
  active: Schema.Array(Alert),
  /** What was told lately, newest first. */
  recent: Schema.Array(Alert),
  /** Alerts that found the queue of their sink full. */
  dropped: Schema.Int
}).annotate({ identifier: "Alerts" })

export const Restarts = Schema.Struct({
  /** When this process started. */
  startedAt: Millis,
  /** How often it may be ended for its own faults within the window (milliseconds), and was; `null` without a guard. */
  budget: OrNull(Schema.Struct({ restarts: Schema.Int, window: Millis, used: Schema.Int })),
  /** What it would be ended for, if the budget were not used up. */
  withheld: OrNull(Schema.String),
  /** How earlier processes ended, newest first. */
  history: Schema.Array(Ended)
}).annotate({ identifier: "Restarts" })

// What the recorder keeps is what the API tells: these do not compile where the two drift apart.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const shapesAgree: readonly [
  Same<typeof Sample.Type, SampleRecord>,
  Same<typeof Recovery.Type, RecoveryRecord>,
  Same<typeof Transition.Type, TransitionRecord>,
  Same<typeof Alert.Type, AlertRecord>
] = [true, true, true, true]
