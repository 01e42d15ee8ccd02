/** What the calls of guilds and channels take and answer, where events do not carry the same. */
import type { Maybe, Member, User } from "../Payloads.ts"

/** A member as lists and look-ups give it. */
export interface RestMember extends Member {
  readonly user: User
  /** Seconds, as a text, when it is muted. */
  readonly guild_id?: Maybe<string>
  readonly deaf?: Maybe<boolean>
  readonly mute?: Maybe<boolean>
}

/** 0 text, 2 voice, 4 category, 10005 live, 10006 app, 10007 forum. */
export interface NewChannel {
  readonly name: string
  readonly type: number
  /** 0 chat, 1 notice, 2 guide, 3 team. */
  readonly sub_type?: number
  /** From 1; a category begins at 2. */
  readonly position?: number
  /** The category it stands in. */
  readonly parent_id?: string
  /** 0 public, 1 administrators, 2 administrators and `private_user_ids`. */
  readonly private_type?: number
  readonly private_user_ids?: ReadonlyArray<string>
  /** 1 everybody, 2 administrators and those with the permission. */
  readonly speak_permission?: number
  readonly application_id?: string
}

export type ChannelChange = Partial<
  Pick<NewChannel, "name" | "position" | "parent_id" | "private_type" | "speak_permission">
>

export interface Role {
  readonly id: string
  readonly name: string
  /** ARGB as a decimal number. */
  readonly color?: Maybe<number>
  /** 1 shown apart in the member list. */
  readonly hoist?: Maybe<number>
  readonly number?: Maybe<number>
  readonly member_limit?: Maybe<number>
}

export interface RoleChange {
  readonly name?: string
  /** ARGB as a decimal number. */
  readonly color?: number
  /** 1 shows its members apart. */
  readonly hoist?: 0 | 1
}

/** Bits: 1 view, 2 manage, 4 speak, as decimal text. */
export interface PermissionChange {
  readonly add?: string
  readonly remove?: string
}

export interface MutePeriod {
  /** Unix seconds as a text, until which it lasts. */
  readonly mute_end_timestamp?: string
  /** Seconds as a text; "0" lifts it. */
  readonly mute_seconds?: string
}

export interface Announcement {
  readonly guild_id?: Maybe<string>
  readonly channel_id?: Maybe<string>
  readonly message_id?: Maybe<string>
  readonly announces_type?: Maybe<number>
  readonly recommend_channels?: Maybe<ReadonlyArray<RecommendedChannel>>
}

export interface RecommendedChannel {
  readonly channel_id: string
  readonly introduce: string
}

/** A message, or up to three channels to recommend. */
export type NewAnnouncement =
  | { readonly channel_id: string; readonly message_id: string }
  | { readonly announces_type: 0 | 1; readonly recommend_channels: ReadonlyArray<RecommendedChannel> }

export interface Pins {
  readonly guild_id?: Maybe<string>
  readonly channel_id?: Maybe<string>
  readonly message_ids: ReadonlyArray<string>
}

export interface NewSchedule {
  readonly name: string
  readonly description?: string
  /** Epoch milliseconds as text. */
  readonly start_timestamp: string
  readonly end_timestamp: string
  readonly jump_channel_id?: string
  /** "0" none, "1" at its start, "2" 5 min, "3" 15 min, "4" 30 min, "5" 60 min before. */
  readonly remind_type: "0" | "1" | "2" | "3" | "4" | "5"
}

export interface Schedule extends NewSchedule {
  readonly id: string
  readonly creator?: Maybe<RestMember>
}

/** `type` 1 system, 2 unicode. */
export interface Emoji {
  readonly type: 1 | 2
  readonly id: string
}

export interface AudioControl {
  readonly audio_url?: string
  /** What the player shows. */
  readonly text?: string
  /** 0 start, 1 pause, 2 resume, 3 stop. */
  readonly status: 0 | 1 | 2 | 3
}

export interface NewThread {
  readonly title: string
  readonly content: string
  /** 1 text, 2 HTML, 3 markdown, 4 JSON. */
  readonly format: 1 | 2 | 3 | 4
}

export interface Thread {
  readonly guild_id: string
  readonly channel_id: string
  readonly author_id: string
  readonly thread_info: {
    readonly thread_id: string | number
    /** Rich text, as JSON text or already parsed. */
    readonly title: string | object
    readonly content: string | object
    readonly date_time: string
  }
}

export interface ApiPermission {
  readonly path: string
  readonly method: string
  readonly desc?: Maybe<string>
  /** 1 granted. */
  readonly auth_status: number
}

export interface ApiPermissionDemand {
  readonly guild_id?: Maybe<string>
  readonly channel_id: string
  readonly api_identify: { readonly path: string; readonly method: string }
  readonly title?: Maybe<string>
  readonly desc?: Maybe<string>
}

export interface MessageSetting {
  /** Text bools have been seen. */
  readonly disable_create_dm?: Maybe<boolean | string>
  readonly disable_push_msg?: Maybe<boolean | string>
  readonly channel_ids?: Maybe<ReadonlyArray<string>>
  readonly channel_push_max_num?: Maybe<number | string>
}

/** A guild direct message session: `guild_id` is where to send. */
export interface DirectSession {
  readonly guild_id: string
  readonly channel_id?: Maybe<string>
  readonly create_time?: Maybe<string>
}
