/** Payloads of messages and their deletion, in guilds, groups and private chats. */

/** What the platform may leave out. */
export type Maybe<T> = T | undefined

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
