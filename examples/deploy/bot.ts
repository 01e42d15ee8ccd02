/**
 * A bot as it runs on a server: watched, guarded, backed up, and calling for help. `everbot.service` and `Dockerfile` beside it start
 * it and keep it alive.
 *
 *     npx tsx examples/deploy/bot.ts      without QQ_APP_ID: on a simulated QQ
 *
 * `npx everbot config` prints every setting with its value and where that comes from; `EVERBOT_PRESET=production` sets many
 * at once. `ALERT_URL` is a webhook, and `OPERATOR` the id of a person (a QQ open id) who gets its alerts from the bot.
 */
import { Config, Effect, Layer, Option } from "effect"
import { Bot } from "everbot"
import { Alerts, Logs, Monitor, ProcessGuard, Telemetry } from "everbot/monitor"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { Backup, Sqlite } from "everbot/sqlite"

const Echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

const Help = Layer.unwrap(
  Effect.gen(function* () {
    const url = yield* Config.option(Config.Redacted("ALERT_URL"))
    const operator = yield* Config.option(Config.String("OPERATOR"))
    const appId = yield* Config.option(Config.String("QQ_APP_ID"))
    const account = `qq:${Option.getOrElse(appId, () => "")}`
    const webhook = Option.map(url, (url) => Alerts.webhook({ url }))
    const person = Option.map(operator, (id) => Alerts.message({ account, kind: "direct", id }))
    return Alerts.layer({ sinks: [Alerts.log, ...Option.toArray(webhook), ...Option.toArray(person)] })
  })
)

const Operation = Layer.mergeAll(
  Help,
  Monitor.layerConfig,
  ProcessGuard.layerConfig,
  Telemetry.layerConfig,
  Backup.layerConfig
)

Layer.mergeAll(Echo, Operation, Qq.layerConfig).pipe(
  Bot.launch,
  Effect.provide(Sqlite.layerConfig),
  Effect.provide(QqSimulator.layerConfigUnlessSet()),
  Effect.provide(Logs.layerConfig),
  Bot.runMain
)
