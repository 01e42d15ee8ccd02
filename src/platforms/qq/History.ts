/**
 * What was said in a guild channel: `seq_in_channel` numbers its messages, and `GET /channels/{id}/messages` lists them.
 * That call is in Tencent's own SDKs and not in its documentation; a bot that may not use it is refused. Groups and C2C
 * have neither.
 */
import { Effect } from "effect"
import type { Event } from "../../domain/Event.ts"
import type { History, Mark, PastMessage } from "../../ports/Platform.ts"
import { decode } from "./Decode.ts"
import * as Intents from "./Intents.ts"
import { idOf, isJson, type Json } from "./Message.ts"
import { path } from "./Path.ts"
import { Opcode } from "./Protocol.ts"
import type { Rest } from "./Rest.ts"

/** Messages in one answer, at the most. */
const limit = 20

/** The number of a message in its channel, which comes as digits. */
export const numberOf = (message: Json): number | undefined => {
  const number = Number(idOf(message["seq_in_channel"]))
  return Number.isSafeInteger(number) && number > 0 ? number : undefined
}

const markOf = (event: Event): Mark | undefined => {
  if (event._tag !== "MessageReceived" || event.conversation.kind !== "channel" || !isJson(event.data)) return undefined
  const number = numberOf(event.data)
  return number === undefined ? undefined : { id: event.messageId, number }
}

const encoder = new TextEncoder()

/**
 * The history of the account's channels; `undefined` where it hears only what mentions it: then holes mean nothing.
 *
 * @param intents what the account asks for, or was given in the console: every message comes only with `GUILD_MESSAGES`, to
 *   private-domain bots
 */
export const make = (account: string, intents: Intents.Intents, rest: Pick<Rest, "request">): History | undefined => {
  if (!Intents.has(intents, "GUILD_MESSAGES")) return undefined
  let me: string | undefined
  const self = Effect.suspend(() => {
    if (me !== undefined) return Effect.succeed(me)
    return Effect.map(rest.request("GET", "/users/@me"), (user) => {
      me = isJson(user) ? idOf(user["id"]) : undefined
      return me
    })
  })
  const past = (message: unknown, ours: string | undefined): ReadonlyArray<PastMessage> => {
    if (!isJson(message)) return []
    const frame = { op: Opcode.Dispatch, t: "MESSAGE_CREATE", d: message }
    const event = decode(account, frame, "history")
    const mark = markOf(event)
    if (mark === undefined || event._tag !== "MessageReceived") return []
    const isOwn = ours !== undefined && event.author.id === ours
    return [{ event, raw: encoder.encode(JSON.stringify(frame)), mark, isOwn }]
  }
  return {
    markOf,
    after: ({ id }, mark) =>
      Effect.gen(function* () {
        const query = { after: mark.id, limit }
        const list = yield* rest.request("GET", path`/channels/${id}/messages`, undefined, { query })
        const ours = yield* self
        const messages = Array.isArray(list) ? list.flatMap((message) => past(message, ours)) : []
        return messages.sort((a, b) => a.mark.number - b.mark.number)
      })
  }
}
