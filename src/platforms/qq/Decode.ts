/**
 * From a frame to an event. Plain functions, because this is the hottest path: one lookup, one object, no validation
 * of what nobody reads.
 *
 * Total: whatever JSON value and whatever bytes there are, they give an event. What cannot be understood is a `PlatformEvent`.
 */
import type { Conversation, ConversationKind } from "../../domain/Conversation.ts"
import type { Event, MessageDeleted, PlatformEvent } from "../../domain/Event.ts"
import { eventTable, type Reading, type Row } from "./EventTable.ts"
import { idOf, isJson, type Json } from "./Json.ts"
import { QqMessage } from "./Message.ts"
import type { EventName } from "./Protocol.ts"

// A Map, so that a type called `__proto__` or `constructor` is merely unknown.
const rows: ReadonlyMap<unknown, Row> = new Map<unknown, Row>(Object.entries(eventTable))

let latest: unknown
let latestRow: Row | undefined

/** The `type` of an event whose envelope names none. */
export const untyped = "UNKNOWN"

/**
 * The event an envelope carries.
 *
 * @param account `qq:<app id>`
 * @param envelope the parsed frame; anything at all
 * @param fallbackKey the key for an event that has no identity of its own: `<session>:<s>`; made only when needed
 */
export const decode = (account: string, envelope: unknown, fallbackKey: string | (() => string)): Event => {
  if (!isJson(envelope)) return platformEvent(account, untyped, envelope, made(fallbackKey), undefined, false)
  const data = envelope["d"]
  const type = envelope["t"]
  const eventId = envelope["id"]
  const id = typeof eventId === "string" && eventId !== "" ? eventId : undefined
  // Types come in runs, and comparing a text is cheaper than hashing it.
  if (type !== latest) {
    latest = type
    latestRow = rows.get(type)
  }
  const row = latestRow
  if (row === undefined) {
    return platformEvent(account, idOf(type) ?? untyped, data, id ?? made(fallbackKey), undefined, false, id)
  }
  const name = type as EventName
  const { reading } = row
  if (isJson(data)) {
    const event = message(account, name, reading, data, id) ?? deletion(account, name, reading, data)
    if (event !== undefined) return event
  }
  const place = isJson(data) ? placeOf(account, reading, data) : undefined
  // A reply that names an event which cannot be answered is refused, so such an event keeps its id to itself.
  return platformEvent(account, name, data, id ?? made(fallbackKey), place, true, row.answerable ? id : undefined)
}

const made = (key: string | (() => string)): string => (typeof key === "string" ? key : key())

const utf8 = new TextDecoder()

/**
 * The event in a stored frame. Never throws: bytes that are not JSON give a `PlatformEvent` of type `UNKNOWN`.
 * `fallbackKey` matters only to callers who store the event again.
 */
export const decodeRaw = (account: string, raw: Uint8Array, fallbackKey = "stored"): Event => {
  const text = utf8.decode(raw)
  try {
    return decode(account, JSON.parse(text), fallbackKey)
  } catch {
    // Plain function on the hot path: an unreadable frame is an event like any other, with its text as payload.
    return platformEvent(account, untyped, text, fallbackKey, undefined, false)
  }
}

const message = (
  account: string,
  type: EventName,
  reading: Reading,
  data: Json,
  eventId: string | undefined
): QqMessage | undefined => {
  let kind: ConversationKind
  let place: string | undefined
  switch (reading) {
    case "groupMessage":
      kind = "group"
      place = idOf(data["group_openid"]) ?? idOf(data["group_id"])
      break
    case "directMessage": {
      const author = data["author"]
      kind = "direct"
      place = isJson(author) ? (idOf(author["user_openid"]) ?? idOf(author["id"])) : undefined
      break
    }
    case "channelMessage":
      kind = "channel"
      place = idOf(data["channel_id"])
      break
    case "guildDirectMessage":
      kind = "guildDirect"
      place = idOf(data["guild_id"])
      break
    default:
      return undefined
  }
  const messageId = idOf(data["id"])
  if (messageId === undefined || place === undefined) return undefined
  return new QqMessage(account, { account, kind, id: place }, type, messageId, data, eventId)
}

const deletion = (account: string, type: EventName, reading: Reading, data: Json): MessageDeleted | undefined => {
  if (reading !== "channelDelete" && reading !== "guildDirectDelete") return undefined
  // Documented as wrapped; a bare message is read as well.
  const deleted = isJson(data["message"]) ? data["message"] : data
  const messageId = idOf(deleted["id"])
  const direct = reading === "guildDirectDelete"
  const place = idOf(deleted[direct ? "guild_id" : "channel_id"])
  if (messageId === undefined || place === undefined) return undefined
  return {
    _tag: "MessageDeleted",
    account,
    platform: "qq",
    // A message is deleted once, whoever tells: private-domain bots hear of it under two names.
    key: `d:${messageId}`,
    conversation: { account, kind: direct ? "guildDirect" : "channel", id: place },
    type,
    data,
    messageId
  }
}

const platformEvent = (
  account: string,
  type: string,
  data: unknown,
  key: string,
  conversation: Conversation | undefined,
  isKnown: boolean,
  eventId?: string
): PlatformEvent => ({
  _tag: "PlatformEvent",
  account,
  platform: "qq",
  key,
  conversation: conversation ?? { account, kind: "account", id: account },
  type,
  data,
  isKnown,
  eventId
})

const placeOf = (account: string, reading: Reading, data: Json): Conversation | undefined => {
  const at = (kind: ConversationKind, id: string | undefined): Conversation | undefined =>
    id === undefined ? undefined : { account, kind, id }
  const group = () => at("group", idOf(data["group_openid"]))
  const direct = () => at("direct", idOf(data["openid"]) ?? idOf(data["user_openid"]))
  const channel = () => at("channel", idOf(data["channel_id"]))
  const guild = () => at("guild", idOf(data["guild_id"]))
  switch (reading) {
    case "inGroup":
      return group()
    case "inDirect":
      return direct()
    case "inChannel":
      return channel() ?? guild()
    case "inGuild":
      return guild()
    case "isGuild":
      return at("guild", idOf(data["id"]))
    case "anywhere":
      return group() ?? direct() ?? channel() ?? guild()
    default:
      return undefined
  }
}
