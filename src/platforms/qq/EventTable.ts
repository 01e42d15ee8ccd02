/**
 * Every event of QQ, one row each: how it is read, and what its payload is called. Decoding, the types of payloads and
 * {@link EventKinds} derive from it; which intent an event needs is in `Protocol.ts`, which a simulated server shares.
 */
import type { EventName } from "./Protocol.ts"

/** How an event is read: as a message of some surface, a deletion, or something else that happened somewhere. */
export type Reading =
  | "groupMessage"
  | "directMessage"
  | "channelMessage"
  | "guildDirectMessage"
  | "channelDelete"
  | "guildDirectDelete"
  | "inGroup"
  | "inDirect"
  | "inChannel"
  | "inGuild"
  | "isGuild"
  | "anywhere"
  | "account"

export interface Row {
  readonly reading: Reading
  /** Its name in `Payloads.ts`. */
  readonly payload: string
  /** A reply may name the event as its `event_id`. Source: the bot documentation's list, GROUP_MEMBER_ADD by adapters. */
  readonly answerable?: true
  /** Who knows of it. Without one: the bot documentation (api-v2). */
  readonly source?: string
}

export const eventTable = {
  READY: { reading: "account", payload: "Ready" },
  RESUMED: { reading: "account", payload: "Resumed" },

  GUILD_CREATE: { reading: "isGuild", payload: "Guild" },
  GUILD_UPDATE: { reading: "isGuild", payload: "Guild" },
  GUILD_DELETE: { reading: "isGuild", payload: "Guild" },
  CHANNEL_CREATE: { reading: "inGuild", payload: "Channel" },
  CHANNEL_UPDATE: { reading: "inGuild", payload: "Channel" },
  CHANNEL_DELETE: { reading: "inGuild", payload: "Channel" },

  GUILD_MEMBER_ADD: { reading: "inGuild", payload: "GuildMember", answerable: true },
  GUILD_MEMBER_UPDATE: { reading: "inGuild", payload: "GuildMember", answerable: true },
  GUILD_MEMBER_REMOVE: { reading: "inGuild", payload: "GuildMember", answerable: true },

  MESSAGE_CREATE: { reading: "channelMessage", payload: "GuildMessage" },
  MESSAGE_DELETE: { reading: "channelDelete", payload: "MessageDelete" },

  MESSAGE_REACTION_ADD: { reading: "inChannel", payload: "Reaction", answerable: true },
  MESSAGE_REACTION_REMOVE: { reading: "inChannel", payload: "Reaction", answerable: true },

  DIRECT_MESSAGE_CREATE: { reading: "guildDirectMessage", payload: "GuildMessage" },
  DIRECT_MESSAGE_DELETE: { reading: "guildDirectDelete", payload: "MessageDelete" },

  OPEN_FORUM_THREAD_CREATE: { reading: "inChannel", payload: "OpenForum" },
  OPEN_FORUM_THREAD_UPDATE: { reading: "inChannel", payload: "OpenForum" },
  OPEN_FORUM_THREAD_DELETE: { reading: "inChannel", payload: "OpenForum" },
  OPEN_FORUM_POST_CREATE: { reading: "inChannel", payload: "OpenForum" },
  OPEN_FORUM_POST_DELETE: { reading: "inChannel", payload: "OpenForum" },
  OPEN_FORUM_REPLY_CREATE: { reading: "inChannel", payload: "OpenForum" },
  OPEN_FORUM_REPLY_DELETE: { reading: "inChannel", payload: "OpenForum" },

  AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER: { reading: "inChannel", payload: "AudioOrLiveMember" },
  AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT: { reading: "inChannel", payload: "AudioOrLiveMember" },

  ENTER_AIO: { reading: "inDirect", payload: "EnterAio", source: "botgo" },

  GROUP_MEMBER_ADD: { reading: "inGroup", payload: "GroupMember", answerable: true, source: "docs of 2026" },
  GROUP_MEMBER_REMOVE: { reading: "inGroup", payload: "GroupMember", source: "docs of 2026" },
  GROUP_JOIN_REQUEST: { reading: "inGroup", payload: "GroupJoinRequest", source: "docs of 2026" },

  C2C_MESSAGE_CREATE: { reading: "directMessage", payload: "C2CMessage" },
  GROUP_AT_MESSAGE_CREATE: { reading: "groupMessage", payload: "GroupMessage" },
  GROUP_MESSAGE_CREATE: { reading: "groupMessage", payload: "GroupMessage", source: "docs of 2026" },
  FRIEND_ADD: { reading: "inDirect", payload: "Friend", answerable: true },
  FRIEND_DEL: { reading: "inDirect", payload: "Friend" },
  C2C_MSG_REJECT: { reading: "inDirect", payload: "C2CSwitch" },
  C2C_MSG_RECEIVE: { reading: "inDirect", payload: "C2CSwitch", answerable: true },
  GROUP_ADD_ROBOT: { reading: "inGroup", payload: "GroupRobot", answerable: true },
  GROUP_DEL_ROBOT: { reading: "inGroup", payload: "GroupRobot" },
  GROUP_MSG_REJECT: { reading: "inGroup", payload: "GroupRobot" },
  GROUP_MSG_RECEIVE: { reading: "inGroup", payload: "GroupRobot", answerable: true },
  SUBSCRIBE_MESSAGE_STATUS: { reading: "anywhere", payload: "SubscribeStatus" },

  INTERACTION_CREATE: { reading: "anywhere", payload: "Interaction", answerable: true },

  MESSAGE_AUDIT_PASS: { reading: "inChannel", payload: "MessageAudit" },
  MESSAGE_AUDIT_REJECT: { reading: "inChannel", payload: "MessageAudit" },

  FORUM_THREAD_CREATE: { reading: "inChannel", payload: "ForumThread", answerable: true },
  FORUM_THREAD_UPDATE: { reading: "inChannel", payload: "ForumThread", answerable: true },
  FORUM_THREAD_DELETE: { reading: "inChannel", payload: "ForumThread", answerable: true },
  FORUM_POST_CREATE: { reading: "inChannel", payload: "ForumPost", answerable: true },
  FORUM_POST_DELETE: { reading: "inChannel", payload: "ForumPost", answerable: true },
  FORUM_REPLY_CREATE: { reading: "inChannel", payload: "ForumReply", answerable: true },
  FORUM_REPLY_DELETE: { reading: "inChannel", payload: "ForumReply", answerable: true },
  FORUM_PUBLISH_AUDIT_RESULT: { reading: "inChannel", payload: "ForumAudit" },

  AUDIO_START: { reading: "inChannel", payload: "Audio" },
  AUDIO_FINISH: { reading: "inChannel", payload: "Audio" },
  AUDIO_ON_MIC: { reading: "inChannel", payload: "Audio" },
  AUDIO_OFF_MIC: { reading: "inChannel", payload: "Audio" },

  AT_MESSAGE_CREATE: { reading: "channelMessage", payload: "GuildMessage" },
  PUBLIC_MESSAGE_DELETE: { reading: "channelDelete", payload: "MessageDelete" }
} as const satisfies Record<EventName, Row>
