/** Uploads in parts: what is put where, what is tried again, and what the store of uploads is not told. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import type { OutboxMessage } from "../../../src/domain/Message.ts"
import { video } from "../../../src/platforms/qq/Content.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import { chunkedFrom } from "../../../src/platforms/qq/Upload.ts"
import { planOf } from "../../../src/platforms/qq/UploadPlan.ts"
import { messageTo } from "../../fixtures/runtime.ts"
import { config } from "./fakes.ts"
import { group } from "./fixtures.ts"
import { world } from "./rest/operation.ts"

const chat = { kind: "group", id: group } as const
const film = (bytes: Buffer) =>
  ({ kind: "video", name: "film.mp4", source: { base64: bytes.toString("base64") } }) as const
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex")

describe("an upload in parts", () => {
  it.live("over real HTTP makes up the very file, and the store sees no token", () =>
    Effect.gen(function* () {
      const { api, asked } = yield* world({ uploadBlock: 3 * 1024 * 1024 })
      const bytes = Buffer.alloc(11 * 1024 * 1024 + 3, "abcdefg")
      const { fileInfo, ttl } = yield* api.upload(chat, film(bytes))
      assert.isNotEmpty(fileInfo)
      assert.strictEqual(ttl, 259200)
      const puts = asked.filter(({ method }) => method === "PUT")
      assert.strictEqual(puts.length, 4)
      for (const { headers } of puts) {
        assert.isUndefined(headers["authorization"])
        assert.isUndefined(headers["x-union-appid"])
      }
      const plan = asked.find(({ path }) => path.endsWith("/upload_prepare"))?.body
      assert.deepInclude(plan as object, {
        file_size: bytes.length,
        md5: md5(bytes),
        md5_10m: md5(bytes.subarray(0, 10_002_432)),
        file_name: "film.mp4"
      })
    })
  )

  it.live("is not needed for what is small", () =>
    Effect.gen(function* () {
      const { api, asked } = yield* world()
      yield* api.upload(chat, film(Buffer.alloc(1000, "x")))
      assert.deepStrictEqual(
        asked.map(({ path }) => path),
        [`/v2/groups/${group}/files`]
      )
    })
  )

  /** A platform that answers by path and counts. */
  const answering = (
    answer: (path: string, count: number, now: number) => readonly [status: number, body: unknown]
  ) => {
    const counts = new Map<string, number>()
    const client = HttpClient.make((request, url) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const count = (counts.get(url.pathname) ?? 0) + 1
        counts.set(url.pathname, count)
        const [status, body] =
          url.pathname === "/app/getAppAccessToken"
            ? [200, { access_token: "t", expires_in: "72000" }]
            : answer(url.pathname, count, now)
        return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(body), { status }))
      })
    )
    const layer = QqRest.layer(config).pipe(
      Layer.provide(QqCredentials.layer(config)),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
    )
    return { counts, layer }
  }
  const bytes = Buffer.alloc(chunkedFrom, "x")
  const upload = QqRest.use((rest) => rest.upload(chat, film(bytes)))
  const plan = (parts: ReadonlyArray<object>) => ({ upload_id: "u1", block_size: String(chunkedFrom), parts })
  const part = { index: 0, presigned_url: "https://store.test/p0" }
  const place = `/v2/groups/${group}`

  it.effect("tries a part again that failed or is not ready, and only that part", () => {
    const { counts, layer } = answering((path, count) => {
      if (path.endsWith("/upload_prepare")) return [200, plan([part])]
      if (path === "/p0") return count === 1 ? [503, {}] : [200, {}]
      if (path.endsWith("/upload_part_finish")) return count === 1 ? [400, { code: 40093001 }] : [200, {}]
      return [200, { file_info: "info", ttl: "0" }]
    })
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(upload)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { fileInfo: "info", ttl: 0 })
      const asked = [`${place}/upload_prepare`, "/p0", `${place}/upload_part_finish`, `${place}/files`]
      assert.deepStrictEqual(
        asked.map((path) => counts.get(path)),
        [1, 2, 2, 1]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks for a part that is not ready as often and as long as the plan says, in seconds", () => {
    const asked: Array<number> = []
    const told = { retry_delay: 3, retry_timeout: "10" }
    for (const [where, answer] of [
      ["in its configuration", { ...plan([part]), upload_config: told }],
      ["beside it", { ...plan([part]), ...told }]
    ] as const) {
      assert.deepInclude(planOf(answer, chunkedFrom), { retryDelay: Duration.seconds(3) }, where)
      assert.deepInclude(planOf(answer, chunkedFrom), { retryTimeout: Duration.seconds(10) }, where)
    }
    const { layer } = answering((path, _count, now) => {
      if (path.endsWith("/upload_prepare")) return [200, { ...plan([part]), upload_config: told }]
      if (!path.endsWith("/upload_part_finish")) return [200, {}]
      asked.push(now / 1000)
      return [400, { code: 40093001 }]
    })
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.flip(upload))
      yield* TestClock.adjust("1 minute")
      const { reason } = yield* Fiber.join(fiber)
      assert.isTrue(reason._tag === "Unavailable" && reason.code === 40093001)
      // The last question is the one that finds the time over.
      assert.deepStrictEqual(asked, [0, 3, 6, 9, 12])
    }).pipe(Effect.provide(layer))
  })

  it("is patient within reason, whatever the plan says", () => {
    const pace = (told: object) => {
      const { concurrency, retryDelay, retryTimeout } =
        planOf({ ...plan([part]), upload_config: told }, chunkedFrom) ?? {}
      return [
        concurrency,
        retryDelay && Duration.toSeconds(retryDelay),
        retryTimeout && Duration.toSeconds(retryTimeout)
      ]
    }
    assert.deepStrictEqual(pace({}), [1, 1, 120])
    assert.deepStrictEqual(pace({ concurrency: 99, retry_delay: 1e9, retry_timeout: 1e9 }), [4, 60, 600])
    assert.deepStrictEqual(pace({ concurrency: -1, retry_delay: -1, retry_timeout: "soon" }), [1, 1, 120])
    assert.deepStrictEqual(pace({ retry_delay: 0.5, retry_timeout: 0 }), [1, 0.5, 120])
  })

  for (const status of [403, 404]) {
    it.effect(`whose address is good no longer (HTTP ${status}) is prepared anew by the next attempt`, () => {
      const { counts, layer } = answering((path, count) => {
        if (path.endsWith("/upload_prepare")) {
          return [200, plan([{ index: 0, presigned_url: `https://store.test/p${count}` }])]
        }
        if (path === "/p1") return [status, "Request has expired"]
        return [200, { file_info: "info", ttl: 60 }]
      })
      return Effect.gen(function* () {
        const { reason } = yield* Effect.flip(upload)
        assert.isTrue(reason._tag === "Unavailable" && reason.isRetryable && reason.status === status)
        assert.strictEqual(counts.get("/p1"), 1)
        assert.deepStrictEqual(yield* upload, { fileInfo: "info", ttl: 60 })
        assert.deepStrictEqual([counts.get(`${place}/upload_prepare`), counts.get("/p2")], [2, 1])
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("is done before the message is sent, and not again for it; not at all where that is too late", () => {
    const { counts, layer } = answering((path) => {
      if (path.endsWith("/messages")) return [200, { id: "m1" }]
      return path.endsWith("/upload_prepare") ? [200, plan([part])] : [200, { file_info: "info", ttl: 60 }]
    })
    const row = (content: OutboxMessage["content"]): OutboxMessage => ({
      ...messageTo("ann", ""),
      conversation: { account: "qq:102000001", kind: "group", id: group },
      content,
      id: 1,
      status: "queued",
      attempts: 0,
      replyTo: { messageId: "ROBOT1.0_x", receivedAt: 0 }
    })
    const shown = row(video({ base64: bytes.toString("base64") }))
    return Effect.gen(function* () {
      const rest = yield* QqRest
      yield* rest.prepare(shown)
      assert.deepStrictEqual([counts.get(`${place}/files`), counts.get(`${place}/messages`)], [1, undefined])
      assert.strictEqual((yield* rest.send(shown)).messageId, "m1")
      assert.deepStrictEqual([counts.get(`${place}/files`), counts.get(`${place}/messages`)], [1, 1])
      yield* rest.prepare(row({ text: "nothing to upload" }))
      yield* TestClock.adjust("10 minutes")
      const { reason } = yield* Effect.flip(rest.prepare(shown))
      assert.deepStrictEqual([reason._tag, counts.get(`${place}/files`)], ["ReplyWindowClosed", 1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is given up when the store refuses the part itself", () => {
    const { layer } = answering((path) => (path === "/p0" ? [400, {}] : [200, plan([part])]))
    return Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(upload)).reason._tag, "Rejected")
    }).pipe(Effect.provide(layer))
  })

  it.effect("stops at once when the quota of the day is used up", () => {
    const { counts, layer } = answering(() => [400, { code: 40093002 }])
    return Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(upload)).reason._tag, "QuotaExhausted")
      assert.strictEqual(counts.get(`${place}/upload_prepare`), 1)
    }).pipe(Effect.provide(layer))
  })

  const odd: ReadonlyArray<readonly [string, unknown]> = [
    ["has no parts", plan([])],
    ["covers half the file", { ...plan([part]), block_size: 10 }],
    ["names no address", plan([{ index: 0 }])],
    ["is a list", []]
  ]
  for (const [what, answer] of odd) {
    it.effect(`does not follow a plan that ${what}`, () => {
      const { counts, layer } = answering(() => [200, answer])
      return Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(upload)).reason._tag, "Unavailable")
        assert.isUndefined(counts.get("/p0"))
      }).pipe(Effect.provide(layer))
    })
  }
})
