/** Processes that are killed, frozen, and killed by what they are told. */
import { Duration, Effect, Random } from "effect"
import { say } from "../../guarantees/support/Crowd.ts"
import * as World from "../../guarantees/support/World.ts"
import { places, type Scenario } from "../Stage.ts"

/** Kills a bot with these settings. */
export const killing = (env: Readonly<Record<string, string>> = {}): Scenario => ({
  name: "kill",
  title: "SIGKILL at random instants while people talk in six conversations",
  run: Effect.fnUntraced(function* (stage) {
    const { kills, progress, simulator } = stage
    const { books } = simulator
    const bot = yield* stage.bot({ env })
    yield* Effect.gen(function* () {
      for (let n = 1; n <= kills; n++) {
        // Two of three times the bot is let into its work first, however slow the machine starts it.
        const starts = books.resumes.length + books.identifies.length
        if (n > 1 && n % 3 !== 0) {
          yield* Effect.timeoutOption(
            simulator.until((it) => it.resumes.length + it.identifies.length > starts),
            10_000
          )
        }
        // Now and then it lives long enough to try what others had under way when they were killed.
        yield* Effect.sleep(n % 10 === 0 ? 7000 : yield* Random.nextIntBetween(1, 500))
        yield* bot.kill
        stage.killed()
        progress(`${n} of ${kills} kills, ${books.answered} of ${books.said} messages answered`)
      }
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.expect(books.identifies.length === 1, `${books.identifies.length} sessions instead of one that is resumed`)
    stage.expect(books.answered === books.said, "not every message was answered")
  })
})

export const kill = killing()

export const freeze: Scenario = {
  name: "freeze",
  title: "SIGSTOP for a moment, and for longer than the platform waits for a heartbeat",
  run: Effect.fnUntraced(function* (stage) {
    const { simulator } = stage
    const bot = yield* stage.bot()
    const pauses = stage.isBrief ? [300, 3000] : [100, 300, 1000, 3000, 6000, 12_000]
    yield* Effect.gen(function* () {
      for (const millis of pauses) {
        stage.progress(`frozen for ${millis} ms`)
        yield* bot.child().signal("SIGSTOP")
        // A platform that hears nothing for so long ends the connection, as QQ does.
        if (millis >= 3000) yield* simulator.fault({ kind: "cut", by: "rst" })
        yield* Effect.sleep(millis)
        yield* bot.child().signal("SIGCONT")
        yield* Effect.sleep(500)
      }
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.expect(bot.ends.length === 0, "the process ended")
  })
}

const reason = "the process ended 3 times while it was being handled"

export const poison: Scenario = {
  name: "poison",
  title: "events that end the process whenever they are handled: an exit, and all memory",
  run: Effect.fnUntraced(function* (stage) {
    const { simulator } = stage
    const bot = yield* stage.bot({ execArgv: ["--max-old-space-size=64"] })
    const orders = stage.isBrief ? ["!exit"] : ["!exit", "!memory", "!exit"]
    yield* Effect.gen(function* () {
      for (const [n, order] of orders.entries()) {
        const before = bot.ends.length
        const place = places[n % places.length] ?? { kind: "group", id: "group-1" }
        say(simulator, place, order)
        yield* stage.hear(bot, "became a dead letter", 60_000)
        stage.progress(`${order}: a dead letter after ${bot.ends.length - before} deaths`)
        stage.expect(bot.ends.length - before === 5, `${bot.ends.length - before} deaths by ${order} instead of 5`)
      }
    }).pipe((what) => stage.talking(what, stage.isBrief ? 200 : 100))
    yield* stage.settled()
    yield* bot.whileDead(
      Effect.gen(function* () {
        const account = `qq:${simulator.appId}`
        const letters = yield* Effect.orDie(
          World.inStore(stage.filename, (store) => store.deadLetters(account, { limit: 100 }))
        )
        const reasons = letters.map((letter) => letter.reason)
        stage.expect(
          reasons.length === orders.length && reasons.every((it) => it === reason),
          `dead letters: ${reasons.join("; ")}`
        )
      })
    )
  })
}

export const clock: Scenario = {
  name: "clock",
  title: "the time of day jumps forward and back under the process",
  run: Effect.fnUntraced(function* (stage) {
    const { simulator } = stage
    const jumps = stage.isBrief
      ? ["2 minutes", "-1 hour"]
      : ["2 minutes", "-2 minutes", "1 hour", "-3 hours", "1 day", "-1 day", "10 seconds", "-10 seconds"]
    const millis = jumps.map((text) =>
      text.startsWith("-")
        ? -Duration.toMillis(Duration.fromInputUnsafe(text.slice(1) as Duration.Input))
        : Duration.toMillis(Duration.fromInputUnsafe(text as Duration.Input))
    )
    const preload = new URL("../clock.mjs", import.meta.url).href
    const bot = yield* stage.bot({ execArgv: ["--import", preload], env: { TORTURE_JUMPS: millis.join(",") } })
    yield* Effect.gen(function* () {
      for (const jump of jumps) {
        yield* Effect.sleep(500)
        yield* bot.child().signal("SIGUSR2")
        yield* stage.hear(bot, "the clock jumps")
        stage.progress(`the clock jumped by ${jump}`)
        yield* Effect.sleep(500)
        yield* simulator.fault({ kind: "cut", by: "rst" })
      }
      yield* Effect.sleep(500)
    }).pipe((what) => stage.talking(what))
    stage.note("Date is shifted in the child by a preload; monotonic clocks and the machine's clock are left alone")
    yield* stage.settled()
    stage.expect(bot.ends.length === 0, "the process ended")
  })
}
