/**
 * What a platform folder gives the engines: one account of it, ready to be supervised.
 */
import type { Duration, Effect, Scope } from "effect"
import type { ConnectionState } from "../domain/ConnectionState.ts"
import type { Conversation } from "../domain/Conversation.ts"
import type { CredentialError } from "../domain/CredentialError.ts"
import type { Event, EventKind, Position } from "../domain/Event.ts"
import type { GatewayError } from "../domain/GatewayError.ts"
import type { OutboxMessage, Receipt } from "../domain/Message.ts"
import type { RestError } from "../domain/RestError.ts"
import type { WebhookView } from "./Webhook.ts"

/** What a handler waits for: every event of a kind, or those of one name of one platform. */
export interface Interest {
  readonly kind: EventKind
  readonly only?: { readonly platform: string; readonly type: string } | undefined
}

/** How the review of a message ended that the platform had taken as `auditing`. */
export interface Verdict {
  /** What the receipt named. */
  readonly auditId: string
  readonly passed: boolean
  /** The platform's id of the message, if it passed and the platform says it. */
  readonly messageId?: string | undefined
}

/**
 * The engines' end of one gateway connection. `deliver` is called for every event and is a plain function because it
 * is the hottest call of the runtime.
 */
export interface GatewayLink {
  readonly shard: number
  /** How many connections the account has, this one included. */
  readonly shards: number
  /**
   * Whether the session it begins shall replace one that still works: it is not worth the last of the platform's session
   * starts. @defaultValue false
   */
  readonly isSpare?: boolean | undefined
  /**
   * Takes an event and where it stands. The position advances upstream only when both are stored. For platforms that
   * want an acknowledgement of each event, `stored` is called then; `isNew` is false for a repetition.
   */
  readonly deliver: (event: Event, raw: Uint8Array, position: Position, stored?: (isNew: boolean) => void) => void
  /** Moves the position without an event, e.g. over READY or a frame that held nothing to handle. */
  readonly advance: (position: Position) => void
  /** Forgets the session: it cannot be resumed any more. The gap is recorded; `gap` knows more of it than we do. */
  readonly forget: (gap?: { readonly since?: number; readonly why: string }) => void
  /** Waits for what was delivered to be stored, then answers where to resume, if anywhere. */
  readonly resumeFrom: Effect.Effect<Position | undefined>
  /**
   * Calls `listener(true)` when the inbox is full and nothing more must be read, `listener(false)` when it drained.
   * Heartbeats go on meanwhile.
   */
  readonly onPressure: (listener: (isFull: boolean) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Reports a change of state. Illegal edges are defects. */
  readonly transition: (to: ConnectionState) => void
  /** A frame that could not be used: counted and logged, never fatal. */
  readonly ignored: (why: string) => void
  /** Reports a heartbeat's round trip, in milliseconds. */
  readonly beat: (roundTrip: number) => void
}

/** Where a message stands in its conversation. */
export interface Mark {
  /** The platform's id of the message. */
  readonly id: string
  /** Its number: one more than that of the message before it. */
  readonly number: number
}

/** A message that was looked up, in the form in which a gateway would have delivered it. */
export interface PastMessage {
  readonly event: Event
  /** The frame; `decode` makes the same event of it. */
  readonly raw: Uint8Array
  readonly mark: Mark
  /** This bot said it: it is nothing to handle. */
  readonly isOwn: boolean
}

/** How far our clock is off from the platform's. Milliseconds. */
export interface ClockView {
  /** Ours minus the platform's: above zero, ours is fast. */
  readonly skew: number
  /** The true value is within this of `skew`. */
  readonly uncertainty: number
  /** Epoch milliseconds at which the platform was last heard. */
  readonly measuredAt: number
}

/** What is known of an account's credentials, without asking. */
export interface CredentialsView {
  /** Epoch milliseconds until which the token in hand can be used; `undefined` when there is none. */
  readonly usableUntil: number | undefined
  /** Why no new one could be had when it was last asked for; `undefined` when one could, or none was asked for. */
  readonly failure: CredentialError | undefined
}

/** A platform that numbers the messages of its conversations without holes, and lets them be looked up. */
export interface History {
  /** `undefined` for what is no message of a numbered conversation. Hot and plain. */
  readonly markOf: (event: Event) => Mark | undefined
  /** Some of what was said after a message, oldest first, beginning with the next; nothing when there is no more. */
  readonly after: (conversation: Conversation, mark: Mark) => Effect.Effect<ReadonlyArray<PastMessage>, RestError>
}

export interface Platform {
  /** `qq`, `discord`, `telegram`. */
  readonly name: string
  /** `<platform>:<id>`. */
  readonly account: string
  /**
   * Whether connections report every answered heartbeat (`GatewayLink.beat`): then one that stops is judged dead.
   * @defaultValue judged from the first report of a connection on
   */
  readonly heartbeats?: boolean | undefined
  /** What is known of the account's webhook, where the platform calls us. */
  readonly webhook?: (() => WebhookView) | undefined
  /**
   * What its sessions need besides: a fresh one after `renewAfter`, however well the old one goes on; another look when
   * one delivered nothing for `deafAfter`. Users may choose otherwise. @defaultValue never
   */
  readonly sessions?: { readonly renewAfter?: Duration.Duration; readonly deafAfter?: Duration.Duration } | undefined
  /**
   * How many connections the account wants. Asked when the account starts, and again when the platform refused the
   * number as too small (`ShardingRequired`) or wrong (`InvalidShard`).
   */
  readonly shards: Effect.Effect<number, GatewayError>
  /** One connection, dial to close. Never succeeds: it fails with the reason the connection ended. */
  readonly connect: (link: GatewayLink) => Effect.Effect<never, GatewayError, Scope.Scope>
  /**
   * Rebuilds an event from its stored frame. Never throws: what cannot be understood is a `PlatformEvent`. `key` is the
   * one it was stored under, and the event has the very same one.
   */
  readonly decode: (raw: Uint8Array, key: string) => Event
  /**
   * What a row needs before it can be sent and nobody sees, e.g. an upload. May be repeated, so a row that is interrupted
   * here was certainly not sent; `send` finds what was made ready, and does it itself where it was not.
   */
  readonly prepare?: ((message: OutboxMessage) => Effect.Effect<void, RestError>) | undefined
  /** Sends one outbox row, once. The idempotency key is derived from the row, so that a repeat is recognised. */
  readonly send: (message: OutboxMessage) => Effect.Effect<Receipt, RestError>
  /** Whether the platform recognises a repeat of this message and will not say it twice. */
  readonly isIdempotent: (message: OutboxMessage) => boolean
  /**
   * Reads the verdict on a message under review from an event that is one, always a `PlatformEvent`. Only for platforms
   * whose receipts can be `auditing`.
   */
  readonly verdict?: ((event: Event) => Verdict | undefined) | undefined
  /** What was said while nobody listened. Only where every message of a conversation is delivered, or holes mean nothing. */
  readonly history?: History | undefined
  /**
   * Whether what a handler waits for can come to this account at all, as far as its settings decide that.
   * @defaultValue it can
   */
  readonly hears?: ((interest: Interest) => boolean) | undefined
  /** What is known of its credentials. */
  readonly credentials?: (() => CredentialsView) | undefined
  /** Whether the platform still knows us: the cheapest call there is that needs the credentials. Asked in each round of health checks. */
  readonly probe?: Effect.Effect<unknown, RestError> | undefined
  /** How far our clock is off, where the platform tells the time in passing; `undefined` before it first did. */
  readonly clock?: Effect.Effect<ClockView | undefined> | undefined
  /** Drops cached credentials, so that the next use fetches fresh ones. */
  readonly refreshCredentials: Effect.Effect<void>
}
