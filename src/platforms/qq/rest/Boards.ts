/** What stands in a channel besides messages: announcements, pins, schedules, reactions, threads and sound. */
import type { User } from "../Payloads.ts"
import { anything, inside, list, nothing, page, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, patch, post, put, remove } from "./Endpoint.ts"
import type {
  Announcement,
  AudioControl,
  Emoji,
  NewAnnouncement,
  NewSchedule,
  NewThread,
  Pins,
  Schedule,
  Thread
} from "./Types.ts"

export const announces = {
  /** Announces a message, or recommends channels, in a guild. */
  create: post(
    "/guilds/{guild}/announces",
    (guild: string, what: NewAnnouncement) => ({ guild, body: what }),
    record<Announcement>(),
    {
      body: Check.all(
        Check.someOf("message_id", "recommend_channels"),
        Check.fields({
          message_id: Check.optional(Check.id),
          recommend_channels: Check.optional(Check.list(3, Check.fields({ channel_id: Check.id })))
        })
      )
    }
  ),
  /** Takes an announcement down. @param message its message, or "all" */
  delete: remove(
    "/guilds/{guild}/announces/{message}",
    (guild: string, message: string) => ({ guild, message }),
    nothing
  ),
  /** Announces a message in its channel. Guild announcements took its place. */
  createInChannel: post(
    "/channels/{channel}/announces",
    (channel: string, message: string) => ({ channel, body: { message_id: message } }),
    record<Announcement>(),
    { isDeprecated: true, body: Check.fields({ message_id: Check.id }) }
  ),
  /** Takes an announcement of a channel down. @param message its message, or "all" */
  deleteInChannel: remove(
    "/channels/{channel}/announces/{message}",
    (channel: string, message: string) => ({ channel, message }),
    nothing,
    { isDeprecated: true }
  )
}

export const pins = {
  /** What is pinned in a channel, newest first; at most 20 messages. */
  list: get("/channels/{channel}/pins", (channel: string) => ({ channel }), page<Pins>("message_ids")),
  /** Pins a message. */
  add: put(
    "/channels/{channel}/pins/{message}",
    (channel: string, message: string) => ({ channel, message }),
    page<Pins>("message_ids")
  ),
  /** Takes a pin away. @param message the message, or "all" */
  remove: remove(
    "/channels/{channel}/pins/{message}",
    (channel: string, message: string) => ({ channel, message }),
    nothing
  )
}

const scheduled = Check.fields({
  schedule: Check.fields({
    name: Check.text(),
    start_timestamp: Check.digits,
    end_timestamp: Check.digits,
    remind_type: Check.oneOf("0", "1", "2", "3", "4", "5")
  })
})

/** An administrator may make 10 a day, a guild 100. */
export const schedules = {
  /** What is scheduled. @param since epoch milliseconds; left out: today */
  list: get(
    "/channels/{channel}/schedules",
    (channel: string, since?: number) => ({ channel, query: { since } }),
    list<Schedule>("id"),
    { query: Check.fields({ since: Check.optional(Check.whole(0, 8.64e15)) }) }
  ),
  /** A schedule. */
  get: get(
    "/channels/{channel}/schedules/{schedule}",
    (channel: string, schedule: string) => ({ channel, schedule }),
    record<Schedule>("id")
  ),
  /** A new schedule. */
  create: post(
    "/channels/{channel}/schedules",
    (channel: string, schedule: NewSchedule) => ({ channel, body: { schedule } }),
    record<Schedule>("id"),
    { needs: "administrator", body: scheduled }
  ),
  /** Replaces a schedule. */
  update: patch(
    "/channels/{channel}/schedules/{schedule}",
    (channel: string, schedule: string, to: NewSchedule) => ({ channel, schedule, body: { schedule: to } }),
    record<Schedule>("id"),
    { needs: "administrator", isRepeatable: true, body: scheduled }
  ),
  /** Deletes a schedule. */
  delete: remove(
    "/channels/{channel}/schedules/{schedule}",
    (channel: string, schedule: string) => ({ channel, schedule }),
    nothing,
    { needs: "administrator" }
  )
}

export interface ReactionPage {
  /** From the page before. */
  readonly cookie?: string
  /** 1 to 50. @defaultValue 20 */
  readonly limit?: number
}

const reaction = (channel: string, message: string, { id, type }: Emoji) => ({
  channel,
  message,
  type: String(type),
  emoji: id
})

export const reactions = {
  /** Reacts to a message. */
  add: put("/channels/{channel}/messages/{message}/reactions/{type}/{emoji}", reaction, nothing),
  /** Takes the bot's own reaction back. */
  remove: remove("/channels/{channel}/messages/{message}/reactions/{type}/{emoji}", reaction, nothing),
  /** Who reacted with an emoji. */
  users: get(
    "/channels/{channel}/messages/{message}/reactions/{type}/{emoji}",
    (channel: string, message: string, emoji: Emoji, of: ReactionPage = {}) => ({
      ...reaction(channel, message, emoji),
      query: { ...of }
    }),
    page<{ readonly users: ReadonlyArray<User>; readonly cookie?: string; readonly is_end?: boolean }>("users", "id"),
    { query: Check.fields({ limit: Check.optional(Check.whole(1, 50)) }) }
  )
}

export const threads = {
  /** The threads of a forum. */
  list: get(
    "/channels/{channel}/threads",
    (channel: string) => ({ channel }),
    page<{ readonly threads: ReadonlyArray<Thread>; readonly is_finish?: number }>("threads"),
    { needs: "private" }
  ),
  /** A thread. */
  get: get(
    "/channels/{channel}/threads/{thread}",
    (channel: string, thread: string) => ({ channel, thread }),
    inside<Thread>("thread", "channel_id"),
    { needs: "private" }
  ),
  /** Posts a thread. Whether it passed its review is told by the event FORUM_PUBLISH_AUDIT_RESULT. */
  create: put(
    "/channels/{channel}/threads",
    (channel: string, thread: NewThread) => ({ channel, body: thread }),
    record<{ readonly task_id: string; readonly create_time?: string }>("task_id"),
    {
      needs: "private",
      // A PUT that makes another thread each time.
      isRepeatable: false,
      body: Check.fields({ title: Check.text(), content: Check.text(), format: Check.oneOf(1, 2, 3, 4) })
    }
  ),
  /** Deletes a thread. */
  delete: remove(
    "/channels/{channel}/threads/{thread}",
    (channel: string, thread: string) => ({ channel, thread }),
    nothing,
    { needs: "private" }
  )
}

export const audio = {
  /** Plays, pauses, resumes or stops sound in a voice channel. */
  control: post(
    "/channels/{channel}/audio",
    (channel: string, what: AudioControl) => ({ channel, body: what }),
    anything,
    {
      isRepeatable: true,
      body: Check.fields({ audio_url: Check.optional(Check.url), status: Check.oneOf(0, 1, 2, 3) })
    }
  ),
  /** Takes the microphone. */
  takeMic: put("/channels/{channel}/mic", (channel: string) => ({ channel }), anything),
  /** Leaves the microphone. */
  leaveMic: remove("/channels/{channel}/mic", (channel: string) => ({ channel }), anything)
}
