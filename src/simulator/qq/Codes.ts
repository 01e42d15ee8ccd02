/** The platform's numbers, written down a second time on purpose: the simulator must not inherit the adapter's mistakes. */

export const Op = {
  Dispatch: 0,
  Heartbeat: 1,
  Identify: 2,
  Resume: 6,
  Reconnect: 7,
  InvalidSession: 9,
  Hello: 10,
  HeartbeatAck: 11,
  CallbackValidation: 13
} as const

export const Close = {
  BadOpcode: 4001,
  BadPayload: 4002,
  NotAuthenticated: 4003,
  AuthenticationFailed: 4004,
  AlreadyAuthenticated: 4005,
  SessionInvalid: 4006,
  BadSequence: 4007,
  TimedOut: 4009,
  BadShard: 4010,
  ShardingRequired: 4011,
  BadIntents: 4013,
  IntentsNotPermitted: 4014,
  ResetByResume: 4902,
  CannotCreateSession: 4903,
  Banned: 4915,
  AddressForbidden: 4924
} as const

/** Close codes after which the session is gone; the others leave it to be resumed. */
export const endsSession = (code: number): boolean =>
  (code >= 4001 && code <= 4007) || (code >= 4010 && code <= 4014) || code >= 4900

/** A refused REST call: HTTP status, business code and the text that goes with it. */
export interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly errCode?: number
}

const refusal = (status: number, code: number, message: string, errCode?: number): Refusal =>
  errCode === undefined ? { status, code, message } : { status, code, message, errCode }

export const Refusals = {
  tokenMissing: refusal(401, 11241, "missing authorization"),
  tokenMalformed: refusal(401, 11243, "invalid authorization"),
  tokenExpired: refusal(401, 11244, "token not exist or expire"),
  legacyDisabled: refusal(401, 11245, "fixed token is disabled"),
  banned: refusal(403, 11265, "bot is banned"),
  addressForbidden: refusal(401, 11298, "access source IP is not in the allow list", 40023002),
  unknownRoute: refusal(404, 11255, "invalid request"),
  unknownChannel: refusal(404, 10003, "channel does not exist"),
  notGranted: refusal(401, 11253, "no privilege for this interface"),
  badJson: refusal(400, 50035, "invalid request body"),
  empty: refusal(400, 50006, "message is empty"),
  tooLong: refusal(400, 40054007, "message is too long"),
  badType: refusal(400, 50035, "invalid msg_type"),
  duplicate: refusal(400, 40054005, "duplicate msg_id and msg_seq"),
  unknownMessage: refusal(400, 40034024, "msg_id is invalid"),
  windowClosed: refusal(400, 40034005, "reply window is over"),
  tooManyReplies: refusal(400, 40034128, "passive reply time or count exceeded"),
  unknownEvent: refusal(400, 40034025, "event_id is invalid"),
  eventExpired: refusal(400, 40034026, "event_id has expired"),
  eventNotAnswerable: refusal(400, 40034027, "this event can not be replied to"),
  guildUnknownMessage: refusal(400, 304026, "msg_id is invalid"),
  guildWindowClosed: refusal(400, 304027, "msg_id has expired"),
  guildNotAnswerable: refusal(400, 304028, "this event can not be replied to"),
  notConnected: refusal(400, 304018, "bot is not connected to the gateway"),
  activeNotPermitted: refusal(400, 40034102, "active messages are not permitted"),
  activeLimited: refusal(400, 40034100, "active message rate limit"),
  guildActiveLimited: refusal(400, 304045, "active messages of this channel are used up for today"),
  directActiveLimited: refusal(400, 304049, "active direct messages are used up for today"),
  recallTooOld: refusal(400, 306011, "message can not be recalled any more"),
  recallNotYours: refusal(400, 306004, "message is not yours"),
  rateLimited: refusal(429, 22009, "message rate limit"),
  channelRateLimited: refusal(429, 20028, "channel message rate limit")
} as const

const bit = (n: number) => 2 ** n

const intentTable: ReadonlyArray<readonly [number, ReadonlyArray<string>]> = [
  [bit(0), ["GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"]],
  [bit(1), ["GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"]],
  [bit(9), ["MESSAGE_CREATE", "MESSAGE_DELETE"]],
  [bit(10), ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"]],
  [bit(12), ["DIRECT_MESSAGE_CREATE", "DIRECT_MESSAGE_DELETE"]],
  [
    bit(18),
    [
      "THREAD_CREATE",
      "THREAD_UPDATE",
      "THREAD_DELETE",
      "POST_CREATE",
      "POST_DELETE",
      "REPLY_CREATE",
      "REPLY_DELETE"
    ].map((name) => `OPEN_FORUM_${name}`)
  ],
  [bit(19), ["AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER", "AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT"]],
  [bit(23), ["ENTER_AIO"]],
  [bit(24), ["GROUP_MEMBER_ADD", "GROUP_MEMBER_REMOVE", "GROUP_JOIN_REQUEST"]],
  [
    bit(25),
    [
      "C2C_MESSAGE_CREATE",
      "GROUP_AT_MESSAGE_CREATE",
      "GROUP_MESSAGE_CREATE",
      "FRIEND_ADD",
      "FRIEND_DEL",
      "C2C_MSG_REJECT",
      "C2C_MSG_RECEIVE",
      "GROUP_ADD_ROBOT",
      "GROUP_DEL_ROBOT",
      "GROUP_MSG_REJECT",
      "GROUP_MSG_RECEIVE",
      "SUBSCRIBE_MESSAGE_STATUS"
    ]
  ],
  [bit(26), ["INTERACTION_CREATE"]],
  [bit(27), ["MESSAGE_AUDIT_PASS", "MESSAGE_AUDIT_REJECT"]],
  [
    bit(28),
    [
      ...["THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "POST_CREATE", "POST_DELETE", "REPLY_CREATE"],
      ...["REPLY_DELETE", "PUBLISH_AUDIT_RESULT"]
    ].map((name) => `FORUM_${name}`)
  ],
  [bit(29), ["AUDIO_START", "AUDIO_FINISH", "AUDIO_ON_MIC", "AUDIO_OFF_MIC"]],
  [bit(30), ["AT_MESSAGE_CREATE", "PUBLIC_MESSAGE_DELETE"]]
]

/** Every intent bit the platform knows. */
export const knownIntents = intentTable.reduce((all, [value]) => all + value, 0)

const intentByEvent = new Map(intentTable.flatMap(([value, events]) => events.map((event) => [event, value] as const)))

/** The intent an event needs; 0 for events nobody has to ask for. */
export const intentOf = (type: string): number => intentByEvent.get(type) ?? 0

/** Events whose envelope id may carry a passive reply, by the kind of chat. */
export const answerable = {
  direct: new Set(["INTERACTION_CREATE", "C2C_MSG_RECEIVE", "FRIEND_ADD"]),
  group: new Set(["INTERACTION_CREATE", "GROUP_ADD_ROBOT", "GROUP_MSG_RECEIVE", "GROUP_MEMBER_ADD"]),
  guild: new Set([
    ...["GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE", "MESSAGE_REACTION_ADD"],
    ...["MESSAGE_REACTION_REMOVE", "FORUM_THREAD_CREATE", "FORUM_THREAD_UPDATE", "FORUM_THREAD_DELETE"],
    ...["FORUM_POST_CREATE", "FORUM_POST_DELETE", "FORUM_REPLY_CREATE", "FORUM_REPLY_DELETE"]
  ])
} as const
