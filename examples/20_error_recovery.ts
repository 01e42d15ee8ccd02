/**
 * A bot that shows its recoveries: failing API calls, failing handlers, lost connections, and counters that survive.
 *
 *     npx tsx examples/20_error_recovery.ts                                      a guided tour on a simulated QQ
 *     QQ_APP_ID=… QQ_CLIENT_SECRET=… npx tsx examples/20_error_recovery.ts       on QQ, until Ctrl-C
 *
 * `!ping` and `!status` answer; `!test_error` makes a call that QQ refuses and recovers from it; a group message that
 * contains `error_test` makes the handler itself fail once; `!health` answers in private. Counters are saved in
 * `.everbot/state`, or the directory that `EVERBOT_STATE` names.
 */
import { Config, Context, Data, Effect, Layer, Option, Schema } from "effect"
import { Autosave, Bot, Guard, SnapshotFile } from "everbot"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { Sqlite } from "everbot/sqlite"

// ------------------------------------------------------------------------------------------------ counters that survive

const Counts = Schema.Struct({ starts: Schema.Int, processed: Schema.Int, errors: Schema.Int, recovered: Schema.Int })
type Counts = typeof Counts.Type

class Counters extends Context.Service<Counters, Autosave.Autosave<Counts>>()("examples/Counters") {
  static readonly layer = Layer.effect(
    this,
    Autosave.make({
      name: "error-recovery",
      schema: Counts,
      initial: { starts: 0, processed: 0, errors: 0, recovered: 0 },
      every: "30 seconds"
    }).pipe(Effect.tap((counters) => counters.update((it) => ({ ...it, starts: it.starts + 1 }))))
  ).pipe(
    Layer.provide(
      Layer.unwrap(
        Effect.map(Config.String("EVERBOT_STATE").pipe(Config.withDefault(".everbot/state")), (directory) =>
          SnapshotFile.layer({ directory })
        )
      )
    )
  )
}

const count = (...names: ReadonlyArray<keyof Counts>) =>
  Counters.use((counters) =>
    counters.update((it) => ({ ...it, ...Object.fromEntries(names.map((name) => [name, it[name] + 1])) }))
  )

// ------------------------------------------------------------------------------------------------------------- features

const seconds = (millis: number) => `${(millis / 1000).toFixed(1)} s`

/** A handler that answers nothing: it sees each message once more only if the turn failed, so it counts first attempts. */
const CountMessages = Bot.on("MessageReceived", () =>
  Effect.flatMap(Bot.attempt, (attempt) => (attempt === 1 ? count("processed") : Effect.void))
)

const Ping = Bot.command("ping", (event) => Bot.reply(event, "pong"))

const Status = Bot.command("status", (event) =>
  Effect.gen(function* () {
    const { errors, processed, recovered, starts } = yield* Counters.use((counters) => counters.get)
    const uptime = Math.max(0, ...(yield* Bot.status).map((account) => account.uptime))
    yield* Bot.reply(
      event,
      `processed ${processed}, errors ${errors}, recovered ${recovered}, up ${seconds(uptime)}, start number ${starts}`
    )
  })
)

/** Asks QQ for a message that does not exist. The failure is a value with a type: nothing escapes that is not caught. */
const TestError = Bot.command("test_error", (event) =>
  Effect.gen(function* () {
    const api = yield* Qq.api(event)
    yield* api.messages.get("no-such-channel", "no-such-message").pipe(
      Effect.andThen(Bot.reply(event, "no error came: that message exists")),
      Effect.catchTag("RestError", ({ reason }) =>
        Effect.andThen(
          count("errors", "recovered"),
          Bot.reply(event, `recovered from ${reason._tag}: ${reason.message}`)
        )
      )
    )
  })
)

class Hiccup extends Data.TaggedError("Hiccup") {}

/** The first attempt fails, after it staged a reply: that reply is dropped with the turn, and the turn is run again. */
const FailingHandler = Bot.on(
  "MessageReceived",
  Guard.all(Guard.not(Guard.direct), Guard.contains("error_test")),
  (event) =>
    Effect.gen(function* () {
      const attempt = yield* Bot.attempt
      yield* Bot.reply(event, `attempt ${attempt} worked; what the others staged was dropped`)
      if (attempt > 1) return yield* count("recovered")
      yield* count("errors")
      return yield* new Hiccup()
    })
)

const Health = Bot.on("MessageReceived", Guard.all(Guard.direct, Guard.prefix("!health")), (event) =>
  Effect.gen(function* () {
    const lines = (yield* Bot.status).map((it) => {
      const reconnects = it.shards.reduce((sum, shard) => sum + shard.reconnects, 0)
      return `${it.isConnected ? "connected" : "not connected"}, ${reconnects} reconnects, ${it.messagesWaiting} to send`
    })
    yield* Bot.reply(event, lines.join("\n"))
  })
)

const WatchConnection = Bot.onStatus((status) => {
  if (status._tag !== "ConnectionChanged") return Effect.void
  if (status.to._tag === "Reconnecting") {
    return Effect.andThen(count("errors"), Effect.log(`connection lost: ${status.to.cause.reason.message}`))
  }
  if (status.to._tag !== "Ready") return Effect.void
  return Effect.andThen(
    status.to.resumed ? count("recovered") : Effect.void,
    Effect.log(status.to.resumed ? "connection recovered, session resumed" : "connected with a new session")
  )
})

// ------------------------------------------------------------------------------------------------------------- the tour

/** On the simulator somebody tries everything, and pulls the plug once. On QQ this never ends. */
const tour = Effect.gen(function* () {
  const simulator = yield* Effect.serviceOption(QqSimulator.QqSimulatorService)
  if (Option.isNone(simulator)) return yield* Effect.never
  const { fault, say, until } = simulator.value
  yield* until((books) => books.identifies.length > 0)
  const ask = Effect.fnUntraced(function* (kind: "group" | "direct", text: string) {
    const said = yield* say({ in: { kind, id: `a ${kind} chat` }, text })
    yield* until(() => said.replies.length > 0)
    yield* Effect.log(`user (${kind}): ${text}   bot: ${said.replies[0]?.text ?? ""}`)
  })
  yield* ask("group", "!ping")
  yield* ask("group", "!test_error")
  yield* ask("group", "please run error_test for us")
  yield* Effect.log("somebody pulls the plug")
  yield* fault({ kind: "cut", by: "rst" })
  yield* ask("group", "!ping")
  yield* ask("direct", "!health")
  yield* ask("group", "!status")
  yield* Effect.log("the tour is over")
})

Layer.mergeAll(CountMessages, Ping, Status, TestError, FailingHandler, Health, WatchConnection).pipe(
  Layer.provide(Counters.layer),
  Layer.provideMerge(Qq.layerConfig),
  Bot.launch,
  Effect.raceFirst(tour),
  Effect.provide(Sqlite.layerConfig),
  Effect.provide(QqSimulator.layerConfigUnlessSet()),
  Bot.runMain
)
