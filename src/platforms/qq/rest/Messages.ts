/**
 * Messages and what belongs to them. Direct sends for what may be lost: `Bot.reply` and `Bot.send` go through the
 * outbox, survive a crash and carry a stable `msg_seq`.
 */
import { Option } from "effect"
import type { Answer } from "../Http.ts"
import type { GuildMessage } from "../Payloads.ts"
import { isAccepted, receiptOf } from "../Receipt.ts"
import { directSequence } from "../Send.ts"
import { inside, list, nothing } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, patch, post, put, remove } from "./Endpoint.ts"

/** What a send was answered with. Under review (202) there is no id yet: MESSAGE_AUDIT_PASS names `auditId` and the id. */
export interface SentMessage {
  readonly id: string | undefined
  readonly status: "sent" | "auditing"
  readonly auditId?: string | undefined
  /** As it came; guilds answer with the message. */
  readonly answer: unknown
}

const sent = (answer: Answer): Option.Option<SentMessage> => {
  const receipt = receiptOf(answer)
  if (receipt === undefined) return Option.none()
  const { auditId, messageId, status } = receipt
  return Option.some({ id: messageId, status, ...(auditId === undefined ? {} : { auditId }), answer: answer.body })
}

/**
 * Body of a send to a group or private chat, as QQ writes it. What is not named here (`content`, `markdown`, `keyboard`,
 * `ark`, `media`, `message_reference`, `is_wakeup`, `subscribe_id`, `prompt_keyboard`, `action_button`, …) goes as it is.
 */
export interface ChatMessageBody {
  /** 0 text, 2 markdown, 3 ark, 4 embed, 6 input notify, 7 media. */
  readonly msg_type: number
  readonly msg_id?: string
  readonly event_id?: string
  /** Unique for its `msg_id`: the same number again is refused as a repeat (40054005). @defaultValue one that no reply through the outbox has */
  readonly msg_seq?: number
  readonly [field: string]: unknown
}

/** Body of a send to a guild channel or guild direct message, as QQ writes it: `embed`, `ark`, `image`, … go as they are. */
export interface GuildMessageBody {
  readonly content?: string
  readonly msg_id?: string
  readonly event_id?: string
  readonly [field: string]: unknown
}

const chatBody = Check.fields({
  msg_type: Check.oneOf(0, 1, 2, 3, 4, 6, 7),
  msg_id: Check.optional(Check.id),
  event_id: Check.optional(Check.id),
  msg_seq: Check.optional(Check.whole(0, 2 ** 31 - 1))
})

const guildBody = Check.all(
  Check.someOf("content", "embed", "ark", "image", "markdown", "keyboard", "message_reference"),
  Check.fields({ msg_id: Check.optional(Check.id), event_id: Check.optional(Check.id) })
)

/** A form is checked by who makes it. */
const guildSend: Check.Rule = (value, field) => (value instanceof FormData ? undefined : guildBody(value, field))

/** An answer without a number would get 1, and the first `Bot.reply` to the same message be taken for its repeat. */
const numbered = <B extends Pick<ChatMessageBody, "msg_id" | "event_id" | "msg_seq">>(body: B): B =>
  body.msg_seq === undefined && (body.msg_id !== undefined || body.event_id !== undefined)
    ? { ...body, msg_seq: directSequence() }
    : body

/** A message about to be streamed: each frame holds the whole text so far. */
export interface StreamFrame {
  readonly input_mode: "replace"
  /** 1 more comes, 10 the last. */
  readonly input_state: 1 | 10
  readonly content_type: "markdown"
  readonly content_raw: string
  readonly event_id?: string
  readonly msg_id?: string
  /** From the answer to the first frame. */
  readonly stream_msg_id?: string
  /** One for the whole stream. */
  readonly msg_seq: number
  /** 0, 1, 2, … */
  readonly index: number
}

export interface HistoryPage {
  readonly around?: string
  readonly before?: string
  readonly after?: string
  /** 1 to 20. @defaultValue 20 */
  readonly limit?: number
}

export const messages = {
  /** Says something in a guild channel. Needs a live gateway connection. */
  sendToChannel: post(
    "/channels/{channel}/messages",
    (channel: string, body: GuildMessageBody | FormData) => ({ channel, body }),
    sent,
    { body: guildSend, accepts: isAccepted }
  ),
  /** Says something in a guild direct message; open its session with `me.openDirect`. */
  sendToDirect: post(
    "/dms/{guild}/messages",
    (guild: string, body: GuildMessageBody | FormData) => ({ guild, body }),
    sent,
    { body: guildSend, accepts: isAccepted }
  ),
  /** Says something in a group. */
  sendToGroup: post(
    "/v2/groups/{group}/messages",
    (group: string, body: ChatMessageBody) => ({ group, body: numbered(body) }),
    sent,
    {
      body: chatBody,
      accepts: isAccepted
    }
  ),
  /** Says something to a person. */
  sendToUser: post(
    "/v2/users/{user}/messages",
    (user: string, body: ChatMessageBody) => ({ user, body: numbered(body) }),
    sent,
    {
      body: chatBody,
      accepts: isAccepted
    }
  ),
  /**
   * Shows a person that the bot is typing. Costs one of the replies to `msg_id`.
   *
   * @param seconds 1 to 60
   */
  typing: post(
    "/v2/users/{user}/messages",
    (user: string, seconds: number, to: { readonly msg_id?: string; readonly msg_seq?: number } = {}) => ({
      user,
      body: numbered({ msg_type: 6, input_notify: { input_type: 1, input_second: seconds }, ...to })
    }),
    sent,
    {
      body: Check.fields({ input_notify: Check.fields({ input_second: Check.whole(1, 60) }) }),
      isRepeatable: true,
      accepts: isAccepted
    }
  ),
  /** One frame of a streamed message to a person; `api.stream` does the counting. */
  stream: post(
    "/v2/users/{user}/stream_messages",
    (user: string, frame: StreamFrame) => ({ user, body: frame }),
    sent,
    {
      source: "qqbot-nodejs",
      body: Check.fields({
        input_state: Check.oneOf(1, 10),
        content_raw: Check.text(),
        msg_seq: Check.whole(0, 2 ** 31 - 1),
        index: Check.whole(0, 2 ** 31 - 1)
      })
    }
  ),
  /** A message of a guild channel; groups and private chats have no such call. */
  get: get(
    "/channels/{channel}/messages/{message}",
    (channel: string, message: string) => ({ channel, message }),
    inside<GuildMessage>("message", "id")
  ),
  /** Some messages of a guild channel, oldest first. Not documented: not every bot may. */
  list: get(
    "/channels/{channel}/messages",
    (channel: string, of: HistoryPage = {}) => ({ channel, query: { ...of } }),
    list<GuildMessage>("id"),
    {
      source: "botgo",
      query: Check.all(
        Check.atMostOneOf("around", "before", "after"),
        Check.fields({ limit: Check.optional(Check.whole(1, 20)) })
      )
    }
  ),
  /** Changes a message of the bot's own that has a keyboard. */
  update: patch(
    "/channels/{channel}/messages/{message}",
    (channel: string, message: string, body: GuildMessageBody) => ({ channel, message, body }),
    sent,
    { isRepeatable: true, body: guildBody, accepts: isAccepted }
  ),
  /** Takes a message of a guild channel back. @param hideTip leaves no trace that there was one */
  recallFromChannel: remove(
    "/channels/{channel}/messages/{message}",
    (channel: string, message: string, hideTip?: boolean) => ({ channel, message, query: { hidetip: hideTip } }),
    nothing,
    { needs: "private" }
  ),
  /** Takes one of the bot's own guild direct messages back. */
  recallFromDirect: remove(
    "/dms/{guild}/messages/{message}",
    (guild: string, message: string, hideTip?: boolean) => ({ guild, message, query: { hidetip: hideTip } }),
    nothing,
    { needs: "private" }
  ),
  /** Takes one of the bot's own group messages back, within 2 minutes. */
  recallFromGroup: remove(
    "/v2/groups/{group}/messages/{message}",
    (group: string, message: string) => ({ group, message }),
    nothing
  ),
  /** Takes one of the bot's own messages to a person back, within 2 minutes. */
  recallFromUser: remove(
    "/v2/users/{user}/messages/{message}",
    (user: string, message: string) => ({ user, message }),
    nothing
  ),
  /** Shows the guide to the message settings in a channel. */
  settingGuide: post(
    "/channels/{channel}/settingguide",
    (channel: string, body: { readonly content?: string } = {}) => ({ channel, body }),
    sent,
    { source: "botgo", accepts: isAccepted }
  ),
  /** Shows the guide to the message settings in a guild direct message. */
  settingGuideToDirect: post(
    "/dms/{guild}/settingguide",
    (guild: string, body: { readonly content?: string } = {}) => ({ guild, body }),
    sent,
    { source: "botgo", accepts: isAccepted }
  )
}

/** How a button press was dealt with: what the person who pressed it sees. */
export const Acknowledgement = {
  ok: 0,
  failed: 1,
  tooFrequent: 2,
  duplicate: 3,
  notPermitted: 4,
  administratorsOnly: 5
} as const
export type Acknowledgement = (typeof Acknowledgement)[keyof typeof Acknowledgement]

export const interactions = {
  /**
   * Tells QQ, within about 5 seconds, that a button press arrived.
   *
   * @param interaction the `id` of the payload, not of the event
   */
  acknowledge: put(
    "/interactions/{interaction}",
    (interaction: string, code: Acknowledgement = Acknowledgement.ok) => ({ interaction, body: { code } }),
    nothing,
    { isCallback: true, body: Check.fields({ code: Check.oneOf(...Object.values(Acknowledgement)) }) }
  )
}
