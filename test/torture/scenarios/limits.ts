/** Processes that run out of file descriptors or of memory. */
import { Effect } from "effect"
import { burst, groups, say } from "../../guarantees/support/Crowd.ts"
import type { Scenario } from "../Stage.ts"

export const files: Scenario = {
  name: "files",
  title: "no file descriptor is left, and the platform cuts the connection",
  run: Effect.fnUntraced(function* (stage) {
    const { simulator } = stage
    const bot = yield* stage.bot({ openFiles: 128 })
    yield* Effect.gen(function* () {
      yield* Effect.sleep(300)
      say(simulator, { kind: "group", id: "greedy" }, "!files")
      yield* stage.hear(bot, "file descriptors")
      yield* simulator.fault({ kind: "cut", by: "rst" })
      stage.progress("no file descriptor is left")
      yield* stage.hear(bot, "reconnecting, attempt")
      yield* stage.hear(bot, "gave them back")
      yield* simulator.fault({ kind: "cut", by: "rst" })
      yield* stage.hear(bot, "ready, resumed")
      stage.progress("and back")
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.expect(bot.ends.length === 0, "the process ended")
  })
}

export const memory: Scenario = {
  name: "memory",
  title: "a heap of 128 MB, and more messages than fit into it",
  run: Effect.fnUntraced(function* (stage) {
    const { simulator } = stage
    const bot = yield* stage.bot({ execArgv: ["--max-old-space-size=128"] })
    const rounds = stage.isBrief ? 1 : 3
    const text = "x".repeat(200_000)
    for (let n = 0; n < rounds; n++) {
      for (const place of groups(48)) for (let i = 0; i < 20; i++) say(simulator, place, text)
      stage.progress(`${simulator.books.said} messages, most of 200 KB`)
      yield* burst(simulator, groups(48), 48)
      yield* stage.settled(180_000)
    }
    stage.expect(bot.ends.length === 0, "the process ended")
  })
}
