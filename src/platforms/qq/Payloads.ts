/**
 * The payload (`d`) of every event, as documented and as seen on the wire.
 *
 * Types are tolerant: what the platform has been seen to leave out is optional, what it has been seen to send in two
 * shapes is a union. Nothing here is checked at run time; `Decode.ts` reads payloads defensively.
 */
import type { EventName, Ready } from "./Protocol.ts"

type Maybe<T> = T | undefined

/** Unix seconds, as a number or a decimal string, or an RFC 3339 text. */
export type Timestamp = number | string

export interface User {
  readonly id: string
  readonly username?: Maybe<string>
  readonly avatar?: Maybe<string>
  readonly bot?: Maybe<boolean>
  readonly union_openid?: Maybe<string>
  readonly union_user_account?: Maybe<string>
}

export interface Member {
  readonly nick?: Maybe<string>
  /** 1 everyone, 2 admin, 4 owner, 5 channel admin; others are the guild's own. */
  readonly roles?: Maybe<ReadonlyArray<string>>
  readonly joined_at?: Maybe<string>
}

export interface QqAttachment {
  readonly id?: Maybe<string>
  /** Often without a scheme. */
  readonly url: string
  readonly filename?: Maybe<string>
  /** `image/png`, `video/mp4`, `voice`, `file`, … */
  readonly content_type?: Maybe<string>
  readonly width?: Maybe<number>
  readonly height?: Maybe<number>
  readonly size?: Maybe<number>
  /** Voice only: the same as WAV, and what was understood. */
  readonly voice_wav_url?: Maybe<string>
  readonly asr_refer_text?: Maybe<string>
}

/** A message in a guild channel or a guild direct message. */
export interface GuildMessage {
  readonly id: string
  readonly channel_id: string
  /** In a direct message: the synthetic guild that replies are addressed to. */
  readonly guild_id: string
  /** In a direct message: the real guild. */
  readonly src_guild_id?: Maybe<string>
  readonly direct_message?: Maybe<boolean>
  /** Missing for a message that is all attachment. `&`, `<` and `>` are escaped; mentions are `<@!id>` or `<@id>`. */
  readonly content?: Maybe<string>
  readonly timestamp?: Maybe<string>
  readonly edited_timestamp?: Maybe<string>
  readonly mention_everyone?: Maybe<boolean>
  readonly author?: Maybe<User>
  readonly member?: Maybe<Member>
  readonly attachments?: Maybe<ReadonlyArray<QqAttachment>>
  readonly embeds?: Maybe<ReadonlyArray<unknown>>
  readonly ark?: unknown
  readonly mentions?: Maybe<ReadonlyArray<User>>
  readonly seq?: Maybe<number>
  /** Ascends within the channel, so a hole in it is a missed message. */
  readonly seq_in_channel?: Maybe<string>
  readonly message_reference?: Maybe<{ readonly message_id: string }>
}

export interface ChatAuthor {
  /** The openid again, or an id of no documented use. */
  readonly id?: Maybe<string>
  /** In a group: differs from group to group. */
  readonly member_openid?: Maybe<string>
  /** In C2C. */
  readonly user_openid?: Maybe<string>
  readonly union_openid?: Maybe<string>
  readonly username?: Maybe<string>
  readonly bot?: Maybe<boolean>
  readonly member_role?: Maybe<"member" | "admin" | "owner" | (string & {})>
}

export interface ChatMention {
  readonly scope?: Maybe<"single" | "all" | (string & {})>
  readonly id?: Maybe<string>
  readonly member_openid?: Maybe<string>
  readonly user_openid?: Maybe<string>
  readonly username?: Maybe<string>
  readonly nickname?: Maybe<string>
  readonly bot?: Maybe<boolean>
  /** It is this bot. */
  readonly is_you?: Maybe<boolean>
}

interface ChatMessage {
  readonly id: string
  readonly content?: Maybe<string>
  /** RFC 3339; a Go-formatted time has been seen. */
  readonly timestamp?: Maybe<Timestamp>
  readonly author?: Maybe<ChatAuthor>
  readonly attachments?: Maybe<ReadonlyArray<QqAttachment>>
  readonly mentions?: Maybe<ReadonlyArray<ChatMention>>
  /** 0 text, 3 card, 101 parallel, 102 chat record, 103 quote. */
  readonly message_type?: Maybe<number>
  /** Quoted or forwarded content. */
  readonly msg_elements?: Maybe<
    ReadonlyArray<{
      readonly msg_idx?: Maybe<string>
      readonly content?: Maybe<string>
      readonly attachments?: Maybe<ReadonlyArray<QqAttachment>>
    }>
  >
  /** `ext` holds texts such as `msg_idx=REFIDX_…` and `ref_msg_idx=…`. */
  readonly message_scene?: Maybe<{ readonly source?: Maybe<string>; readonly ext?: Maybe<ReadonlyArray<string>> }>
  readonly ark_data?: unknown
}

export interface GroupMessage extends ChatMessage {
  readonly group_openid: string
  /** The same as `group_openid`. */
  readonly group_id?: Maybe<string>
}

export interface C2CMessage extends ChatMessage {}

/** A deleted message is wrapped, unlike a created one. */
export interface MessageDelete {
  readonly message: {
    readonly id: string
    readonly channel_id: string
    readonly guild_id: string
    readonly src_guild_id?: Maybe<string>
    readonly author?: Maybe<User>
  }
  readonly op_user?: Maybe<{ readonly id: string }>
}

export interface GroupRobot {
  readonly timestamp: Timestamp
  readonly group_openid: string
  readonly op_member_openid: string
}

export interface Friend {
  readonly timestamp: Timestamp
  readonly openid: string
  /** Where the person came from. */
  readonly scene?: Maybe<number | string>
  readonly scene_param?: Maybe<string>
  readonly author?: Maybe<{ readonly union_openid?: Maybe<string> }>
  readonly short_code?: Maybe<string>
}

export interface C2CSwitch {
  readonly timestamp: Timestamp
  readonly openid: string
}

export interface GroupMember {
  readonly timestamp: Timestamp
  readonly group_openid: string
  readonly member_openid: string
  readonly user_openid?: Maybe<string>
}

export interface GroupJoinRequest {
  readonly group_openid: string
  readonly join_request_id: string
  readonly member_openid: string
  readonly union_openid?: Maybe<string>
  readonly username?: Maybe<string>
  readonly apply_at?: Maybe<Timestamp>
  readonly apply_source?: unknown
  readonly invited_by?: unknown
  readonly bot?: Maybe<boolean>
  readonly verify_info?: unknown
  readonly risk_tips?: unknown
  readonly auto_approved?: Maybe<boolean>
}

export interface SubscribeStatus {
  readonly group_openid?: Maybe<string>
  readonly openid?: Maybe<string>
  readonly result: ReadonlyArray<{
    readonly template_id: string | number
    readonly custom_template_id?: Maybe<string>
    /** 1 subscribed, 2 unsubscribed. */
    readonly op: number
    readonly subscribe_id: string
    readonly update_ts: Timestamp
  }>
}

export interface EnterAio {
  readonly user_openid: string
  readonly from_source?: unknown
}

export interface Guild {
  readonly id: string
  readonly name: string
  readonly icon?: Maybe<string>
  readonly owner_id?: Maybe<string>
  readonly owner?: Maybe<boolean>
  readonly member_count?: Maybe<number>
  readonly max_members?: Maybe<number>
  readonly description?: Maybe<string>
  readonly joined_at?: Maybe<string>
  readonly union_world_id?: Maybe<string>
  readonly union_org_id?: Maybe<string>
  readonly op_user_id?: Maybe<string>
}

export interface Channel {
  readonly id: string
  readonly guild_id: string
  readonly name: string
  /** 0 text, 2 voice, 4 category, 10005 live, 10006 app, 10007 forum, and others to come. */
  readonly type: number
  readonly sub_type?: Maybe<number>
  readonly position?: Maybe<number>
  readonly parent_id?: Maybe<string>
  readonly owner_id?: Maybe<string>
  readonly private_type?: Maybe<number>
  readonly speak_permission?: Maybe<number>
  readonly application_id?: Maybe<string>
  readonly op_user_id?: Maybe<string>
}

export interface GuildMember extends Member {
  readonly guild_id: string
  readonly op_user_id?: Maybe<string>
  readonly user: User
}

export interface Reaction {
  readonly user_id: string
  readonly guild_id: string
  readonly channel_id: string
  /** `type`: documented 0 message, 1 post, 2 comment, 3 reply; seen `ReactionTargetType_MSG`, `_FEED`, … */
  readonly target: { readonly id: string; readonly type: number | string }
  /** `type`: 1 system, 2 unicode. */
  readonly emoji: { readonly id: string; readonly type: number }
}

export interface Interaction {
  /** What is acknowledged; not the event id. */
  readonly id: string
  readonly application_id: string
  /** 11 message button, 12 C2C quick menu, 13 feedback, 14 clear session. */
  readonly type: number
  readonly scene?: Maybe<"c2c" | "group" | "guild" | (string & {})>
  /** 0 guild, 1 group, 2 C2C. */
  readonly chat_type?: Maybe<number>
  readonly timestamp?: Maybe<Timestamp>
  readonly guild_id?: Maybe<string>
  readonly channel_id?: Maybe<string>
  readonly user_openid?: Maybe<string>
  readonly group_openid?: Maybe<string>
  readonly group_member_openid?: Maybe<string>
  readonly data: {
    readonly type: number
    readonly resolved: {
      readonly button_data?: Maybe<string>
      readonly button_id?: Maybe<string>
      readonly user_id?: Maybe<string>
      readonly feature_id?: Maybe<string>
      readonly message_id?: Maybe<string>
    }
  }
  readonly version?: Maybe<number>
}

/** The verdict on a send that was answered with 202. */
export interface MessageAudit {
  readonly audit_id: string
  /** Only when it passed. */
  readonly message_id?: Maybe<string>
  readonly guild_id: string
  readonly channel_id: string
  readonly audit_time?: Maybe<string>
  readonly create_time?: Maybe<string>
  readonly seq_in_channel?: Maybe<string>
}

interface InForum {
  readonly guild_id: string
  readonly channel_id: string
  readonly author_id: string
}

type ForumId = string | number
/** Rich text, as JSON text or already parsed. */
type RichText = string | object

export interface ForumThread extends InForum {
  readonly thread_info: {
    readonly thread_id: ForumId
    readonly title: RichText
    readonly content: RichText
    readonly date_time: string
  }
}

export interface ForumPost extends InForum {
  readonly post_info: {
    readonly thread_id: ForumId
    readonly post_id: ForumId
    readonly content: RichText
    readonly date_time: string
  }
}

export interface ForumReply extends InForum {
  readonly reply_info: {
    readonly thread_id: ForumId
    readonly post_id: ForumId
    readonly reply_id: ForumId
    readonly content: RichText
    readonly date_time: string
  }
}

export interface ForumAudit extends InForum {
  readonly thread_id: ForumId
  readonly post_id?: Maybe<ForumId>
  readonly reply_id?: Maybe<ForumId>
  /** 1 thread, 2 post, 3 reply. */
  readonly type: number
  /** 0 passed, 1 failed. */
  readonly result: number
  readonly err_msg?: Maybe<string>
  readonly task_id?: Maybe<string>
  readonly date_time?: Maybe<string>
}

/** Open forums tell who and where, not what. */
export interface OpenForum extends InForum {}

export interface Audio {
  readonly guild_id: string
  readonly channel_id: string
  readonly audio_url?: Maybe<string>
  readonly text?: Maybe<string>
}

export interface AudioOrLiveMember {
  readonly guild_id: string
  readonly channel_id: string
  /** 2 voice, 5 live. */
  readonly channel_type: number
  readonly user_id: string
}

/** From the name of an event to its payload. */
export interface QqPayloads extends Record<EventName, unknown> {
  readonly READY: Ready
  readonly RESUMED: ""
  readonly GUILD_CREATE: Guild
  readonly GUILD_UPDATE: Guild
  readonly GUILD_DELETE: Guild
  readonly CHANNEL_CREATE: Channel
  readonly CHANNEL_UPDATE: Channel
  readonly CHANNEL_DELETE: Channel
  readonly GUILD_MEMBER_ADD: GuildMember
  readonly GUILD_MEMBER_UPDATE: GuildMember
  readonly GUILD_MEMBER_REMOVE: GuildMember
  readonly MESSAGE_CREATE: GuildMessage
  readonly MESSAGE_DELETE: MessageDelete
  readonly MESSAGE_REACTION_ADD: Reaction
  readonly MESSAGE_REACTION_REMOVE: Reaction
  readonly DIRECT_MESSAGE_CREATE: GuildMessage
  readonly DIRECT_MESSAGE_DELETE: MessageDelete
  readonly OPEN_FORUM_THREAD_CREATE: OpenForum
  readonly OPEN_FORUM_THREAD_UPDATE: OpenForum
  readonly OPEN_FORUM_THREAD_DELETE: OpenForum
  readonly OPEN_FORUM_POST_CREATE: OpenForum
  readonly OPEN_FORUM_POST_DELETE: OpenForum
  readonly OPEN_FORUM_REPLY_CREATE: OpenForum
  readonly OPEN_FORUM_REPLY_DELETE: OpenForum
  readonly AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER: AudioOrLiveMember
  readonly AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT: AudioOrLiveMember
  readonly ENTER_AIO: EnterAio
  readonly GROUP_MEMBER_ADD: GroupMember
  readonly GROUP_MEMBER_REMOVE: GroupMember
  readonly GROUP_JOIN_REQUEST: GroupJoinRequest
  readonly C2C_MESSAGE_CREATE: C2CMessage
  readonly GROUP_AT_MESSAGE_CREATE: GroupMessage
  readonly GROUP_MESSAGE_CREATE: GroupMessage
  readonly FRIEND_ADD: Friend
  readonly FRIEND_DEL: Friend
  readonly C2C_MSG_REJECT: C2CSwitch
  readonly C2C_MSG_RECEIVE: C2CSwitch
  readonly GROUP_ADD_ROBOT: GroupRobot
  readonly GROUP_DEL_ROBOT: GroupRobot
  readonly GROUP_MSG_REJECT: GroupRobot
  readonly GROUP_MSG_RECEIVE: GroupRobot
  readonly SUBSCRIBE_MESSAGE_STATUS: SubscribeStatus
  readonly INTERACTION_CREATE: Interaction
  readonly MESSAGE_AUDIT_PASS: MessageAudit
  readonly MESSAGE_AUDIT_REJECT: MessageAudit
  readonly FORUM_THREAD_CREATE: ForumThread
  readonly FORUM_THREAD_UPDATE: ForumThread
  readonly FORUM_THREAD_DELETE: ForumThread
  readonly FORUM_POST_CREATE: ForumPost
  readonly FORUM_POST_DELETE: ForumPost
  readonly FORUM_REPLY_CREATE: ForumReply
  readonly FORUM_REPLY_DELETE: ForumReply
  readonly FORUM_PUBLISH_AUDIT_RESULT: ForumAudit
  readonly AUDIO_START: Audio
  readonly AUDIO_FINISH: Audio
  readonly AUDIO_ON_MIC: Audio
  readonly AUDIO_OFF_MIC: Audio
  readonly AT_MESSAGE_CREATE: GuildMessage
  readonly PUBLIC_MESSAGE_DELETE: MessageDelete
}
