/**
 * How one outbox row becomes one QQ call: where it goes, what it says, and whether it may still be said. Pure.
 *
 * A reply in a group or private chat carries `msg_seq`, derived from its number in its turn, or from the row: the platform
 * refuses a second message with the same `msg_id` and `msg_seq`, so a repeat of either is recognised. Guilds have no such thing.
 */
import { randomInt } from "node:crypto"
import { Duration } from "effect"
import { type ConversationKind, isSendable } from "../../domain/Conversation.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import { type Body, forChat, forGuild, partsOf, problemOf } from "./Body.ts"
import type { Media } from "./Content.ts"
import { path } from "./Path.ts"
import type { Chat } from "./Upload.ts"

/** How long, and how often, a message or event may be answered. Source: bot documentation, 2026. */
export const replyWindows: Readonly<
  Partial<Record<ConversationKind, { readonly time: Duration.Duration; readonly count: number }>>
> = {
  group: { time: Duration.minutes(5), count: 5 },
  direct: { time: Duration.minutes(60), count: 5 },
  // No count is documented for guilds.
  channel: { time: Duration.minutes(5), count: Number.POSITIVE_INFINITY },
  guildDirect: { time: Duration.minutes(5), count: Number.POSITIVE_INFINITY }
}

/** What a reply answers: the message if there is one, else the event. */
const sourceOf = ({ replyTo }: OutboxMessage): string | undefined => replyTo?.messageId || replyTo?.eventId || undefined

/** Whether the platform recognises a repeat: only replies in groups and private chats have what it takes. */
export const isIdempotent = (message: OutboxMessage): boolean =>
  (message.conversation.kind === "group" || message.conversation.kind === "direct") && sourceOf(message) !== undefined

/** Sequences of replies that have a number in their turn begin at 1, those of direct calls after them. */
const numbered = 500
/** Sequences of other rows come after both. */
const apart = 1000

/**
 * The same for every attempt of a row, and for another row that a second run of the same turn made: 1 to 999,999, the
 * range that is known to be accepted.
 */
export const sequenceOf = ({ id, replyTo }: Pick<OutboxMessage, "id" | "replyTo">): number => {
  const nth = replyTo?.nth
  return nth !== undefined && nth < numbered ? nth + 1 : apart + 1 + (id % (999_999 - apart))
}

/**
 * For a call that does not go through the outbox: none that a row ever has. The platform would take the row for a repeat
 * of the call, and a reply that nobody saw would count as sent.
 */
export const directSequence = (): number => randomInt(numbered + 1, apart + 1)

export interface Call {
  readonly path: string
  readonly body: Body
}

/** Media that a group or private chat gets by its `file_info`, and where it has to be uploaded for that. */
export const mediaOf = ({ content, conversation }: OutboxMessage): { chat: Chat; media: Media } | undefined => {
  const { media } = partsOf(content)
  const { id, kind } = conversation
  return media !== undefined && (kind === "group" || kind === "direct") ? { chat: { kind, id }, media } : undefined
}

/** Why a row cannot be sent wherever it is tried, if so. */
export const problemWith = ({ content, conversation }: OutboxMessage): RestError.Reason | undefined =>
  isSendable(conversation)
    ? problemOf(content)
    : new RestError.Rejected({ detail: `nothing can be sent to a conversation of kind ${conversation.kind}` })

/** The call that sends a row, or why there is none. @param fileInfo what the upload of its media was answered with */
export const toCall = (message: OutboxMessage, fileInfo?: string): Call | RestError.Reason => {
  const problem = problemWith(message)
  if (problem !== undefined) return problem
  const { content, conversation, replyTo } = message
  const answers: Body = replyTo?.messageId
    ? { msg_id: replyTo.messageId }
    : replyTo?.eventId
      ? { event_id: replyTo.eventId }
      : {}
  if (conversation.kind === "group" || conversation.kind === "direct") {
    const place = conversation.kind === "group" ? "groups" : "users"
    const body = { ...forChat(content, fileInfo), ...answers, msg_seq: sequenceOf(message) }
    return { path: path`/v2/${place}/${conversation.id}/messages`, body }
  }
  const body = forGuild(content)
  if (body instanceof RestError.Invalid) return body
  const place = conversation.kind === "channel" ? "channels" : "dms"
  return { path: path`/${place}/${conversation.id}/messages`, body: { ...body, ...answers } }
}

/** Milliseconds by which a clock may be corrected without having been set. */
const tolerance = 5000

/**
 * Counts the replies to each message, so that a reply that is bound to be refused costs no call. It knows this
 * process only: after a restart the platform's own refusal says the same.
 */
export class ReplyBook {
  private readonly replies = new Map<string, { readonly rows: Set<number>; readonly until: number }>()
  /** Messages remembered at most; the oldest are forgotten first. */
  private readonly capacity: number

  constructor(capacity = 10_000) {
    this.capacity = capacity
  }

  /** Epoch milliseconds since which nobody has set the clock, as far as we saw. */
  private even = Number.NEGATIVE_INFINITY
  /** How far the clock was ahead of a steady one when we looked last. */
  private lead: number | undefined

  /** Looks whether the clock was set since the last look. `steady`: milliseconds that only go forward. */
  look(now: number, steady: number): void {
    const lead = now - steady
    if (this.lead !== undefined && Math.abs(lead - this.lead) > tolerance) this.even = now
    this.lead = lead
  }

  /**
   * Why this row may no longer be sent, if so. `now` in epoch milliseconds. How old a message is that came before the
   * clock was set cannot be told by it: then the platform decides.
   */
  refusal(message: OutboxMessage, now: number): RestError.ReplyWindowClosed | undefined {
    const window = replyWindows[message.conversation.kind]
    const source = sourceOf(message)
    if (window === undefined || source === undefined || message.replyTo === undefined) return undefined
    const { receivedAt } = message.replyTo
    const late = now - receivedAt - Duration.toMillis(window.time)
    if (late > 0 && receivedAt >= this.even) {
      const detail = `${Math.ceil(late / 1000)} s after the ${Duration.format(window.time)} in which it can be answered`
      return new RestError.ReplyWindowClosed({ detail })
    }
    const rows = this.replies.get(keyOf(message, source))?.rows
    return rows !== undefined && !rows.has(message.id) && rows.size >= window.count
      ? new RestError.ReplyWindowClosed({ detail: `it was answered ${window.count} times, which is all there is` })
      : undefined
  }

  /** Notes that the platform took this row. */
  sent(message: OutboxMessage, now: number): void {
    const window = replyWindows[message.conversation.kind]
    const source = sourceOf(message)
    if (window === undefined || source === undefined || !Number.isFinite(window.count)) return
    const key = keyOf(message, source)
    const known = this.replies.get(key)
    if (known !== undefined) {
      known.rows.add(message.id)
      return
    }
    // Insertion order is nearly that of expiry: forget from the front what is over, or what is too much.
    for (const [oldest, { until }] of this.replies) {
      if (until > now && this.replies.size < this.capacity) break
      this.replies.delete(oldest)
    }
    const receivedAt = message.replyTo?.receivedAt ?? now
    this.replies.set(key, { rows: new Set([message.id]), until: receivedAt + Duration.toMillis(window.time) })
  }

  /** Messages remembered. */
  get size(): number {
    return this.replies.size
  }
}

const keyOf = ({ conversation }: OutboxMessage, source: string): string =>
  `${conversation.kind}:${conversation.id}:${source}`
