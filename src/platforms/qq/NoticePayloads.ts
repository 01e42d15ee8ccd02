/** Payloads of everything that is not a message: who came and went, what was pressed, reviewed, posted, played. */
import type { Maybe, Member, Timestamp, User } from "./MessagePayloads.ts"

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
