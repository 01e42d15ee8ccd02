/**
 * The shapes in which each event has been documented or seen, and what a bot is to learn from them. Ids are invented.
 * The payloads are typed, so a shape that the types do not allow does not compile.
 */
import type { PayloadTypes, QqPayloads } from "../../../src/platforms/qq/Payloads.ts"
import type { EventName } from "../../../src/platforms/qq/Protocol.ts"
import { frames, group, guild, member, person, self, user } from "./fixtures.ts"

export interface Shape<D = unknown> {
  readonly as: string
  readonly d: D
  /** What it tells, see `tell` in the test. */
  readonly tells: unknown
}

type Shapes = { readonly [K in Exclude<EventName, "READY" | "RESUMED">]: ReadonlyArray<Shape<QqPayloads[K]>> }

const sample = <K extends EventName>(name: K) => frames[name].envelope.d as QqPayloads[K]

/** 2026-11-02 09:20:00 +0800. */
const at = Date.UTC(2026, 10, 2, 1, 20, 0)
const rfc3339 = "2026-11-02T09:20:00+08:00"
const seconds = at / 1000
const goTime = "2026-11-02 09:20:00.123456789 +0800 CST m=+1234.5"

const said = (tells: object) => ({
  ...{
    where: "",
    who: "",
    name: undefined,
    isBot: false,
    role: undefined,
    says: "",
    when: undefined,
    guild: undefined
  },
  ...{ answers: "", isAddressed: false, attachments: [], mentions: [], quotes: undefined },
  ...tells
})

const robot = (when: unknown = 1793581038000) => ({ where: `group:${group}`, by: member, when })
const robots = (name: "GROUP_ADD_ROBOT" | "GROUP_DEL_ROBOT" | "GROUP_MSG_REJECT" | "GROUP_MSG_RECEIVE") => [
  { as: "with a number of seconds", d: { ...sample(name), timestamp: 1793581038 }, tells: robot() },
  { as: "with seconds as a text", d: { ...sample(name), timestamp: "1793581038" }, tells: robot() },
  { as: "with an RFC 3339 time", d: { ...sample(name), timestamp: rfc3339 }, tells: robot(at) }
]

const friends = (name: "FRIEND_ADD" | "FRIEND_DEL") => [
  { as: "as documented", d: sample(name), tells: { where: `direct:${person}`, when: 1793581050000, from: undefined } },
  {
    as: "with where the person came from",
    d: {
      ...{ openid: person, timestamp: String(seconds), scene: 1001, scene_param: "poster-7", short_code: "x7" },
      author: { union_openid: "0F1E" }
    },
    tells: { where: `direct:${person}`, when: at, from: "poster-7" }
  }
]

const switches = (name: "C2C_MSG_REJECT" | "C2C_MSG_RECEIVE") => [
  { as: "as documented", d: sample(name), tells: { where: `direct:${person}`, when: 1793581050000 } },
  {
    as: "with seconds as a text",
    d: { openid: person, timestamp: String(seconds) },
    tells: { where: `direct:${person}`, when: at }
  }
]

const members = [
  {
    as: "with a number of seconds",
    d: { timestamp: seconds, group_openid: group, member_openid: member, user_openid: person },
    tells: { where: `group:${group}`, who: member, when: at }
  },
  {
    as: "with an RFC 3339 time",
    d: { timestamp: rfc3339, group_openid: group, member_openid: member },
    tells: { where: `group:${group}`, who: member, when: at }
  }
]

const guilds = (name: "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE") => [
  { as: "as documented", d: sample(name), tells: { where: `guild:${guild}`, name: "Garden", by: user } },
  {
    as: "with the least it needs",
    d: { id: guild, name: "Garden" },
    tells: { where: `guild:${guild}`, name: "Garden", by: undefined }
  }
]

const channels = (name: "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE") => [
  {
    as: "as documented",
    d: sample(name),
    tells: { where: `guild:${guild}`, channel: "100010", name: "talk", type: 0, by: user }
  },
  {
    as: "of a type that nobody documented",
    d: { ...sample(name), type: 10_099, sub_type: 9, position: 3, parent_id: "100001", application_id: "1000" },
    tells: { where: `guild:${guild}`, channel: "100010", name: "talk", type: 10_099, by: user }
  }
]

const guildMembers = (name: "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_REMOVE") => [
  {
    as: "as documented",
    d: sample(name),
    tells: { where: `guild:${guild}`, who: "4455667788990011223", roles: ["1"], when: at }
  },
  {
    as: "without roles, nick and time",
    d: { guild_id: guild, user: { id: user } },
    tells: { where: `guild:${guild}`, who: user, roles: undefined, when: undefined }
  }
]

const reactions = (name: "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE") =>
  ([0, 1, 2, 3, "ReactionTargetType_MSG", "ReactionTargetType_FEED", "ReactionTargetType_COMMNENT"] as const).map(
    (type) => ({
      as: `to a target of type ${type}`,
      d: { ...sample(name), target: { id: "08e1", type } },
      tells: { where: "channel:100010", who: user, target: ["08e1", type], emoji: ["4", 1] }
    })
  )

const audits = (name: "MESSAGE_AUDIT_PASS" | "MESSAGE_AUDIT_REJECT") => [
  {
    as: "as documented",
    d: sample(name),
    tells: {
      where: "channel:100010",
      audit: "a-1",
      message: sample(name).message_id,
      when: Date.UTC(2026, 10, 2, 1, 31)
    }
  }
]

const threads = (name: "FORUM_THREAD_CREATE" | "FORUM_THREAD_UPDATE" | "FORUM_THREAD_DELETE") => [
  {
    as: "with rich text as JSON",
    d: sample(name),
    tells: { where: "channel:100077", who: user, thread: "B_1", title: '{"paragraphs":[]}' }
  },
  {
    as: "with rich text parsed and ids as numbers",
    d: { ...sample(name), thread_info: { thread_id: 7, title: { paragraphs: [] }, content: {}, date_time: rfc3339 } },
    tells: { where: "channel:100077", who: user, thread: 7, title: { paragraphs: [] } }
  }
]

const posts = (name: "FORUM_POST_CREATE" | "FORUM_POST_DELETE") => [
  { as: "with a number for an id", d: sample(name), tells: { where: "channel:100077", who: user, post: ["B_1", 12] } }
]
const replies = (name: "FORUM_REPLY_CREATE" | "FORUM_REPLY_DELETE") => [
  { as: "as documented", d: sample(name), tells: { where: "channel:100077", who: user, reply: ["B_1", "12", "7"] } }
]
const openForum = [
  {
    as: "as documented",
    d: { guild_id: guild, channel_id: "100077", author_id: user },
    tells: { where: "channel:100077", who: user }
  }
]
const audio = [
  {
    as: "with what is played",
    d: { guild_id: guild, channel_id: "100088", audio_url: "https://a.b/c.mp3", text: "song" },
    tells: { where: "channel:100088", plays: "https://a.b/c.mp3" }
  },
  { as: "without", d: { guild_id: guild, channel_id: "100088" }, tells: { where: "channel:100088", plays: undefined } }
]
const listeners = ([2, 5] as const).map((channel_type) => ({
  as: `in a channel of type ${channel_type}`,
  d: { guild_id: guild, channel_id: "100088", channel_type, user_id: user },
  tells: { where: "channel:100088", who: user, type: channel_type }
}))

const deletions = (name: "MESSAGE_DELETE" | "PUBLIC_MESSAGE_DELETE") => [
  {
    as: "as documented",
    d: sample(name),
    tells: { where: "channel:100010", deleted: "08e1b2c3d4e5f6a7b8c9", by: user }
  },
  {
    as: "without who did it",
    d: { message: { id: "08e2", channel_id: "100010", guild_id: guild } },
    tells: { where: "channel:100010", deleted: "08e2", by: undefined }
  }
]

const lin = { who: user, name: "Lin", role: "owner", guild }
const atMessage = sample("AT_MESSAGE_CREATE")
const groupMember = { where: `group:${group}`, who: member, name: "lin", role: "member" }
const groupAt = sample("GROUP_AT_MESSAGE_CREATE")
const bot = { id: self, name: "everbot", isBot: true, isSelf: true, isEveryone: false }
const groupBot = "BB00BB00BB00BB00BB00BB00BB00BB00"
const shot = {
  ...{ kind: "image", url: "https://multimedia.nt.qq.com.cn/download?appid=1407&fileid=x", name: "shot.png" },
  ...{ size: 90210, width: 1280, height: 720, transcript: undefined }
}
const voice = {
  ...{ kind: "voice", url: "https://multimedia.nt.qq.com.cn/v", name: "a.amr", size: 4096 },
  ...{ width: undefined, height: undefined, transcript: "hi" }
}
const everyone = { id: undefined, name: undefined, isBot: false, isSelf: false, isEveryone: true }

export const shapes: Shapes = {
  AT_MESSAGE_CREATE: [
    {
      as: "as documented",
      d: atMessage,
      tells: said({
        ...{ where: "channel:100010", ...lin, says: "status", when: Date.UTC(2026, 10, 2, 1, 15, 4) },
        ...{ answers: "08e1b2c3d4e5f6a7b8c9", isAddressed: true, mentions: [bot] }
      })
    },
    {
      as: "to everyone, answering another, in a role of the guild's own",
      d: {
        ...{ ...atMessage, id: "08e3", content: "@everyone &lt;hi&gt;", mentions: undefined, mention_everyone: true },
        ...{ message_reference: { message_id: "08e1" }, member: { roles: ["11018000"] }, timestamp: goTime }
      },
      tells: said({
        ...{ where: "channel:100010", ...lin, name: "lin", role: "member", says: "@everyone <hi>", when: at + 123 },
        ...{ answers: "08e3", isAddressed: true, mentions: [everyone] },
        quotes: { id: "08e1", text: undefined, attachments: [] }
      })
    },
    {
      as: "without author, content and time",
      d: { id: "08e4", channel_id: "100010", guild_id: guild },
      tells: said({ where: "channel:100010", guild, answers: "08e4", isAddressed: true })
    }
  ],
  MESSAGE_CREATE: [
    {
      as: "with a picture, to nobody in particular",
      d: sample("MESSAGE_CREATE"),
      tells: said({
        ...{ where: "channel:100011", who: "3344556677889900112", name: "mo", role: "member", says: "anyone here?" },
        ...{ when: Date.UTC(2026, 10, 2, 1, 15, 9), guild, answers: "08f1a2b3c4d5e6f70819" },
        attachments: [
          {
            ...{ kind: "image", url: "https://gchat.qpic.cn/qmeetpic/0/0-0-ABCDEF/0", name: "cat.png", size: 81234 },
            ...{ width: 640, height: 480, transcript: undefined }
          }
        ]
      })
    },
    {
      as: "that names this bot and a person",
      d: {
        ...{
          ...sample("MESSAGE_CREATE"),
          content: `<@!${self}> meet <@!77>`,
          attachments: [],
          member: { roles: ["2"] }
        },
        mentions: [
          { id: self, username: "everbot", bot: true },
          { id: "77", username: "mia", bot: false }
        ]
      },
      tells: said({
        ...{ where: "channel:100011", who: "3344556677889900112", name: "mo", role: "admin", says: "meet <@!77>" },
        ...{ when: Date.UTC(2026, 10, 2, 1, 15, 9), guild, answers: "08f1a2b3c4d5e6f70819", isAddressed: true },
        mentions: [bot, { id: "77", name: "mia", isBot: false, isSelf: false, isEveryone: false }]
      })
    }
  ],
  DIRECT_MESSAGE_CREATE: [
    {
      as: "as documented",
      d: sample("DIRECT_MESSAGE_CREATE"),
      tells: said({
        ...{ where: "guildDirect:9876543210001", who: user, name: "lin", role: "member", says: "hello in private" },
        ...{ when: Date.UTC(2026, 10, 2, 1, 16), guild, answers: "08aa1234567890abcdef", isAddressed: true }
      })
    }
  ],
  GROUP_AT_MESSAGE_CREATE: [
    {
      as: "as seen in 2026",
      d: groupAt,
      tells: said({
        ...{ ...groupMember, says: "/ping", when: Date.UTC(2026, 10, 2, 1, 17, 18) },
        ...{ answers: "ROBOT1.0_eBIyWnxpmSu6uLQ7u7fU0sampleg1", isAddressed: true }
      })
    },
    {
      as: "as documented in 2025",
      d: {
        id: "ROBOT1.0_a.b-c_d!",
        author: { member_openid: member },
        content: " /ping",
        timestamp: rfc3339,
        group_openid: group
      },
      tells: said({
        ...{ where: `group:${group}`, who: member, says: "/ping", when: at, answers: "ROBOT1.0_a.b-c_d!" },
        isAddressed: true
      })
    },
    {
      as: "with a time of Go's and no text",
      d: { ...groupAt, content: "", timestamp: goTime },
      tells: said({ ...groupMember, when: at + 123, answers: groupAt.id, isAddressed: true })
    },
    {
      as: "without content, with a time in seconds",
      d: { ...groupAt, content: undefined, timestamp: seconds },
      tells: said({ ...groupMember, when: at, answers: groupAt.id, isAddressed: true })
    }
  ],
  GROUP_MESSAGE_CREATE: [
    {
      as: "that names this bot, quotes another message and brings a picture",
      d: sample("GROUP_MESSAGE_CREATE"),
      tells: said({
        ...{ ...groupMember, role: "owner", says: "look at this", when: Date.UTC(2026, 10, 2, 1, 18) },
        ...{ answers: "ROBOT1.0_veoihSEXDc8Qsampleg2", isAddressed: true, attachments: [shot] },
        mentions: [{ ...bot, id: groupBot }],
        quotes: { id: "REFIDX_b==", text: "the quoted text", attachments: [] }
      })
    },
    {
      as: "to everyone, which is to nobody in particular",
      d: { ...groupAt, content: "@everyone hello", mentions: [{ scope: "all" }] },
      tells: said({
        ...{ ...groupMember, says: "@everyone hello", when: Date.UTC(2026, 10, 2, 1, 17, 18), answers: groupAt.id },
        mentions: [everyone]
      })
    },
    {
      as: "that quotes a picture, of which only the element tells",
      d: {
        ...{
          ...groupAt,
          message_type: 103,
          message_scene: { source: "default", ext: [] },
          content: "nice &amp; clear"
        },
        msg_elements: [{ msg_idx: "REFIDX_p==", attachments: [{ content_type: "voice", url: "v.qq.com/v" }] }]
      },
      tells: said({
        ...{ ...groupMember, says: "nice & clear", when: Date.UTC(2026, 10, 2, 1, 17, 18), answers: groupAt.id },
        quotes: {
          ...{ id: "REFIDX_p==", text: undefined },
          attachments: [
            {
              ...{ kind: "voice", url: "https://v.qq.com/v", name: undefined, size: undefined },
              ...{ width: undefined, height: undefined, transcript: undefined }
            }
          ]
        }
      })
    },
    {
      as: "that forwards a chat record, which is no quote",
      d: { ...groupAt, message_type: 102, msg_elements: [{ content: "long ago" }] },
      tells: said({ ...groupMember, says: "/ping", when: Date.UTC(2026, 10, 2, 1, 17, 18), answers: groupAt.id })
    }
  ],
  C2C_MESSAGE_CREATE: [
    {
      as: "with a voice that was understood",
      d: sample("C2C_MESSAGE_CREATE"),
      tells: said({
        ...{
          where: `direct:${person}`,
          who: person,
          says: "hi",
          when: Date.UTC(2026, 10, 2, 1, 19),
          isAddressed: true
        },
        ...{ answers: "ROBOT1.0_.b6nx.CVryAO0nR58RXuUsamplec1", attachments: [voice] }
      })
    },
    {
      as: "as documented in 2025",
      d: { id: "ROBOT1.0_c", author: { user_openid: person }, content: "", timestamp: rfc3339, attachments: [] },
      tells: said({ where: `direct:${person}`, who: person, when: at, answers: "ROBOT1.0_c", isAddressed: true })
    },
    {
      as: "that quotes a message of which nothing is told",
      d: {
        ...{
          id: "ROBOT1.0_d",
          author: { id: person },
          content: "that one",
          timestamp: String(seconds),
          message_type: 0
        },
        message_scene: { source: "default", ext: ["msg_idx=REFIDX_d==", "ref_msg_idx=REFIDX_c=="] }
      },
      tells: said({
        ...{ where: `direct:${person}`, who: person, says: "that one", when: at, answers: "ROBOT1.0_d" },
        ...{ isAddressed: true, quotes: { id: "REFIDX_c==", text: undefined, attachments: [] } }
      })
    }
  ],
  MESSAGE_DELETE: deletions("MESSAGE_DELETE"),
  PUBLIC_MESSAGE_DELETE: deletions("PUBLIC_MESSAGE_DELETE"),
  DIRECT_MESSAGE_DELETE: [
    {
      as: "as documented",
      d: sample("DIRECT_MESSAGE_DELETE"),
      tells: { where: "guildDirect:9876543210001", deleted: "08aa1234567890abcdef", by: user }
    }
  ],
  GROUP_ADD_ROBOT: robots("GROUP_ADD_ROBOT"),
  GROUP_DEL_ROBOT: robots("GROUP_DEL_ROBOT"),
  GROUP_MSG_REJECT: robots("GROUP_MSG_REJECT"),
  GROUP_MSG_RECEIVE: robots("GROUP_MSG_RECEIVE"),
  FRIEND_ADD: friends("FRIEND_ADD"),
  FRIEND_DEL: friends("FRIEND_DEL"),
  C2C_MSG_REJECT: switches("C2C_MSG_REJECT"),
  C2C_MSG_RECEIVE: switches("C2C_MSG_RECEIVE"),
  GROUP_MEMBER_ADD: members,
  GROUP_MEMBER_REMOVE: members,
  GROUP_JOIN_REQUEST: [
    {
      as: "as documented",
      d: {
        ...{ ...sample("GROUP_JOIN_REQUEST"), union_openid: "0F1E", apply_at: rfc3339, apply_source: "search" },
        ...{ invited_by: member, risk_tips: "", auto_approved: true }
      },
      tells: { where: `group:${group}`, who: member, request: "j-1", when: at, approved: true }
    },
    {
      as: "with the least it needs",
      d: { group_openid: group, join_request_id: "j-2", member_openid: member },
      tells: { where: `group:${group}`, who: member, request: "j-2", when: undefined, approved: undefined }
    }
  ],
  SUBSCRIBE_MESSAGE_STATUS: [
    {
      as: "of a person",
      d: { openid: person, result: [{ template_id: "1", op: 1, subscribe_id: "s-1", update_ts: seconds }] },
      tells: { where: `direct:${person}`, results: [["1", 1, "s-1", at]] }
    },
    {
      as: "of a group, with numbers and texts the other way about",
      d: {
        group_openid: group,
        result: [{ template_id: 1, custom_template_id: "c", op: 2, subscribe_id: "s-2", update_ts: String(seconds) }]
      },
      tells: { where: `group:${group}`, results: [[1, 2, "s-2", at]] }
    }
  ],
  ENTER_AIO: [{ as: "as botgo has it", d: sample("ENTER_AIO"), tells: { where: `direct:${person}`, from: 1 } }],
  GUILD_CREATE: guilds("GUILD_CREATE"),
  GUILD_UPDATE: guilds("GUILD_UPDATE"),
  GUILD_DELETE: guilds("GUILD_DELETE"),
  CHANNEL_CREATE: channels("CHANNEL_CREATE"),
  CHANNEL_UPDATE: channels("CHANNEL_UPDATE"),
  CHANNEL_DELETE: channels("CHANNEL_DELETE"),
  GUILD_MEMBER_ADD: guildMembers("GUILD_MEMBER_ADD"),
  GUILD_MEMBER_UPDATE: guildMembers("GUILD_MEMBER_UPDATE"),
  GUILD_MEMBER_REMOVE: guildMembers("GUILD_MEMBER_REMOVE"),
  MESSAGE_REACTION_ADD: reactions("MESSAGE_REACTION_ADD"),
  MESSAGE_REACTION_REMOVE: reactions("MESSAGE_REACTION_REMOVE"),
  INTERACTION_CREATE: [
    {
      as: "of a button in a group",
      d: sample("INTERACTION_CREATE"),
      tells: {
        where: `group:${group}`,
        acknowledges: "b2f1c0de-7c55-4a55-9a5e-0c9f1d2e3f40",
        type: 11,
        says: "ok",
        by: member
      }
    },
    {
      as: "of the quick menu of a private chat",
      d: {
        ...{ id: "i-2", application_id: "102000001", type: 12, scene: "c2c", chat_type: 2, timestamp: seconds },
        ...{ user_openid: person, data: { type: 12, resolved: { feature_id: "f-1" } }, version: 1 }
      },
      tells: { where: `direct:${person}`, acknowledges: "i-2", type: 12, says: undefined, by: person }
    },
    {
      as: "of a button in a guild",
      d: {
        ...{ id: "i-3", application_id: "102000001", type: 11, scene: "guild", chat_type: 0, guild_id: guild },
        channel_id: "100010",
        data: { type: 11, resolved: { button_data: "vote", button_id: "2", user_id: user, message_id: "08e1" } }
      },
      tells: { where: "channel:100010", acknowledges: "i-3", type: 11, says: "vote", by: user }
    }
  ],
  MESSAGE_AUDIT_PASS: audits("MESSAGE_AUDIT_PASS"),
  MESSAGE_AUDIT_REJECT: audits("MESSAGE_AUDIT_REJECT"),
  FORUM_THREAD_CREATE: threads("FORUM_THREAD_CREATE"),
  FORUM_THREAD_UPDATE: threads("FORUM_THREAD_UPDATE"),
  FORUM_THREAD_DELETE: threads("FORUM_THREAD_DELETE"),
  FORUM_POST_CREATE: posts("FORUM_POST_CREATE"),
  FORUM_POST_DELETE: posts("FORUM_POST_DELETE"),
  FORUM_REPLY_CREATE: replies("FORUM_REPLY_CREATE"),
  FORUM_REPLY_DELETE: replies("FORUM_REPLY_DELETE"),
  FORUM_PUBLISH_AUDIT_RESULT: [
    {
      as: "that passed",
      d: sample("FORUM_PUBLISH_AUDIT_RESULT"),
      tells: { where: "channel:100077", who: user, of: 1, result: 0, because: "" }
    },
    {
      as: "that failed, with its task",
      d: {
        ...{ ...sample("FORUM_PUBLISH_AUDIT_RESULT"), thread_id: 7, post_id: 8, reply_id: 9, type: 3, result: 1 },
        ...{ err_msg: "no", task_id: "t-1", date_time: rfc3339 }
      },
      tells: { where: "channel:100077", who: user, of: 3, result: 1, because: "no" }
    }
  ],
  OPEN_FORUM_THREAD_CREATE: openForum,
  OPEN_FORUM_THREAD_UPDATE: openForum,
  OPEN_FORUM_THREAD_DELETE: openForum,
  OPEN_FORUM_POST_CREATE: openForum,
  OPEN_FORUM_POST_DELETE: openForum,
  OPEN_FORUM_REPLY_CREATE: openForum,
  OPEN_FORUM_REPLY_DELETE: openForum,
  AUDIO_START: audio,
  AUDIO_FINISH: audio,
  AUDIO_ON_MIC: audio,
  AUDIO_OFF_MIC: audio,
  AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER: listeners,
  AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT: listeners
}

/** What each payload tells by its typed fields; messages tell by the common ones. */
export const readers: {
  readonly [P in Exclude<keyof PayloadTypes, "Ready" | "Resumed" | "GuildMessage" | "GroupMessage" | "C2CMessage">]: (
    d: PayloadTypes[P],
    when: (timestamp: unknown) => number | undefined
  ) => object
} = {
  MessageDelete: (d) => ({ by: d.op_user?.id }),
  GroupRobot: (d, when) => ({ by: d.op_member_openid, when: when(d.timestamp) }),
  Friend: (d, when) => ({ when: when(d.timestamp), from: d.scene_param }),
  C2CSwitch: (d, when) => ({ when: when(d.timestamp) }),
  GroupMember: (d, when) => ({ who: d.member_openid, when: when(d.timestamp) }),
  GroupJoinRequest: (d, when) => ({
    ...{ who: d.member_openid, request: d.join_request_id, when: when(d.apply_at), approved: d.auto_approved }
  }),
  SubscribeStatus: (d, when) => ({
    results: d.result.map((one) => [one.template_id, one.op, one.subscribe_id, when(one.update_ts)])
  }),
  EnterAio: (d) => ({ from: d.from_source }),
  Guild: (d) => ({ name: d.name, by: d.op_user_id }),
  Channel: (d) => ({ channel: d.id, name: d.name, type: d.type, by: d.op_user_id }),
  GuildMember: (d, when) => ({ who: d.user.id, roles: d.roles, when: when(d.joined_at) }),
  Reaction: (d) => ({ who: d.user_id, target: [d.target.id, d.target.type], emoji: [d.emoji.id, d.emoji.type] }),
  Interaction: (d) => ({
    ...{ acknowledges: d.id, type: d.type, says: d.data.resolved.button_data },
    by: d.group_member_openid ?? d.user_openid ?? d.data.resolved.user_id
  }),
  MessageAudit: (d, when) => ({ audit: d.audit_id, message: d.message_id, when: when(d.audit_time) }),
  ForumThread: (d) => ({ who: d.author_id, thread: d.thread_info.thread_id, title: d.thread_info.title }),
  ForumPost: (d) => ({ who: d.author_id, post: [d.post_info.thread_id, d.post_info.post_id] }),
  ForumReply: (d) => ({
    who: d.author_id,
    reply: [d.reply_info.thread_id, d.reply_info.post_id, d.reply_info.reply_id]
  }),
  ForumAudit: (d) => ({ who: d.author_id, of: d.type, result: d.result, because: d.err_msg }),
  OpenForum: (d) => ({ who: d.author_id }),
  Audio: (d) => ({ plays: d.audio_url }),
  AudioOrLiveMember: (d) => ({ who: d.user_id, type: d.channel_type })
}
