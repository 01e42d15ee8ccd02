/**
 * How one outbox row becomes one QQ call: where it goes, what it says, and whether it may still be said. Pure.
 *
 * A reply in a group or private chat carries `msg_seq`, derived from its number in its turn, or from the row: the platform
 * refuses a second message with the same `msg_id` and `msg_seq`, so a repeat of either is recognised. Guilds have no such thing.
 */
import { randomInt } from "node:crypto"
import { isSendable } from "../../domain/Conversation.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import { type Body, forChat, forGuild, partsOf, problemOf } from "./Body.ts"
import type { Media } from "./Content.ts"
import { path } from "./Path.ts"
import type { Chat } from "./Upload.ts"

/** What a reply answers: the message if there is one, else the event. */
export const sourceOf = ({ replyTo }: OutboxMessage): string | undefined =>
  replyTo?.messageId || replyTo?.eventId || undefined

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
