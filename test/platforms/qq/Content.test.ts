/** What QQ can say beyond text: how it is written, and that it leaves through the outbox like any reply. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Bot } from "everbot"
import { Qq } from "everbot/qq"
import type { Content, OutboxMessage } from "../../../src/domain/Message.ts"
import { Invalid, Rejected } from "../../../src/domain/RestError.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import { sequenceOf, toCall } from "../../../src/platforms/qq/Send.ts"
import { account as accountOf, database, directory, platform, runOn, within } from "../../guarantees/support/World.ts"
import { config, fakeClient, type Reply } from "./fakes.ts"
import { account, group, person } from "./fixtures.ts"

const row = (kind: OutboxMessage["conversation"]["kind"], content: Content, id = 41): OutboxMessage => ({
  id,
  status: "sending",
  attempts: 1,
  conversation: { account, kind, id: kind === "group" ? group : kind === "direct" ? person : "100010" },
  content,
  replyTo: { messageId: "m1", receivedAt: 0 },
  priority: "normal",
  notBefore: 0,
  createdAt: 0
})

const bodyOf = (message: OutboxMessage, fileInfo?: string): unknown => {
  const call = toCall(message, fileInfo)
  return "path" in call ? call.body : assert.fail(call.message)
}

const keyboard = Qq.keyboard([
  Qq.button("yes", "Yes"),
  Qq.button("site", "Site", { action: { link: "https://q.qq.com" } })
])

describe("content", () => {
  const answer = { msg_id: "m1", msg_seq: sequenceOf({ id: 41 }) }
  const inGroup: ReadonlyArray<readonly [string, Content, object]> = [
    ["markdown", Qq.markdown("# hi"), { msg_type: 2, markdown: { content: "# hi" } }],
    [
      "a markdown template with a keyboard",
      Qq.markdown({ custom_template_id: "t1", params: [{ key: "k", values: ["v"] }] }, { keyboard: { id: "kb" } }),
      {
        msg_type: 2,
        markdown: { custom_template_id: "t1", params: [{ key: "k", values: ["v"] }] },
        keyboard: { id: "kb" }
      }
    ],
    ["text with a keyboard", Qq.text("well?", { keyboard }), { msg_type: 0, content: "well?", keyboard }],
    [
      "text that quotes",
      Qq.text("this", { reference: "REFIDX_1" }),
      { msg_type: 0, content: "this", message_reference: { message_id: "REFIDX_1" } }
    ],
    [
      "a card",
      Qq.ark({ template_id: 23, kv: [{ key: "#DESC#", value: "d" }] }),
      { msg_type: 3, ark: { template_id: 23, kv: [{ key: "#DESC#", value: "d" }] } }
    ],
    ["an embed", Qq.embed({ title: "t" }), { msg_type: 4, embed: { title: "t" } }],
    ["a picture, with a space where text must be", Qq.image({ url: "https://x/y.png" }), { msg_type: 7, content: " " }]
  ]
  for (const [what, content, body] of inGroup) {
    it(`in a group: ${what}`, () => {
      assert.deepStrictEqual(bodyOf(row("group", content)), { ...body, ...answer })
      // The outbox keeps it as JSON: nothing may be lost on the way.
      assert.deepStrictEqual(bodyOf(row("group", JSON.parse(JSON.stringify(content)))), { ...body, ...answer })
    })
  }

  it("in a guild: a picture by its address, and no number that counts replies", () => {
    assert.deepStrictEqual(bodyOf(row("channel", Qq.image({ url: "https://x/y.png" }, { text: "look" }))), {
      content: "look",
      image: "https://x/y.png",
      msg_id: "m1"
    })
  })

  const wrong: ReadonlyArray<readonly [string, string, OutboxMessage]> = [
    ["a film in a guild", "media.kind", row("channel", Qq.video({ url: "https://x/y.mp4" }))],
    [
      "six rows of buttons",
      "keyboard.content.rows",
      row(
        "group",
        Qq.text("x", { keyboard: Qq.keyboard(...Array.from({ length: 6 }, (_, n) => [Qq.button(String(n), "b")])) })
      )
    ],
    [
      "six buttons in a row",
      "keyboard.content.rows[0].buttons",
      row(
        "group",
        Qq.text("x", { keyboard: Qq.keyboard(Array.from({ length: 6 }, (_, n) => Qq.button(String(n), "b"))) })
      )
    ],
    ["empty markdown", "markdown.content", row("group", Qq.markdown(""))],
    ["an address that is none", "media.source.url", row("group", Qq.image({ url: "cat.png" }))],
    ["what another platform says", "content.native", row("group", { text: "", native: { platform: "discord" } })]
  ]
  for (const [what, field, message] of wrong) {
    it(`is refused before the wire: ${what}`, () => {
      const call = toCall(message)
      assert.isTrue(call instanceof Invalid && call.field === field, "path" in call ? "it has a call" : call.message)
    })
  }

  it("that says nothing at all is rejected as empty", () => {
    assert.instanceOf(toCall(row("group", Qq.text(""))), Rejected)
  })
})

describe("media on its way", () => {
  const rest = (answer: (path: string) => Reply) => {
    const uploads: Array<string> = []
    const fake = fakeClient(({ path }) => {
      if (path === "/app/getAppAccessToken") {
        return Effect.succeed({ body: { access_token: "t", expires_in: "72000" } })
      }
      if (path.endsWith("/files")) uploads.push(path)
      return Effect.succeed(answer(path))
    })
    const layer = QqRest.layer(config).pipe(Layer.provide(QqCredentials.layer(config)), Layer.provide(fake.layer))
    return { ...fake, uploads, layer }
  }
  const uploaded = { file_info: "info", ttl: 60 }
  const image = Qq.image({ url: "https://x/y.png" })
  const send = (message: OutboxMessage) => QqRest.use((rest) => rest.send(message))

  it.effect("is uploaded once while its file_info lasts, and anew when it does not", () => {
    const { asked, layer, uploads } = rest((path) => ({ body: path.endsWith("/files") ? uploaded : { id: "m" } }))
    return Effect.gen(function* () {
      yield* send(row("group", image, 1))
      yield* send(row("group", image, 2))
      assert.strictEqual(uploads.length, 1)
      yield* TestClock.adjust("31 seconds")
      yield* send(row("group", image, 3))
      yield* send(row("direct", image, 4))
      assert.strictEqual(uploads.length, 3)
      const files = asked.filter(({ path }) => path.endsWith("/files"))
      assert.deepStrictEqual(files[0]?.body, { file_type: 1, url: "https://x/y.png", srv_send_msg: false })
      const [message] = asked.filter(({ path }) => path.endsWith("/messages"))
      assert.deepInclude(message?.body as object, {
        msg_type: 7,
        media: { file_info: "info" },
        msg_seq: sequenceOf({ id: 1 })
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("is uploaded anew after the platform would not have it", () => {
    let sends = 0
    const { layer, uploads } = rest((path) =>
      path.endsWith("/files")
        ? { body: uploaded }
        : ++sends === 1
          ? { status: 400, body: { code: 40034004 } }
          : { body: { id: "m" } }
    )
    return Effect.gen(function* () {
      assert.isTrue((yield* Effect.flip(send(row("group", image)))).isRetryable)
      yield* send(row("group", image))
      assert.strictEqual(uploads.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is uploaded anew when its file was written anew", () => {
    const { asked, layer } = rest((path) => ({ body: path.endsWith("/files") ? uploaded : { id: "m" } }))
    return Effect.gen(function* () {
      const file = join(yield* directory, "chart.png")
      writeFileSync(file, "monday")
      yield* send(row("group", Qq.image({ path: file }), 1))
      yield* send(row("group", Qq.image({ path: file }), 2))
      writeFileSync(file, "monday, noon")
      yield* send(row("group", Qq.image({ path: file }), 3))
      const sent = asked.flatMap(({ body, path }) => (path.endsWith("/files") ? [body as { file_data: string }] : []))
      assert.deepStrictEqual(
        sent.map(({ file_data }) => Buffer.from(file_data, "base64").toString()),
        ["monday", "monday, noon"]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("that cannot be read any more is refused, and says which file", () => {
    const { layer, uploads } = rest(() => ({ body: uploaded }))
    return Effect.gen(function* () {
      const { reason } = yield* Effect.flip(send(row("group", Qq.image({ path: "/nowhere/cat.png" }))))
      assert.isTrue(reason._tag === "Invalid" && reason.field === "media.source.path", reason.message)
      assert.strictEqual(uploads.length, 0)
    }).pipe(Effect.provide(layer))
  })
})

describe("rich replies", () => {
  it.live(
    "leave through the outbox: markdown, keyboard, a picture of ours, a long film in parts",
    () =>
      Effect.gen(function* () {
        const folder = yield* directory
        const [picture, film] = [join(folder, "cat.png"), join(folder, "film.mp4")]
        writeFileSync(picture, "a picture")
        const bytes = Buffer.alloc(6 * 1024 * 1024 + 17, "film")
        writeFileSync(film, bytes)
        const simulator = yield* platform({ uploadBlock: 4 * 1024 * 1024 })
        const Answers = Bot.on("MessageReceived", (event) =>
          Effect.gen(function* () {
            yield* Bot.reply(event, Qq.markdown(`# ${event.text}`, { keyboard }))
            yield* Bot.reply(event, Qq.image({ path: picture }, { text: "look" }))
            if (event.conversation.kind === "group") yield* Bot.reply(event, Qq.video({ path: film }))
          })
        )
        yield* runOn(yield* database, Layer.merge(Answers, accountOf(simulator)))
        yield* within(20_000, "a session")(simulator.until((books) => books.sessions.length > 0))
        yield* simulator.say({ in: { kind: "group", id: group }, text: "hi" })
        yield* simulator.say({ in: { kind: "channel", id: "100010" }, text: "ho" })
        yield* within(20_000, "five answers")(simulator.until((books) => books.count("accepted") === 5))
        const inGroup = simulator.books.sent.filter(({ place }) => place.kind === "group")
        assert.deepStrictEqual(
          inGroup.map(({ rich, text }) => [text, rich?.["msg_type"]]),
          [
            ["# hi", 2],
            ["look", 7],
            [" ", 7]
          ]
        )
        assert.deepStrictEqual(inGroup[0]?.rich?.["keyboard"], JSON.parse(JSON.stringify(keyboard)))
        const inGuild = simulator.books.sent.filter(({ place }) => place.kind === "channel")
        assert.deepStrictEqual(
          inGuild.map(({ rich }) => rich?.["file_image"] ?? rich?.["markdown"]),
          [{ content: "# ho" }, "a picture"]
        )
        // The parts made up the very file: the platform checks their digests.
        assert.strictEqual(simulator.books.count("route:PUT /upload/:id/:index"), 2)
      }),
    60_000
  )

  it.live(
    "survive the end of the process: their media is uploaded again, and they are said once",
    () =>
      Effect.gen(function* () {
        const folder = yield* directory
        const picture = join(folder, "cat.png")
        writeFileSync(picture, "a picture")
        const simulator = yield* platform()
        const filename = yield* database
        const Answers = Bot.on("MessageReceived", (event) => Bot.reply(event, Qq.image({ path: picture })))
        yield* simulator.fault({ kind: "rateLimited", times: 1_000_000, retryAfter: 1 })
        const first = yield* runOn(filename, Layer.merge(Answers, accountOf(simulator)))
        yield* within(20_000, "a session")(simulator.until((books) => books.sessions.length > 0))
        yield* simulator.say({ in: { kind: "group", id: group }, text: "hi" })
        yield* within(20_000, "a refused send")(simulator.until((books) => books.count("status:429") > 0))
        yield* first.stop
        assert.strictEqual(simulator.books.count("route:POST /v2/groups/:id/files"), 1)
        yield* simulator.fault({ kind: "rateLimited", times: 0 })
        yield* runOn(filename, Layer.merge(Answers, accountOf(simulator)))
        yield* within(20_000, "the answer")(simulator.until((books) => books.count("accepted") === 1))
        assert.strictEqual(simulator.books.count("route:POST /v2/groups/:id/files"), 2)
        assert.deepStrictEqual(simulator.books.judge().duplicated, [])
      }),
    60_000
  )

  it.live(
    "handlers reach the API of the account their event came to",
    () =>
      Effect.gen(function* () {
        const simulator = yield* platform()
        const Names = Bot.on("MessageReceived", (event) =>
          Effect.gen(function* () {
            const api = yield* Qq.api(event)
            const { username } = yield* api.me.get()
            yield* Bot.reply(event, `${username} ${api.account}`)
          })
        )
        yield* runOn(yield* database, Layer.merge(Names, accountOf(simulator)))
        yield* within(20_000, "a session")(simulator.until((books) => books.sessions.length > 0))
        yield* simulator.say({ in: { kind: "group", id: group }, text: "who are you?" })
        yield* within(20_000, "the answer")(simulator.settled)
        assert.strictEqual(simulator.books.sent[0]?.text, `everbot qq:${simulator.appId}`)
      }),
    60_000
  )
})
