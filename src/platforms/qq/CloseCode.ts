/**
 * Why QQ closes a gateway connection, one row for each code, and what heals it.
 *
 * The documentation's own table contradicts its rule of thumb for some codes; rows follow what clients in the field
 * learned. `docs`: bot documentation (api-v2); `botgo`: Tencent's Go SDK; `seen`: reported by users only.
 */
import { Duration } from "effect"
import * as GatewayError from "../../domain/GatewayError.ts"

/** What the next connection does: continue the session, begin a new one, or nothing. */
export type Recovery = "resume" | "identify" | "stop"

export interface CloseCodeRow {
  readonly code: number
  readonly meaning: string
  readonly recovery: Recovery
  /** Which reason the code becomes. */
  readonly reason:
    | "ConnectionLost"
    | "ServerRequestedReconnect"
    | "SessionInvalidated"
    | "Throttled"
    | "AuthenticationFailed"
    | "IntentsDisallowed"
    | "InvalidShard"
    | "ShardingRequired"
    | "ProtocolUnsupported"
    | "AccountBanned"
  /** The access token is part of the trouble: fetch a fresh one. */
  readonly dropCredentials?: boolean
  /** Do not come back sooner. */
  readonly minimumDelay?: Duration.Duration
  /** What a person should do, for `stop`. */
  readonly advice?: string
  readonly source: string
}

const bug = "Update everbot; if that does not help, report it with this code."
const console_ = "the QQ bot console (q.qq.com)"
const internal = [4900, 4901, 4904, 4905, 4906, 4907, 4908, 4909, 4910, 4911, 4912, 4913].map(
  (code): CloseCodeRow => ({
    code,
    meaning: "the platform failed internally",
    recovery: "identify",
    reason: "SessionInvalidated",
    minimumDelay: Duration.seconds(5),
    source: "docs"
  })
)

const table: ReadonlyArray<CloseCodeRow> = [
  { code: 1000, meaning: "closed normally", recovery: "resume", reason: "ConnectionLost", source: "RFC 6455" },
  { code: 1001, meaning: "the server goes away", recovery: "resume", reason: "ConnectionLost", source: "RFC 6455" },
  { code: 1006, meaning: "cut without a goodbye", recovery: "resume", reason: "ConnectionLost", source: "RFC 6455" },
  { code: 1011, meaning: "the server failed", recovery: "resume", reason: "ConnectionLost", source: "RFC 6455" },
  { code: 4000, meaning: "unknown error", recovery: "resume", reason: "ConnectionLost", source: "botgo" },
  {
    code: 4001,
    meaning: "the opcode is not valid",
    recovery: "stop",
    reason: "ProtocolUnsupported",
    advice: bug,
    source: "docs"
  },
  {
    code: 4002,
    meaning: "the payload is not valid",
    recovery: "stop",
    reason: "ProtocolUnsupported",
    advice: bug,
    source: "docs"
  },
  { code: 4003, meaning: "not authenticated yet", recovery: "identify", reason: "SessionInvalidated", source: "botgo" },
  {
    code: 4004,
    meaning: "the access token was refused",
    recovery: "identify",
    reason: "SessionInvalidated",
    dropCredentials: true,
    source: "botgo"
  },
  { code: 4005, meaning: "authenticated already", recovery: "identify", reason: "SessionInvalidated", source: "botgo" },
  {
    code: 4006,
    meaning: "the session id is not valid",
    recovery: "identify",
    reason: "SessionInvalidated",
    source: "docs"
  },
  {
    code: 4007,
    meaning: "the sequence is not valid",
    recovery: "identify",
    reason: "SessionInvalidated",
    source: "docs"
  },
  {
    code: 4008,
    meaning: "sent too fast",
    recovery: "resume",
    reason: "Throttled",
    minimumDelay: Duration.seconds(60),
    source: "docs; delay: qqbot-nodejs"
  },
  {
    code: 4009,
    meaning: "the connection expired",
    recovery: "resume",
    reason: "ServerRequestedReconnect",
    source: "docs"
  },
  {
    code: 4010,
    meaning: "the shard is not valid",
    recovery: "stop",
    reason: "InvalidShard",
    advice: "Set `shards` to what the platform recommends, or leave it out.",
    source: "docs"
  },
  {
    code: 4011,
    meaning: "too many guilds for one connection",
    recovery: "stop",
    reason: "ShardingRequired",
    advice: "Raise `shards`, or leave it out to use what the platform recommends.",
    source: "docs"
  },
  {
    code: 4012,
    meaning: "the version is not valid",
    recovery: "stop",
    reason: "ProtocolUnsupported",
    advice: bug,
    source: "docs"
  },
  {
    code: 4013,
    meaning: "the intents are not valid",
    recovery: "stop",
    reason: "IntentsDisallowed",
    advice: "Correct `intents` (QQ_INTENTS): they hold a bit that does not exist.",
    source: "docs"
  },
  {
    code: 4014,
    meaning: "an intent is not granted to this bot",
    recovery: "stop",
    reason: "IntentsDisallowed",
    advice: `Remove the intent from \`intents\` (QQ_INTENTS), or apply for it in ${console_}.`,
    source: "docs"
  },
  ...internal,
  {
    code: 4902,
    meaning: "reset by a resume elsewhere",
    recovery: "identify",
    reason: "SessionInvalidated",
    source: "docs (4900-4913); meaning seen"
  },
  {
    code: 4903,
    meaning: "the session could not be created",
    recovery: "identify",
    reason: "SessionInvalidated",
    minimumDelay: Duration.seconds(5),
    source: "docs (4900-4913); meaning seen"
  },
  {
    code: 4914,
    meaning: "the bot is taken down and may only use the sandbox",
    recovery: "stop",
    reason: "AccountBanned",
    advice: `Set \`sandbox\` (QQ_SANDBOX), or publish the bot in ${console_}.`,
    source: "docs"
  },
  {
    code: 4915,
    meaning: "the bot is banned",
    recovery: "stop",
    reason: "AccountBanned",
    advice: `Look for the reason in ${console_} and appeal there.`,
    source: "docs"
  },
  {
    code: 4924,
    meaning: "this machine's IP address is not allowed",
    recovery: "stop",
    reason: "AuthenticationFailed",
    advice: `Add the address to the IP allow-list in ${console_}.`,
    source: "seen"
  }
]

/** Every close code that means something, ascending. */
export const closeCodes: ReadonlyArray<CloseCodeRow> = [...table].sort((a, b) => a.code - b.code)

const rows: ReadonlyMap<number, CloseCodeRow> = new Map(closeCodes.map((row) => [row.code, row]))

/** The row of a code. A code without one is a lost connection, to be resumed. */
export const rowOf = (code: number): CloseCodeRow | undefined => rows.get(code)

/**
 * What a close frame means. The peer's own words are kept beside the meaning of the code.
 *
 * @param detail the reason text of the close frame; may be empty
 */
export const toReason = (code: number, detail = ""): GatewayError.Reason => {
  const row = rows.get(code)
  if (row === undefined) return new GatewayError.ConnectionLost({ code, detail: detail || undefined, network: false })
  const facts = { code, detail: detail === "" ? row.meaning : `${row.meaning} ("${detail}")` }
  const advised = { ...facts, advice: row.advice ?? bug }
  switch (row.reason) {
    case "ConnectionLost":
      return new GatewayError.ConnectionLost({ ...facts, network: false })
    case "ServerRequestedReconnect":
      return new GatewayError.ServerRequestedReconnect(facts)
    case "SessionInvalidated":
      return new GatewayError.SessionInvalidated({
        ...facts,
        resumable: row.recovery === "resume",
        dropCredentials: row.dropCredentials === true
      })
    case "Throttled":
      return new GatewayError.Throttled({ ...facts, retryAfter: row.minimumDelay ?? Duration.seconds(60) })
    case "AuthenticationFailed":
      return new GatewayError.AuthenticationFailed(advised)
    case "IntentsDisallowed":
      return new GatewayError.IntentsDisallowed(advised)
    case "InvalidShard":
      return new GatewayError.InvalidShard(advised)
    case "ShardingRequired":
      return new GatewayError.ShardingRequired(advised)
    case "ProtocolUnsupported":
      return new GatewayError.ProtocolUnsupported(advised)
    case "AccountBanned":
      return new GatewayError.AccountBanned(advised)
  }
}
