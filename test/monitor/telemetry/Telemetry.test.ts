/** That the way of a message is one trace, whatever ended between its parts, and that metrics have one name everywhere. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Logger, Metric, Redacted, References } from "effect"
import { Bot, Memory, type Store } from "everbot"
import { Monitor, Telemetry } from "everbot/monitor"
import { Sqlite } from "everbot/sqlite"
import type { Provides } from "../../../src/bot/Layer.ts"
import { table } from "../../../src/monitor/metrics/Table.ts"
import { Events, FakePlatform } from "../../../src/testing/index.ts"
import * as Collector from "./collector.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-telemetry-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const quick = { protocol: "http/json", tracesEvery: "20 millis", metricsEvery: "20 millis" } as const

/** Runs a bot until `isOver`, then stops it as SIGTERM would. */
const live = <E>(
  fake: FakePlatform.FakePlatform,
  store: Layer.Layer<Store.Store, E>,
  features: Layer.Layer<never, unknown, Provides | Store.Store>,
  isOver: () => boolean
) =>
  Effect.gen(function* () {
    const attached = Layer.effectDiscard(Effect.flatMap(Bot.Runtime, (runtime) => runtime.attach(fake.platform)))
    const bot = yield* Layer.merge(features, attached).pipe(
      Bot.launchWith({ health: false }),
      Effect.provide(store, { local: true }),
      Effect.forkChild
    )
    yield* Collector.eventually("the end of this life", isOver)
    yield* Fiber.interrupt(bot)
  })

const named = (spans: ReadonlyArray<Collector.Span>, name: string) => spans.filter((span) => span.name === name)

describe("traces", () => {
  it.live("link event, turns and send across restarts of the process", () =>
    Effect.gen(function* () {
      const collector = yield* Collector.make()
      const store = Sqlite.layer({ filename: join(yield* directory, "bot.db") })
      const fake = FakePlatform.make()
      const telemetry = Telemetry.layer({ ...quick, endpoint: collector.endpoint, metrics: false })
      yield* fake.emit(Events.message({ text: "hello", id: "m1" }))

      let hasBegun = false
      const hangs = Bot.on("MessageReceived", () =>
        Effect.andThen(
          Effect.sync(() => {
            hasBegun = true
          }),
          Effect.never
        )
      )
      const withoutPatience = Effect.provide(
        live(fake, store, Layer.merge(hangs, telemetry), () => hasBegun),
        ConfigProvider.layer(ConfigProvider.fromEnvRecord({ EVERBOT_DRAIN_TIMEOUT: "50 millis" }))
      )
      yield* withoutPatience
      // The reply is for later, so that the process that says it is not the one that sends it.
      let hasAnswered = false
      const answers = Bot.on("MessageReceived", (event) =>
        Bot.reply(event, "hello", { after: "500 millis" }).pipe(
          Effect.withSpan("work"),
          Effect.tap(() =>
            Effect.sync(() => {
              hasAnswered = true
            })
          )
        )
      )
      yield* live(fake, store, Layer.merge(answers, telemetry), () => hasAnswered)
      assert.strictEqual(fake.sent().length, 0)
      yield* live(fake, store, Layer.merge(answers, telemetry), () => fake.sent().length > 0)

      const spans = collector.spans()
      const [event, ...others] = named(spans, "Inbox.append")
      const [first, second, ...turns] = named(spans, "Dispatcher.handle")
      const [work] = named(spans, "work")
      const [send, ...sends] = named(spans, "Relay.send")
      assert.deepStrictEqual([others, turns, sends], [[], [], []])
      assert.isUndefined(event?.parentSpanId)
      assert.match(event?.traceId ?? "", /^[0-9a-f]{32}$/)
      assert.strictEqual(first?.parentSpanId, event?.spanId)
      assert.strictEqual(second?.parentSpanId, event?.spanId)
      assert.strictEqual(work?.parentSpanId, second?.spanId)
      assert.strictEqual(send?.parentSpanId, second?.spanId)
      assert.strictEqual(new Set(spans.map(({ spanId }) => spanId)).size, spans.length)
      assert.deepStrictEqual([...new Set(spans.map(({ traceId }) => traceId))], [event?.traceId])
      // Interrupted, and well: 0 and 1 by the protocol.
      assert.deepStrictEqual([first?.status.code, second?.status.code, send?.status.code], [0, 1, 1])
      const about = { account: "fake:1", conversation: "direct:everyone" }
      assert.deepStrictEqual(Collector.plain(second?.attributes ?? []), {
        ...about,
        event: "m1",
        "event.type": "message",
        turn: 1
      })
      assert.deepStrictEqual(Collector.plain(send?.attributes ?? []), { ...about, message: 1 })
      for (const { endTimeUnixNano, startTimeUnixNano } of spans) {
        assert.isTrue(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano))
      }
    })
  )

  it.live("say of a turn that failed why, of one that ended early nothing bad, and put the trace into the log", () =>
    Effect.gen(function* () {
      const collector = yield* Collector.make()
      const fake = FakePlatform.make()
      const lines: Array<Readonly<Record<string, unknown>>> = []
      const log = Logger.make<unknown, void>(({ fiber, message }) => {
        if (String(message) === "in the turn") lines.push(fiber.getRef(References.CurrentLogAnnotations))
      })
      const picky = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          if (event.text === "fail") return yield* Effect.die(new Error("no such thing"))
          if (event.text === "done") return
          yield* Effect.logInfo("in the turn")
          return yield* Bot.skip
        })
      )
      yield* fake.emit(...["fail", "skip", "done"].map((text) => Events.message({ text, in: text, id: text })))
      const telemetry = Telemetry.layer({ ...quick, endpoint: collector.endpoint, metrics: false })
      yield* live(fake, Memory.layer, Layer.merge(picky, telemetry), () => collector.spans().length >= 6).pipe(
        Effect.provide(Logger.layer([log]))
      )
      const turns = named(collector.spans(), "Dispatcher.handle")
      const codes = turns.map(({ attributes, status }) => [Collector.plain(attributes)["event"], status.code])
      assert.deepStrictEqual(Object.fromEntries(codes), { fail: 2, skip: 1, done: 1 })
      assert.deepInclude(turns.find(({ status }) => status.code === 2)?.status, { message: "no such thing" })
      const skipped = turns.find(({ attributes }) => Collector.plain(attributes)["event"] === "skip")
      assert.deepInclude(lines[0], { event: "skip", trace: skipped?.traceId })
    })
  )

  it.live("are not made without a collector: no call, no trace in the outbox, no tracer in a handler", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      let hasTracer = false
      const echo = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          hasTracer = (yield* Effect.option(Effect.currentParentSpan))._tag === "Some"
          yield* Bot.reply(event, "hello")
        })
      )
      yield* fake.emit(Events.message({ text: "hello" }))
      const features = Layer.merge(echo, Telemetry.layerConfig)
      yield* Effect.provide(
        live(fake, Memory.layer, features, () => fake.sent().length > 0),
        ConfigProvider.layer(ConfigProvider.fromEnvRecord({ OTEL_SERVICE_NAME: "a bot" }))
      )
      assert.isFalse(hasTracer)
      assert.notProperty(fake.sent()[0], "trace")
    })
  )
})

describe("metrics", () => {
  it.live("have the names and labels of /metrics, and those of the program are among them", () =>
    Effect.gen(function* () {
      const collector = yield* Collector.make()
      const fake = FakePlatform.make()
      const token = Redacted.make("a-token-of-sixteen-and-more")
      const greetings = Metric.counter("greetings_total", { incremental: true })
      const echo = Bot.on("MessageReceived", (event) =>
        Effect.andThen(Metric.update(greetings, 1), Bot.reply(event, "hello"))
      )
      yield* fake.emit(Events.message({ text: "hello" }))
      let page = ""
      const scrape = Layer.effectDiscard(
        Effect.gen(function* () {
          const { url } = yield* Monitor.Monitor
          const fetched = Effect.promise(async () => {
            const headers = { authorization: `Bearer ${Redacted.value(token)}` }
            page = await (await fetch(`${url}/metrics`, { headers })).text()
          })
          yield* Effect.forkScoped(Effect.forever(Effect.andThen(fetched, Effect.sleep("20 millis"))))
        })
      ).pipe(Layer.provide(Monitor.layer({ port: 0, token, restartProcess: false })))
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/`, OTEL_SERVICE_NAME: "a bot" }
      const telemetry = Telemetry.layerConfigWith({ ...quick, traces: false })
      const ours = (text: string) => text.match(/^(everbot|greetings)\w+(\{.*\})? /gm)?.map((one) => one.trim()) ?? []
      const exported = () =>
        collector.metrics().flatMap(({ gauge, name, sum }) =>
          (sum ?? gauge)?.dataPoints.map(({ attributes }) => {
            const labels = Object.entries(Collector.plain(attributes)).map(([key, value]) => `${key}="${value}"`)
            return `${name}${labels.length > 0 ? `{${labels.join(",")}}` : ""}`
          })
        )
      const isAlike = () => page.includes("everbot_reply_latency_seconds") && exported().length === ours(page).length
      yield* Effect.provide(
        live(fake, Memory.layer, Layer.mergeAll(echo, telemetry, scrape), isAlike),
        ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))
      )
      assert.deepStrictEqual([...exported()].sort(), [...ours(page)].sort())
      assert.include(ours(page), "everbot_monitor_streams")
      assert.include(ours(page), "greetings_total")
      const metrics = new Map(collector.metrics().map((metric) => [metric.name, metric]))
      for (const { name, type, unit } of table) {
        const metric = metrics.get(name)
        if (metric === undefined) continue
        assert.strictEqual(metric.unit, unit, name)
        assert.strictEqual(metric.sum?.isMonotonic ?? false, type === "counter", name)
      }
      assert.strictEqual(metrics.get("everbot_events_handled_total")?.sum?.dataPoints[0]?.asDouble, 1)
      assert.strictEqual(collector.resource()["service.name"], "a bot")
    })
  )
})

describe("a collector", () => {
  it.live("that refuses costs the bot nothing, is told of once, and no header is in the log", () =>
    Effect.gen(function* () {
      const secret = "hunter2-hunter2"
      const collector = yield* Collector.make(() => 401)
      const fake = FakePlatform.make()
      const lines: Array<string> = []
      const log = Logger.map(Logger.formatStructured, (line) => void lines.push(JSON.stringify(line)))
      const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, "hello"))
      yield* fake.emit(Events.message({ text: "hello" }))
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: `x-api=${encodeURIComponent(`Key ${secret}`)}, authorization=Bearer%20${secret}`
      }
      const features = Layer.merge(echo, Telemetry.layerConfigWith({ ...quick, protocol: undefined }))
      const isOver = () => collector.calls.length >= 2 && fake.sent().length > 0
      yield* live(fake, Memory.layer, features, isOver).pipe(
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))),
        Effect.provide(Logger.layer([log])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )
      assert.strictEqual(lines.filter((line) => line.includes("it answers 401")).length, 1)
      assert.notInclude(lines.join("\n"), secret)
      for (const { body, headers } of collector.calls) {
        assert.strictEqual(headers["x-api"], `Key ${secret}`)
        assert.strictEqual(headers.authorization, `Bearer ${secret}`)
        assert.strictEqual(headers["content-type"], "application/x-protobuf")
        assert.isAbove(body.length, 0)
      }
    })
  )

  it.effect("whose settings cannot be is named by them", () =>
    Effect.gen(function* () {
      const telemetry = Telemetry.layerConfig.pipe(Layer.provide(Bot.layer), Layer.provide(Memory.layer))
      const failure = (env: Readonly<Record<string, string>>) =>
        Effect.flip(Effect.scoped(Layer.build(telemetry))).pipe(
          Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
        )
      const bad: ReadonlyArray<readonly [Record<string, string>, RegExp]> = [
        [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" }, /^OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https/],
        [
          { OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:hunter2@h" },
          /^OTEL_EXPORTER_OTLP_ENDPOINT holds a password\. Send/
        ],
        [{ OTEL_EXPORTER_OTLP_HEADERS: "hunter2" }, /^OTEL_EXPORTER_OTLP_HEADERS are no headers/],
        [{ OTEL_EXPORTER_OTLP_HEADERS: "a=%zzhunter2" }, /^OTEL_EXPORTER_OTLP_HEADERS are no headers/],
        [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /^OTEL_EXPORTER_OTLP_PROTOCOL is neither http\/protobuf nor/],
        [{ OTEL_TRACES_SAMPLER_ARG: "2" }, /^OTEL_TRACES_SAMPLER_ARG is no number above 0 and up to 1/]
      ]
      for (const [env, message] of bad) {
        const error = yield* failure(env)
        assert.match(error.message, message)
        assert.notInclude(error.message, "hunter2")
      }
    })
  )
})
