/**
 * Proof that a crash costs nothing: a bot is killed with SIGKILL again and again while people talk to it.
 *
 *     npx tsx examples/30_survive_a_crash.ts        (CRASHES=20 for more of it)
 *
 * This process runs the simulated QQ and the people; a child, the same file with the argument `worker`, runs the bot on
 * SQLite. The bot numbers the messages of each chat in its durable state. At the end the platform's own books decide:
 * every message answered, none twice, none out of order, and every number right. Exits with 1 if not.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Config, Console, Data, Effect, Fiber, Layer, Random, Ref, Schedule, Schema } from "effect"
import { Bot, Schedules } from "everbot"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { Sqlite } from "everbot/sqlite"

// ------------------------------------------------------------------------------------------------------------ the worker

const heard = Bot.conversationState({ name: "heard", schema: Schema.Int, initial: 0 })

/** The number and the reply commit together: a crash leaves both or neither. */
const Numbering = Bot.on("MessageReceived", (event) =>
  Effect.gen(function* () {
    const number = yield* heard.update(event, (n) => n + 1)
    yield* Bot.reply(event, `#${number}`)
  })
)

/** The worker must not outlive its parent, whose end closes our standard input. */
const parentGone = Effect.callback<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

/** Its log is not shown, so it says on standard error why it cannot work. */
const worker = Layer.mergeAll(
  Numbering,
  Qq.layerConfigWith({ reconnect: Schedules.reconnect({ base: "100 millis", cap: "1 second" }) })
).pipe(
  Bot.launch,
  Effect.provide(Sqlite.layerConfig),
  Effect.tapError(({ message }) => Console.error(message)),
  Effect.raceFirst(parentGone)
)

// ------------------------------------------------------------------------------------------------------------ the parent

class Verdict extends Data.TaggedError("Verdict")<{ readonly message: string }> {}

const start = (env: Record<string, string>) =>
  Effect.sync(() =>
    spawn(process.execPath, [...process.execArgv, import.meta.filename, "worker"], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "ignore", "inherit"]
    })
  )

const kill = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

const ended = (child: ChildProcess) =>
  Effect.callback<never, Verdict>((resume) => {
    child.once("exit", (code) => resume(new Verdict({ message: `FAILED: the bot ended by itself, with ${code}` })))
  })

const parent = Effect.gen(function* () {
  const crashes = yield* Config.Int("CRASHES").pipe(Config.withDefault(5))
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-crash-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const simulator = yield* QqSimulator.make()
  const { books } = simulator
  const launch = start({
    QQ_APP_ID: simulator.appId,
    QQ_CLIENT_SECRET: simulator.clientSecret,
    QQ_API_URL: simulator.apiUrl,
    QQ_TOKEN_URL: simulator.tokenUrl,
    EVERBOT_DB: join(directory, "worker.db")
  })
  const child = yield* Effect.acquireRelease(Effect.flatMap(launch, Ref.make), (current) =>
    Effect.flatMap(Ref.get(current), kill)
  )
  yield* Effect.raceFirst(
    simulator.until(() => books.identifies.length > 0),
    Effect.flatMap(Ref.get(child), ended)
  )

  const talk = Effect.gen(function* () {
    const n = yield* Random.nextIntBetween(0, 6)
    yield* simulator.say({ in: { kind: n < 3 ? "group" : "direct", id: `chat ${n}` }, text: `message ${books.said}` })
  })
  const talking = yield* Effect.forkChild(Effect.repeat(talk, Schedule.spaced("15 millis")))
  // A bot that is killed before its first session is stored has none to go on with.
  yield* simulator.until(() => books.answered > 0)
  yield* Effect.log(`the bot is up; ${crashes} crashes to come`)
  for (let crash = 1; crash <= crashes; crash++) {
    yield* Effect.sleep(yield* Random.nextIntBetween(50, 2500))
    yield* Effect.flatMap(Ref.get(child), kill)
    yield* Effect.log(
      `SIGKILL ${crash}: ${books.said} messages said, ${books.answered} answered so far; starting again`
    )
    yield* Effect.flatMap(launch, (next) => Ref.set(child, next))
  }
  yield* Effect.sleep("1 second")
  yield* Fiber.interrupt(talking)
  yield* Effect.timeoutOption(simulator.settled, "30 seconds")
  yield* judge(simulator)
})

const judge = Effect.fnUntraced(function* ({ books }: QqSimulator.QqSimulator) {
  const { duplicated, forfeited, lost, offered, outOfOrder, unheard } = books.judge()
  // The state survived too: the k-th message of a chat was called number k.
  const numbers = new Map<string, number>()
  const misnumbered = books.offered.filter((message) => {
    if (message.place === undefined) return false
    const number = (numbers.get(message.place.id) ?? 0) + 1
    numbers.set(message.place.id, number)
    return message.replies[0]?.text !== `#${number}`
  })
  const repeats = books.sent.filter((sent) => sent.duplicate).length
  const bad = lost.length + duplicated.length + outOfOrder.length + forfeited.length + unheard.length
  const summary =
    `${offered} messages, ${lost.length + forfeited.length + unheard.length} lost, ${duplicated.length} answered twice, ` +
    `${outOfOrder.length} out of order, ${misnumbered.length} misnumbered; ` +
    `${books.resumes.length} resumes, ${books.identifies.length} identifies, ${repeats} repeats that QQ recognised`
  if (bad + misnumbered.length > 0) return yield* new Verdict({ message: `FAILED: ${summary}` })
  yield* Effect.log(`PASSED: ${summary}`)
})

NodeRuntime.runMain<unknown, unknown>(process.argv[2] === "worker" ? worker : Effect.scoped(parent))
