/**
 * The smallest bot: it says back what it hears, on QQ, and loses nothing when it is stopped, killed or cut off.
 *
 *     npx tsx examples/10_echo.ts                                        without credentials: on a simulated QQ
 *     QQ_APP_ID=… QQ_CLIENT_SECRET=… npx tsx examples/10_echo.ts         on QQ
 *
 * Ctrl-C stops it: it takes nothing new, finishes what it has, and resumes its session at the next start. Everything it
 * must remember is in `everbot.db`, or in the file that `EVERBOT_DB` names.
 */
import { Effect, Layer, Option, Schedule } from "effect"
import { Bot } from "everbot"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { Sqlite } from "everbot/sqlite"

const Echo = Bot.on("MessageReceived", (event) => Bot.reply(event, `You said: ${event.text}`))

/** The simulated QQ is an empty place, so somebody drops in and talks to the bot. On QQ this does nothing. */
const Visitors = Layer.effectDiscard(
  Effect.gen(function* () {
    const simulator = yield* Effect.serviceOption(QqSimulator.QqSimulatorService)
    if (Option.isNone(simulator)) return
    const { books, say, until } = simulator.value
    const words = ["hello", "is anybody there?", "nice weather", "see you"]
    const visit = Effect.gen(function* () {
      const text = words[books.said % words.length] ?? "hello"
      const kind = books.said % 2 === 0 ? "group" : "direct"
      const said = yield* say({ in: { kind, id: `a ${kind} chat` }, text })
      yield* until(() => said.replies.length > 0)
      yield* Effect.log(`visitor (${kind}): ${text}   bot: ${said.replies[0]?.text ?? ""}`)
    })
    yield* Effect.log("No QQ_APP_ID is set, so this is a simulated QQ. Ctrl-C stops the bot.")
    yield* until((it) => it.identifies.length > 0).pipe(
      Effect.andThen(Effect.repeat(visit, Schedule.spaced("1 second"))),
      Effect.forkScoped
    )
  })
)

Layer.mergeAll(Echo, Visitors, Qq.layerConfig).pipe(
  Bot.launch,
  Effect.provide(Sqlite.layerConfig),
  Effect.provide(QqSimulator.layerConfigUnlessSet()),
  Bot.runMain
)
