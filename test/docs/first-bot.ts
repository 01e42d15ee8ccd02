import { Effect, Layer } from "effect"
import { Bot, Guard } from "everbot"
import { Qq } from "everbot/qq"
import { Sqlite } from "everbot/sqlite"

const Ping = Bot.command("ping", (event) => Bot.reply(event, "pong"))

const Echo = Bot.on("MessageReceived", Guard.not(Guard.prefix("!")), (event) =>
  Bot.reply(event, `You said: ${event.text}`)
)

Layer.mergeAll(Ping, Echo, Qq.layerConfig).pipe(
  Bot.launch,
  Effect.provide(Sqlite.layer({ filename: "bot.db" })),
  Bot.runMain
)
