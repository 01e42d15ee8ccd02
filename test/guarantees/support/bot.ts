/**
 * A bot as a process of its own, to be killed and stopped by the tests. What it does is said by its environment:
 * `BOT_HANDLER` (echo, count, slow, hang), `BOT_DRAIN`, `BOT_PAUSE` (milliseconds). Deep imports keep its start short.
 */
import { Config, Duration, Effect, Layer, Random, Schema } from "effect"
import * as Bot from "../../../src/Bot.ts"
import * as Qq from "../../../src/platforms/qq/Qq.ts"
import * as Sqlite from "../../../src/stores/Sqlite.ts"
import { fastBot } from "./Fast.ts"

const seen = Bot.userState({ name: "seen", schema: Schema.Int, initial: 0 })
const aMoment = Effect.flatMap(Random.nextIntBetween(0, 8), (millis) => Effect.sleep(millis))

const handlers = {
  echo: Bot.on("MessageReceived", (event) => Effect.andThen(aMoment, Bot.reply(event, event.text))),
  /** Answers with how many messages of this person it has seen. */
  count: Bot.on("MessageReceived", (event) =>
    Effect.gen(function* () {
      const n = yield* seen.update(event, (before) => before + 1)
      yield* aMoment
      yield* Bot.reply(event, String(n))
    })
  ),
  slow: Bot.on("MessageReceived", (event) =>
    Effect.gen(function* () {
      yield* Effect.sleep(yield* Config.Int("BOT_PAUSE").pipe(Config.withDefault(50)))
      yield* Bot.reply(event, event.text)
    })
  ),
  /** Hangs on what asks for it, beyond the reach of an interruption, and answers the rest. */
  hang: Bot.on("MessageReceived", (event) =>
    event.text === "hang" ? Effect.uninterruptible(Effect.never) : Bot.reply(event, event.text)
  )
}

// How long a stop took is told from here: on a busy machine a signal comes late, and the end of a process is noticed late.
process.once("SIGTERM", () => {
  const since = performance.now()
  process.once("exit", () => process.stdout.write(`ended ${Math.ceil(performance.now() - since)} ms after SIGTERM\n`))
})

// It must not outlive its parent, whose end closes our standard input.
process.stdin.once("end", () => process.exit(3)).resume()

Effect.gen(function* () {
  const name = yield* Config.Literals(["echo", "count", "slow", "hang"], "BOT_HANDLER").pipe(Config.withDefault("echo"))
  const drain = yield* Config.Int("BOT_DRAIN").pipe(Config.withDefault(5000))
  const account = Qq.layerConfigWith({ ...fastBot, drainTimeout: Duration.millis(drain) })
  return yield* Bot.launch(Layer.mergeAll(handlers[name], account))
}).pipe(Effect.provide(Sqlite.layerConfig), Bot.runMain)
