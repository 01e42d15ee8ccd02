/**
 * A QQ message as an event. Building one costs a few fields; author, text, attachments and time are decoded when
 * somebody asks, from whatever the payload holds: wrong types read as absent, nothing throws.
 */
import type { Conversation } from "../../domain/Conversation.ts"
import type { Attachment, Author, MessageReceived } from "../../domain/Event.ts"

/** A JSON object of which nothing is known. */
export type Json = { readonly [key: string]: unknown }

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An id: a text that is not empty; numbers have been seen and are taken too. */
export const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== ""
    ? value
    : typeof value === "number" && Number.isFinite(value)
      ? String(value)
      : undefined

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined)

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
      isBot: author["bot"] === true
    }
  }

  get text(): string {
    const content = this.data["content"]
    if (typeof content !== "string") return ""
    const { kind } = this.conversation
    // At-messages come with the space that followed the mention; private chats come as they were typed.
    const spoken =
      kind === "group" || kind === "channel" ? withoutMention(content.trimStart(), this.type, this.data) : content
    return spoken.includes("&") ? spoken.replace(/&(amp|lt|gt);/g, (_, name: string) => entities[name] ?? "") : spoken
  }

  get attachments(): ReadonlyArray<Attachment> {
    const list = this.data["attachments"]
    return Array.isArray(list) ? list.flatMap(attachment) : []
  }

  /** The guild; for a guild direct message the real one it was started from. */
  get guildId(): string | undefined {
    return idOf(this.data["src_guild_id"]) ?? idOf(this.data["guild_id"])
  }

  get sentAt(): number | undefined {
    return timeOf(this.data["timestamp"])
  }
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" }

const leadingMention = /^<@!?([0-9A-Za-z_-]+)>\s*/

/** A leading mention goes if it is the one that addressed this bot; mentions of people stay. */
const withoutMention = (content: string, type: string, data: Json): string => {
  const found = leadingMention.exec(content)
  return found !== null && isBotMention(found[1], type, data["mentions"]) ? content.slice(found[0].length) : content
}

const isBotMention = (id: string | undefined, type: string, mentions: unknown): boolean => {
  // An at-message exists because the bot was mentioned: without a list, its first mention is the bot.
  if (!Array.isArray(mentions)) return type === "AT_MESSAGE_CREATE" || type === "GROUP_AT_MESSAGE_CREATE"
  return mentions.some(
    (one) =>
      isJson(one) &&
      (idOf(one["id"]) === id || idOf(one["member_openid"]) === id) &&
      // Groups say which mention is this bot; guilds only that it is a bot.
      (one["is_you"] === true || (one["is_you"] === undefined && one["bot"] === true))
  )
}

const attachment = (value: unknown): ReadonlyArray<Attachment> => {
  if (!isJson(value)) return []
  const url = textOf(value["url"])
  if (url === undefined) return []
  const size = value["size"]
  return [
    {
      kind: kindOf(value["content_type"]),
      url: absolute(url),
      name: textOf(value["filename"]),
      size: typeof size === "number" && Number.isFinite(size) ? size : undefined
    }
  ]
}

const kindOf = (type: unknown): Attachment["kind"] => {
  if (typeof type !== "string") return "file"
  if (type.startsWith("image")) return "image"
  if (type.startsWith("video")) return "video"
  return type.startsWith("voice") || type.startsWith("audio") ? "voice" : "file"
}

const absolute = (url: string): string =>
  url.startsWith("//") ? `https:${url}` : /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `https://${url}`

/** `2026-11-02 09:15:04.123456789 +0800 CST m=+12.3`: Go's default form, seen in place of RFC 3339. */
const goTime = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? ([+-]\d\d)(\d\d)/

/**
 * Epoch milliseconds from what the platform calls a timestamp: RFC 3339, Go's form, or Unix seconds or milliseconds
 * as a number or as digits. `undefined` for anything else.
 */
export const timeOf = (value: unknown): number | undefined => {
  // 8.64e15 ms is as far as a date reaches; what lies before 1970 or beyond is no time of a message.
  if (typeof value === "number")
    return value >= 0 && value <= 8.64e15 ? (value < 1e11 ? value * 1000 : value) : undefined
  if (typeof value !== "string" || value === "") return undefined
  if (/^\d{1,16}$/.test(value)) return timeOf(Number(value))
  const go = goTime.exec(value)
  const time = Date.parse(go === null ? value : `${go[1]}T${go[2]}${(go[3] ?? "").slice(0, 4)}${go[4]}:${go[5]}`)
  return Number.isNaN(time) ? undefined : time
}
