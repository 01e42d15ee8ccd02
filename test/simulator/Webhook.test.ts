/** How the simulated platform calls a bot: what it wants to see proved, how often it calls, and when it gives up. */
import { createPrivateKey, sign } from "node:crypto"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { QqSimulator } from "everbot/simulator"

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A bot of a few lines that answers dispatches as it is told; `undefined` hangs up. */
const bot = (secret: string, statusOf: (call: Received, count: number) => number | undefined) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly calls: Array<Received>; readonly close: () => void }>((resume) => {
      const seed = Buffer.from(secret.repeat(32)).subarray(0, 32)
      const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed])
      const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" })
      const calls: Array<Received> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => void chunks.push(chunk))
        request.on("end", () => {
          const body = Buffer.concat(chunks).toString()
          const envelope = JSON.parse(body)
          if (envelope.op === 13) {
            const { event_ts, plain_token } = envelope.d
            const signature = sign(null, Buffer.from(event_ts + plain_token), key).toString("hex")
            return void response.end(JSON.stringify({ plain_token, signature }))
          }
          const call = { headers: request.headers, body }
          calls.push(call)
          const status = statusOf(call, calls.length)
          if (status === undefined) return void request.socket.destroy()
          response.writeHead(status).end(JSON.stringify({ op: 12 }))
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/`, calls, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const platform = QqSimulator.make({ webhook: { retryAfter: "10 millis" } })
const hello = { in: { kind: "group", id: "g" }, text: "hello" } as const

describe("the simulated platform's webhook", () => {
  it.live("registers an address that proves that it knows the secret, and no other", () =>
    Effect.gen(function* () {
      const simulator = yield* platform
      const impostor = yield* bot("another secret", () => 200)
      const refused = yield* Effect.flip(simulator.registerWebhook(impostor.url))
      assert.strictEqual(refused._tag, "WebhookRefused")
      yield* Effect.flip(simulator.registerWebhook("http://127.0.0.1:1/"))
      const good = yield* bot(simulator.clientSecret, () => 200)
      yield* simulator.registerWebhook(good.url)
      assert.deepStrictEqual(
        simulator.books.validations.map(({ accepted }) => accepted),
        [false, false, true]
      )
    })
  )

  it.live("calls with the headers of QQ and an envelope without a sequence, once when it is answered", () =>
    Effect.gen(function* () {
      const simulator = yield* platform
      const it = yield* bot(simulator.clientSecret, () => 200)
      yield* simulator.registerWebhook(it.url)
      const said = yield* simulator.say(hello)
      yield* simulator.until(({ pushes }) => pushes.length === 1)
      const [call] = it.calls
      assert.strictEqual(call?.headers["user-agent"], "QQBot-Callback")
      assert.strictEqual(call?.headers["x-bot-appid"], simulator.appId)
      assert.match(String(call?.headers["x-signature-ed25519"]), /^[0-9a-f]{128}$/)
      const envelope = JSON.parse(call?.body ?? "")
      assert.deepStrictEqual([envelope.op, envelope.t, envelope.d.id, "s" in envelope], [0, said.type, said.id, false])
      // It has it and owes an answer.
      assert.deepStrictEqual(simulator.books.judge().lost, [said.id])
    })
  )

  it.live("calls again with the same bytes when it is refused, three times at most, and then excuses the bot", () =>
    Effect.gen(function* () {
      const simulator = yield* platform
      const it = yield* bot(simulator.clientSecret, (_, count) => (count % 2 === 0 ? 503 : undefined))
      yield* simulator.registerWebhook(it.url)
      const said = yield* simulator.say(hello)
      yield* simulator.until((books) => books.count("webhook:gaveUp") === 1)
      assert.strictEqual(it.calls.length, 4)
      assert.strictEqual(new Set(it.calls.map(({ body, headers }) => body + headers["x-signature-ed25519"])).size, 1)
      assert.deepStrictEqual(
        simulator.books.pushes.map(({ attempt, status }) => [attempt, status]),
        [
          [1, undefined],
          [2, 503],
          [3, undefined],
          [4, 503]
        ]
      )
      const { forfeited, lost } = simulator.books.judge()
      assert.deepStrictEqual([forfeited, lost], [[said.id], []])
    })
  )

  it.live("lets a chat wait for its own calls, and no other chat", () =>
    Effect.gen(function* () {
      const simulator = yield* platform
      const order: Array<string> = []
      const it = yield* bot(simulator.clientSecret, ({ body }) => {
        const { content } = JSON.parse(body).d
        order.push(content.trim())
        return order.filter((text) => text === content.trim()).length === 1 && content.trim() === "first" ? 503 : 200
      })
      yield* simulator.registerWebhook(it.url)
      for (const [id, text] of [
        ["g", "first"],
        ["g", "second"],
        ["h", "beside"]
      ] as const) {
        yield* simulator.say({ in: { kind: "group", id }, text })
      }
      yield* simulator.until(({ pushes }) => pushes.length === 4)
      assert.deepStrictEqual(
        order.filter((text) => text !== "beside"),
        ["first", "first", "second"]
      )
      assert.isBelow(order.indexOf("beside"), 3)
    })
  )

  it.live("says nothing to the gateway once an address is registered", () =>
    Effect.gen(function* () {
      const simulator = yield* platform
      const before = yield* simulator.say(hello)
      const it = yield* bot(simulator.clientSecret, () => 200)
      yield* simulator.registerWebhook(it.url)
      yield* simulator.say(hello)
      yield* simulator.until(({ pushes }) => pushes.length === 1)
      assert.deepStrictEqual(simulator.books.judge().unheard, [before.id])
      assert.strictEqual(it.calls.length, 1)
    })
  )
})
