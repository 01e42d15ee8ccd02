/** Alerts, from a bot that something is wrong with to what a person reads: in virtual time, but for the webhook's HTTP. */
import { createServer } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Alerts } from "everbot/monitor"
import * as Bot from "../../../src/Bot.ts"
import { ConfigError } from "../../../src/domain/ConfigError.ts"
import { ConnectionLost } from "../../../src/domain/GatewayError.ts"
import { Rejected } from "../../../src/domain/RestError.ts"
import { Tracker } from "../../../src/monitor/alerts/Tracker.ts"
import * as Health from "../../../src/monitor/Health.ts"
import { layer as botWith, Events, FakePlatform, start } from "../../../src/testing/index.ts"

const operator = { account: "fake:1", kind: "direct", id: "operator" } as const

const Echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

const alert: Alerts.Alert = {
  ...{ state: "raised", severity: "critical", rule: "r", subject: "store", text: "it hangs", value: 1 },
  ...{ since: 1, at: 2, suppressed: 0 }
} as const

/** A bot with a check that is as told, and with all that its alerts said. */
const bot = (options: Alerts.Options) => {
  const fake = FakePlatform.make()
  const told: Array<Alerts.Alert> = []
  const patient = { isWell: true }
  const sink: Alerts.Sink = { name: "ear", send: (alert) => Effect.sync(() => void told.push(alert)) }
  const check = Health.check(
    "patient",
    Effect.suspend(() => (patient.isWell ? Effect.void : Effect.fail(new Error("it hurts"))))
  )
  const layer = Alerts.layer({ ...options, sinks: [...(options.sinks ?? []), sink] }).pipe(
    Layer.provideMerge(Echo),
    Layer.provideMerge(botWith(fake, { health: { checks: [check], interval: "10 seconds" } }))
  )
  const words = () => told.map(({ state, subject }) => `${state} ${subject}`)
  return { fake, told, words, patient, layer }
}

const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

describe("alerts", () => {
  it.effect("tell of health that stays bad for the window, once, and when it is over", () => {
    const { layer, patient, told } = bot({ rules: [Alerts.onHealth({ window: "1 minute" })] })
    return Effect.gen(function* () {
      yield* start
      yield* pass(15)
      patient.isWell = false
      yield* pass(50)
      assert.deepStrictEqual(told, [])
      yield* pass(600)
      assert.strictEqual(told.length, 1)
      assert.deepInclude(told[0], { state: "raised", severity: "critical", subject: "patient", since: 20_000 })
      assert.match(told[0]?.text ?? "", /^unhealthy for 1m.*: it hurts$/)
      patient.isWell = true
      yield* pass(31)
      assert.deepStrictEqual(told.map(({ state, text }) => [state, text])[1], ["recovered", "well again after 10m 50s"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("tell of what comes and goes once in a cool-down, and then how often it came", () => {
    const { layer, patient, told, words } = bot({
      rules: [Alerts.onHealth({ window: 0 })],
      every: "5 seconds",
      coolDown: "10 minutes"
    })
    return Effect.gen(function* () {
      yield* start
      yield* pass(12)
      for (let n = 0; n < 4; n++) {
        patient.isWell = false
        yield* pass(30)
        patient.isWell = true
        yield* pass(30)
      }
      assert.deepStrictEqual(words(), ["raised patient", "recovered patient"])
      patient.isWell = false
      yield* pass(600)
      assert.deepStrictEqual(words(), ["raised patient", "recovered patient", "raised patient"])
      assert.strictEqual(told[2]?.suppressed, 4)
    }).pipe(Effect.provide(layer))
  })

  it("remind every hour of what stays wrong, or as often as they are told, or never", () => {
    const minutes = 60_000
    /** What is told of something that is wrong from minute 1 to minute 185, looked at every minute. */
    const toldBy = (remindAfter: number, rule: Parameters<typeof Alerts.onHealth>[0] = {}) => {
      const tracker = new Tracker(Alerts.onHealth(rule), { coolDown: 15 * minutes, remindAfter })
      return Array.from({ length: 190 }, (_, minute) => {
        const wrong = { subject: "patient", text: `wrong at ${minute}`, value: minute, since: minutes }
        return tracker
          .step(minute >= 1 && minute <= 185 ? [wrong] : [], minute * minutes)
          .map(({ state, text }) => `${minute} ${state}: ${text}`)
      }).flat()
    }
    assert.deepStrictEqual(toldBy(60 * minutes), [
      "1 raised: wrong at 1",
      "61 reminded: wrong at 61",
      "121 reminded: wrong at 121",
      "181 reminded: wrong at 181",
      "186 recovered: well again after 3h 5m"
    ])
    const never = Number.POSITIVE_INFINITY
    const counts = [toldBy(never), toldBy(never, { remindAfter: "90 minutes" }), toldBy(1, { remindAfter: false })]
    assert.deepStrictEqual(
      counts.map(({ length }) => length),
      [2, 4, 2]
    )
    assert.strictEqual(Alerts.line({ ...alert, state: "reminded" }), "STILL CRITICAL store: it hangs [r]")
  })

  it.effect("remind a person while it lasts", () => {
    const { layer, patient, words } = bot({ rules: [Alerts.onHealth({ window: 0 })], remindAfter: "1 minute" })
    return Effect.gen(function* () {
      yield* start
      patient.isWell = false
      yield* pass(85)
      assert.deepStrictEqual(words(), ["raised patient", "reminded patient"])
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "tell of errors by reason: as many within the window as the threshold, not fewer and not spread wider",
    () => {
      const { fake, layer, words } = bot({
        rules: [Alerts.onErrors({ threshold: 3, window: "1 minute" })],
        coolDown: 0
      })
      const lose = Effect.andThen(fake.disconnect(new ConnectionLost({ network: false })), pass(15))
      return Effect.gen(function* () {
        yield* start
        yield* pass(5)
        for (let n = 0; n < 4; n++) yield* Effect.andThen(lose, pass(150))
        assert.deepStrictEqual(words(), [])
        for (let n = 0; n < 3; n++) yield* lose
        yield* pass(11)
        assert.deepStrictEqual(words(), ["raised ConnectionLost"])
        yield* pass(70)
        assert.deepStrictEqual(words(), ["raised ConnectionLost", "recovered ConnectionLost"])
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("tell of a counter that grew and of a gauge that stayed above, each figure by its labels", () => {
    const { fake, layer, told, words } = bot({
      rules: [
        Alerts.onMetric("everbot_messages_unsent_total", { above: 1, window: "2 minutes" }),
        Alerts.onMetric("everbot_outbox_depth", { above: 0, window: "1 minute", labels: { account: "fake:1" } })
      ]
    })
    return Effect.gen(function* () {
      yield* start
      yield* pass(15)
      const no = new Rejected({ detail: "not like that" })
      yield* fake.failSends(no, no)
      yield* fake.emit(Events.message({ text: "one", in: "a" }), Events.message({ text: "two", in: "b" }))
      yield* pass(11)
      assert.deepStrictEqual(words(), ["raised everbot_messages_unsent_total account=fake:1"])
      assert.deepInclude(told[0], { value: 2, text: "grew by 2 within 2m" })
      yield* pass(150)
      assert.deepStrictEqual(words().slice(1), ["recovered everbot_messages_unsent_total account=fake:1"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("reach a person through the bot's own outbox", () => {
    const { fake, layer, patient } = bot({
      rules: [Alerts.onHealth({ window: 0, name: "sick" })],
      sinks: [Alerts.message(operator)]
    })
    return Effect.gen(function* () {
      yield* start
      yield* pass(5)
      patient.isWell = false
      yield* pass(20)
      const [sent] = yield* fake.awaitSent(1)
      assert.deepInclude(sent, { conversation: operator, priority: "high" })
      assert.match(sent?.content.text ?? "", /^CRITICAL patient: unhealthy for \d+s?.*: it hurts \[sick\]$/)
      patient.isWell = true
      yield* pass(25)
      assert.match((yield* fake.awaitSent(2))[1]?.content.text ?? "", /^RECOVERED patient: well again/)
    }).pipe(Effect.provide(layer))
  })

  it.effect("are not held up by a sink that hangs, dies or is full, and drop no more than it cannot take", () => {
    const hangs: Alerts.Sink = { name: "hanging", send: () => Effect.never, timeout: "1 day" }
    const dies: Alerts.Sink = { name: "dying", send: () => Effect.die("a bug") }
    const { layer, patient, words } = bot({
      rules: [Alerts.onHealth({ window: 0 })],
      sinks: [hangs, dies],
      coolDown: 0,
      capacity: 2
    })
    return Effect.gen(function* () {
      yield* start
      yield* pass(5)
      for (let n = 0; n < 5; n++) {
        patient.isWell = false
        yield* pass(20)
        patient.isWell = true
        yield* pass(20)
      }
      assert.strictEqual(words().length, 10)
    }).pipe(Effect.provide([layer, Logger.layer([])]))
  })

  it("refuse rules and sinks that make no sense, with what to do", async () => {
    const build = (options: Alerts.Options) =>
      Effect.runPromise(
        Effect.scoped(Layer.build(bot(options).layer)).pipe(Effect.sandbox, Effect.flip, Effect.map(String))
      )
    assert.include(await build({ rules: [Alerts.onMetric("everbot_nonsense", { above: 1 })] }), "GET /api/metrics")
    assert.include(await build({ rules: [Alerts.onHealth(), Alerts.onHealth()] }), "another `name`")
    for (const wrong of [
      () => Alerts.onMetric("everbot_outbox_depth", {}),
      () => Alerts.onErrors({ threshold: 0 }),
      () => Alerts.onHealth({ window: Number.POSITIVE_INFINITY }),
      () => Alerts.onHealth({ remindAfter: "1 second" }),
      () => Alerts.webhook({ url: "ftp://example.com/secret-path" }),
      () => Alerts.message({ account: "fake:1", kind: "guild", id: "1" })
    ]) {
      assert.throws(wrong, ConfigError)
    }
    assert.throws(
      () => Alerts.webhook({ url: Redacted.make("secret-path") }),
      /^(?!.*secret-path).*alerts\.webhook\.url/
    )
  })
})

describe("the webhook", () => {
  /** A server that answers with these statuses in turn, and then 204. */
  const server = (statuses: Array<number>) =>
    Effect.acquireRelease(
      Effect.callback<{ readonly url: string; readonly bodies: Array<string>; readonly close: () => void }>(
        (resume) => {
          const bodies: Array<string> = []
          const http = createServer((request, response) => {
            let body = ""
            request.on("data", (chunk) => {
              body += chunk
            })
            request.on("end", () => {
              bodies.push(body)
              response.writeHead(statuses.shift() ?? 204).end()
            })
          })
          http.listen(0, "127.0.0.1", () => {
            const address = http.address()
            const port = typeof address === "object" ? address?.port : 0
            const close = () => void http.close()
            resume(Effect.succeed({ url: `http://127.0.0.1:${port}/hook?key=hunter2`, bodies, close }))
          })
        }
      ),
      ({ close }) => Effect.sync(close)
    )

  const retry = Schedule.max([Schedule.spaced("5 millis"), Schedule.recurs(5)])
  const send = (sink: Alerts.Sink) => Effect.provide(Effect.exit(sink.send(alert)), botWith(FakePlatform.make()))

  it.live("is posted the alert as JSON, again until it is taken", () =>
    Effect.gen(function* () {
      const { bodies, url } = yield* server([500, 429])
      const exit = yield* send(Alerts.webhook({ url, retry }))
      assert.deepStrictEqual([exit._tag, bodies.length], ["Success", 3])
      assert.deepStrictEqual(JSON.parse(bodies[2] ?? ""), { ...alert, message: "CRITICAL store: it hangs [r]" })
    })
  )

  it.live("is not asked again what it refused, and its address is in no error", () =>
    Effect.gen(function* () {
      const { bodies, url } = yield* server([404])
      const exit = yield* send(Alerts.webhook({ url: Redacted.make(url), body: () => ({ text: "hi" }) }))
      assert.deepStrictEqual([exit._tag, bodies], ["Failure", ['{"text":"hi"}']])
      assert.include(String(exit), "status 404")
      assert.notInclude(String(exit) + JSON.stringify(exit), "hunter2")
    })
  )
})
