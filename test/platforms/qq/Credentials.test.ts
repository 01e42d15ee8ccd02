/** There is always one valid token, asked for once, and nobody sees it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { type Asked, config, fakeClient, fakeToken, type Reply, secret } from "./fakes.ts"

const keeper = (answer: (count: number) => Effect.Effect<Reply> | Reply) => {
  const fake = fakeClient((_: Asked, count) => {
    const reply = answer(count)
    return Effect.isEffect(reply) ? reply : Effect.succeed(reply)
  })
  return { ...fake, layer: Layer.provide(QqCredentials.layer(config), fake.layer) }
}
const token = (count: number, life: unknown = "7200"): Reply => ({
  body: { access_token: fakeToken(count), expires_in: life }
})
const get = Effect.map(
  QqCredentials.use((keeper) => keeper.get),
  Redacted.value
)

describe("the keeper of the access token", () => {
  it.effect("asks with the app id as a text, in JSON", () => {
    const { asked, layer } = keeper(token)
    return Effect.gen(function* () {
      assert.strictEqual(yield* get, fakeToken(1))
      assert.deepStrictEqual(asked[0]?.body, { appId: "102000001", clientSecret: secret })
      assert.strictEqual(asked[0]?.method, "POST")
      assert.strictEqual(asked[0]?.path, "/app/getAppAccessToken")
      assert.strictEqual(asked[0]?.headers["content-type"], "application/json")
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks once for any number of callers, and a caller who leaves takes nothing from the others", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { asked, layer } = keeper((count) => Effect.as(Deferred.await(gate), token(count)))
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(get, { startImmediately: true })
        const others = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 50 }, () => get),
            { concurrency: 50 }
          ),
          {
            startImmediately: true
          }
        )
        yield* Fiber.interrupt(first)
        yield* Deferred.succeed(gate, undefined)
        assert.deepStrictEqual(new Set(yield* Fiber.join(others)), new Set([fakeToken(1)]))
        assert.strictEqual(asked.length, 1)
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("renews in the last minute, before the old one ends, for ever, without being asked", () => {
    const { asked, layer } = keeper(token)
    return Effect.gen(function* () {
      yield* get
      yield* TestClock.adjust("7159 seconds")
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(asked.length, 2)
      assert.strictEqual(yield* get, fakeToken(2))
      for (let round = 3; round < 30; round++) {
        yield* TestClock.adjust("7160 seconds")
        assert.strictEqual(asked.length, round)
      }
    }).pipe(Effect.provide(layer))
  })

  const lives: ReadonlyArray<unknown> = [
    1,
    "1",
    30,
    "60",
    60,
    61,
    1222,
    "3261",
    7200,
    0,
    -5,
    null,
    "soon",
    undefined,
    1e12
  ]
  for (const life of lives) {
    it.effect(`goes on renewing, and not too often, when a token is said to live ${String(life)}`, () => {
      const { asked, layer } = keeper((count) => token(count, life))
      return Effect.gen(function* () {
        assert.strictEqual(yield* get, fakeToken(1))
        yield* TestClock.adjust("3 hours")
        const expectsMore = typeof life !== "number" || life < 10_000
        assert.isTrue(expectsMore ? asked.length >= 2 : asked.length === 1, `${asked.length} requests`)
        assert.isAtMost(asked.length, (3 * 3600) / 5 + 1)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("keeps the token that is still valid while renewing fails, and recovers", () => {
    let isDown = false
    const { asked, layer } = keeper((count) =>
      isDown ? { status: 502, body: "<html>bad gateway</html>" } : token(count, 100)
    )
    return Effect.gen(function* () {
      yield* get
      isDown = true
      yield* TestClock.adjust("90 seconds")
      assert.isAbove(asked.length, 2)
      assert.strictEqual(yield* get, fakeToken(1))
      isDown = false
      yield* TestClock.adjust("2 minutes")
      assert.notStrictEqual(yield* get, "")
      assert.notStrictEqual(yield* get, fakeToken(1))
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks anew after an invalidation, but not for a refusal of a token that was replaced", () => {
    const { asked, layer } = keeper(token)
    return Effect.gen(function* () {
      const keeper = yield* QqCredentials
      const old = yield* keeper.get
      yield* keeper.invalidate
      assert.strictEqual(Redacted.value(yield* keeper.get), fakeToken(2))
      yield* keeper.reject(old)
      assert.strictEqual(yield* get, fakeToken(2))
      yield* keeper.reject(yield* keeper.get)
      assert.strictEqual(yield* get, fakeToken(3))
      assert.strictEqual(asked.length, 3)
    }).pipe(Effect.provide(layer))
  })

  const failures: ReadonlyArray<readonly [string, Reply, string]> = [
    ["100001 means to slow down", { body: { code: 100001, message: "too many requests" } }, "Throttled"],
    ["100002 passes", { body: { code: 100002, message: "internal err" } }, "Unreachable"],
    ["100007 is final", { body: { code: 100007, message: "appid invalid" } }, "Refused"],
    ["100016 is final", { body: { code: "100016", message: `invalid appid or secret ${secret}` } }, "Refused"],
    ["10004 is final", { status: 400, body: { code: 10004, message: "no such bot" } }, "Refused"],
    ["an unknown code passes", { body: { code: 1, message: "?" } }, "Unreachable"],
    ["an empty answer passes", {}, "Unreachable"],
    [
      "what a proxy cuts in the middle of the secret passes",
      { status: 502, body: `<pre>${"x".repeat(190)} ${secret} </pre>` },
      "Unreachable"
    ],
    ["a page of HTML passes", { status: 503, body: "<html><b>busy</b></html>" }, "Unreachable"],
    ["null passes", { body: "null" }, "Unreachable"],
    ["a token that is no text passes", { body: { access_token: 5, expires_in: 7200 } }, "Unreachable"],
    ["429 means to slow down", { status: 429, headers: { "retry-after": "9" } }, "Throttled"],
    [
      "403 without a code is not QQ's and passes",
      { status: 403, body: "<h1>blocked by the firewall</h1>" },
      "Unreachable"
    ],
    ["404 without a code is not QQ's and passes", { status: 404, body: "not here" }, "Unreachable"]
  ]
  for (const [what, reply, tag] of failures) {
    it.effect(`${what}, and the secret is not in the error`, () => {
      const { layer } = keeper(() => reply)
      return Effect.gen(function* () {
        const error = yield* Effect.flip(get)
        assert.strictEqual(error.account, "qq:102000001")
        assert.strictEqual(error.reason._tag, tag)
        // Not even a part of it.
        assert.notInclude(`${error.message} ${JSON.stringify(error)} ${error.stack}`, secret.slice(0, 6))
        if (reply.status === 429) assert.deepStrictEqual(error.retryAfter, Duration.seconds(9))
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("says so when it has ended, also to those who wait", () => {
    const arrived = Deferred.makeUnsafe<void>()
    const { asked, layer: http } = fakeClient(() => Effect.andThen(Deferred.succeed(arrived, undefined), Effect.never))
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const keeper = yield* QqCredentials.make(config).pipe(Scope.provide(scope), Effect.provide(http))
      const waiting = yield* Effect.forkChild(Effect.flip(keeper.get), { startImmediately: true })
      yield* Deferred.await(arrived)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "Unreachable")
      assert.strictEqual((yield* Effect.flip(keeper.get)).reason._tag, "Unreachable")
      assert.strictEqual(asked.length, 1)
    })
  })

  it.effect("repeats no secret, though the answer does, also where it is cut", () => {
    const { layer } = keeper(() => ({ status: 400, body: { message: `${"x".repeat(190)}${secret}` } }))
    return Effect.gen(function* () {
      const { message } = yield* Effect.flip(get)
      assert.include(message, "xxx<secret>")
      assert.notInclude(message, secret.slice(0, 6))
    }).pipe(Effect.provide(layer))
  })

  it.effect("takes no token that fits into no header, and asks again", () => {
    const odd = ["\r\nx-forged: 1", "\u0080", "密", " ", "x".repeat(5000)]
    const { layer } = keeper((count) =>
      odd[count - 1] === undefined ? token(count) : { body: { access_token: odd[count - 1], expires_in: "7200" } }
    )
    return Effect.gen(function* () {
      for (const _ of odd) assert.strictEqual((yield* Effect.flip(get)).reason._tag, "Unreachable")
      assert.strictEqual(yield* get, fakeToken(6))
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not wait for ever for an answer", () => {
    const { layer } = keeper(() => Effect.never)
    return Effect.gen(function* () {
      const asking = yield* Effect.forkChild(Effect.flip(get), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(asking)).reason._tag, "Unreachable")
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails the same for all who wait, and asks again for who comes later", () => {
    const { asked, layer } = keeper((count) => (count === 1 ? { status: 500 } : token(count)))
    return Effect.gen(function* () {
      const results = yield* Effect.all([Effect.result(get), Effect.result(get)], { concurrency: 2 })
      assert.deepStrictEqual(
        results.map((result) => result._tag),
        ["Failure", "Failure"]
      )
      assert.strictEqual(asked.length, 1)
      assert.strictEqual(yield* get, fakeToken(2))
    }).pipe(Effect.provide(layer))
  })
})
