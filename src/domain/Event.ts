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
  /** Unique within the account and the kind of conversation; in QQ groups a person has another one in each group. */
  readonly id: string
  readonly name: string | undefined
  readonly isBot: boolean
  /** What the author may do where this was said; absent where the platform does not say, e.g. in private chats. */
  readonly role?: "owner" | "admin" | "member" | undefined
  /** The same for this person in every conversation, where the platform gives one. */
  readonly unionId?: string | undefined
}

/** Somebody whom a message names, in the order of the platform's list. */
export interface Mention {
  /** An author's id; `undefined` for everyone. */
  readonly id: string | undefined
  readonly name: string | undefined
  readonly isBot: boolean
  /** It is this bot. QQ guilds say only that it is a bot, and the bot is taken for this one. */
  readonly isSelf: boolean
  readonly isEveryone: boolean
}

/** The message that another one answers. */
export interface Quoted {
  /** What the platform calls it: a message id in guilds, an index (`REFIDX_…`) in QQ groups and private chats. */
  readonly id: string | undefined
  /** Absent where the platform gives a reference only. */
  readonly text: string | undefined
  readonly attachments: ReadonlyArray<Attachment>
}

export interface Attachment {
  readonly kind: "image" | "video" | "voice" | "file"
  readonly url: string
  readonly name: string | undefined
  /** Bytes. */
  readonly size: number | undefined
  /** Pixels, of images and videos. */
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** What the platform understood of a voice message. */
  readonly transcript?: string | undefined
}

/** Somebody said something to, or near, the bot. */
export interface MessageReceived extends EventBase {
  readonly _tag: "MessageReceived"
  readonly messageId: string
  readonly author: Author
  /** Plain text without the mention that addressed the bot; empty for a message that is all attachment. */
  readonly text: string
  readonly attachments: ReadonlyArray<Attachment>
  readonly mentions: ReadonlyArray<Mention>
  /** It speaks to this bot: one to one, or by naming it. Bots that hear all messages of a group answer these. */
  readonly isAddressed: boolean
  /** The message it answers, if it answers one. */
  readonly quoted: Quoted | undefined
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
  /**
   * The platform's own id of the event, where it gave one that a reply may name. Unlike `key`, never made up. Without it
   * `Bot.reply` says something of its own accord.
   */
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
