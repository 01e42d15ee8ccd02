/**
 * The words of the QQ gateway: opcodes, envelope, the payloads of the handshake, intents and event names.
 *
 * Constants and types only, no behaviour, so that a client and a simulated server can share it. Wire names stay as
 * they are on the wire. Facts are from the QQ bot documentation (api-v2) unless a line says otherwise.
 */

/** What a frame is about. `→` we send, `←` the platform sends. */
export const Opcode = {
  /** ← an event. */
  Dispatch: 0,
  /** → the last sequence received; ← answer with one at once. */
  Heartbeat: 1,
  /** → begins a session. */
  Identify: 2,
  /** → continues a session. */
  Resume: 6,
  /** ← close and resume. */
  Reconnect: 7,
  /** ← identify or resume was refused; a close frame with the real cause usually follows. */
  InvalidSession: 9,
  /** ← first frame of a connection. */
  Hello: 10,
  /** ← the platform saw our heartbeat. */
  HeartbeatAck: 11,
  /** Webhook only, → the event was taken (`d: 0`) or not (`d: 1`). */
  HttpCallbackAck: 12,
  /** Webhook only, ← prove that you own the secret. */
  CallbackValidation: 13
} as const
export type Opcode = (typeof Opcode)[keyof typeof Opcode]

/** Every frame, in both directions, and every webhook body. */
export interface Envelope {
  /** Event id, `<EVENT_NAME>:<opaque>`: what a passive reply gives as `event_id`. READY and RESUMED have none. */
  readonly id?: string | undefined
  readonly op: number
  readonly d?: unknown
  /** Sequence; only on a dispatch over a WebSocket. */
  readonly s?: number | undefined
  /** Event name; only on a dispatch. */
  readonly t?: string | undefined
}

export interface Hello {
  /** Milliseconds; 45000 documented, 41250 observed. */
  readonly heartbeat_interval: number
}

/** `[shard, count]`; the READY of an unsharded session may say `[0, 0]`. */
export type Shard = readonly [id: number, count: number]

export interface Identify {
  /** `QQBot <access token>`. */
  readonly token: string
  readonly intents: number
  readonly shard?: Shard | undefined
  /** Ignored by the platform. */
  readonly properties?: Readonly<Record<string, string>> | undefined
}

export interface Resume {
  /** `QQBot <access token>`; the raw token is accepted too. */
  readonly token: string
  readonly session_id: string
  /** The last sequence that was processed: the platform replays what came after it. */
  readonly seq: number
}

/** `d` of READY, which itself is sequence 1. RESUMED has an empty string for `d` and comes after the replay. */
export interface Ready {
  readonly version: number
  readonly session_id: string
  readonly user: {
    readonly id: string
    readonly username: string
    readonly bot?: boolean | undefined
    readonly status?: number | undefined
  }
  readonly shard?: Shard | undefined
}

/** `d` of a webhook validation (op 13). */
export interface CallbackChallenge {
  readonly plain_token: string
  readonly event_ts: string
}

/** Answer of `GET /gateway/bot`; `GET /gateway` gives the url alone. */
export interface GatewayBot {
  readonly url: string
  readonly shards: number
  readonly session_start_limit: {
    /** Identifies per 24 h. */
    readonly total: number
    readonly remaining: number
    /** Milliseconds until `remaining` is `total` again. */
    readonly reset_after: number
    /** Sessions that may start per 5 s. */
    readonly max_concurrency: number
  }
}

/** Event groups a bot can subscribe to, by the bit each occupies in `intents`. */
export const intentBits = {
  /** Granted by default. */
  GUILDS: 0,
  /** Granted by default. */
  GUILD_MEMBERS: 1,
  /** Private-domain bots only. */
  GUILD_MESSAGES: 9,
  GUILD_MESSAGE_REACTIONS: 10,
  DIRECT_MESSAGE: 12,
  OPEN_FORUM_EVENT: 18,
  AUDIO_OR_LIVE_CHANNEL_MEMBER: 19,
  /** Known to the botgo SDK only. */
  ENTER_AIO: 23,
  /** Since June 2026. */
  GROUP_MEMBER_EVENT: 24,
  GROUP_AND_C2C_EVENT: 25,
  INTERACTION: 26,
  MESSAGE_AUDIT: 27,
  /** Private-domain bots only. */
  FORUMS_EVENT: 28,
  AUDIO_ACTION: 29,
  /** Granted by default. */
  PUBLIC_GUILD_MESSAGES: 30
} as const
export type IntentName = keyof typeof intentBits

/** Every event name, with the intent it needs; READY and RESUMED need none. */
export const eventIntents = {
  READY: undefined,
  RESUMED: undefined,

  GUILD_CREATE: "GUILDS",
  GUILD_UPDATE: "GUILDS",
  GUILD_DELETE: "GUILDS",
  CHANNEL_CREATE: "GUILDS",
  CHANNEL_UPDATE: "GUILDS",
  CHANNEL_DELETE: "GUILDS",

  GUILD_MEMBER_ADD: "GUILD_MEMBERS",
  GUILD_MEMBER_UPDATE: "GUILD_MEMBERS",
  GUILD_MEMBER_REMOVE: "GUILD_MEMBERS",

  MESSAGE_CREATE: "GUILD_MESSAGES",
  MESSAGE_DELETE: "GUILD_MESSAGES",

  MESSAGE_REACTION_ADD: "GUILD_MESSAGE_REACTIONS",
  MESSAGE_REACTION_REMOVE: "GUILD_MESSAGE_REACTIONS",

  DIRECT_MESSAGE_CREATE: "DIRECT_MESSAGE",
  DIRECT_MESSAGE_DELETE: "DIRECT_MESSAGE",

  OPEN_FORUM_THREAD_CREATE: "OPEN_FORUM_EVENT",
  OPEN_FORUM_THREAD_UPDATE: "OPEN_FORUM_EVENT",
  OPEN_FORUM_THREAD_DELETE: "OPEN_FORUM_EVENT",
  OPEN_FORUM_POST_CREATE: "OPEN_FORUM_EVENT",
  OPEN_FORUM_POST_DELETE: "OPEN_FORUM_EVENT",
  OPEN_FORUM_REPLY_CREATE: "OPEN_FORUM_EVENT",
  OPEN_FORUM_REPLY_DELETE: "OPEN_FORUM_EVENT",

  AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER: "AUDIO_OR_LIVE_CHANNEL_MEMBER",
  AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT: "AUDIO_OR_LIVE_CHANNEL_MEMBER",

  ENTER_AIO: "ENTER_AIO",

  GROUP_MEMBER_ADD: "GROUP_MEMBER_EVENT",
  GROUP_MEMBER_REMOVE: "GROUP_MEMBER_EVENT",
  GROUP_JOIN_REQUEST: "GROUP_MEMBER_EVENT",

  C2C_MESSAGE_CREATE: "GROUP_AND_C2C_EVENT",
  GROUP_AT_MESSAGE_CREATE: "GROUP_AND_C2C_EVENT",
  GROUP_MESSAGE_CREATE: "GROUP_AND_C2C_EVENT",
  FRIEND_ADD: "GROUP_AND_C2C_EVENT",
  FRIEND_DEL: "GROUP_AND_C2C_EVENT",
  C2C_MSG_REJECT: "GROUP_AND_C2C_EVENT",
  C2C_MSG_RECEIVE: "GROUP_AND_C2C_EVENT",
  GROUP_ADD_ROBOT: "GROUP_AND_C2C_EVENT",
  GROUP_DEL_ROBOT: "GROUP_AND_C2C_EVENT",
  GROUP_MSG_REJECT: "GROUP_AND_C2C_EVENT",
  GROUP_MSG_RECEIVE: "GROUP_AND_C2C_EVENT",
  SUBSCRIBE_MESSAGE_STATUS: "GROUP_AND_C2C_EVENT",

  INTERACTION_CREATE: "INTERACTION",

  MESSAGE_AUDIT_PASS: "MESSAGE_AUDIT",
  MESSAGE_AUDIT_REJECT: "MESSAGE_AUDIT",

  FORUM_THREAD_CREATE: "FORUMS_EVENT",
  FORUM_THREAD_UPDATE: "FORUMS_EVENT",
  FORUM_THREAD_DELETE: "FORUMS_EVENT",
  FORUM_POST_CREATE: "FORUMS_EVENT",
  FORUM_POST_DELETE: "FORUMS_EVENT",
  FORUM_REPLY_CREATE: "FORUMS_EVENT",
  FORUM_REPLY_DELETE: "FORUMS_EVENT",
  FORUM_PUBLISH_AUDIT_RESULT: "FORUMS_EVENT",

  AUDIO_START: "AUDIO_ACTION",
  AUDIO_FINISH: "AUDIO_ACTION",
  AUDIO_ON_MIC: "AUDIO_ACTION",
  AUDIO_OFF_MIC: "AUDIO_ACTION",

  AT_MESSAGE_CREATE: "PUBLIC_GUILD_MESSAGES",
  PUBLIC_MESSAGE_DELETE: "PUBLIC_GUILD_MESSAGES"
} as const satisfies Readonly<Record<string, IntentName | undefined>>
export type EventName = keyof typeof eventIntents

/** Hosts. The WebSocket's own address is never fixed: `GET /gateway/bot` names it. */
export const hosts = {
  api: "https://api.sgroup.qq.com",
  /** Sees sandbox guilds, groups and users only; exempt from the IP allow-list. */
  sandboxApi: "https://sandbox.api.sgroup.qq.com",
  /** The unified host of July 2026; serves both the API and the token. */
  unifiedApi: "https://api.bot.qq.com",
  token: "https://bots.qq.com"
} as const

/** Path of the access token call, on the token host. */
export const tokenPath = "/app/getAppAccessToken"
