/** Frames as QQ sends them, shortened; ids invented. One dispatch for every event name. */
import type { QqPayloads } from "../../../src/platforms/qq/Payloads.ts"
import type { Envelope, EventName } from "../../../src/platforms/qq/Protocol.ts"

export const account = "qq:102000001"
export const group = "C9F778FE6ADF9D1D1DBE395BF744A33A"
export const member = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
export const person = "E4F4AEA33253A2797FB897C50B81D7ED"
export const guild = "18700000000001"
export const user = "2233445566778899001"
export const self = "6158788878435714165"

let sequence = 1
const frame = <T extends EventName>(t: T, d: QqPayloads[T], id: string | undefined = `${t}:sample`): Envelope => ({
  op: 0,
  s: sequence++,
  t,
  d,
  ...(id === undefined ? {} : { id })
})

const hello = { id: user, username: "lin", avatar: "https://thirdqq.qlogo.cn/g?b=oidb&k=x&s=0", bot: false }

const deletion = {
  message: {
    id: "08e1b2c3d4e5f6a7b8c9",
    channel_id: "100010",
    guild_id: guild,
    author: { id: user, username: "lin", bot: false }
  },
  op_user: { id: user }
}
const aGuild = {
  id: guild,
  name: "Garden",
  icon: "",
  owner_id: user,
  owner: false,
  member_count: 3,
  max_members: 1200,
  description: "",
  joined_at: "2026-11-02T09:20:00+08:00",
  op_user_id: user
}
const aChannel = { id: "100010", guild_id: guild, name: "talk", type: 0, sub_type: 0, owner_id: user, op_user_id: user }
const aMember = {
  guild_id: guild,
  joined_at: "2026-11-02T09:20:00+08:00",
  nick: "",
  op_user_id: user,
  roles: ["1"],
  user: { id: "4455667788990011223", username: "new", avatar: "", bot: false }
}
const aReaction = {
  user_id: user,
  guild_id: guild,
  channel_id: "100010",
  target: { id: "08e1b2c3d4e5f6a7b8c9", type: "ReactionTargetType_MSG" },
  emoji: { id: "4", type: 1 }
}
const inForum = { guild_id: guild, channel_id: "100077", author_id: user }
const aThread = {
  ...inForum,
  thread_info: { thread_id: "B_1", title: '{"paragraphs":[]}', content: "{}", date_time: "2026-11-02T09:30:00+08:00" }
}
const aPost = {
  ...inForum,
  post_info: { thread_id: "B_1", post_id: 12, content: { paragraphs: [] }, date_time: "2026-11-02T09:30:00+08:00" }
}
const aReply = {
  ...inForum,
  reply_info: { thread_id: "B_1", post_id: "12", reply_id: "7", content: "{}", date_time: "2026-11-02T09:30:00+08:00" }
}
const voice = { guild_id: guild, channel_id: "100088", audio_url: "", text: "" }
const listener = { guild_id: guild, channel_id: "100088", channel_type: 2, user_id: user }
const robot = { group_openid: group, op_member_openid: member, timestamp: 1793581038 }
const friend = { openid: person, timestamp: 1793581050 }
const audit = {
  audit_id: "a-1",
  guild_id: guild,
  channel_id: "100010",
  audit_time: "2026-11-02T09:31:00+08:00",
  create_time: "2026-11-02T09:30:00+08:00",
  seq_in_channel: "102"
}

/** Every event name, with a frame and where it belongs. */
export const frames: Record<EventName, { readonly envelope: Envelope; readonly place: readonly [string, string] }> = {
  READY: {
    envelope: frame(
      "READY",
      { version: 1, session_id: "5f1c0a4e", user: { id: self, username: "everbot", bot: true }, shard: [0, 0] },
      undefined
    ),
    place: ["account", account]
  },
  RESUMED: { envelope: frame("RESUMED", "", undefined), place: ["account", account] },
  AT_MESSAGE_CREATE: {
    envelope: frame("AT_MESSAGE_CREATE", {
      id: "08e1b2c3d4e5f6a7b8c9",
      channel_id: "100010",
      guild_id: guild,
      content: `<@!${self}> status`,
      timestamp: "2026-11-02T09:15:04+08:00",
      author: hello,
      member: { nick: "Lin", roles: ["1", "4"], joined_at: "2025-03-12T16:34:42+08:00" },
      mentions: [{ id: self, username: "everbot", avatar: "https://thirdqq.qlogo.cn/b", bot: true }],
      seq: 101,
      seq_in_channel: "101"
    }),
    place: ["channel", "100010"]
  },
  MESSAGE_CREATE: {
    envelope: frame("MESSAGE_CREATE", {
      id: "08f1a2b3c4d5e6f70819",
      channel_id: "100011",
      guild_id: guild,
      content: "anyone here?",
      timestamp: "2026-11-02T09:15:09+08:00",
      author: { id: "3344556677889900112", username: "mo", avatar: "https://thirdqq.qlogo.cn/c", bot: false },
      member: { nick: "", roles: ["1"], joined_at: "2026-01-02T10:00:00+08:00" },
      attachments: [
        {
          id: "2655",
          url: "gchat.qpic.cn/qmeetpic/0/0-0-ABCDEF/0",
          filename: "cat.png",
          content_type: "image/png",
          width: 640,
          height: 480,
          size: 81234
        }
      ],
      seq: 55,
      seq_in_channel: "55"
    }),
    place: ["channel", "100011"]
  },
  DIRECT_MESSAGE_CREATE: {
    envelope: frame("DIRECT_MESSAGE_CREATE", {
      id: "08aa1234567890abcdef",
      channel_id: "6380011",
      guild_id: "9876543210001",
      src_guild_id: guild,
      direct_message: true,
      content: "hello in private",
      timestamp: "2026-11-02T09:16:00+08:00",
      author: hello,
      member: { joined_at: "2025-03-12T16:34:42+08:00", roles: ["1"] },
      seq: 7,
      seq_in_channel: "7"
    }),
    place: ["guildDirect", "9876543210001"]
  },
  GROUP_AT_MESSAGE_CREATE: {
    envelope: frame("GROUP_AT_MESSAGE_CREATE", {
      id: "ROBOT1.0_eBIyWnxpmSu6uLQ7u7fU0sampleg1",
      author: {
        id: member,
        member_openid: member,
        union_openid: "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
        username: "lin",
        bot: false,
        member_role: "member"
      },
      content: " /ping",
      group_id: group,
      group_openid: group,
      message_scene: { source: "default", ext: ["msg_idx=REFIDX_sample=="] },
      message_type: 0,
      timestamp: "2026-11-02T09:17:18+08:00"
    }),
    place: ["group", group]
  },
  GROUP_MESSAGE_CREATE: {
    envelope: frame("GROUP_MESSAGE_CREATE", {
      id: "ROBOT1.0_veoihSEXDc8Qsampleg2",
      author: { id: member, member_openid: member, username: "lin", bot: false, member_role: "owner" },
      content: "look at this",
      group_id: group,
      group_openid: group,
      mentions: [
        {
          scope: "single",
          id: "BB00BB00BB00BB00BB00BB00BB00BB00",
          member_openid: "BB00BB00BB00BB00BB00BB00BB00BB00",
          username: "everbot",
          bot: true,
          is_you: true
        }
      ],
      attachments: [
        {
          content_type: "image/png",
          filename: "shot.png",
          height: 720,
          width: 1280,
          size: 90210,
          url: "https://multimedia.nt.qq.com.cn/download?appid=1407&fileid=x"
        }
      ],
      message_scene: { source: "default", ext: ["msg_idx=REFIDX_a==", "ref_msg_idx=REFIDX_b=="] },
      message_type: 103,
      msg_elements: [{ msg_idx: "REFIDX_b==", content: "the quoted text" }],
      timestamp: "2026-11-02T09:18:00+08:00"
    }),
    place: ["group", group]
  },
  C2C_MESSAGE_CREATE: {
    envelope: frame("C2C_MESSAGE_CREATE", {
      id: "ROBOT1.0_.b6nx.CVryAO0nR58RXuUsamplec1",
      author: { id: person, user_openid: person, union_openid: "0F1E2D3C4B5A69788796A5B4C3D2E1F0" },
      content: "hi",
      attachments: [
        {
          content_type: "voice",
          filename: "a.amr",
          size: 4096,
          url: "https://multimedia.nt.qq.com.cn/v",
          voice_wav_url: "https://multimedia.nt.qq.com.cn/w",
          asr_refer_text: "hi"
        }
      ],
      message_scene: { source: "default", ext: ["msg_idx=REFIDX_c=="] },
      message_type: 0,
      timestamp: "2026-11-02T09:19:00+08:00"
    }),
    place: ["direct", person]
  },
  MESSAGE_DELETE: { envelope: frame("MESSAGE_DELETE", deletion), place: ["channel", "100010"] },
  PUBLIC_MESSAGE_DELETE: {
    envelope: frame("PUBLIC_MESSAGE_DELETE", deletion, undefined),
    place: ["channel", "100010"]
  },
  DIRECT_MESSAGE_DELETE: {
    envelope: frame("DIRECT_MESSAGE_DELETE", {
      message: { id: "08aa1234567890abcdef", channel_id: "6380011", guild_id: "9876543210001", src_guild_id: guild },
      op_user: { id: user }
    }),
    place: ["guildDirect", "9876543210001"]
  },
  GROUP_ADD_ROBOT: { envelope: frame("GROUP_ADD_ROBOT", robot), place: ["group", group] },
  GROUP_DEL_ROBOT: { envelope: frame("GROUP_DEL_ROBOT", robot), place: ["group", group] },
  GROUP_MSG_REJECT: { envelope: frame("GROUP_MSG_REJECT", robot), place: ["group", group] },
  GROUP_MSG_RECEIVE: {
    envelope: frame("GROUP_MSG_RECEIVE", { ...robot, timestamp: "1793581038" }),
    place: ["group", group]
  },
  FRIEND_ADD: { envelope: frame("FRIEND_ADD", friend), place: ["direct", person] },
  FRIEND_DEL: { envelope: frame("FRIEND_DEL", friend), place: ["direct", person] },
  C2C_MSG_REJECT: { envelope: frame("C2C_MSG_REJECT", friend), place: ["direct", person] },
  C2C_MSG_RECEIVE: { envelope: frame("C2C_MSG_RECEIVE", friend), place: ["direct", person] },
  GROUP_MEMBER_ADD: {
    envelope: frame("GROUP_MEMBER_ADD", { timestamp: 1793581038, group_openid: group, member_openid: member }),
    place: ["group", group]
  },
  GROUP_MEMBER_REMOVE: {
    envelope: frame("GROUP_MEMBER_REMOVE", {
      timestamp: "2026-11-02T09:20:00+08:00",
      group_openid: group,
      member_openid: member
    }),
    place: ["group", group]
  },
  GROUP_JOIN_REQUEST: {
    envelope: frame("GROUP_JOIN_REQUEST", {
      group_openid: group,
      join_request_id: "j-1",
      member_openid: member,
      username: "new",
      apply_at: "2026-11-02T09:20:00+08:00",
      apply_source: 1,
      bot: false,
      verify_info: "hello",
      auto_approved: false
    }),
    place: ["group", group]
  },
  SUBSCRIBE_MESSAGE_STATUS: {
    envelope: frame("SUBSCRIBE_MESSAGE_STATUS", {
      openid: person,
      result: [{ template_id: "1", op: 1, subscribe_id: "s-1", update_ts: 1793581038 }]
    }),
    place: ["direct", person]
  },
  ENTER_AIO: { envelope: frame("ENTER_AIO", { user_openid: person, from_source: 1 }), place: ["direct", person] },
  GUILD_CREATE: { envelope: frame("GUILD_CREATE", aGuild), place: ["guild", guild] },
  GUILD_UPDATE: { envelope: frame("GUILD_UPDATE", aGuild), place: ["guild", guild] },
  GUILD_DELETE: { envelope: frame("GUILD_DELETE", aGuild), place: ["guild", guild] },
  CHANNEL_CREATE: { envelope: frame("CHANNEL_CREATE", aChannel), place: ["guild", guild] },
  CHANNEL_UPDATE: { envelope: frame("CHANNEL_UPDATE", aChannel), place: ["guild", guild] },
  CHANNEL_DELETE: { envelope: frame("CHANNEL_DELETE", aChannel), place: ["guild", guild] },
  GUILD_MEMBER_ADD: { envelope: frame("GUILD_MEMBER_ADD", aMember), place: ["guild", guild] },
  GUILD_MEMBER_UPDATE: { envelope: frame("GUILD_MEMBER_UPDATE", aMember), place: ["guild", guild] },
  GUILD_MEMBER_REMOVE: { envelope: frame("GUILD_MEMBER_REMOVE", aMember), place: ["guild", guild] },
  MESSAGE_REACTION_ADD: { envelope: frame("MESSAGE_REACTION_ADD", aReaction), place: ["channel", "100010"] },
  MESSAGE_REACTION_REMOVE: {
    envelope: frame("MESSAGE_REACTION_REMOVE", { ...aReaction, target: { id: "08e1b2c3d4e5f6a7b8c9", type: 0 } }),
    place: ["channel", "100010"]
  },
  INTERACTION_CREATE: {
    envelope: frame("INTERACTION_CREATE", {
      id: "b2f1c0de-7c55-4a55-9a5e-0c9f1d2e3f40",
      application_id: "102000001",
      type: 11,
      scene: "group",
      chat_type: 1,
      timestamp: "2026-11-02T09:21:00+08:00",
      group_openid: group,
      group_member_openid: member,
      data: { type: 11, resolved: { button_id: "1", button_data: "ok" } },
      version: 1
    }),
    place: ["group", group]
  },
  MESSAGE_AUDIT_PASS: {
    envelope: frame("MESSAGE_AUDIT_PASS", { ...audit, message_id: "08cc" }),
    place: ["channel", "100010"]
  },
  MESSAGE_AUDIT_REJECT: { envelope: frame("MESSAGE_AUDIT_REJECT", audit), place: ["channel", "100010"] },
  FORUM_THREAD_CREATE: { envelope: frame("FORUM_THREAD_CREATE", aThread), place: ["channel", "100077"] },
  FORUM_THREAD_UPDATE: { envelope: frame("FORUM_THREAD_UPDATE", aThread), place: ["channel", "100077"] },
  FORUM_THREAD_DELETE: { envelope: frame("FORUM_THREAD_DELETE", aThread), place: ["channel", "100077"] },
  FORUM_POST_CREATE: { envelope: frame("FORUM_POST_CREATE", aPost), place: ["channel", "100077"] },
  FORUM_POST_DELETE: { envelope: frame("FORUM_POST_DELETE", aPost), place: ["channel", "100077"] },
  FORUM_REPLY_CREATE: { envelope: frame("FORUM_REPLY_CREATE", aReply), place: ["channel", "100077"] },
  FORUM_REPLY_DELETE: { envelope: frame("FORUM_REPLY_DELETE", aReply), place: ["channel", "100077"] },
  FORUM_PUBLISH_AUDIT_RESULT: {
    envelope: frame("FORUM_PUBLISH_AUDIT_RESULT", {
      ...inForum,
      thread_id: "B_1",
      post_id: "",
      reply_id: "",
      type: 1,
      result: 0,
      err_msg: ""
    }),
    place: ["channel", "100077"]
  },
  OPEN_FORUM_THREAD_CREATE: { envelope: frame("OPEN_FORUM_THREAD_CREATE", inForum), place: ["channel", "100077"] },
  OPEN_FORUM_THREAD_UPDATE: { envelope: frame("OPEN_FORUM_THREAD_UPDATE", inForum), place: ["channel", "100077"] },
  OPEN_FORUM_THREAD_DELETE: { envelope: frame("OPEN_FORUM_THREAD_DELETE", inForum), place: ["channel", "100077"] },
  OPEN_FORUM_POST_CREATE: { envelope: frame("OPEN_FORUM_POST_CREATE", inForum), place: ["channel", "100077"] },
  OPEN_FORUM_POST_DELETE: { envelope: frame("OPEN_FORUM_POST_DELETE", inForum), place: ["channel", "100077"] },
  OPEN_FORUM_REPLY_CREATE: { envelope: frame("OPEN_FORUM_REPLY_CREATE", inForum), place: ["channel", "100077"] },
  OPEN_FORUM_REPLY_DELETE: { envelope: frame("OPEN_FORUM_REPLY_DELETE", inForum), place: ["channel", "100077"] },
  AUDIO_START: { envelope: frame("AUDIO_START", voice), place: ["channel", "100088"] },
  AUDIO_FINISH: { envelope: frame("AUDIO_FINISH", voice), place: ["channel", "100088"] },
  AUDIO_ON_MIC: { envelope: frame("AUDIO_ON_MIC", voice), place: ["channel", "100088"] },
  AUDIO_OFF_MIC: { envelope: frame("AUDIO_OFF_MIC", voice), place: ["channel", "100088"] },
  AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER: {
    envelope: frame("AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER", listener),
    place: ["channel", "100088"]
  },
  AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT: {
    envelope: frame("AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT", listener),
    place: ["channel", "100088"]
  }
}
