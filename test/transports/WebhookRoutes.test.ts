/** The door of a webhook: what is let in, what is turned away unread, and who else may live behind it. */
import { connect, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Layer, Redacted } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { Bot } from "everbot"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { ConfigError } from "../../src/domain/ConfigError.ts"
import * as Signature from "../../src/platforms/qq/Signature.ts"
import { type Call, type Endpoint, Limits } from "../../src/ports/Webhook.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { WebhookRoutes } from "../../src/transports/WebhookRoutes.ts"
import * as WebhookServer from "../../src/transports/WebhookServer.ts"
import { listening, say } from "../guarantees/support/Crowd.ts"
import { freePort } from "../guarantees/support/Mode.ts"
import * as World from "../guarantees/support/World.ts"

/** Takes everything that names it. */
const endpoint = (name: string, take: Endpoint["take"]): Endpoint => ({
  claims: (headers) => (headers["x-name"] ?? name) === name,
  proves: ({ headers }) => headers["x-signed-by"] === name,
  take
})

const echo = (calls: Array<Call>, name = "a") =>
  endpoint(name, (call) =>
    Effect.sync(() => {
      calls.push(call)
      return { status: 200, body: JSON.stringify({ length: call.body.length }) }
    })
  )

/** A server with these endpoints on `/hook`, until the scope closes; its port. */
const serve = Effect.fnUntraced(function* (endpoints: ReadonlyArray<Endpoint>, limits: Partial<Limits> = {}) {
  const port = yield* freePort
  const routes = Layer.effectDiscard(
    WebhookRoutes.use((routes) => Effect.forEach(endpoints, (it) => routes.mount("/hook", it), { discard: true }))
  ).pipe(
    Layer.provide(WebhookRoutes.layer),
    Layer.provide(Layer.succeed(Limits, { maxBody: 1000, bodyTimeout: "200 millis", maxCalls: 2, ...limits }))
  )
  yield* Layer.build(WebhookServer.serve(routes, { port }))
  return port
})

const json = { "content-type": "application/json", "x-name": "a" }
const post = (port: number, init: RequestInit = {}, path = "/hook") =>
  Effect.promise(() => fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers: json, body: "{}", ...init }))

/** Writes these bytes, and reads until the server hangs up. */
const raw = (port: number, text: string) =>
  Effect.callback<string>((resume) => {
    let said = ""
    const socket: Socket = connect(port, "127.0.0.1", () => socket.write(text))
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk
    })
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(said)))
    return Effect.sync(() => socket.destroy())
  })

describe.concurrent("the door of a webhook", () => {
  it.live("hands on the very bytes that came, and answers as it is told", () =>
    Effect.gen(function* () {
      const calls: Array<Call> = []
      const port = yield* serve([echo(calls)])
      const body = Uint8Array.from([0x7b, 0xff, 0x00, 0xc3, 0x28, 0x7d])
      const answer = yield* post(port, { body })
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(yield* Effect.promise(() => answer.json()), { length: 6 })
      assert.deepStrictEqual(calls[0]?.body, body)
    })
  )

  it.live("tells callers to come again while the account behind it is started anew", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const turn = Latch.makeUnsafe(false)
      const restarting = Effect.gen(function* () {
        const { mount } = yield* WebhookRoutes
        yield* Effect.scoped(mount("/hook", echo([])))
        yield* Effect.forkScoped(turn.whenOpen(mount("/hook", echo([]))))
      })
      yield* Layer.build(
        WebhookServer.serve(Layer.effectDiscard(restarting).pipe(Layer.provide(WebhookRoutes.layer)), { port })
      )
      const away = yield* post(port)
      assert.deepStrictEqual([away.status, away.headers.get("retry-after")], [503, "1"])
      yield* turn.open
      const back = yield* Effect.repeat(post(port), { until: ({ status }) => status !== 503 })
      assert.strictEqual(back.status, 200)
    })
  )

  it.live("turns away other methods, types and encodings, and what nobody claims", () =>
    Effect.gen(function* () {
      const calls: Array<Call> = []
      const port = yield* serve([echo(calls)])
      const status = (init: RequestInit, path?: string) => Effect.map(post(port, init, path), (it) => it.status)
      assert.strictEqual(yield* status({ method: "GET", body: null }), 405)
      assert.strictEqual(yield* status({ method: "PUT" }), 405)
      assert.strictEqual((yield* post(port, { method: "PUT" })).headers.get("allow"), "POST")
      assert.strictEqual(yield* status({ headers: { ...json, "content-type": "text/plain" } }), 415)
      assert.strictEqual(yield* status({ headers: { ...json, "content-type": "application/json-patch" } }), 415)
      assert.strictEqual(yield* status({ headers: { ...json, "content-encoding": "gzip" } }), 415)
      assert.strictEqual(yield* status({ headers: { ...json, "x-name": "b" } }), 404)
      assert.strictEqual(yield* status({}, "/elsewhere"), 404)
      assert.strictEqual(
        yield* status({ headers: { ...json, "content-type": "Application/JSON; charset=utf-8" } }),
        200
      )
      assert.strictEqual(calls.length, 1)
    })
  )

  it.live("reads no more than a body may have, whether its length is named or not", () =>
    Effect.gen(function* () {
      const calls: Array<Call> = []
      const port = yield* serve([echo(calls)])
      const big = "x".repeat(2000)
      assert.strictEqual((yield* post(port, { body: big })).status, 413)
      const chunked = yield* raw(
        port,
        `POST /hook HTTP/1.1\r\nHost: a\r\nX-Name: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${big}\r\n0\r\n\r\n`
      )
      assert.match(chunked, /^HTTP\/1.1 413 /)
      assert.strictEqual(calls.length, 0)
    })
  )

  it.live("waits for a slow body only so long, and for slow headers too", () =>
    Effect.gen(function* () {
      const calls: Array<Call> = []
      const port = yield* serve([echo(calls)])
      const head =
        "POST /hook HTTP/1.1\r\nHost: a\r\nX-Name: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
      const [body] = yield* Effect.all([raw(port, `${head}\r\n{`), raw(port, "POST /hook HTTP/1.1\r\nHost: a\r\nX-")], {
        concurrency: 2
      }).pipe(World.within(9000, "the server to hang up"))
      assert.notMatch(body, /^HTTP\/1.1 2/)
      assert.strictEqual(calls.length, 0)
      assert.strictEqual((yield* post(port)).status, 200)
    })
  )

  it.live("lets in only so many calls at once, and tells the others when to come again", () =>
    Effect.gen(function* () {
      let release: () => void = () => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const slow = endpoint("a", () =>
        Effect.as(
          Effect.promise(() => released),
          { status: 200 }
        )
      )
      const port = yield* serve([slow])
      const turnedAway: Array<string | null> = []
      const calls = [1, 2, 3, 4].map(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/hook`, { method: "POST", headers: json, body: "{}" })
        if (answer.status === 503) turnedAway.push(answer.headers.get("retry-after"))
        return answer.status
      })
      yield* Effect.sleep(5).pipe(
        Effect.repeat({ until: () => turnedAway.length === 2 }),
        World.within(20_000, "two that are told to come again")
      )
      assert.deepStrictEqual(turnedAway, ["1", "1"])
      release()
      const all = yield* Effect.promise(() => Promise.all(calls))
      assert.deepStrictEqual(all.sort(), [200, 200, 503, 503])
      assert.strictEqual((yield* post(port)).status, 200)
    })
  )

  it.live("survives an endpoint that dies", () =>
    Effect.gen(function* () {
      const port = yield* serve([endpoint("a", () => Effect.die(new Error("a secret text")))])
      const answer = yield* post(port)
      assert.strictEqual(answer.status, 500)
      assert.notInclude(yield* Effect.promise(() => answer.text()), "secret")
    })
  )

  it.live("lets several endpoints share a path", () =>
    Effect.gen(function* () {
      const [a, b]: [Array<Call>, Array<Call>] = [[], []]
      const port = yield* serve([echo(a, "a"), echo(b, "b")])
      yield* post(port)
      yield* post(port, { headers: { ...json, "x-name": "b" } })
      yield* post(port, { headers: { ...json, "x-name": "b" } })
      assert.deepStrictEqual([a.length, b.length], [1, 2])
    })
  )

  it.live(
    "gives a call that names nobody to whom it is proved to be for, and one that proves nothing to the first",
    () =>
      Effect.gen(function* () {
        const [a, b]: [Array<Call>, Array<Call>] = [[], []]
        const asked: Array<string> = []
        const listed = [echo(a, "a"), echo(b, "b"), echo([], "c")].map((it, n) => ({
          ...it,
          proves: (call: Call) => {
            asked.push("abc"[n] ?? "")
            return it.proves(call)
          }
        }))
        const port = yield* serve(listed)
        const type = { "content-type": "application/json" }
        for (const headers of [{ ...type, "x-signed-by": "b" }, { ...type, "x-signed-by": "nobody" }, type]) {
          assert.strictEqual((yield* post(port, { headers })).status, 200)
          // All are asked, whoever has the proof.
          assert.strictEqual(asked.splice(0).join(""), "abc")
        }
        assert.deepStrictEqual(
          [a, b].map((calls) => calls.map(({ isAmbiguous }) => isAmbiguous)),
          [[true, true], [true]]
        )
        // Who is named is not asked for more than that.
        yield* post(port, { headers: { ...type, "x-name": "b" } })
        assert.deepStrictEqual([asked, b.at(-1)?.isAmbiguous], [[], undefined])
      })
  )

  it.live("a port that is taken is named in an error that says what to do", () =>
    Effect.gen(function* () {
      const port = yield* serve([])
      const error = yield* Effect.flip(Effect.scoped(Layer.build(WebhookServer.serve(Layer.empty, { port }))))
      assert.instanceOf(error, ConfigError)
      assert.match(error.message, new RegExp(`127.0.0.1:${port} \\(EADDRINUSE\\)`))
    })
  )
})

describe("webhooks on a server of one's own", () => {
  it.live("two accounts on one path, and another route beside them", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const webhook = { url: `http://127.0.0.1:${port}/bots/qq`, retryAfter: "100 millis", retries: 50 } as const
      const one = yield* QqSimulator.make({ webhook })
      const two = yield* QqSimulator.make({ webhook, appId: "102000002", clientSecret: "another secret" })
      const account = (simulator: QqSimulator.QqSimulator) =>
        Qq.layerWebhookRoute({
          appId: simulator.appId,
          clientSecret: Redacted.make(simulator.clientSecret),
          apiUrl: simulator.apiUrl,
          tokenUrl: simulator.tokenUrl,
          webhook: { path: "/bots/qq" }
        })
      const mine = HttpRouter.add("GET", "/", HttpServerResponse.text("mine"))
      const app = HttpRouter.serve(Layer.mergeAll(account(one), account(two), mine), {
        disableLogger: true,
        disableListenLog: true
      }).pipe(Layer.provide(WebhookServer.layerServer({ port })))
      const bot = yield* World.runOn(yield* World.database, Layer.mergeAll(World.Echo, app))
      yield* Effect.all([listening(one), listening(two)])
      const said = [one, two].map((simulator) => say(simulator, { kind: "group", id: "g" }, "hello"))
      yield* Effect.all([one.settled, two.settled]).pipe(World.within(20_000, "both answers"))
      assert.deepStrictEqual(
        said.map(({ replies }) => replies.map(({ text }) => text)),
        [["hello"], ["hello"]]
      )
      const page = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/`))
      assert.strictEqual(yield* Effect.promise(() => page.text()), "mine")
      const status = yield* bot.status
      assert.deepStrictEqual(
        status.map(({ account, webhook }) => [account, webhook?.accepted]),
        [
          [`qq:${one.appId}`, 1],
          [`qq:${two.appId}`, 1]
        ]
      )
      // Neither was ever taken for the other: a call of the other one would not verify.
      assert.deepStrictEqual(
        status.map(({ webhook }) => webhook?.refused.size),
        [0, 0]
      )
    })
  )

  it.live("two accounts on one path, called by who names no bot", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const bots = [
        { appId: "102000001", secret: "the first secret" },
        { appId: "102000002", secret: "another secret" }
      ]
      const routes = bots.map(({ appId, secret }) =>
        Qq.layerWebhookRoute({
          appId,
          clientSecret: Redacted.make(secret),
          apiUrl: "http://127.0.0.1:9",
          tokenUrl: "http://127.0.0.1:9"
        })
      )
      const [first = Layer.empty, second = Layer.empty] = routes
      const app = Qq.serveWebhooks(Layer.merge(first, second), { port })
      const bot = yield* World.run(app, { store: Memory.layer })
      yield* bot.until(
        (news) => news.filter((it) => it._tag === "ConnectionChanged" && it.to._tag === "Ready").length === 2
      )
      const at = String(Math.floor(Date.now() / 1000))
      const call = (body: string, secret?: string) => {
        const signature =
          secret === undefined
            ? {}
            : {
                "x-signature-ed25519": Signature.make(Redacted.make(secret)).sign(at + body),
                "x-signature-timestamp": at
              }
        return post(port, { body, headers: { "content-type": "application/json", ...signature } }, "/qq")
      }
      const event = JSON.stringify({ op: 0, id: "GROUP_ADD_ROBOT:1", t: "GROUP_ADD_ROBOT", d: { group_openid: "G" } })
      const token = "Arq0D5A61EgUu4OxUvOp"
      const challenge = JSON.stringify({ op: 13, d: { plain_token: token, event_ts: at } })
      for (const { secret } of bots) {
        assert.strictEqual((yield* call(event, secret)).status, 200)
        const answer = yield* call(challenge, secret)
        const signature = Signature.make(Redacted.make(secret)).sign(at + token)
        assert.deepStrictEqual(yield* Effect.promise(() => answer.json()), { plain_token: token, signature })
      }
      // The console's own check names the bot, and may have no signature.
      for (const { appId, secret } of bots) {
        const headers = { "content-type": "application/json", "x-bot-appid": appId }
        const answer = yield* post(port, { body: challenge, headers }, "/qq")
        const signature = Signature.make(Redacted.make(secret)).sign(at + token)
        assert.deepStrictEqual(yield* Effect.promise(() => answer.json()), { plain_token: token, signature })
      }
      // Neither signs for who proves nothing, and a forger is nobody's.
      for (const [body, secret] of [[challenge], [event], [event, "guessed"], [challenge, "guessed"]] as const) {
        const answer = yield* call(body, secret)
        assert.deepStrictEqual([answer.status, yield* Effect.promise(() => answer.text())], [401, ""])
      }
      const status = yield* bot.status
      assert.deepStrictEqual(
        status.map(({ webhook }) => [webhook?.accepted, Array.from(webhook?.refused.values() ?? [])]),
        [
          [1, [2, 2]],
          [1, []]
        ]
      )
    })
  )

  it.live("settings that cannot work are named before anything starts", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<readonly [Partial<Qq.WebhookOptions["webhook"]>, string]> = [
        [{ port: 70_000 }, "webhook.port"],
        [{ port: Number.NaN }, "webhook.port"],
        [{ port: 1, path: "qq" }, "webhook.path"],
        [{ port: 1, path: "/:id" }, "webhook.path"],
        [{ port: 1, tolerance: "-1 seconds" }, "webhook.tolerance"],
        [{ port: 1, patience: 0 }, "webhook.patience"],
        [{ port: 1, maxWaiting: 0 }, "webhook.maxWaiting"]
      ]
      for (const [webhook, setting] of bad) {
        const options = { appId: "1", clientSecret: Redacted.make("s"), webhook: { port: 1, ...webhook } }
        const error = yield* Bot.launch(Qq.layerWebhook(options)).pipe(Effect.provide(Memory.layer), Effect.flip)
        assert.instanceOf(error, ConfigError)
        assert.strictEqual(error.setting, setting)
      }
    })
  )
})
