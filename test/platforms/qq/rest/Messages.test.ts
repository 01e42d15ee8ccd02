/** Messages, button presses and uploads, said directly: without the outbox. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Qq } from "everbot/qq"
import { assertAsked, channel, group, online, operation, person, type World, world } from "./operation.ts"

const hello = { msg_type: 0, content: "hello" }
const said = (world: World) => world.simulator.books.sent.map(({ accepted, text }) => [accepted, text])

describe("a send", () => {
  operation("messages.sendToChannel", "answers in a guild channel", (world) =>
    Effect.gen(function* () {
      yield* online(world.simulator)
      const { id: msg_id } = yield* world.simulator.say({ in: { kind: "channel", id: channel }, text: "hi" })
      const sent = yield* world.api.messages.sendToChannel(channel, { content: "pong", msg_id })
      assertAsked(world, "POST", `/channels/${channel}/messages`, { content: "pong", msg_id })
      assert.strictEqual(sent.status, "sent")
      assert.strictEqual(world.simulator.books.sent[0]?.id, sent.id)
    })
  )

  operation("messages.sendToChannel", "held for review has no id yet; the verdict names the same audit", (world) =>
    Effect.gen(function* () {
      const { wire } = yield* online(world.simulator)
      yield* world.simulator.fault({ kind: "audit", times: 1 })
      const sent = yield* world.api.messages.sendToChannel(channel, { content: "may I?" })
      assert.deepStrictEqual([sent.status, sent.id], ["auditing", undefined])
      yield* world.simulator.audit(sent.auditId ?? "", "pass")
      const verdict = yield* wire.frame(({ t }) => t === "MESSAGE_AUDIT_PASS")
      assert.include(JSON.stringify(verdict.d), sent.auditId ?? "no audit")
    })
  )

  operation("messages.sendToDirect", "answers in a guild direct message", (world) =>
    Effect.gen(function* () {
      yield* online(world.simulator)
      const sent = yield* world.api.messages.sendToDirect("9876", { content: "psst" })
      assertAsked(world, "POST", "/dms/9876/messages", { content: "psst" })
      assert.strictEqual(sent.status, "sent")
    })
  )

  operation("messages.sendToGroup", "answers in a group; the same again is no error and no second message", (world) =>
    Effect.gen(function* () {
      const { id: msg_id } = yield* world.simulator.say({ in: { kind: "group", id: group }, text: "hi" })
      const body = { msg_type: 0, content: "pong", msg_id, msg_seq: 7 }
      const first = yield* world.api.messages.sendToGroup(group, body)
      assertAsked(world, "POST", `/v2/groups/${group}/messages`, body)
      const again = yield* world.api.messages.sendToGroup(group, body)
      assert.match(first.id ?? "", /^ROBOT1\.0_/)
      assert.deepStrictEqual([again.status, again.id], ["sent", undefined])
      assert.deepStrictEqual(world.simulator.books.judge().duplicated, [])
    })
  )

  operation("messages.sendToUser", "answers a person", (world) =>
    Effect.gen(function* () {
      const { id: msg_id } = yield* world.simulator.say({ in: { kind: "direct", id: person }, text: "hi" })
      const body = { msg_type: 2, markdown: { content: "# hi" }, msg_id, msg_seq: 1 }
      yield* world.api.messages.sendToUser(person, body)
      assertAsked(world, "POST", `/v2/users/${person}/messages`, body)
      assert.deepStrictEqual(said(world), [[true, "# hi"]])
    })
  )

  operation("messages.typing", "shows that the bot is typing", (world) =>
    Effect.gen(function* () {
      const { id: msg_id } = yield* world.simulator.say({ in: { kind: "direct", id: person }, text: "hi" })
      yield* world.api.messages.typing(person, 10, { msg_id, msg_seq: 2 })
      const notify = { input_type: 1, input_second: 10 }
      assertAsked(world, "POST", `/v2/users/${person}/messages`, {
        msg_type: 6,
        input_notify: notify,
        msg_id,
        msg_seq: 2
      })
      const { reason } = yield* Effect.flip(world.api.messages.typing(person, 61))
      assert.isTrue(reason._tag === "Invalid" && reason.field === "input_notify.input_second")
    })
  )

  operation("messages.stream", "grows a message frame by frame, one number for all of it", (world) =>
    Effect.gen(function* () {
      const { id } = yield* world.simulator.say({ in: { kind: "direct", id: person }, text: "tell me" })
      const stream = yield* world.api.stream(person, { messageId: id, sequence: 3 })
      yield* stream.write("once")
      yield* stream.write("once upon")
      yield* stream.end("once upon a time")
      const frames = world.asked.map(({ body }) => body as Record<string, unknown>)
      assert.deepStrictEqual(
        frames.map((frame) => [frame["index"], frame["msg_seq"], frame["input_state"]]),
        [
          [0, 3, 1],
          [1, 3, 1],
          [2, 3, 10]
        ]
      )
      assert.isUndefined(frames[0]?.["stream_msg_id"])
      assert.strictEqual(frames[1]?.["stream_msg_id"], frames[2]?.["stream_msg_id"])
      assert.deepStrictEqual(said(world), [[true, "once upon a time"]])
      assert.deepStrictEqual(world.simulator.books.judge().lost, [])
    })
  )

  /** What is said through the outbox, as the first answer of its turn. */
  const answer = (world: World, msg_id: string) =>
    world.rest.send({
      ...{ id: 1, status: "sending", attempts: 1, priority: "normal", notBefore: 0, createdAt: 0 },
      conversation: { account: `qq:${world.simulator.appId}`, kind: "direct", id: person },
      content: { text: "the answer" },
      replyTo: { messageId: msg_id, receivedAt: Date.now(), nth: 0 }
    })
  const before: ReadonlyArray<readonly [string, (api: Qq.Api, msg_id: string) => Effect.Effect<unknown, unknown>]> = [
    ["showing that it types", (api, msg_id) => api.messages.typing(person, 10, { msg_id })],
    ["saying something directly", (api, msg_id) => api.messages.sendToUser(person, { ...hello, msg_id })],
    ["a stream", (api, messageId) => Effect.flatMap(api.stream(person, { messageId }), ({ end }) => end("…"))]
  ]
  for (const [what, call] of before) {
    it.live(`that answers through the outbox is said, and not taken for a repeat, after ${what}`, () =>
      Effect.gen(function* () {
        const at = yield* world()
        const { id } = yield* at.simulator.say({ in: { kind: "direct", id: person }, text: "hi" })
        yield* call(at.api, id)
        const receipt = yield* answer(at, id)
        assert.isDefined(receipt.messageId)
        assert.deepStrictEqual(said(at).at(-1), [true, "the answer"])
      })
    )
  }

  operation("messages.update", "changes a message of the bot's own that has a keyboard", (world) =>
    Effect.gen(function* () {
      yield* online(world.simulator)
      const keyboard = Qq.keyboard([Qq.button("1", "Yes")])
      const { id = "" } = yield* world.api.messages.sendToChannel(channel, { content: "really?", keyboard })
      const changed = yield* world.api.messages.update(channel, id, { content: "done" })
      assertAsked(world, "PATCH", `/channels/${channel}/messages/${id}`, { content: "done" })
      assert.strictEqual(changed.id, id)
      const plain = yield* world.api.messages.sendToChannel(channel, { content: "no keyboard" })
      const { reason } = yield* Effect.flip(world.api.messages.update(channel, plain.id ?? "", { content: "x" }))
      assert.deepStrictEqual([reason._tag, reason.code], ["Rejected", 50051])
    })
  )

  operation("messages.settingGuide", "shows the guide to the settings in a channel", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.messages.settingGuide(channel, { content: "look" })).status, "sent")
      assertAsked(world, "POST", `/channels/${channel}/settingguide`, { content: "look" })
    })
  )

  operation("messages.settingGuideToDirect", "shows it in a guild direct message", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.messages.settingGuideToDirect("9876")).status, "sent")
      assertAsked(world, "POST", "/dms/9876/settingguide", {})
    })
  )
})

describe("history", () => {
  operation("messages.get", "reads a message out of its wrapping", (world) =>
    Effect.gen(function* () {
      const { id } = yield* world.simulator.say({ in: { kind: "channel", id: channel }, text: "hi" })
      const message = yield* world.api.messages.get(channel, id)
      assertAsked(world, "GET", `/channels/${channel}/messages/${id}`)
      assert.deepStrictEqual([message.id, message.channel_id], [id, channel])
    })
  )

  operation("messages.list", "reads what came after a message", (world) =>
    Effect.gen(function* () {
      const ids: Array<string> = []
      for (const text of ["one", "two", "three"]) {
        ids.push((yield* world.simulator.say({ in: { kind: "channel", id: channel }, text })).id)
      }
      const after = ids[0] ?? ""
      const found = yield* world.api.messages.list(channel, { after, limit: 20 })
      assertAsked(world, "GET", `/channels/${channel}/messages`, undefined, { after, limit: "20" })
      assert.deepStrictEqual(
        found.map(({ id }) => id),
        ids.slice(1)
      )
      const { reason } = yield* Effect.flip(world.api.messages.list(channel, { after, before: after }))
      assert.strictEqual(reason._tag, "Invalid")
    })
  )
})

describe("taking back", () => {
  operation("messages.recallFromChannel", "takes a message of a channel back, without a trace if asked", (world) =>
    Effect.gen(function* () {
      yield* online(world.simulator)
      const { id = "" } = yield* world.api.messages.sendToChannel(channel, { content: "oops" })
      yield* world.api.messages.recallFromChannel(channel, id, true)
      assertAsked(world, "DELETE", `/channels/${channel}/messages/${id}`, undefined, { hidetip: "true" })
    })
  )

  operation("messages.recallFromDirect", "takes a guild direct message back", (world) =>
    Effect.gen(function* () {
      yield* online(world.simulator)
      const { id = "" } = yield* world.api.messages.sendToDirect("9876", { content: "oops" })
      yield* world.api.messages.recallFromDirect("9876", id)
      assertAsked(world, "DELETE", `/dms/9876/messages/${id}`)
    })
  )

  operation("messages.recallFromGroup", "takes a group message back; one that is not the bot's is refused", (world) =>
    Effect.gen(function* () {
      const { id = "" } = yield* world.api.messages.sendToGroup(group, { msg_type: 0, content: "oops" })
      yield* world.api.messages.recallFromGroup(group, id)
      assertAsked(world, "DELETE", `/v2/groups/${group}/messages/${encodeURIComponent(id)}`)
      const { reason } = yield* Effect.flip(world.api.messages.recallFromGroup(group, "not-mine"))
      assert.deepStrictEqual([reason._tag, reason.code], ["Forbidden", 306004])
    })
  )

  operation("messages.recallFromUser", "takes a message to a person back", (world) =>
    Effect.gen(function* () {
      const { id = "" } = yield* world.api.messages.sendToUser(person, { msg_type: 0, content: "oops" })
      yield* world.api.messages.recallFromUser(person, id)
      assertAsked(world, "DELETE", `/v2/users/${person}/messages/${encodeURIComponent(id)}`)
    })
  )
})

describe("a button press", () => {
  operation("interactions.acknowledge", "is acknowledged with what became of it", (world) =>
    Effect.gen(function* () {
      yield* world.api.interactions.acknowledge("b2f1c0de", Qq.Acknowledgement.notPermitted)
      assert.strictEqual(world.last().headers["x-callback-appid"], world.simulator.appId)
      assertAsked(world, "PUT", "/interactions/b2f1c0de", { code: 4 })
      assert.deepStrictEqual(
        world.simulator.books.interactions.map(({ code, id }) => [id, code]),
        [["b2f1c0de", 4]]
      )
    })
  )
})

describe("an upload", () => {
  const url = "https://example.com/cat.png"
  const places = [
    ["Group", `/v2/groups/${group}`, group],
    ["User", `/v2/users/${person}`, person]
  ] as const

  for (const [to, base, id] of places) {
    operation(`files.uploadTo${to}`, "gives a file_info that a message can carry", (world) =>
      Effect.gen(function* () {
        const { file_info, ttl } = yield* world.api.files[`uploadTo${to}`](id, { file_type: 1, url })
        assertAsked(world, "POST", `${base}/files`, { file_type: 1, url, srv_send_msg: false })
        assert.strictEqual(ttl, 259200)
        const body = { msg_type: 7, content: " ", media: { file_info } }
        assert.strictEqual((yield* world.api.messages[`sendTo${to}`](id, body)).status, "sent")
        const stale = { ...body, media: { file_info: "made-up" } }
        assert.strictEqual(
          (yield* Effect.flip(world.api.messages[`sendTo${to}`](id, stale))).reason._tag,
          "Unavailable"
        )
      })
    )

    operation(`files.sendTo${to}`, "uploads and sends at once", (world) =>
      Effect.gen(function* () {
        const sent = yield* world.api.files[`sendTo${to}`](id, { file_type: 1, url })
        assertAsked(world, "POST", `${base}/files`, { file_type: 1, url, srv_send_msg: true })
        assert.match(sent.id ?? "", /^ROBOT1\.0_/)
      })
    )

    const bytes = Buffer.alloc(2500, "x")
    const hash = (name: string, of: Buffer) => createHash(name).update(of).digest("hex")
    const plan = {
      file_type: 4,
      file_size: bytes.length,
      file_name: "x.txt",
      md5: hash("md5", bytes),
      sha1: hash("sha1", bytes),
      md5_10m: hash("md5", bytes)
    } as const

    operation(
      `files.prepareFor${to}`,
      "says where to put each part",
      (world) =>
        Effect.gen(function* () {
          const { parts } = yield* world.api.files[`prepareFor${to}`](id, plan)
          assertAsked(world, "POST", `${base}/upload_prepare`, plan)
          assert.deepStrictEqual(
            parts.map(({ block_size, index }) => [index, block_size]),
            [
              [0, 1000],
              [1, 1000],
              [2, 500]
            ]
          )
        }),
      { uploadBlock: 1000 }
    )

    operation(
      `files.finishPartFor${to}`,
      "is refused for now while the part is not there, and then completes the upload",
      (world) =>
        Effect.gen(function* () {
          const { parts, upload_id } = yield* world.api.files[`prepareFor${to}`](id, plan)
          const finish = world.api.files[`finishPartFor${to}`]
          const part = { upload_id, part_index: 0, block_size: bytes.length, md5: plan.md5 }
          assert.deepStrictEqual((yield* Effect.flip(finish(id, part))).isRetryable, true)
          yield* Effect.promise(() => fetch(parts[0]?.presigned_url ?? "", { method: "PUT", body: bytes }))
          yield* finish(id, part)
          assertAsked(world, "POST", `${base}/upload_part_finish`, part)
          assert.isNotEmpty((yield* world.api.files[`uploadTo${to}`](id, { file_type: 4, upload_id })).file_info)
        }),
      { uploadBlock: 10_000 }
    )
  }
})
