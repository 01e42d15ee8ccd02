/** What strangers, and clients that are broken, get to hear from the monitor. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { maxAttempts } from "../../../src/monitor/http/Access.ts"
import { call, raw, served, token } from "./served.ts"

const restart = { target: { kind: "account", account: "fake:1" }, reason: "a try" }
const authorized = `Authorization: Bearer ${token}\r\n`
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

const sentence = (answer: { readonly json: () => unknown }) => {
  const { _tag, message } = answer.json() as { readonly _tag: string; readonly message: string }
  assert.isAbove(message.length, 10)
  return _tag
}

describe.concurrent("the monitor's refusals", () => {
  it.live("say that a token is missing or wrong, and stop listening after ten wrong ones", () =>
    Effect.gen(function* () {
      const without = yield* call("/api/health", { token: undefined })
      assert.deepStrictEqual([without.status, sentence(without)], [401, "Unauthorized"])
      for (const header of ["Basic abc", "Bearer", `bearer: ${token}`, token]) {
        const answer = yield* call("/api/health", { token: undefined, headers: { authorization: header } })
        assert.strictEqual(answer.status, 401, header)
      }
      // In the address a token would end up in logs.
      assert.strictEqual((yield* call(`/api/health?token=${token}`, { token: undefined })).status, 401)
      for (let n = 0; n < maxAttempts + 5; n++) yield* call("/api/health", { token: `${token}x` })
      const locked = yield* call("/api/health")
      assert.deepStrictEqual([locked.status, sentence(locked)], [429, "TooManyAttempts"])
      assert.notInclude(locked.text, token)
      assert.strictEqual((yield* call("/livez")).status, 200)
    }).pipe(Effect.provide(served().layer))
  )

  it.live("turn away bodies that are too large, not JSON, or not what is asked for", () =>
    Effect.gen(function* () {
      const post = (body: unknown, headers: Record<string, string> = {}) =>
        call("/api/restart", { method: "POST", body, headers })
      const large = yield* post({ ...restart, reason: "x".repeat(20_000) })
      assert.deepStrictEqual([large.status, sentence(large)], [413, "PayloadTooLarge"])
      const chunk = `4e20\r\n${"x".repeat(20_000)}\r\n`
      const chunked = yield* raw(
        `POST /api/restart HTTP/1.1\r\nHost: x\r\n${authorized}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`
      )
      assert.strictEqual(statusOf(chunked), 413)
      const form = yield* post("a=b", { "content-type": "application/x-www-form-urlencoded" })
      assert.deepStrictEqual([form.status, sentence(form)], [415, "UnsupportedMediaType"])
      for (const body of ["{", "[]", "null", '"text"', "{}", '{"target":{"kind":"moon"},"reason":"a try"}']) {
        const answer = yield* post(body)
        assert.deepStrictEqual([answer.status, sentence(answer)], [400, "BadRequest"], body)
      }
      for (const reason of ["", "x".repeat(201)]) assert.strictEqual((yield* post({ ...restart, reason })).status, 400)
    }).pipe(Effect.provide(served().layer))
  )

  it.live("know no path but their own, whatever it is dressed up as", () =>
    Effect.gen(function* () {
      const tricks = [
        "/../package.json",
        "/dashboard/../../package.json",
        "/dashboard/..%2f..%2fpackage.json",
        "/dashboard/%2e%2e/%2e%2e/package.json",
        "/dashboard/..%5c..%5cpackage.json",
        "/dashboard/style.css%00.html",
        "//etc/passwd",
        "/dashboard//style.css",
        "/api/%ff",
        "/dashboard/\\..\\package.json",
        `/${"a".repeat(3000)}`,
        "/dashboard/main.ts",
        "/dashboard/",
        "/API/health",
        "/api/health/",
        "/api/message-queue/dead-letters/event/../../../restart"
      ]
      for (const path of tricks) {
        const answer = yield* call(path)
        assert.include([400, 404, 414], answer.status, `${path}: ${answer.status} ${answer.text.slice(0, 100)}`)
        assert.notInclude(answer.text, "devDependencies", path)
        sentence(answer)
      }
      for (const id of ["-1", "1.5", "x", "9999999999999999999", "1;drop"]) {
        const { status } = yield* call(`/api/message-queue/dead-letters/event/${id}`, { method: "DELETE" })
        assert.include([400, 404], status, id)
      }
      const nowhere = yield* call("/api/message-queue/dead-letters?limit=-5&offset=1e9")
      assert.deepStrictEqual([nowhere.status, sentence(nowhere)], [400, "BadRequest"])
    }).pipe(Effect.provide(served().layer))
  )

  it.live("name the methods of an address to who uses another one", () =>
    Effect.gen(function* () {
      for (const [method, path, allow] of [
        ["DELETE", "/api/health", "GET"],
        ["GET", "/api/restart", "POST"],
        ["GET", "/api/accounts/fake:1/hold", "POST"],
        ["PUT", "/api/message-queue/dead-letters/event/1", "DELETE"]
      ] as const) {
        const answer = yield* call(path, { method })
        assert.deepStrictEqual([answer.status, sentence(answer)], [405, "MethodNotAllowed"], path)
        assert.strictEqual(answer.headers["allow"], allow, path)
      }
      for (const path of ["/api/accounts//hold", "/api/nothing", "/api/accounts/fake:1"]) {
        assert.include([400, 404], (yield* call(path, { method: "PUT" })).status, path)
      }
    }).pipe(Effect.provide(served().layer))
  )

  it.live("cut off who sends endless headers, no HTTP at all, or next to nothing", () =>
    Effect.gen(function* () {
      const endless = yield* raw(`GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`)
      assert.strictEqual(statusOf(endless), 431)
      assert.strictEqual(statusOf(yield* raw("HELLO THERE\r\n\r\n")), 400)
      // The server gives headers five seconds, and looks every second.
      const slow = yield* Effect.timeout(raw("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "), "9 seconds")
      assert.strictEqual(statusOf(slow), 408)
    }).pipe(Effect.provide(served().layer))
  )

  it.live("come with headers that keep pages and answers where they belong", () =>
    Effect.gen(function* () {
      for (const path of ["/", "/livez", "/api/status", "/nowhere", "/docs"]) {
        const { headers } = yield* call(path)
        assert.strictEqual(headers["x-content-type-options"], "nosniff", path)
        assert.strictEqual(headers["x-frame-options"], "DENY", path)
        assert.include(String(headers["content-security-policy"]), "default-src 'none'", path)
        assert.include(String(headers["cache-control"]), "no-", path)
        assert.isUndefined(headers["access-control-allow-origin"], path)
      }
    }).pipe(Effect.provide(served().layer))
  )
})
