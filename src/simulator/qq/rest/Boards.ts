/** Announcements, pins, schedules, reactions, threads and sound. */
import type { Fields } from "../Bodies.ts"
import { self, timestamp } from "../Payloads.ts"
import type { Answer, Route } from "../Routes.ts"
import type { Emit } from "./Guilds.ts"
import { done, inChannel, inGuild, noContent, ok, Refusals, reading, refuse } from "./Table.ts"
import { type Channel, show, type World } from "./World.ts"

const maxPins = 20

export const make = (world: World, emit: Emit): ReadonlyArray<Route> => {
  const guild = inGuild(world)
  const channel = inChannel(world)

  const pinned = ({ guildId, id, pins }: Channel): Answer =>
    ok({ guild_id: guildId, channel_id: id, message_ids: [...pins] })

  const scheduleFrom = (fields: Fields | undefined): Fields | undefined => {
    const given = reading(fields).object("schedule")
    const body = reading(given)
    const complete = ["name", "start_timestamp", "end_timestamp", "remind_type"].every((name) => body.text(name))
    return complete ? given : undefined
  }

  const reactionsTo = ({ reactions }: Channel, message: string, type: string, emoji: string): Set<string> => {
    const key = `${message}/${type}/${emoji}`
    const users = reactions.get(key) ?? new Set()
    reactions.set(key, users)
    return users
  }

  const reacted = (name: string, { guildId, id }: Channel, message: string, type: string, emoji: string): Answer => {
    emit(name, {
      user_id: self.id,
      guild_id: guildId,
      channel_id: id,
      target: { id: message, type: "ReactionTargetType_MSG" },
      emoji: { id: emoji, type: Number(type) }
    })
    return noContent
  }

  const threadOf = ({ guildId, id, threads }: Channel, thread: string) => {
    const posted = threads.get(thread)
    return posted === undefined
      ? undefined
      : {
          guild_id: guildId,
          channel_id: id,
          author_id: self.id,
          thread_info: {
            thread_id: thread,
            title: JSON.stringify({ paragraphs: [{ elems: [{ text: { text: posted.title }, type: 1 }] }] }),
            content: JSON.stringify({ paragraphs: [{ elems: [{ text: { text: posted.content }, type: 1 }] }] }),
            date_time: timestamp(posted.at)
          }
        }
  }

  const sound = (name: string, { guildId, id }: Channel, fields: Fields | undefined): Answer => {
    emit(name, { guild_id: guildId, channel_id: id, audio_url: fields?.["audio_url"], text: fields?.["text"] })
    return done
  }

  const announce = (fields: Fields, of: { readonly guild_id: string; readonly channel_id?: string }) => ({
    announces_type: 0,
    message_id: "",
    recommend_channels: [],
    channel_id: "",
    ...fields,
    ...of
  })

  return [
    guild("POST", "/announces", (of, { fields = {} }) => {
      const body = reading(fields)
      if (!body.has("message_id") && !body.has("recommend_channels")) return refuse(Refusals.badParameter)
      of.announcement = announce(fields, { guild_id: of.id })
      return ok(of.announcement)
    }),
    guild("DELETE", "/announces/:message", (of, _, message) => {
      if (message !== "all" && of.announcement?.["message_id"] !== message) return refuse(Refusals.unknownThing)
      of.announcement = undefined
      return noContent
    }),
    channel("POST", "/announces", ({ guildId, id }, { fields }) => {
      const message = reading(fields).text("message_id")
      if (message === undefined) return refuse(Refusals.badParameter)
      return ok({ guild_id: guildId, channel_id: id, message_id: message })
    }),
    channel("DELETE", "/announces/:message", () => noContent),
    channel("GET", "/pins", pinned),
    channel("PUT", "/pins/:message", (of, _, message = "") => {
      if (!of.pins.includes(message)) {
        if (of.pins.length >= maxPins) return refuse(Refusals.tooManyPins)
        of.pins.unshift(message)
      }
      return pinned(of)
    }),
    channel("DELETE", "/pins/:message", ({ pins }, _, message = "") => {
      const at = pins.indexOf(message)
      if (message === "all") pins.length = 0
      else if (at >= 0) pins.splice(at, 1)
      return noContent
    }),
    channel("GET", "/schedules", ({ schedules }, { query }) => {
      const since = Number(query.get("since") ?? 0)
      return ok([...schedules.values()].filter((one) => Number(one["end_timestamp"]) >= since))
    }),
    channel("POST", "/schedules", ({ guildId, schedules }, { fields }) => {
      const given = scheduleFrom(fields)
      if (given === undefined) return refuse(Refusals.badParameter)
      const bot = world.guilds.get(guildId)?.members.get(self.id)
      const id = world.nextId()
      const made = { ...given, id, ...(bot === undefined ? {} : { creator: show.member(bot) }) }
      schedules.set(id, made)
      return ok(made)
    }),
    channel("GET", "/schedules/:schedule", ({ schedules }, _, id = "") => {
      const found = schedules.get(id)
      return found === undefined ? refuse(Refusals.unknownThing) : ok(found)
    }),
    channel("PATCH", "/schedules/:schedule", ({ schedules }, { fields }, id = "") => {
      const [found, given] = [schedules.get(id), scheduleFrom(fields)]
      if (found === undefined) return refuse(Refusals.unknownThing)
      if (given === undefined) return refuse(Refusals.badParameter)
      const changed = { ...found, ...given, id }
      schedules.set(id, changed)
      return ok(changed)
    }),
    channel("DELETE", "/schedules/:schedule", ({ schedules }, _, id = "") =>
      schedules.delete(id) ? noContent : refuse(Refusals.unknownThing)
    ),
    channel("PUT", "/messages/:message/reactions/:type/:emoji", (of, _, message = "", type = "", emoji = "") => {
      reactionsTo(of, message, type, emoji).add(self.id)
      return reacted("MESSAGE_REACTION_ADD", of, message, type, emoji)
    }),
    channel("DELETE", "/messages/:message/reactions/:type/:emoji", (of, _, message = "", type = "", emoji = "") => {
      reactionsTo(of, message, type, emoji).delete(self.id)
      return reacted("MESSAGE_REACTION_REMOVE", of, message, type, emoji)
    }),
    channel(
      "GET",
      "/messages/:message/reactions/:type/:emoji",
      (of, { query }, message = "", type = "", emoji = "") => {
        const start = Number(query.get("cookie") ?? 0) || 0
        const end = start + Number(query.get("limit") ?? 20)
        const all = [...reactionsTo(of, message, type, emoji)]
        const members = world.guilds.get(of.guildId)?.members
        const users = all.slice(start, end).flatMap((id) => {
          const member = members?.get(id)
          return member === undefined ? [] : [show.user(member)]
        })
        return ok({ users, cookie: String(end), is_end: end >= all.length })
      }
    ),
    channel("GET", "/threads", (of) =>
      ok({ threads: [...of.threads.keys()].map((id) => threadOf(of, id)), is_finish: 1 })
    ),
    channel("GET", "/threads/:thread", (of, _, id = "") => {
      const thread = threadOf(of, id)
      return thread === undefined ? refuse(Refusals.unknownThing) : ok({ thread })
    }),
    channel("PUT", "/threads", (of, { fields }) => {
      const body = reading(fields)
      const [title, content] = [body.text("title"), body.text("content")]
      if (of.type !== 10007 || title === undefined || content === undefined) return refuse(Refusals.badParameter)
      const [id, task] = [`B_${world.nextId()}`, world.nextId()]
      of.threads.set(id, { title, content, at: world.now() })
      const facts = { guild_id: of.guildId, channel_id: of.id, author_id: self.id }
      emit("FORUM_THREAD_CREATE", threadOf(of, id))
      const outcome = { type: 1, result: 0, err_msg: "", task_id: task, date_time: timestamp(world.now()) }
      emit("FORUM_PUBLISH_AUDIT_RESULT", { ...facts, thread_id: id, post_id: "", reply_id: "", ...outcome })
      return ok({ task_id: task, create_time: String(Math.floor(world.now() / 1000)) })
    }),
    channel("DELETE", "/threads/:thread", ({ threads }, _, id = "") =>
      threads.delete(id) ? noContent : refuse(Refusals.unknownThing)
    ),
    channel("POST", "/audio", (of, { fields }) => {
      const status = reading(fields).number("status")
      if (status === undefined || status < 0 || status > 3) return refuse(Refusals.badParameter)
      of.audio = status
      return status === 0 || status === 3 ? sound(status === 0 ? "AUDIO_START" : "AUDIO_FINISH", of, fields) : done
    }),
    channel("PUT", "/mic", (of) => {
      of.onMic = true
      return sound("AUDIO_ON_MIC", of, undefined)
    }),
    channel("DELETE", "/mic", (of) => {
      of.onMic = false
      return sound("AUDIO_OFF_MIC", of, undefined)
    })
  ]
}
