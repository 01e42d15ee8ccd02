import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { OpenApi } from "effect/http-api"
import { Monitor, MonitorApi, MonitorClient } from "everbot/monitor"
import { AccountBanned, ConnectionLost } from "../../../src/domain/GatewayError.ts"
import { Rejected } from "../../../src/domain/RestError.ts"
import { Events, start } from "../../../src/testing/index.ts"
import { start as startProcess } from "../../cli/child.ts"
import { call, eventually, served, token } from "./served.ts"

const client = Effect.flatMap(Monitor.Monitor, ({ url }) =>
  MonitorClient.make({ url, token: Redacted.make(token) })
).pipe(Effect.provide(FetchHttpClient.layer))

const ready = Effect.andThen(
  start,
  eventually(call("/readyz"), ({ status }) => status === 200)
)

const run = <A, E>(
  name: string,
  body: (
    bot: ReturnType<typeof served>
  ) => Effect.Effect<A, E, Monitor.Monitor | import("effect").Layer.Success<ReturnType<typeof served>["layer"]>>,
  options: Monitor.Options = {}
) =>
  it.live(name, () => {
    const bot = served(options)
    return body(bot).pipe(Effect.provide(bot.layer))
  })

describe("the monitor's API", () => {
  run("needs the token for everything it documents, but to say that it lives", () =>
    Effect.gen(function* () {
      const { paths } = OpenApi.fromApi(MonitorApi)
      const open: Array<string> = []
      let asked = 0
      for (const [template, methods] of Object.entries(paths)) {
        const path = template.replace("{kind}", "event").replace(/\{\w+\}/g, "1")
        for (const method of Object.keys(methods)) {
          asked++
          const { status } = yield* call(path, { method: method.toUpperCase(), token: undefined })
          if (status !== 401) open.push(`${method} ${template}: ${status}`)
        }
      }
      assert.isAbove(asked, 20)
      assert.deepStrictEqual(open, ["get /livez: 200"])
    })
  )

  run("is not ready before it has started, and tells what it waits for", () =>
    Effect.gen(function* () {
      const before = yield* call("/readyz")
      assert.deepStrictEqual(
        [before.status, before.json()],
        [503, { ready: false, reasons: ["the bot is still starting"] }]
      )
      yield* ready
      assert.strictEqual((yield* call("/livez", { token: undefined })).status, 200)
    })
  )

  run("answers 503 while something does not work, and says what", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      const before = yield* call("/api/health")
      yield* fake.refuseConnections(new AccountBanned({ advice: "Ask the platform." }))
      yield* fake.disconnect()
      const { look } = yield* client
      yield* eventually(look.connections(), ([one]) => one?.state === "Failed")
      // Rounds of checks are cached for as long as the interval between them, and this one began before.
      const { status } = yield* call("/readyz")
      assert.deepStrictEqual([before.status, status], [200, 503])
      assert.include((yield* look.status()).accounts[0]?.failure, "banned")
    })
  )

  run("tells each connection's way, and each outage with the rungs that were climbed", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      yield* fake.emit(Events.message({ text: "something to resume from" }))
      yield* fake.awaitSent(1)
      yield* fake.disconnect(new ConnectionLost({ network: false, detail: "the plug was pulled" }))
      const { look } = yield* client
      const [outage] = yield* eventually(look.recoveries(), ([one]) => one?.endedAt !== null)
      assert.deepInclude(outage, { account: "fake:1", shard: 0, cause: "ConnectionLost", outcome: "resumed" })
      assert.deepStrictEqual(
        outage?.steps.map(({ step }) => step),
        ["resume"]
      )
      const [connection] = yield* look.connections()
      assert.deepStrictEqual(
        connection?.history.map(({ to }) => to),
        ["Connecting", "Identifying", "Ready", "Reconnecting", "Connecting", "Resuming", "Ready"]
      )
      assert.include(connection?.history[3]?.why ?? "", "the plug was pulled")
      assert.deepStrictEqual(
        (yield* look.errors()).reasons.map(({ reason, count }) => [reason, count]),
        [["ConnectionLost", 1]]
      )
    })
  )

  run("tells what was alerted and how earlier processes ended", () =>
    Effect.gen(function* () {
      yield* ready
      const { look } = yield* client
      assert.deepStrictEqual(yield* look.alerts(), { active: [], recent: [], dropped: 0 })
      const { budget, history, startedAt, withheld } = yield* look.restarts()
      assert.deepStrictEqual([budget, history, withheld], [null, [], null])
      assert.isAbove(startedAt, 0)
    })
  )

  run("shows dead letters page by page, gives one another life and lets one go", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      const no = new Rejected({ detail: "not like that" })
      yield* fake.failSends(no, no, no)
      yield* fake.emit(...["one", "two", "three"].map((text) => Events.message({ text, in: text })))
      const { queue } = yield* client
      yield* eventually(queue.counts(), ([one]) => one?.messages.refused === 3)
      const first = yield* queue.deadLetters({ query: { limit: 2, offset: 0 } })
      const second = yield* queue.deadLetters({ query: { limit: 2, offset: 2 } })
      assert.deepStrictEqual([first.total, first.letters.length, second.letters.length], [3, 2, 1])
      const texts = [...first.letters, ...second.letters].map(({ text }) => text)
      assert.deepStrictEqual(texts.toSorted(), ["one", "three", "two"])
      const [again, gone] = first.letters
      yield* queue.requeue({ params: { kind: "message", id: again?.id ?? 0 } })
      yield* queue.discard({ params: { kind: "message", id: gone?.id ?? 0 } })
      assert.deepStrictEqual(
        (yield* fake.awaitSent(1)).map(({ content }) => content.text),
        [again?.text]
      )
      const missing = yield* Effect.flip(queue.requeue({ params: { kind: "message", id: gone?.id ?? 0 } }))
      assert.strictEqual(missing._tag, "NotFound")
      const entries = yield* (yield* client).act.audit()
      assert.deepStrictEqual(
        entries.map(({ action, outcome }) => [action, outcome]),
        [
          ["requeue", "refused: NotFound"],
          ["discard", "accepted"],
          ["requeue", "accepted"]
        ]
      )
    })
  )

  run("restarts an account and a shard, and tells when they are back", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      const { act, look } = yield* client
      for (const target of [
        { kind: "account", account: "fake:1" },
        { kind: "shard", account: "fake:1", shard: 0 }
      ] as const) {
        const begun = yield* act.restart({ payload: { target, reason: "a try" } })
        assert.strictEqual(begun.state, "running")
        const ended = yield* eventually(act.operation({ params: { id: begun.id } }), ({ state }) => state !== "running")
        assert.deepInclude(ended, { state: "done", detail: "connected again" })
      }
      assert.strictEqual(fake.counts().identified + fake.counts().resumed, 3)
      // What a person asked for is no error and costs nothing on the ladder.
      assert.strictEqual((yield* look.errors()).total, 0)
      const refused = [
        { kind: "account", account: "fake:2" },
        { kind: "shard", account: "fake:1", shard: 7 },
        { kind: "process" }
      ] as const
      const tags = yield* Effect.forEach(refused, (target) =>
        Effect.map(Effect.flip(act.restart({ payload: { target, reason: "a try" } })), ({ _tag }) => _tag)
      )
      assert.deepStrictEqual(tags, ["NotFound", "NotFound", "Conflict"])
    })
  )

  run("pauses the intake of an account and lets it go on, and loses nothing in between", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      const { act, look } = yield* client
      yield* act.pause({ params: { account: "fake:1" }, payload: { reason: "moving house" } })
      assert.deepInclude((yield* look.status()).accounts[0], { isPaused: true, pausedBecause: "moving house" })
      yield* fake.emit(Events.message({ text: "are you there?" }))
      yield* Effect.sleep("100 millis")
      assert.strictEqual(fake.sent().length, 0)
      yield* act.resume({ params: { account: "fake:1" } })
      assert.deepStrictEqual(
        (yield* fake.awaitSent(1)).map(({ content }) => content.text),
        ["are you there?"]
      )
      assert.deepInclude((yield* look.status()).accounts[0], { isPaused: false, pausedBecause: null })
    })
  )

  run("holds a conversation until it is released, tells how much waits, and keeps who did it", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      const { act, look } = yield* client
      const params = { account: "fake:1" }
      const conversation = { kind: "direct", id: "ann" } as const
      const placed = yield* act.hold({ params, payload: { conversation, reason: "Ann is furious" } })
      assert.deepInclude(placed, { account: "fake:1", conversation, reason: "Ann is furious", eventsWaiting: 0 })
      yield* fake.emit(Events.message({ text: "hello?", in: "ann" }), Events.message({ text: "hi", in: "bob" }))
      assert.deepStrictEqual(
        (yield* fake.awaitSent(1)).map(({ content }) => content.text),
        ["hi"]
      )
      const [held] = yield* eventually(act.holds(), ([one]) => one?.eventsWaiting === 1)
      assert.deepStrictEqual(held, { ...placed, eventsWaiting: 1 })
      assert.strictEqual((yield* look.status()).accounts[0]?.holds, 1)
      assert.include((yield* call("/metrics")).text, 'everbot_holds{account="fake:1"} 1')
      yield* act.release({ params, payload: { conversation } })
      assert.deepStrictEqual(
        (yield* fake.awaitSent(2)).map(({ content }) => content.text),
        ["hi", "hello?"]
      )
      yield* act.hold({ params, payload: { conversation: null, reason: "all of it" } })
      const nobody = { kind: "direct", id: "carl" } as const
      const refused = yield* Effect.all([
        Effect.flip(act.release({ params, payload: { conversation: nobody } })),
        Effect.flip(act.hold({ params: { account: "fake:2" }, payload: { conversation: null, reason: "none" } }))
      ])
      assert.deepStrictEqual(
        refused.map(({ _tag }) => _tag),
        ["NotFound", "NotFound"]
      )
      assert.deepStrictEqual(
        (yield* act.audit()).map(({ action, outcome, target }) => [action, target, outcome]),
        [
          ["hold", "fake:2", "refused: NotFound"],
          ["release", "fake:1 direct:carl", "refused: NotFound"],
          ["hold", "fake:1", "accepted"],
          ["release", "fake:1 direct:ann", "accepted"],
          ["hold", "fake:1 direct:ann", "accepted"]
        ]
      )
    })
  )

  it.live("ends the process when that is asked for, after the answer", () => {
    let ended = false
    const bot = served({
      restartProcess: Effect.sync(() => {
        ended = true
      })
    })
    return Effect.gen(function* () {
      const answer = yield* call("/api/restart", {
        method: "POST",
        body: { target: { kind: "process" }, reason: "a new version" }
      })
      assert.deepStrictEqual([answer.status, ended], [202, false])
      yield* eventually(
        Effect.sync(() => ended),
        (is) => is
      )
    }).pipe(Effect.provide(bot.layer))
  })

  run("tells figures in Prometheus' words, each with its help", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      yield* fake.emit(Events.message({ text: "hello" }))
      yield* fake.awaitSent(1)
      const { headers, text } = yield* eventually(call("/metrics"), ({ text }) =>
        text.includes('sent_total{account="fake:1"} 1')
      )
      assert.include(String(headers["content-type"]), "text/plain; version=0.0.4")
      const lines = text.trimEnd().split("\n")
      assert.deepStrictEqual(
        lines.filter((line) => !/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [-\d.e+]+)$/.test(line)),
        []
      )
      assert.include(lines, 'everbot_events_received_total{account="fake:1"} 1')
      assert.include(lines, 'everbot_connected{account="fake:1",shard="0"} 1')
    })
  )

  run("streams what changes to a typed client, and the figures of each second", ({ fake }) =>
    Effect.gen(function* () {
      yield* ready
      yield* fake.emit(Events.message({ text: "something to resume from" }))
      yield* fake.awaitSent(1)
      const { look } = yield* client
      const events = yield* look.events()
      yield* Effect.forkScoped(Effect.andThen(Effect.sleep("300 millis"), fake.disconnect()))
      const told = yield* events.pipe(
        Stream.takeUntil((event) => event._tag === "News" && event.state === "Ready"),
        Stream.runCollect,
        Effect.timeout("10 seconds")
      )
      const states = told.flatMap((event) => (event._tag === "News" && event.state !== null ? [event.state] : []))
      assert.deepStrictEqual(states.slice(-4), ["Reconnecting", "Connecting", "Resuming", "Ready"])
      const [measured] = yield* (yield* look.events()).pipe(
        Stream.filter((event) => event._tag === "Measured"),
        Stream.take(1),
        Stream.runCollect
      )
      assert.isAbove(measured?._tag === "Measured" ? measured.sample.rss : 0, 1_000_000)
    }).pipe(Effect.scoped)
  )

  it.live("drains and ends a process that is to be restarted, with a code that says so to its supervisor", () =>
    Effect.gen(function* () {
      const child = yield* startProcess(["test/monitor/http/restarted.ts"])
      assert.strictEqual(yield* child.exit, 75, child.output())
      assert.include(child.output(), "drained; left: 0 events, 0 messages")
    }).pipe(Effect.scoped)
  )
})
