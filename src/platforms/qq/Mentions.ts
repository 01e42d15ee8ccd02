/** Whom a QQ message names, and the mention that addressed this bot. Plain and total, like all that reads payloads. */
import type { Mention } from "../../domain/Event.ts"
import { idOf, isJson, type Json, textOf } from "./Json.ts"

/** The list of a payload, with everyone where a guild message names everyone. Groups say which mention is this bot. */
export const mentionsOf = (data: Json): ReadonlyArray<Mention> => {
  const list = data["mentions"]
  const named = Array.isArray(list) ? list.flatMap(mention) : []
  return data["mention_everyone"] === true ? [...named, everyone] : named
}

const everyone: Mention = { id: undefined, name: undefined, isBot: false, isSelf: false, isEveryone: true }

const mention = (value: unknown): ReadonlyArray<Mention> => {
  if (!isJson(value)) return []
  if (value["scope"] === "all") return [everyone]
  const id = idOf(value["member_openid"]) ?? idOf(value["user_openid"]) ?? idOf(value["id"])
  const name = textOf(value["nickname"]) ?? textOf(value["username"])
  if (id === undefined) return []
  return [{ id, name, isBot: value["bot"] === true, isSelf: isSelf(value), isEveryone: false }]
}

/** Groups say which mention is this bot; guilds only that it is a bot. */
const isSelf = (mention: Json): boolean =>
  mention["is_you"] === true || (mention["is_you"] === undefined && mention["bot"] === true)

/** An at-message exists because the bot was named. */
export const isAtMessage = (type: string): boolean => type === "AT_MESSAGE_CREATE" || type === "GROUP_AT_MESSAGE_CREATE"

const leadingMention = /^<@!?([0-9A-Za-z_-]+)>\s*/

/** The text without a leading mention, if it is the one that addressed this bot; mentions of people stay. */
export const withoutOwnMention = (content: string, type: string, data: Json): string => {
  const found = leadingMention.exec(content)
  return found !== null && isOwn(found[1], type, data["mentions"]) ? content.slice(found[0].length) : content
}

const isOwn = (id: string | undefined, type: string, mentions: unknown): boolean => {
  // Without a list, the first mention of an at-message is the bot.
  if (!Array.isArray(mentions)) return isAtMessage(type)
  return mentions.some(
    (one) => isJson(one) && (idOf(one["id"]) === id || idOf(one["member_openid"]) === id) && isSelf(one)
  )
}
