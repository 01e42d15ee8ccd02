/** Event payloads as QQ sends them in 2026: richer than documented, odd in the same places. */
import type { Offered, Place } from "../Books.ts"
import { isFields } from "./Frames.ts"

/** The bot's own user. */
export const self = { id: "6158788878435714165", username: "everbot", bot: true } as const

export const guildId = "18700000000001"

const avatar = "https://thirdqq.qlogo.cn/g?b=oidb&k=ia5Qm2rEVQ8&kti=ZrTjUQAAAAA&s=0&t=1699866193"

/** The event a user's message becomes, by the kind of chat. */
export const eventOf = {
  group: "GROUP_AT_MESSAGE_CREATE",
  direct: "C2C_MESSAGE_CREATE",
  channel: "AT_MESSAGE_CREATE",
  guildDirect: "DIRECT_MESSAGE_CREATE"
} as const satisfies Record<Place["kind"], string>

/** RFC 3339 in Beijing time, with seconds, as on the wire. */
export const timestamp = (millis: number): string =>
  `${new Date(millis + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")

/** A stable stand-in for the per-person union openid: same person, same id. */
const unionOf = (id: string): string => {
  let hash = 2166136261
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619) >>> 0
  return hash.toString(16).padStart(8, "0").repeat(4).toUpperCase()
}

/** Who speaks when nobody is named: one person per chat. */
export const defaultAuthor = (place: Place): string =>
  place.kind === "direct" ? place.id : place.kind === "group" ? unionOf(`author of ${place.id}`) : "2233445566778899001"

const scene = (message: Offered) => ({
  source: "default",
  ext: [`msg_idx=REFIDX_${unionOf(message.id).slice(0, 22)}==`, `session_id=${unionOf(`${message.id}s`)}`]
})

const attachmentsOf = (message: Offered) =>
  message.text === ""
    ? {
        attachments: [
          {
            content_type: "image/png",
            filename: `${unionOf(message.id)}.png`,
            height: 720,
            width: 1280,
            size: 90210,
            url: `https://multimedia.nt.qq.com.cn/download?appid=1407&fileid=${unionOf(message.id)}&rkey=x`
          }
        ]
      }
    : {}

const group = (message: Offered, place: Place) => ({
  id: message.id,
  author: {
    id: message.from,
    member_openid: message.from,
    union_openid: unionOf(message.from),
    username: `user ${message.from.slice(-4)}`,
    bot: false,
    member_role: "member"
  },
  // The mention is already cut out and leaves its space behind.
  content: message.text === "" ? "" : ` ${message.text}`,
  group_id: place.id,
  group_openid: place.id,
  message_scene: scene(message),
  message_type: 0,
  timestamp: timestamp(message.at),
  ...attachmentsOf(message)
})

const direct = (message: Offered) => ({
  id: message.id,
  author: {
    id: message.from,
    user_openid: message.from,
    union_openid: unionOf(message.from),
    username: `user ${message.from.slice(-4)}`
  },
  content: message.text,
  message_scene: scene(message),
  message_type: 0,
  timestamp: timestamp(message.at),
  ...attachmentsOf(message)
})

const guild = (message: Offered, place: Place) => ({
  id: message.id,
  author: { id: message.from, username: `user ${message.from.slice(-4)}`, avatar, bot: false },
  content:
    place.kind === "guildDirect" || message.text === ""
      ? escaped(message.text)
      : `<@!${self.id}> ${escaped(message.text)}`,
  timestamp: timestamp(message.at),
  seq: message.seqInChannel || message.index + 1,
  seq_in_channel: String(message.seqInChannel || message.index + 1),
  ...attachmentsOf(message)
})

const channel = (message: Offered, place: Place) => ({
  ...guild(message, place),
  channel_id: place.id,
  guild_id: guildId,
  member: { nick: `nick ${message.from.slice(-4)}`, roles: ["1", "4"], joined_at: "2025-03-12T16:34:42+08:00" },
  mentions: [{ ...self, avatar }]
})

const guildDirect = (message: Offered, place: Place) => ({
  ...guild(message, place),
  channel_id: `6${place.id.slice(-6)}`,
  guild_id: place.id,
  src_guild_id: guildId,
  direct_message: true,
  member: { roles: ["1"], joined_at: "2025-03-12T16:34:42+08:00" }
})

/** The `d` of an event: built from what was said, or exactly what was emitted. */
export const dataOf = (offered: Offered): unknown => {
  const { place } = offered
  if (offered.data !== undefined || place === undefined) return offered.data
  switch (place.kind) {
    case "group":
      return group(offered, place)
    case "direct":
      return direct(offered)
    case "channel":
      return channel(offered, place)
    case "guildDirect":
      return guildDirect(offered, place)
  }
}

/** The envelope id: `<EVENT>:<opaque>`, different from the message id. */
export const eventIdOf = (offered: Offered): string =>
  offered.eventId ?? `${offered.type}:${offered.id.slice(-24)}${offered.index.toString(36)}`

/** The message in an emitted payload: its id and chat, when the event is one a user caused by talking. */
export const placeOf = (type: string, data: unknown): { readonly id: string; readonly place: Place } | undefined => {
  if (!isFields(data) || typeof data["id"] !== "string") return undefined
  const author = isFields(data["author"]) ? data["author"] : {}
  const chat = chatOf.get(type)?.(data, author)
  return chat === undefined || typeof chat[1] !== "string"
    ? undefined
    : { id: data["id"], place: { kind: chat[0], id: chat[1] } }
}

type Reader = (
  data: Readonly<Record<string, unknown>>,
  author: Readonly<Record<string, unknown>>
) => [Place["kind"], unknown]

// A Map, so that a type called `constructor` is merely unknown.
const chatOf: ReadonlyMap<string, Reader> = new Map<string, Reader>(
  Object.entries({
    GROUP_AT_MESSAGE_CREATE: (data) => ["group", data["group_openid"]],
    GROUP_MESSAGE_CREATE: (data) => ["group", data["group_openid"]],
    C2C_MESSAGE_CREATE: (_, author) => ["direct", author["user_openid"]],
    AT_MESSAGE_CREATE: (data) => ["channel", data["channel_id"]],
    MESSAGE_CREATE: (data) => ["channel", data["channel_id"]],
    DIRECT_MESSAGE_CREATE: (data) => ["guildDirect", data["guild_id"]]
  } satisfies Record<string, Reader>)
)
