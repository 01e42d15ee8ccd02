/**
 * The bot that is tortured: numbers the messages of each conversation in its durable state, so that a number given twice
 * or left out shows, keeps a counter of its own with Autosave, and does the worst when it is told to.
 *
 * `TORTURE_STATE`: directory of the saved state. `TORTURE_BUSY`, `TORTURE_PAGES`: `busyTimeout`, `maxPages` of the store.
 * `TORTURE_BREAK=volatile`: keeps events in memory only, which must be found out.
 */
import { closeSync, openSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { Config, Duration, Effect, Layer, Option, Random, Schema } from "effect"
import * as Bot from "../../src/Bot.ts"
import * as Autosave from "../../src/engines/Autosave.ts"
import { Inbox } from "../../src/engines/Inbox.ts"
import * as Qq from "../../src/platforms/qq/Qq.ts"
import * as SnapshotFile from "../../src/stores/SnapshotFile.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { fastBot } from "../guarantees/support/Fast.ts"

const heard = Bot.conversationState({ name: "heard", schema: Schema.Int, initial: 0 })
const aMoment = Effect.flatMap(Random.nextIntBetween(0, 8), (millis) => Effect.sleep(millis))

/** Once a process: the retry of the turn must not begin anew. */
let haveAllFiles = false

/** Holds every file descriptor that there is for a second and a half. */
const takeAllFiles = Effect.suspend(() => {
  if (haveAllFiles) return Effect.void
  haveAllFiles = true
  const files: Array<number> = []
  try {
    for (;;) files.push(openSync("/dev/null", "r"))
  } catch {
    process.stdout.write(`took ${files.length} file descriptors\n`)
  }
  const giveBack = () => {
    for (const file of files) closeSync(file)
    process.stdout.write("gave them back\n")
  }
  return Effect.andThen(Effect.sleep("1500 millis"), Effect.sync(giveBack))
})

const takeAllMemory = Effect.sync(() => {
  const hoard: Array<Array<string>> = []
  for (let n = 0; ; n++) hoard.push(Array.from({ length: 10_000 }, (_, i) => `${n} ${i}`))
})

const dreadful: Readonly<Record<string, Effect.Effect<void>>> = {
  "!exit": Effect.sync(() => process.exit(9)),
  "!memory": takeAllMemory,
  "!files": takeAllFiles
}

const Numbering = Bot.on("MessageReceived", (event) =>
  Effect.gen(function* () {
    const worst = dreadful[event.text]
    if (worst !== undefined) yield* worst
    const number = yield* heard.update(event, (n) => n + 1)
    yield* aMoment
    yield* Bot.reply(event, `#${number}`)
  })
)

const Starts = Layer.effectDiscard(
  Effect.gen(function* () {
    const starts = yield* Autosave.make({ name: "starts", schema: Schema.Int, initial: 0, every: "100 millis" })
    const n = yield* starts.update((before) => before + 1)
    yield* Effect.log(`start number ${n}`)
  })
)

const number = (name: string) => Effect.map(Config.option(Config.Int(name)), Option.getOrUndefined)

// Most of us are killed, and would leave nothing for the next start to use.
setImmediate(flushCompileCache)

// It must not outlive its parent, whose end closes our standard input.
process.stdin.once("end", () => process.exit(3)).resume()

Effect.gen(function* () {
  const filename = yield* Config.String("EVERBOT_DB")
  const directory = yield* Effect.map(Config.option(Config.String("TORTURE_STATE")), Option.getOrUndefined)
  const store = Sqlite.layer({
    filename,
    busyTimeout: yield* number("TORTURE_BUSY"),
    maxPages: yield* number("TORTURE_PAGES")
  })
  const saved = directory === undefined ? Layer.empty : Starts.pipe(Layer.provide(SnapshotFile.layer({ directory })))
  const account = Qq.layerConfigWith({ ...fastBot, drainTimeout: Duration.seconds(5) })
  const isBroken = Option.isSome(yield* Config.option(Config.Literals(["volatile"], "TORTURE_BREAK")))
  const launch = Bot.launchWith(isBroken ? { inbox: Inbox.layerVolatile } : {})
  return yield* Effect.provide(launch(Layer.mergeAll(Numbering, saved, account)), store)
}).pipe(Bot.runMain)
