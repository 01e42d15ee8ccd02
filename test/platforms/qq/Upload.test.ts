/** Uploads in parts: what is put where, what is tried again, and what the store of uploads is not told. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import { chunkedFrom } from "../../../src/platforms/qq/Upload.ts"
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
  const answering = (answer: (path: string, count: number) => readonly [status: number, body: unknown]) => {
    const counts = new Map<string, number>()
    const client = HttpClient.make((request, url) =>
      Effect.sync(() => {
        const count = (counts.get(url.pathname) ?? 0) + 1
        counts.set(url.pathname, count)
        const [status, body] =
          url.pathname === "/app/getAppAccessToken"
            ? [200, { access_token: "t", expires_in: "72000" }]
            : answer(url.pathname, count)
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
