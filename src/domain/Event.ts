/**
 * What a platform told us, in words shared by all platforms. Past tense: an event is a fact.
 *
 * Platforms build these from their payloads, usually as classes whose getters decode on demand, so that an event
 * nobody looks at costs nothing.
 */
import type { Conversation } from "./Conversation.ts"

export interface EventBase {
  /** `<platform>:<id>` of the account that received it. */
  readonly account: string
  readonly platform: string
  /** What makes this event itself: two deliveries with the same key are the same event. Unique within an account. */
  readonly key: string
  readonly conversation: Conversation
  /** The platform's own name of the event, e.g. `GROUP_AT_MESSAGE_CREATE`. */
  readonly type: string
  /** The platform's own payload, as it came; its shape is the platform's affair. */
  readonly data: unknown
}

export interface Author {
  /** Unique within the account and the kind of conversation. */
  readonly id: string
  readonly name: string | undefined
  readonly isBot: boolean
}

export interface Attachment {
  readonly kind: "image" | "video" | "voice" | "file"
  readonly url: string
  readonly name: string | undefined
  /** Bytes. */
  readonly size: number | undefined
}

/** Somebody said something to, or near, the bot. */
export interface MessageReceived extends EventBase {
  readonly _tag: "MessageReceived"
  readonly messageId: string
  readonly author: Author
  /** Plain text without the mention that addressed the bot; empty for a message that is all attachment. */
  readonly text: string
  readonly attachments: ReadonlyArray<Attachment>
  /** The guild the conversation belongs to, where there is one. */
  readonly guildId: string | undefined
  /** The platform's clock, epoch milliseconds. */
  readonly sentAt: number | undefined
}

/** A message was taken back. */
export interface MessageDeleted extends EventBase {
  readonly _tag: "MessageDeleted"
  readonly messageId: string
}

/** Anything else a platform says, under its own name; `Qq.on(type, …)` gives it its type. */
export interface PlatformEvent extends EventBase {
  readonly _tag: "PlatformEvent"
  /** Whether everbot knows this type; unknown ones pass through as they are. */
  readonly isKnown: boolean
  /** The platform's own id of the event, where it gave one: what a reply to it names. Unlike `key`, never made up. */
  readonly eventId?: string | undefined
}

export type Event = MessageReceived | MessageDeleted | PlatformEvent
export type EventKind = Event["_tag"]
export type EventOf<K extends EventKind> = Extract<Event, { readonly _tag: K }>

/**
 * Where a gateway stands in a platform's stream of events: what a restarted process resumes from.
 * It is stored in the transaction of the events it covers, and never runs ahead of them.
 */
export interface Position {
  /** One stream of the account: `gateway/0` for shard 0, `updates` for a long poll. */
  readonly stream: string
  /** The platform's session id; empty where the platform has none. */
  readonly session: string
  /** Sequence or offset of the last event that is stored. */
  readonly seq: number
  /** Epoch milliseconds at which the session was identified. */
  readonly startedAt: number
  /** Where to resume, if the platform said so. */
  readonly resumeUrl?: string | undefined
  /**
   * How many connections the account had when the session began: under another number it cannot be resumed.
   * @defaultValue 1
   */
  readonly shards?: number | undefined
}
