/** A bot as a process with a guard, in which something goes wrong; or that says what went wrong before, and ends. */
import { Effect, Layer } from "effect"
import { Bot } from "everbot"
import { ProcessGuard } from "everbot/monitor"
import { Sqlite } from "everbot/sqlite"
import { RestartBook } from "../../../src/monitor/guard/RestartBook.ts"
import * as FakePlatform from "../../../src/testing/FakePlatform.ts"

const fault = process.env["FAULT"]
const fake = FakePlatform.make()
const Account = Layer.effectDiscard(Effect.flatMap(Bot.Runtime, (runtime) => runtime.attach(fake.platform)))

/** Holds the drain up for longer than it may take. */
const Stuck = Layer.effectDiscard(Effect.addFinalizer(() => (fault === "stuck" ? Effect.never : Effect.void)))

const Guard = ProcessGuard.layer(
  fault === "memory"
    ? { interval: "50 millis", memory: 0.000001, memoryWindow: "100 millis" }
    : { drainDeadline: "1 second" }
)

const Fault = Layer.effectDiscard(
  Effect.gen(function* () {
    const book = yield* RestartBook
    if (fault === undefined) {
      const lines = book.history().map(({ cause, code, detail }) => `${cause} ${code} ${detail}`)
      process.stdout.write(`HISTORY ${lines.join("; ")}\n`)
      process.kill(process.pid, "SIGTERM")
    }
    const text = fault === "throw" ? "nobody caught me" : "out of order"
    if (fault === "throw" || fault === "stuck") {
      setTimeout(() => {
        throw new Error(text)
      }, 300)
    }
  })
)

Layer.mergeAll(Account, Stuck, Guard, Fault.pipe(Layer.provide(RestartBook.layer))).pipe(
  Bot.launch,
  Effect.provide(Sqlite.layerConfig),
  Bot.runMain
)
