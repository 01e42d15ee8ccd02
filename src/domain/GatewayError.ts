/**
 * Why a connection to a platform ended, or could not begin. Reasons are facts; each says whether trying again can
 * help, and the split is a type too: {@link Retryable} and {@link Fatal}.
 */
import { Data, Duration } from "effect"
import { oneLine } from "./Line.ts"

interface Detail {
  /** The platform's close code or error code, where it gave one. */
  readonly code?: number | undefined
  /** What happened, in the platform's or our words; never a secret. */
  readonly detail?: string | undefined
}

interface Advice extends Detail {
  /** One sentence: what a person should do. */
  readonly advice: string
}

const say = (what: string, { code, detail }: Detail): string =>
  `${what}${code === undefined ? "" : ` (code ${code})`}${detail ? `: ${oneLine(detail)}` : ""}`

const advise = (what: string, facts: Advice): string => `${say(what, facts)}. ${facts.advice}`

/** The socket ended, could not be opened, or the network failed. `network` is true when no peer was reached. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<Detail & { readonly network: boolean }> {
  readonly isRetryable = true as const
  override get message() {
    return say(this.network ? "the platform could not be reached" : "the connection was lost", this)
  }
}

/** The socket opened, but the platform did not greet or accept us in time. */
export class HandshakeTimedOut extends Data.TaggedError("HandshakeTimedOut")<Detail> {
  readonly isRetryable = true as const
  override get message() {
    return say("the platform did not complete the handshake in time", this)
  }
}

/** The socket is open but shows no sign of life: a zombie. */
export class HeartbeatMissed extends Data.TaggedError("HeartbeatMissed")<Detail> {
  readonly isRetryable = true as const
  override get message() {
    return say("the connection went silent", this)
  }
}

/** The platform no longer accepts our session: the next connection identifies afresh unless it is `resumable`. */
export class SessionInvalidated extends Data.TaggedError("SessionInvalidated")<
  Detail & { readonly resumable: boolean; readonly dropCredentials: boolean }
> {
  readonly isRetryable = true as const
  override get message() {
    return say("the platform invalidated the session", this)
  }
}

/** The platform asked us to reconnect and resume. */
export class ServerRequestedReconnect extends Data.TaggedError("ServerRequestedReconnect")<Detail> {
  readonly isRetryable = true as const
  override get message() {
    return say("the platform asked to reconnect", this)
  }
}

/** The platform wants us to wait: sent too fast, or no session starts are left. */
export class Throttled extends Data.TaggedError("Throttled")<Detail & { readonly retryAfter: Duration.Duration }> {
  readonly isRetryable = true as const
  override get message() {
    return `${say("the platform asked to slow down", this)}; waiting ${Duration.format(this.retryAfter)}`
  }
}

/** The inbox cannot take events, so reading them would lose them. */
export class InboxUnavailable extends Data.TaggedError("InboxUnavailable")<Detail> {
  readonly isRetryable = true as const
  override get message() {
    return say("the inbox cannot take events", this)
  }
}

/** A person asked for a new connection. */
export class RestartRequested extends Data.TaggedError("RestartRequested")<Detail> {
  readonly isRetryable = true as const
  override get message() {
    return say("an operator asked for a new connection", this)
  }
}

/** The credentials are wrong, or this machine may not use them. */
export class AuthenticationFailed extends Data.TaggedError("AuthenticationFailed")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("the platform refused the credentials", this)
  }
}

/** An intent was asked for that this bot does not have. */
export class IntentsDisallowed extends Data.TaggedError("IntentsDisallowed")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("the platform refused the intents", this)
  }
}

/** Handlers wait for events that this account does not ask for, so they could never be called. Found before connecting. */
export class IntentsMissing extends Data.TaggedError("IntentsMissing")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("handlers wait for events that were not asked for", this)
  }
}

/** The bot is in too many guilds for one connection. */
export class ShardingRequired extends Data.TaggedError("ShardingRequired")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("the platform wants more shards", this)
  }
}

/** The shard asked for does not exist. */
export class InvalidShard extends Data.TaggedError("InvalidShard")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("the platform refused the shard", this)
  }
}

/** The platform does not speak the protocol we speak: a bug of ours or a version that was retired. */
export class ProtocolUnsupported extends Data.TaggedError("ProtocolUnsupported")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("the platform refused what we sent", this)
  }
}

/** The bot itself is banned or taken down. */
export class AccountBanned extends Data.TaggedError("AccountBanned")<Advice> {
  readonly isRetryable = false as const
  override get message() {
    return advise("the platform banned this bot", this)
  }
}

export type Reason =
  | ConnectionLost
  | HandshakeTimedOut
  | HeartbeatMissed
  | SessionInvalidated
  | ServerRequestedReconnect
  | Throttled
  | InboxUnavailable
  | RestartRequested
  | AuthenticationFailed
  | IntentsDisallowed
  | IntentsMissing
  | ShardingRequired
  | InvalidShard
  | ProtocolUnsupported
  | AccountBanned

export type Retryable = Extract<Reason, { readonly isRetryable: true }>
export type Fatal = Extract<Reason, { readonly isRetryable: false }>

export class GatewayError extends Data.TaggedError("GatewayError")<{
  readonly account: string
  readonly reason: Reason
}> {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  /** How long the peer asked us to wait, where it did. */
  get retryAfter(): Duration.Duration | undefined {
    return this.reason._tag === "Throttled" ? this.reason.retryAfter : undefined
  }
  override get message() {
    return `${this.account}: ${this.reason.message}`
  }
}
