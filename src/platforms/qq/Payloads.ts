/**
 * The payload (`d`) of every event, as documented and as seen on the wire.
 *
 * Types are tolerant: what the platform has been seen to leave out is optional, what it has been seen to send in two
 * shapes is a union. Nothing here is checked at run time; `Decode.ts` reads payloads defensively.
 */
import type { C2CMessage, GroupMessage, GuildMessage, MessageDelete } from "./MessagePayloads.ts"
import type {
  Audio,
  AudioOrLiveMember,
  C2CSwitch,
  Channel,
  EnterAio,
  ForumAudit,
  ForumPost,
  ForumReply,
  ForumThread,
  Friend,
  GroupJoinRequest,
  GroupMember,
  GroupRobot,
  Guild,
  GuildMember,
  Interaction,
  MessageAudit,
  OpenForum,
  Reaction,
  SubscribeStatus
} from "./NoticePayloads.ts"
import type { EventName, Ready } from "./Protocol.ts"

export type * from "./MessagePayloads.ts"
export type * from "./NoticePayloads.ts"

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
