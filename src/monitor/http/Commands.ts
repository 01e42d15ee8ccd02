/** The shapes of what a person can change, and of what is kept about it. See Schemas.ts for what can be seen. */
import { Schema } from "effect"

const Millis = Schema.Number
const conversation = Schema.Struct({ kind: Schema.String, id: Schema.String })

export const Queue = Schema.Struct({
  account: Schema.String,
  /** Stored and not settled; of those, how many wait in lanes; given up on. */
  events: Schema.Struct({ pending: Schema.Int, waiting: Schema.Int, dead: Schema.Int }),
  messages: Schema.Struct({
    queued: Schema.Int,
    sending: Schema.Int,
    sent: Schema.Int,
    auditing: Schema.Int,
    refused: Schema.Int,
    expired: Schema.Int,
    dead: Schema.Int,
    unknown: Schema.Int
  }),
  /** Since when the first stored message that is still to be sent waits; and how long, in milliseconds. */
  oldestQueuedAt: Schema.NullOr(Millis),
  oldestAge: Millis,
  deadLetters: Schema.Int
}).annotate({ identifier: "Queue" })

export const DeadLetterKind = Schema.Literals(["event", "message"])

export const DeadLetter = Schema.Struct({
  kind: DeadLetterKind,
  id: Schema.Int,
  account: Schema.String,
  conversation,
  reason: Schema.String,
  attempts: Schema.Int,
  at: Millis,
  /** Of a message: what was to be said, and the status it rests in. */
  text: Schema.NullOr(Schema.String),
  status: Schema.NullOr(Schema.String),
  /** Of an event: the key it is stored under. */
  key: Schema.NullOr(Schema.String)
}).annotate({ identifier: "DeadLetter" })

export const DeadLetterPage = Schema.Struct({
  total: Schema.Int,
  limit: Schema.Int,
  offset: Schema.Int,
  letters: Schema.Array(DeadLetter)
}).annotate({ identifier: "DeadLetterPage" })

export const Reason = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))

export const Target = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("account"), account: Schema.String }),
  Schema.Struct({ kind: Schema.Literal("shard"), account: Schema.String, shard: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("process") })
]).annotate({ identifier: "Target" })

export const Restart = Schema.Struct({ target: Target, reason: Reason }).annotate({ identifier: "Restart" })

/** `null` for the whole account. */
const Held = Schema.NullOr(
  Schema.Struct({
    kind: Schema.Literals(["direct", "group", "channel", "guildDirect", "guild", "account"]),
    id: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))
  })
)

export const PlaceHold = Schema.Struct({ conversation: Held, reason: Reason }).annotate({ identifier: "PlaceHold" })
export const Release = Schema.Struct({ conversation: Held }).annotate({ identifier: "Release" })

/** A person has taken over: nothing is handled and nothing is said until it is released. */
export const Hold = Schema.Struct({
  account: Schema.String,
  conversation: Schema.NullOr(conversation),
  reason: Schema.String,
  since: Millis,
  /** Events that wait for its end. */
  eventsWaiting: Schema.Int
}).annotate({ identifier: "Hold" })

export const Operation = Schema.Struct({
  id: Schema.String,
  target: Target,
  reason: Schema.String,
  startedAt: Millis,
  /** `done`: every connection of the target has a session again. `failed`: it gave up, or took too long. */
  state: Schema.Literals(["running", "done", "failed"]),
  detail: Schema.String,
  endedAt: Schema.NullOr(Millis)
}).annotate({ identifier: "Operation" })

export const AuditEntry = Schema.Struct({
  at: Millis,
  /** Where the call came from. */
  from: Schema.String,
  action: Schema.String,
  target: Schema.String,
  reason: Schema.NullOr(Schema.String),
  outcome: Schema.String
}).annotate({ identifier: "AuditEntry" })
