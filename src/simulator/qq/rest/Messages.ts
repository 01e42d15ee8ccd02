/** What can be done with messages besides sending: changing one, streaming one, and the guides to the settings. */
import type { Ambient } from "../Ambient.ts"
import { draftOf } from "../Bodies.ts"
import type { Chats } from "../Chats.ts"
import { self, timestamp } from "../Payloads.ts"
import type { Call, Route } from "../Routes.ts"
import { inChannel, ok, Refusals, reading, refuse, route } from "./Table.ts"
import type { World } from "./World.ts"

interface Streamed {
  readonly user: string
  readonly seq: number
  index: number
  at: number
}

/** Frames of a stream keep this distance. Milliseconds; a little below the 300 that bots are told to keep. */
const frameGap = 280

export const make = (world: World, chats: Chats, ambient: Ambient): ReadonlyArray<Route> => {
  const streams = new Map<string, Streamed>()

  const frame = ({ fields, params: [user = ""] }: Call): ReturnType<Route["answer"]> => {
    const body = reading(fields)
    const [index, seq, state] = [body.number("index"), body.number("msg_seq"), body.number("input_state")]
    const [content, msgId] = [body.text("content_raw"), body.text("msg_id")]
    const isFrame = fields?.["input_mode"] === "replace" && fields["content_type"] === "markdown"
    if (!isFrame || index === undefined || seq === undefined || content === undefined)
      return refuse(Refusals.badParameter)
    if (state !== 1 && state !== 10) return refuse(Refusals.badParameter)
    const given = body.text("stream_msg_id")
    const known = given === undefined ? undefined : streams.get(given)
    const isNext =
      known === undefined ? given === undefined && index === 0 : known.seq === seq && index === known.index + 1
    if (!isNext || (known !== undefined && known.user !== user)) return refuse(Refusals.badParameter)
    const now = ambient.now()
    if (known !== undefined && now - known.at < frameGap) return refuse(Refusals.frameTooSoon)
    const id = given ?? `ROBOT1.0_stream${ambient.text(16, "abcdef0123456789")}`
    streams.set(id, { user, seq, index, at: now })
    if (state === 10) {
      streams.delete(id)
      const draft = { place: { kind: "direct", id: user } as const, text: content, rich: undefined, msgId, msgSeq: seq }
      const outcome = chats.post({ ...draft, eventId: body.text("event_id") }, false)
      if (!outcome.accepted) return { refusal: outcome.refusal }
    }
    return ok({ id, timestamp: timestamp(now) })
  }

  const guide = ({ fields, params: [id = ""] }: Call) =>
    ok({
      id: `08${ambient.text(18, "0123456789abcdef")}`,
      channel_id: id,
      content: reading(fields).text("content") ?? "",
      author: self,
      timestamp: timestamp(ambient.now())
    })

  return [
    inChannel(world)("PATCH", "/messages/:message", ({ guildId, id }, { fields }, message = "") => {
      const sent = chats.sent(message)
      if (sent === undefined) return refuse(Refusals.notYours)
      if (sent.rich?.["keyboard"] === undefined) return refuse(Refusals.noKeyboard)
      const draft = draftOf(sent.place, fields)
      if ("status" in draft) return refuse(draft)
      const content = draft.text
      return ok({ id: message, channel_id: id, guild_id: guildId, content, edited_timestamp: timestamp(ambient.now()) })
    }),
    route("POST", "/v2/users/:id/stream_messages", frame),
    route("POST", "/channels/:id/settingguide", guide),
    route("POST", "/dms/:id/settingguide", guide)
  ]
}
