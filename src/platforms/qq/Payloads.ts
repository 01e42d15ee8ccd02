/**
 * The payload (`d`) of every event, as documented and as seen on the wire.
 *
 * Types are tolerant: what the platform has been seen to leave out is optional, what it has been seen to send in two
 * shapes is a union. Nothing here is checked at run time; `Decode.ts` reads payloads defensively.
 */
import type { eventTable } from "./EventTable.ts"
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

/** Every payload, by the name that the table of events calls it. */
export interface PayloadTypes {
  readonly Ready: Ready
  readonly Resumed: ""
  readonly Guild: Guild
  readonly Channel: Channel
  readonly GuildMember: GuildMember
  readonly GuildMessage: GuildMessage
  readonly MessageDelete: MessageDelete
  readonly Reaction: Reaction
  readonly OpenForum: OpenForum
  readonly AudioOrLiveMember: AudioOrLiveMember
  readonly EnterAio: EnterAio
  readonly GroupMember: GroupMember
  readonly GroupJoinRequest: GroupJoinRequest
  readonly C2CMessage: C2CMessage
  readonly GroupMessage: GroupMessage
  readonly Friend: Friend
  readonly C2CSwitch: C2CSwitch
  readonly GroupRobot: GroupRobot
  readonly SubscribeStatus: SubscribeStatus
  readonly Interaction: Interaction
  readonly MessageAudit: MessageAudit
  readonly ForumThread: ForumThread
  readonly ForumPost: ForumPost
  readonly ForumReply: ForumReply
  readonly ForumAudit: ForumAudit
  readonly Audio: Audio
}

/** From the name of an event to its payload. */
export type QqPayloads = {
  readonly [K in EventName]: PayloadTypes[(typeof eventTable)[K]["payload"]]
}
