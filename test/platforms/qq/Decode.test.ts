/** Frames become events: every name, every surface, and anything at all. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { laneKey } from "../../../src/domain/Conversation.ts"
import type { Event, MessageReceived } from "../../../src/domain/Event.ts"
import { decode, decodeRaw, untyped } from "../../../src/platforms/qq/Decode.ts"
import { isType } from "../../../src/platforms/qq/Events.ts"
import { timeOf } from "../../../src/platforms/qq/Json.ts"
import { QqMessage } from "../../../src/platforms/qq/Message.ts"
import { type EventName, eventIntents } from "../../../src/platforms/qq/Protocol.ts"
import { account, frames, group, guild, member, person, self, user } from "./fixtures.ts"

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const eventNames = Object.keys(eventIntents) as Array<EventName>
const messageNames: ReadonlyArray<EventName> = [
  "AT_MESSAGE_CREATE",
  "MESSAGE_CREATE",
  "DIRECT_MESSAGE_CREATE",
  "GROUP_AT_MESSAGE_CREATE",
  "GROUP_MESSAGE_CREATE",
  "C2C_MESSAGE_CREATE"
]
const deletionNames: ReadonlyArray<EventName> = ["MESSAGE_DELETE", "PUBLIC_MESSAGE_DELETE", "DIRECT_MESSAGE_DELETE"]

const message = (name: EventName, changes: object = {}): MessageReceived => {
  const { envelope } = frames[name]
  const event = decode(account, { ...envelope, d: { ...(envelope.d as object), ...changes } }, "session:1")
  if (event._tag !== "MessageReceived") throw new Error(`${name} became ${event._tag}`)
  return event
}

describe("every event name", () => {
  for (const name of eventNames) {
    it(`${name} keeps its payload, finds its conversation and reads the same from the stored frame`, () => {
      const { envelope, place } = frames[name]
      const event = decode(account, envelope, "session:9")
      assert.strictEqual(event.type, name)
      assert.strictEqual(event.account, account)
      assert.strictEqual(event.platform, "qq")
      assert.strictEqual(event.data, envelope.d)
      assert.deepStrictEqual(event.conversation, { account, kind: place[0], id: place[1] } as Event["conversation"])
      assert.strictEqual(
        event._tag,
        messageNames.includes(name)
          ? "MessageReceived"
          : deletionNames.includes(name)
            ? "MessageDeleted"
            : "PlatformEvent"
      )
      if (event._tag === "PlatformEvent") {
        assert.isTrue(event.isKnown)
        assert.strictEqual(event.key, envelope.id ?? "session:9")
      }
      assert.deepStrictEqual(decodeRaw(account, bytes(envelope), "session:9"), event)
      assert.isTrue(isType(event, name))
    })
  }
})

describe("a message", () => {
  it("of a group is by its member, without the space where the mention was", () => {
    const event = message("GROUP_AT_MESSAGE_CREATE")
    assert.deepStrictEqual(event.author, {
      ...{ id: member, name: "lin", isBot: false, role: "member" },
      unionId: "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
    })
    assert.strictEqual(event.text, "/ping")
    assert.strictEqual(laneKey(event.conversation), `group:${group}`)
    assert.strictEqual(event.guildId, undefined)
    assert.strictEqual(event.sentAt, Date.parse("2026-11-02T01:17:18Z"))
    assert.deepStrictEqual(event.attachments, [])
  })

  it("of a private chat is by its user and keeps its text as typed", () => {
    const event = message("C2C_MESSAGE_CREATE", { content: "  indented" })
    assert.deepStrictEqual(event.author, {
      ...{ id: person, name: undefined, isBot: false, role: undefined },
      unionId: "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
    })
    assert.strictEqual(event.text, "  indented")
    assert.deepStrictEqual(event.attachments, [
      {
        ...{ kind: "voice", url: "https://multimedia.nt.qq.com.cn/v", name: "a.amr", size: 4096 },
        ...{ width: undefined, height: undefined, transcript: "hi" }
      }
    ])
  })

  it("of a guild channel is by its user, under the name it has there, without the mention of the bot", () => {
    const event = message("AT_MESSAGE_CREATE")
    assert.deepStrictEqual(event.author, {
      ...{ id: user, name: "Lin", isBot: false, role: "owner" },
      unionId: undefined
    })
    assert.strictEqual(event.text, "status")
    assert.strictEqual(event.guildId, guild)
  })

  it("of a guild direct message is addressed by the synthetic guild and belongs to the real one", () => {
    const event = message("DIRECT_MESSAGE_CREATE")
    assert.strictEqual(laneKey(event.conversation), "guildDirect:9876543210001")
    assert.strictEqual(event.guildId, guild)
  })

  it("has the same key whether it arrives as an at-message or as one of all group messages", () => {
    const id = "ROBOT1.0_same"
    assert.strictEqual(message("GROUP_AT_MESSAGE_CREATE", { id }).key, message("GROUP_MESSAGE_CREATE", { id }).key)
    assert.strictEqual(message("GROUP_MESSAGE_CREATE", { id }).key, `m:${id}`)
  })

  it("keeps the event id for passive replies", () => {
    const event = message("C2C_MESSAGE_CREATE")
    assert.isTrue(event instanceof QqMessage && event.eventId === "C2C_MESSAGE_CREATE:sample")
  })

  it("keeps a leading mention of somebody else", () => {
    const mentions = [{ id: "77", username: "mo", bot: false }]
    assert.strictEqual(message("MESSAGE_CREATE", { content: "<@!77> hello", mentions }).text, "<@!77> hello")
    assert.strictEqual(message("GROUP_MESSAGE_CREATE", { content: "<@77> hello" }).text, "<@77> hello")
  })

  it("loses a leading mention of this bot in every form it has been seen in", () => {
    const you = { member_openid: "BB00", bot: true, is_you: true }
    assert.strictEqual(message("GROUP_MESSAGE_CREATE", { content: "<@BB00> hello", mentions: [you] }).text, "hello")
    assert.strictEqual(message("AT_MESSAGE_CREATE", { content: `<@${self}>\u00a0hello` }).text, "hello")
    assert.strictEqual(message("AT_MESSAGE_CREATE", { content: "<@!5> hi", mentions: undefined }).text, "hi")
    assert.strictEqual(message("AT_MESSAGE_CREATE", { content: `<@!${self}>` }).text, "")
  })

  it("keeps a mention of another bot where the platform says which one is us", () => {
    const other = { member_openid: "CC00", bot: true, is_you: false }
    const text = message("GROUP_MESSAGE_CREATE", { content: "<@CC00> hello", mentions: [other] }).text
    assert.strictEqual(text, "<@CC00> hello")
  })

  it("is unescaped once", () => {
    const text = message("AT_MESSAGE_CREATE", { content: "a &lt; b &amp;&amp; c &gt; d &amp;lt; &quot;" }).text
    assert.strictEqual(text, "a < b && c > d &lt; &quot;")
  })

  it("that is all attachment has an empty text, and its address a scheme", () => {
    const event = message("MESSAGE_CREATE", { content: undefined })
    assert.strictEqual(event.text, "")
    assert.deepStrictEqual(event.attachments, [
      {
        ...{ kind: "image", url: "https://gchat.qpic.cn/qmeetpic/0/0-0-ABCDEF/0", name: "cat.png", size: 81234 },
        ...{ width: 640, height: 480, transcript: undefined }
      }
    ])
    const kinds = ["image/gif", "video/mp4", "voice", "audio/silk", "file", 7, undefined]
    const urls = ["//a.b/c", "http://a.b", "https://a.b", "a.b:443/c", "a.b/?u=https://x", "a.b", "a"]
    const attachments = kinds.map((content_type, at) => ({ content_type, url: urls[at] }))
    assert.deepStrictEqual(
      message("MESSAGE_CREATE", { attachments }).attachments.map(({ kind, url }) => [kind, url]),
      [
        ["image", "https://a.b/c"],
        ["video", "http://a.b"],
        ["voice", "https://a.b"],
        ["voice", "https://a.b:443/c"],
        ["file", "https://a.b/?u=https://x"],
        ["file", "https://a.b"],
        ["file", "https://a"]
      ]
    )
  })
})

describe("an event's name", () => {
  it("gives its payload a type", () => {
    const event = decode(account, frames.GROUP_ADD_ROBOT.envelope, "s:1")
    assert.isTrue(isType(event, "GROUP_ADD_ROBOT"))
    if (isType(event, "GROUP_ADD_ROBOT")) {
      const by: string = event.data.op_member_openid
      assert.strictEqual(by, member)
    }
    assert.isFalse(isType(event, "GROUP_DEL_ROBOT"))
    assert.isFalse(isType({ ...event, platform: "discord" } as Event, "GROUP_ADD_ROBOT"))
  })
})

describe("a timestamp", () => {
  const rows: ReadonlyArray<readonly [unknown, number | undefined]> = [
    ["2026-11-02T09:15:04+08:00", Date.UTC(2026, 10, 2, 1, 15, 4)],
    ["2026-11-02 09:15:04.123456789 +0800 CST m=+1234.567", Date.UTC(2026, 10, 2, 1, 15, 4, 123)],
    ["2026-11-02 09:15:04 +0800 CST", Date.UTC(2026, 10, 2, 1, 15, 4)],
    [1793581038, 1793581038000],
    ["1793581038", 1793581038000],
    [1793581038123, 1793581038123],
    ["", undefined],
    ["soon", undefined],
    [null, undefined],
    [Number.NaN, undefined],
    [-1e308, undefined],
    [1e308, undefined],
    ["9999999999999999", undefined],
    [{}, undefined]
  ]
  for (const [input, expected] of rows) {
    it(`${JSON.stringify(input)} is ${expected}`, () => assert.strictEqual(timeOf(input), expected))
  }
})

describe("a deletion", () => {
  it("has one key under both of its names, also without an event id", () => {
    const one = decode(account, frames.MESSAGE_DELETE.envelope, "s:1")
    const other = decode(account, frames.PUBLIC_MESSAGE_DELETE.envelope, "s:2")
    assert.strictEqual(one.key, "d:08e1b2c3d4e5f6a7b8c9")
    assert.strictEqual(other.key, one.key)
    assert.isTrue(one._tag === "MessageDeleted" && one.messageId === "08e1b2c3d4e5f6a7b8c9")
  })

  it("is read unwrapped too", () => {
    const event = decode(account, { t: "MESSAGE_DELETE", d: { id: "1", channel_id: "2" } }, "s:1")
    assert.isTrue(event._tag === "MessageDeleted" && event.messageId === "1")
  })
})

describe("an interaction", () => {
  const interaction = (place: object) => {
    const {
      group_openid: _,
      group_member_openid: __,
      ...d
    } = frames.INTERACTION_CREATE.envelope.d as Record<string, unknown>
    return laneKey(decode(account, { t: "INTERACTION_CREATE", d: { ...d, ...place } }, "s:1").conversation)
  }
  it("belongs to the chat whose button was pressed", () => {
    assert.strictEqual(interaction({ group_openid: group }), `group:${group}`)
    assert.strictEqual(interaction({ user_openid: person }), `direct:${person}`)
    assert.strictEqual(interaction({ channel_id: "3", guild_id: guild }), "channel:3")
    assert.strictEqual(interaction({}), `account:${account}`)
  })
})

describe("anything at all", () => {
  const unknown = (value: unknown) => decode(account, value, "session:7")

  it("of an unknown type passes through as it is", () => {
    const event = unknown({ op: 0, s: 7, t: "BRAND_NEW", id: "BRAND_NEW:1", d: { a: 1 } })
    assert.isTrue(event._tag === "PlatformEvent" && !event.isKnown)
    assert.strictEqual(event.type, "BRAND_NEW")
    assert.strictEqual(event.key, "BRAND_NEW:1")
    assert.deepStrictEqual(event.data, { a: 1 })
    for (const t of ["__proto__", "constructor", "toString"]) assert.strictEqual(unknown({ t }).type, t)
  })

  it("that is no envelope is an untyped event under the fallback key", () => {
    for (const value of [null, [], "text", 5, true, {}, { t: null }, { t: {}, id: 5 }]) {
      const event = unknown(value)
      assert.strictEqual(event.type, untyped)
      assert.strictEqual(event.key, "session:7")
    }
    assert.strictEqual(decodeRaw(account, Uint8Array.of(0xff, 0x7b), "k").type, untyped)
  })

  it("that lacks what makes a message is a known event that is no message", () => {
    for (const d of [
      null,
      [],
      "",
      0,
      {},
      { id: "1" },
      { id: "", group_openid: group },
      { id: {}, group_openid: group }
    ]) {
      const event = unknown({ t: "GROUP_AT_MESSAGE_CREATE", d })
      assert.isTrue(event._tag === "PlatformEvent" && event.isKnown, JSON.stringify(d))
    }
  })

  const lookAt = (event: Event): void => {
    assert.include(["MessageReceived", "MessageDeleted", "PlatformEvent"], event._tag)
    assert.isString(event.key)
    assert.isString(event.type)
    assert.isString(event.conversation.id)
    if (event._tag !== "MessageReceived") return
    assert.isString(event.text)
    assert.isString(event.author.id)
    assert.isArray(event.attachments)
    assert.isArray(event.mentions)
    assert.isBoolean(event.isAddressed)
    assert.isTrue(event.quoted === undefined || Array.isArray(event.quoted.attachments))
    assert.isTrue(event.sentAt === undefined || Number.isFinite(event.sentAt))
    assert.isTrue(event.guildId === undefined || typeof event.guildId === "string")
  }

  const name = Schema.Literals(eventNames)

  it.prop("decodes to an event whose every part can be read", [Schema.Json, name], ([d, t]) => {
    lookAt(decode(account, d, "s:1"))
    lookAt(decode(account, { t, d }, "s:1"))
    lookAt(decodeRaw(account, bytes({ t, d }), "s:1"))
  })

  /** Real frames with one field, at any depth, replaced by any JSON: nearer to the code than noise is. */
  const fields = [
    "id",
    "author",
    "content",
    "mentions",
    "attachments",
    "timestamp",
    "member",
    "message",
    "message_scene",
    "message_reference",
    "msg_elements",
    "group_openid"
  ]
  it.prop(
    "decodes though any field of a real frame holds any JSON",
    [name, Schema.Literals([...fields, "channel_id", "guild_id", "openid"]), Schema.Json],
    ([t, field, value]) => {
      const d = { ...(frames[t].envelope.d as object), [field]: value }
      lookAt(decode(account, { ...frames[t].envelope, d }, "s:1"))
      lookAt(
        decode(
          account,
          { ...frames[t].envelope, d: { ...d, mentions: [value], attachments: [value, { url: value }] } },
          "s:1"
        )
      )
    },
    { arbitrary: { runs: 2000 } }
  )
})
