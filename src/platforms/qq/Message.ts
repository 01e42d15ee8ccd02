/**
 * A QQ message as an event. Building one costs a few fields; author, text, attachments and time are decoded when
 * somebody asks, from whatever the payload holds: wrong types read as absent, nothing throws.
 */
import type { Conversation } from "../../domain/Conversation.ts"
import type { Attachment, Author, Mention, MessageReceived, Quoted } from "../../domain/Event.ts"
import { attachmentsOf } from "./Attachments.ts"
import { idOf, isJson, type Json, textOf, timeOf, unescaped } from "./Json.ts"
import { isAtMessage, mentionsOf, withoutOwnMention } from "./Mentions.ts"
import { indexOf, quotedOf } from "./Quotes.ts"

export { idOf, isJson, type Json, timeOf } from "./Json.ts"

export class QqMessage implements MessageReceived {
  readonly account: string
  readonly conversation: Conversation
  readonly type: string
  readonly messageId: string
  /** The payload as it came; `isType` gives it its type. */
  readonly data: Json
  /** The id a passive reply may give as `event_id`, where the platform gave one. */
  readonly eventId: string | undefined

  constructor(
    account: string,
    conversation: Conversation,
    type: string,
    messageId: string,
    data: Json,
    eventId: string | undefined
  ) {
    this.account = account
    this.conversation = conversation
    this.type = type
    this.messageId = messageId
    this.data = data
    this.eventId = eventId
  }

  // Getters, so that an event holds only what differs from one to the next.
  get _tag() {
    return "MessageReceived" as const
  }
  get platform() {
    return "qq" as const
  }
  get key(): string {
    return `m:${this.messageId}`
  }

  /** In a group the id is the `member_openid`, in C2C the `user_openid`, in guilds the user id; empty if absent. */
  get author(): Author {
    const author = isJson(this.data["author"]) ? this.data["author"] : {}
    const member = isJson(this.data["member"]) ? this.data["member"] : {}
    return {
      id: idOf(author["member_openid"]) ?? idOf(author["user_openid"]) ?? idOf(author["id"]) ?? "",
      name: textOf(member["nick"]) ?? textOf(author["username"]),
      isBot: author["bot"] === true,
      role: roleOf(author["member_role"], member["roles"]),
      unionId: idOf(author["union_openid"])
    }
  }

  get text(): string {
    const content = this.data["content"]
    if (typeof content !== "string") return ""
    const { kind } = this.conversation
    // At-messages come with the space that followed the mention; private chats come as they were typed.
    const spoken =
      kind === "group" || kind === "channel" ? withoutOwnMention(content.trimStart(), this.type, this.data) : content
    return unescaped(spoken)
  }

  get attachments(): ReadonlyArray<Attachment> {
    return attachmentsOf(this.data["attachments"])
  }

  get mentions(): ReadonlyArray<Mention> {
    return mentionsOf(this.data)
  }

  get isAddressed(): boolean {
    const { kind } = this.conversation
    return kind === "direct" || kind === "guildDirect" || isAtMessage(this.type) || this.mentions.some(isSelf)
  }

  get quoted(): Quoted | undefined {
    return quotedOf(this.data)
  }

  /** What a message that quotes this one names as `quoted.id`, in groups and private chats. */
  get index(): string | undefined {
    return indexOf(this.data, "msg_idx")
  }

  /** The guild; for a guild direct message the real one it was started from. */
  get guildId(): string | undefined {
    return idOf(this.data["src_guild_id"]) ?? idOf(this.data["guild_id"])
  }

  get sentAt(): number | undefined {
    return timeOf(this.data["timestamp"])
  }
}

const isSelf = (mention: Mention): boolean => mention.isSelf

/** Groups name the role; guilds list role ids, of which 4 is the owner, 2 an admin and every member has 1. */
const roleOf = (named: unknown, listed: unknown): Author["role"] => {
  if (named === "owner" || named === "admin" || named === "member") return named
  if (!Array.isArray(listed) || listed.length === 0) return undefined
  const ids = listed.map(idOf)
  return ids.includes("4") ? "owner" : ids.includes("2") ? "admin" : "member"
}
