/**
 * What a bot says, on its way out: a row of the outbox and its life.
 */
import type { Conversation } from "./Conversation.ts"

export type Priority = "high" | "normal" | "low"

/** What to say. Platforms ignore no field silently: what they cannot send they refuse with a reason. */
export interface Content {
  readonly text: string
  /** What one platform alone can say, in its own words; the others refuse it. It is stored as JSON. */
  readonly native?: Native | undefined
}

/** Plain data: what JSON keeps. */
export interface Native {
  /** The platform that can say it, e.g. `qq`. */
  readonly platform: string
}

/** What this answers: platforms bind a reply to a message or an event for a limited time. */
export interface ReplyTo {
  readonly messageId?: string | undefined
  readonly eventId?: string | undefined
  /** Epoch milliseconds at which we received it: the reply window counts from here. */
  readonly receivedAt: number
  /**
   * Which message of the turn that settled it, from 0. The same when the event is handled again because the store lost
   * what it knew, e.g. to a backup or a damaged log: platforms that can recognise a repeat by it do.
   */
  readonly nth?: number | undefined
}

/** A message that a turn staged: not yet in the outbox. */
export interface NewMessage {
  readonly conversation: Conversation
  readonly content: Content
  readonly replyTo?: ReplyTo | undefined
  readonly priority: Priority
  readonly notBefore: number
  readonly expiresAt?: number | undefined
  readonly createdAt: number
  /** W3C trace context of the turn that said it, where turns are traced. */
  readonly trace?: string | undefined
}

/**
 * - `queued`: waiting for its turn or its time
 * - `sending`: written before the wire; after a crash it is sent again only where the platform deduplicates
 * - `sent`: the platform answered; `auditing`: it was accepted for review (QQ 202), and becomes `sent` or `refused` when
 *   the platform tells its verdict
 * - `refused`: the platform said no for good; `expired`: its time passed; `dead`: out of attempts
 * - `unknown`: it may or may not have been delivered, and sending again could say it twice
 */
export type MessageStatus = "queued" | "sending" | "sent" | "auditing" | "refused" | "expired" | "dead" | "unknown"

/** A row of the outbox. */
export interface OutboxMessage extends NewMessage {
  /** Stable for the life of the row: platforms derive their idempotency key from it. */
  readonly id: number
  readonly status: MessageStatus
  /** Times the platform was asked and answered, or may have answered. */
  readonly attempts: number
}

/** Proof of acceptance by the platform. */
export interface Receipt {
  /** Absent while the message waits for review. */
  readonly messageId: string | undefined
  readonly status: "sent" | "auditing"
  /** The platform's review id, for `auditing`. */
  readonly auditId?: string | undefined
  /** Its number in the conversation, where the platform numbers messages. */
  readonly number?: number | undefined
}

/** Statuses in which a message rests without having been sent. A person can look, requeue or discard. */
export const restingStatuses = ["refused", "expired", "dead", "unknown"] as const
export type RestingStatus = (typeof restingStatuses)[number]
