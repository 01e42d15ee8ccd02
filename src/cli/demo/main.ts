/**
 * `npm start`: watch a bot lose nothing on a simulated QQ that keeps breaking. Needs no account and no credentials.
 *
 * Ends with a summary from the platform's books, and with 1 if anything was lost, duplicated or answered out of order.
 */
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Logger, Option, type Runtime } from "effect"
import * as Console from "effect/Console"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { FileSystem } from "effect/FileSystem"
import { Terminal } from "effect/Terminal"
import * as Settings from "../config/Settings.ts"
import * as Demo from "./Demo.ts"
import { isKept, toLines } from "./Summary.ts"

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `20s`, `90 s`, `1.5m`: milliseconds; a bare number is seconds. */
const parseDuration = (text: string): Option.Option<number> => {
  const [, amount, unit = "s"] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$/.exec(text) ?? []
  const millis = Number(amount) * (units[unit] ?? 1000)
  return millis > 0 ? Option.some(millis) : Option.none()
}

const flags = {
  duration: Flag.String("for").pipe(
    Flag.withDescription("End by itself after this long, e.g. 20s"),
    Flag.filterMap(parseDuration, (text) => `"${text}" is no duration above zero: write it like 20s or 2m`),
    Flag.optional
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print the summary as one line of JSON at the end"),
    Flag.withDefault(false)
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("Decides who says what, and the order of the faults"),
    Flag.withDefault(1)
  ),
  db: Flag.String("db").pipe(
    Flag.withDescription("Keep the bot's database in this file (default: a temporary one)"),
    Flag.optional
  ),
  webhook: Flag.Boolean("webhook").pipe(
    Flag.withDescription("QQ calls the bot, instead of the bot dialling QQ"),
    Flag.withDefault(false)
  ),
  calm: Flag.Boolean("calm").pipe(
    Flag.withDescription("Nothing breaks and nobody talks by itself: do it from the dashboard"),
    Flag.withDefault(false)
  ),
  port: Flag.Int("port").pipe(
    Flag.withDescription("Where the dashboard listens (default: a free port)"),
    Flag.filter(
      (port) => port >= 0 && port <= 65_535,
      (port) => `${port} is no port`
    ),
    Flag.withDefault(0)
  ),
  printConfig: Flag.Boolean("print-config").pipe(
    Flag.withDescription("Print every setting, where it comes from and its variable, and end; with --json as JSON"),
    Flag.withDefault(false)
  ),
  rate: Flag.Int("rate").pipe(
    Flag.withDescription("Messages per second"),
    Flag.filter(
      (rate) => rate >= 1 && rate <= 5000,
      (rate) => `${rate} is not between 1 and 5000`
    ),
    Flag.withDefault(40)
  )
}

/** What the demo says of settings itself: the rest is as a bot of yours would have it. */
const given = (port: number, db: Option.Option<string>): Settings.Given => ({
  options: { EVERBOT_MONITOR_PORT: String(port), EVERBOT_MONITOR_TOKEN: "made for one run" },
  fixed: {
    EVERBOT_DB: Option.getOrElse(db, () => "a temporary file"),
    QQ_APP_ID: "that of the simulated QQ",
    QQ_CLIENT_SECRET: "that of the simulated QQ"
  }
})

const printConfig = (json: boolean, settings: Settings.Given) =>
  Effect.gen(function* () {
    const isFine = yield* Settings.print(json, settings, Console.log)
    if (!isFine) process.exitCode = 1
  }).pipe(
    Effect.catch(({ message }) => {
      process.exitCode = 1
      return Console.error(message)
    })
  )

const command = Command.make("everbot-demo", flags, ({ db, duration, json, printConfig: prints, ...options }) =>
  Effect.gen(function* () {
    if (prints) return yield* printConfig(json, given(options.port, db))
    const files = yield* FileSystem
    const terminal = yield* Terminal
    const filename = Option.isSome(db)
      ? db.value
      : join(yield* files.makeTempDirectoryScoped({ prefix: "everbot-demo-" }), "demo.db")
    const summary = yield* Demo.run({ ...options, duration: Option.getOrUndefined(duration), filename })
    const lines = json ? [JSON.stringify(summary)] : toLines(summary)
    yield* terminal.display(`${lines.join("\n")}\n`)
    if (!isKept(summary)) process.exitCode = 1
    // Uninterruptible as a whole: Ctrl-C ends the play inside, and the verdict is still to be told.
  }).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.uninterruptible)
).pipe(Command.withDescription("A bot that loses nothing, on a simulated QQ that keeps breaking"))

/** Ctrl-C is a way to end the demo, not a failure of it: then, too, the verdict decides. */
const teardown: Runtime.Teardown = (exit, done) =>
  done(Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? 1 : Number(process.exitCode ?? 0))

// Whoever read our output has gone (`| head`): there is nobody to show anything to, and no verdict to be told.
process.stdout.on("error", () => process.exit(1))

NodeRuntime.runMain(Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer)), { teardown })
