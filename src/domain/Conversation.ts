/**
 * The address of a chat. Events of one conversation are handled in order; replies to it are sent in order.
 */

/**
 * - `direct`: one person (QQ C2C, Telegram private chat, Discord DM)
 * - `group`: a group chat (QQ group, Telegram group)
 * - `channel`: a channel of a guild (QQ guild channel, Discord channel, Telegram channel)
 * - `guildDirect`: a QQ guild direct message, addressed by its synthetic guild id
 * - `guild`, `account`: places of events that belong to no chat; nothing can be sent there
 */
export type ConversationKind = "direct" | "group" | "channel" | "guildDirect" | "guild" | "account"

export interface Conversation {
  /** The account that sees this chat, `<platform>:<id>`, e.g. `qq:102000001`. */
  readonly account: string
  readonly kind: ConversationKind
  /** The platform's own id, opaque. */
  readonly id: string
}

/** `kind:id`: unique within an account, and the name of the conversation's lane. */
export const laneKey = (conversation: Conversation): string => `${conversation.kind}:${conversation.id}`

/** The inverse of {@link laneKey}. */
export const fromLaneKey = (account: string, key: string): Conversation => {
  const at = key.indexOf(":")
  return { account, kind: key.slice(0, at) as ConversationKind, id: key.slice(at + 1) }
}

const sendable: ReadonlySet<ConversationKind> = new Set(["direct", "group", "channel", "guildDirect"])

/** Whether messages can be sent to this conversation. */
export const isSendable = (conversation: Conversation): boolean => sendable.has(conversation.kind)
