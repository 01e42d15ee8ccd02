/** Every event: in every recorded shape it tells a bot what it needs, and it reaches the handler that asks for it. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Layer } from "effect"
import { Bot, Memory } from "everbot"
import { Qq } from "everbot/qq"
import { laneKey } from "../../../src/domain/Conversation.ts"
import type { Event } from "../../../src/domain/Event.ts"
import { decode, decodeRaw } from "../../../src/platforms/qq/Decode.ts"
import { botrsCallbacks, eventKinds } from "../../../src/platforms/qq/EventKinds.ts"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import { timeOf } from "../../../src/platforms/qq/Json.ts"
import { eventIntents } from "../../../src/platforms/qq/Protocol.ts"
import { listening } from "../../guarantees/support/Crowd.ts"
import * as World from "../../guarantees/support/World.ts"
import { account, frames } from "./fixtures.ts"
import { readers, type Shape, shapes } from "./shapes.ts"

const handled = eventKinds.flatMap((row) =>
  row.name === "READY" || row.name === "RESUMED" ? [] : [{ ...row, name: row.name }]
)

/** What a bot learns: from common fields where it is a message, else from the payload by its type. */
const tell = (event: Event, read: ((d: never, when: typeof timeOf) => object) | undefined) => {
  const where = laneKey(event.conversation)
  if (event._tag === "MessageReceived") {
    const { attachments, author, guildId, isAddressed, mentions, messageId, quoted, sentAt, text } = event
    return {
      ...{ where, who: author.id, name: author.name, isBot: author.isBot, role: author.role, says: text, when: sentAt },
      ...{ guild: guildId, answers: messageId, isAddressed, attachments, mentions, quotes: quoted }
    }
  }
  const fields = read?.(event.data as never, timeOf)
  return event._tag === "MessageDeleted" ? { where, deleted: event.messageId, ...fields } : { where, ...fields }
}

for (const { name, payload, kind, isAnswerable } of handled) {
  describe(name, () => {
    const list: ReadonlyArray<Shape> = shapes[name]
    const read = Object.entries(readers).find(([key]) => key === payload)?.[1]
    it("has recorded shapes, and a reader unless it is a message", () => {
      assert.isAbove(list.length, 0)
      assert.strictEqual(read === undefined, kind === "MessageReceived")
    })
    for (const { as, d, tells } of list) {
      it(`${as}, tells who, where, when and what`, () => {
        const envelope = { op: 0, s: 7, t: name, id: `${name}:sample`, d: JSON.parse(JSON.stringify(d)) }
        const event = decode(account, envelope, "session:7")
        assert.strictEqual(event._tag, kind)
        assert.deepStrictEqual<unknown>(tell(event, read), tells)
        const stored = decodeRaw(account, new TextEncoder().encode(JSON.stringify(envelope)), "session:7")
        assert.deepStrictEqual<unknown>(tell(stored, read), tells)
      })
    }
    it(`${isAnswerable ? "can" : "cannot"} be named by a reply`, () => {
      const event = decode(account, frames[name].envelope, "session:7")
      if (event._tag === "MessageReceived") assert.isTrue(isAnswerable)
      else assert.strictEqual(event._tag === "PlatformEvent" && event.eventId === `${name}:sample`, isAnswerable)
    })
  })
}

describe("the table of events", () => {
  it("has each name once, with the intent it needs and where it is tested", () => {
    assert.sameMembers(
      eventKinds.map(({ name }) => name),
      Object.keys(eventIntents)
    )
    assert.strictEqual(new Set(eventKinds.map(({ name }) => name)).size, eventKinds.length)
    for (const { name, intent, test } of eventKinds) {
      assert.strictEqual(intent, Intents.intentOf(name))
      assert.isTrue(existsSync(test), test)
    }
  })

  it("names the types of payloads that exist", () => {
    const source = readFileSync("src/platforms/qq/Payloads.ts", "utf8")
    for (const { payload } of eventKinds) assert.match(source, new RegExp(`readonly ${payload}: `))
  })

  it("names the places where its events were found", () => {
    for (const { name, conversations } of eventKinds) {
      const place = decode(account, frames[name].envelope, "s:1").conversation.kind
      assert.include(conversations, place, name)
    }
  })
})

/** The callbacks of BotRS 0.13, written down apart from the table. */
const botrs = [
  ..."ready resumed message_create message_delete public_message_delete direct_message_create".split(" "),
  ..."direct_message_delete group_message_create c2c_message_create friend_add friend_del c2c_msg_reject".split(" "),
  ..."c2c_msg_receive subscribe_message_status enter_aio group_add_robot group_del_robot group_msg_reject".split(" "),
  ..."group_msg_receive message_reaction_add message_reaction_remove interaction_create audio_start".split(" "),
  ..."audio_finish on_mic off_mic audio_or_live_channel_member_enter audio_or_live_channel_member_exit".split(" "),
  ..."guild_create guild_update guild_delete channel_create channel_update channel_delete guild_member_add".split(" "),
  ..."guild_member_update guild_member_remove message_audit_pass message_audit_reject forum_thread_create".split(" "),
  ..."forum_thread_update forum_thread_delete forum_post_create forum_post_delete forum_reply_create".split(" "),
  ..."forum_reply_delete forum_publish_audit_result open_forum_thread_create open_forum_thread_update".split(" "),
  ..."open_forum_thread_delete open_forum_post_create open_forum_post_delete open_forum_reply_create".split(" "),
  ..."open_forum_reply_delete unknown_event error".split(" ")
]

describe("the callbacks of BotRS", () => {
  it("are all served, and no others are claimed", () => {
    assert.sameMembers(
      botrsCallbacks.map(({ callback }) => callback),
      botrs
    )
    for (const { callback, listen } of botrsCallbacks) assert.isAbove(listen.length, 0, callback)
  })
})

/** Deletions of one message are one event, so each name deletes a message of its own. */
const fresh = (name: (typeof handled)[number]["name"]): unknown => {
  const { d } = frames[name].envelope
  return name.endsWith("MESSAGE_DELETE") ? JSON.parse(JSON.stringify(d).replace(/"id":"08\w+"/, `"id":"${name}"`)) : d
}

describe("handlers", () => {
  /** Has every event happen, and tells what handlers heard until the bot, after hearing enough, was stopped. */
  const everything = Effect.fnUntraced(function* <H>(
    features: (
      hear: (note: (event: Event) => H) => (event: Event) => Effect.Effect<void>
    ) => Layer.Layer<never, never, Bot.Runtime>
  ) {
    const simulator = yield* World.platform()
    const heard: Array<H> = []
    const enough = Latch.makeUnsafe(false)
    const bot = yield* World.run(
      Layer.mergeAll(
        World.account(simulator, { intents: Intents.all }),
        features(
          (note) => (event) =>
            Effect.sync(() => {
              heard.push(note(event))
              if (heard.length > handled.length) enough.openUnsafe()
            })
        )
      ),
      { store: Memory.layer }
    )
    yield* listening(simulator)
    for (const { name } of handled) yield* simulator.emit(name, fresh(name))
    yield* simulator.emit("BRAND_NEW", { a: 1 })
    yield* enough.await.pipe(World.within(20_000, "every event to be heard"))
    yield* bot.stop
    return heard
  })

  it.live("of every name are called, each once, with the payload that was sent", () =>
    Effect.gen(function* () {
      const heard = yield* everything<readonly [handler: string, type: string, data: unknown]>((hear) =>
        Layer.mergeAll(
          Qq.onUnknown(hear(({ data, type }) => ["unknown", type, data])),
          ...handled.map(({ name }) =>
            Qq.on(
              name,
              hear(({ data, type }) => [name, type, data])
            )
          )
        )
      )
      assert.sameDeepMembers(heard, [
        ...handled.map(({ name }) => [name, name, fresh(name)] as const),
        ["unknown", "BRAND_NEW", { a: 1 }]
      ])
    })
  )

  it.live("of a common kind hear every event of that kind", () =>
    Effect.gen(function* () {
      const heard = yield* everything((hear) => {
        const note = hear((event) => `${event._tag} ${event.type}`)
        return Layer.mergeAll(
          Bot.on("MessageReceived", note),
          Bot.on("MessageDeleted", note),
          Bot.on("PlatformEvent", note)
        )
      })
      assert.sameMembers(heard, [...handled.map(({ kind, name }) => `${kind} ${name}`), "PlatformEvent BRAND_NEW"])
    })
  )

  it.live("answer what a reply may name by naming it, and say the rest without", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const app = Layer.mergeAll(
        World.account(simulator, { intents: Intents.all }),
        Qq.on("GROUP_MEMBER_ADD", (event) => Bot.reply(event, "welcome")),
        Qq.on("GROUP_MEMBER_REMOVE", (event) => Bot.reply(event, "goodbye"))
      )
      yield* World.run(app, { store: Memory.layer })
      yield* listening(simulator)
      yield* simulator.emit("GROUP_MEMBER_ADD", fresh("GROUP_MEMBER_ADD"), { eventId: "GROUP_MEMBER_ADD:1" })
      yield* simulator.emit("GROUP_MEMBER_REMOVE", fresh("GROUP_MEMBER_REMOVE"), { eventId: "GROUP_MEMBER_REMOVE:1" })
      yield* simulator.until(({ sent }) => sent.length >= 2).pipe(World.within(20_000, "both to be answered"))
      assert.deepStrictEqual(
        simulator.books.sent.map(({ accepted, eventId, text }) => [text, eventId, accepted]),
        [
          ["welcome", "GROUP_MEMBER_ADD:1", true],
          ["goodbye", undefined, true]
        ]
      )
    })
  )
})
