/**
 * 10,000 calls of strangers against a whole bot on a real port, while people talk to it: forged, replayed, truncated and
 * reordered. None is accepted, none crashes it, and nobody who talks notices.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { Agent, request } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as Signature from "../../../src/platforms/qq/Signature.ts"
import { prng } from "../../fixtures/runtime.ts"
import { fourChats, listening, say, talkingWhile } from "../../guarantees/support/Crowd.ts"
import { portOf } from "../../guarantees/support/Mode.ts"
import * as World from "../../guarantees/support/World.ts"

interface Hostile {
  readonly kind: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly method?: string
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAt?: number
}

/** The status, or nothing where the connection was cut, by either side. */
const call = (agent: Agent, port: number, { body, cutAt, headers, method = "POST" }: Hostile) =>
  Effect.callback<number | undefined>((resume) => {
    const outgoing = request({ host: "127.0.0.1", port, path: "/qq", method, agent, headers })
    outgoing.on("response", (response) => {
      response.resume()
      response.on("end", () => resume(Effect.succeed(response.statusCode)))
    })
    outgoing.on("error", () => resume(Effect.succeed(undefined)))
    if (cutAt === undefined) return void outgoing.end(body)
    outgoing.setHeader("Content-Length", body.length)
    outgoing.write(body.subarray(0, cutAt), () => void outgoing.destroy())
  })

const hello = (id: string, text: string) =>
  JSON.stringify({
    id: `C2C_MESSAGE_CREATE:${id}`,
    op: 0,
    t: "C2C_MESSAGE_CREATE",
    d: {
      id: `ROBOT1.0_${id}`,
      content: text,
      author: { user_openid: "MALLORY" },
      timestamp: "2026-11-02T09:19:00+08:00"
    }
  })

describe("a webhook under attack", () => {
  it.live(
    "accepts none of 10,000 forged, replayed, truncated and reordered calls, and goes on answering",
    () =>
      Effect.gen(function* () {
        const seed = Number(yield* World.seed)
        const random = prng(seed)
        const pick = <A>(from: ReadonlyArray<A>): A => from[Math.floor(random() * from.length)] as A
        const simulator = yield* World.platform({}, "webhook")
        const { books } = simulator
        const port = portOf(simulator) ?? 0
        const filename = yield* World.database
        const bot = yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
        yield* listening(simulator)
        const signer = Signature.make(Redacted.make(simulator.clientSecret))
        const now = yield* Effect.clockWith((clock) =>
          Effect.sync(() => Math.floor(clock.currentTimeMillisUnsafe() / 1000))
        )
        const headersOf = (signature: string, timestamp: string | number): Record<string, string> => ({
          "Content-Type": "application/json",
          "X-Bot-Appid": simulator.appId,
          "X-Signature-Ed25519": signature,
          "X-Signature-Timestamp": String(timestamp)
        })
        const genuine = Array.from({ length: 50 }, (_, n) => {
          const body = hello(`old${n}`, "replayed")
          return { body, headers: headersOf(signer.sign(String(now) + body), now), old: now - 301 - n }
        })
        const stranger: KeyObject = createPrivateKey(
          generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" })
        )
        let n = 0
        const makers: ReadonlyArray<() => Hostile> = [
          () => {
            const body = hello(`forged${n}`, "forged")
            const signature = sign(null, Buffer.from(now + body), stranger).toString("hex")
            return { kind: "forged by another key", headers: headersOf(signature, now), body: Buffer.from(body) }
          },
          () => {
            const garbage = Array.from({ length: 128 }, () => pick([..."0123456789abcdef"])).join("")
            return {
              kind: "forged at random",
              headers: headersOf(garbage, now),
              body: Buffer.from(hello(`r${n}`, "forged"))
            }
          },
          () => {
            const { "X-Signature-Ed25519": _, ...headers } = headersOf("", now)
            return { kind: "unsigned", headers, body: Buffer.from(hello(`u${n}`, "forged")) }
          },
          () => {
            const body = hello(`oracle${n}`, "forged")
            const d = { event_ts: String(now), plain_token: body }
            const { "X-Signature-Ed25519": _, ...headers } = headersOf("", now)
            return { kind: "asking for a signature", headers, body: Buffer.from(JSON.stringify({ op: 13, d })) }
          },
          () => {
            const { body, old } = pick(genuine)
            const headers = headersOf(signer.sign(String(old) + body), old)
            return { kind: "replayed after its time", headers, body: Buffer.from(body) }
          },
          () => {
            const { body, headers } = pick(genuine)
            return {
              kind: "replayed under a new time",
              headers: { ...headers, "X-Signature-Timestamp": String(now + 1) },
              body: Buffer.from(body)
            }
          },
          () => {
            const { body, headers } = pick(genuine)
            const bytes = Buffer.from(body)
            return { kind: "truncated", headers, body: bytes.subarray(0, Math.floor(random() * bytes.length)) }
          },
          () => {
            const { body, headers } = pick(genuine)
            const bytes = Buffer.from(body)
            return { kind: "cut off", headers, body: bytes, cutAt: 1 + Math.floor(random() * (bytes.length - 1)) }
          },
          () => {
            const one = pick(genuine)
            const other = pick(genuine.filter((it) => it !== one))
            return {
              kind: "reordered: the signature of another call",
              headers: one.headers,
              body: Buffer.from(other.body)
            }
          },
          () => {
            const { body, headers } = pick(genuine)
            const bytes = Buffer.from(body)
            const at = 1 + Math.floor(random() * (bytes.length - 2))
            const turned = Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)])
            return { kind: "reordered: its bytes", headers, body: turned }
          },
          () => {
            const { body, headers } = pick(genuine)
            const { d, ...rest } = JSON.parse(body) as Record<string, unknown>
            return { kind: "reordered: its fields", headers, body: Buffer.from(JSON.stringify({ d, ...rest })) }
          },
          () => {
            const { body, headers } = pick(genuine)
            const odd = pick([
              { method: "PUT", headers },
              { method: "GET", headers },
              { headers: { ...headers, "Content-Type": "text/plain" } },
              { headers: { ...headers, "Content-Encoding": "gzip" } },
              { headers: { ...headers, "X-Bot-Appid": "999" } }
            ])
            return { kind: "of the wrong form", body: Buffer.from(odd.method === "GET" ? "" : body), ...odd }
          }
        ]
        const agent = yield* Effect.acquireRelease(
          Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 32 })),
          (agent) => Effect.sync(() => agent.destroy())
        )
        const outcomes = new Map<string, number>()
        const attack = Effect.gen(function* () {
          const hostile = (makers[n++ % makers.length] as () => Hostile)()
          const status = yield* call(agent, port, hostile)
          const outcome = `${hostile.kind}: ${status ?? "cut"}`
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        })
        yield* Effect.forEach(Array.from({ length: 10_000 }), () => attack, { concurrency: 32, discard: true }).pipe(
          World.within(90_000, "the end of the attack"),
          talkingWhile(simulator, fourChats, 200)
        )
        yield* simulator.settled.pipe(World.within(20_000, "every answer"))
        const story = `SEED=${seed}\n${Array.from(outcomes, ([what, count]) => `${what} × ${count}`).join("\n")}`
        // Each was told that it is wrong, or was cut before it had said all.
        for (const outcome of outcomes.keys()) {
          assert.match(outcome, /: (40[0145]|415)$|^cut off: (cut|40[0-9])$/, story)
        }
        assert.strictEqual(
          [...outcomes.values()].reduce((sum, count) => sum + count, 0),
          10_000
        )
        // All who talk got their answers: none of QQ's own calls was taken for a stranger's.
        World.assertFair(simulator, story)
        assert.strictEqual(books.answered, books.said)
        assert.isAbove(books.said, 20, story)
        const isOurs = (status: number | undefined) => status === undefined || status === 200 || status === 503
        assert.isTrue(
          books.pushes.every(({ status }) => isOurs(status)),
          story
        )
        assert.strictEqual(books.sent.length, books.said, story)
        // No event but theirs ever came as far as the inbox.
        const [status] = yield* bot.status
        assert.strictEqual(status?.eventsProcessed, books.said, story)
        const counts = yield* World.inStore(filename, (store) => store.counts(`qq:${simulator.appId}`))
        assert.deepStrictEqual([counts.messages.sent, counts.pendingEvents], [books.said, 0])
        assert.isAtMost(status?.eventsReceived ?? 0, books.pushes.length)
        assert.isAbove(
          [...(status?.webhook?.refused.values() ?? [])].reduce((sum, it) => sum + it, 0),
          7000
        )
        // Ten thousand refusals are a handful of news, and hold no secret and no signature.
        const told = bot.news.filter(({ _tag }) => _tag === "FrameIgnored")
        assert.isAtMost(told.length, 8)
        assert.isAbove(told.length, 0)
        assert.notInclude(JSON.stringify(told) + bot.log.join("\n"), simulator.clientSecret)
        // And what they repeated is heard the first time that QQ says it.
        const last = say(simulator, { kind: "direct", id: "user-1" }, "are you still there?")
        yield* simulator.until(() => last.replies.length > 0).pipe(World.within(20_000, "an answer after all that"))
      }),
    130_000
  )

  it.live("takes no call twice that a stranger repeats in time, byte for byte", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, "webhook")
      const { books } = simulator
      const bot = yield* World.runOn(yield* World.database, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* listening(simulator)
      yield* Effect.gen(function* () {
        for (let n = 0; n < 10; n++) {
          yield* Effect.sleep(100)
          yield* simulator.fault({ kind: "webhookReplayed", times: 30 })
        }
      }).pipe(talkingWhile(simulator, fourChats, 50))
      yield* simulator.settled
      yield* simulator.until(({ hostile }) => hostile.length >= 150).pipe(World.within(20_000, "the replays"))
      World.assertFair(simulator)
      assert.strictEqual(books.sent.length, books.said)
      const [status] = yield* bot.status
      assert.strictEqual(status?.eventsProcessed, books.said)
      // They were QQ's own words: told that they arrived, or to come again, and recognised.
      assert.isAbove(books.hostile.filter((it) => it.status === 200).length, 50)
      assert.isTrue(books.hostile.every((it) => it.status === 200 || it.status === 503 || it.status === undefined))
    })
  )
})
