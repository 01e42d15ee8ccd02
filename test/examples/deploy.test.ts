/** What `examples/deploy` tells systemd and a container runtime to run is run here, as they would. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { start, startByTsx } from "../cli/child.ts"
import { freePort } from "../guarantees/support/Mode.ts"

const read = (name: string): string => readFileSync(new URL(`../../examples/deploy/${name}`, import.meta.url), "utf8")

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-deploy-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The words of an instruction in the exec form. */
const commandOf = (pattern: RegExp): ReadonlyArray<string> => JSON.parse(pattern.exec(read("Dockerfile"))?.[1] ?? "[]")

/** Runs it, with the Node of these tests. */
const run = ([program, ...args]: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
  assert.strictEqual(program, "node")
  return args[0] === "--import" && args[1] === "tsx" ? startByTsx(args.slice(2), env) : start(args, env)
}

describe("examples/deploy", () => {
  it.live("the container's command starts a bot, and its health check says how that bot is", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const env = {
        EVERBOT_DB: join(path, "bot.db"),
        EVERBOT_MONITOR_TOKEN_FILE: join(path, "monitor.token"),
        EVERBOT_MONITOR_PORT: String(yield* freePort)
      }
      const healthCheck = commandOf(/^HEALTHCHECK[^[]*CMD (\[.*\])$/m)
      const before = yield* run(healthCheck, env)
      assert.deepStrictEqual([yield* before.exit, before.output()], [1, "no answer: ECONNREFUSED\n"])

      const bot = yield* run(commandOf(/^CMD (\[.*\])$/m), env)
      yield* bot.printed("ready")
      const check = yield* run(healthCheck, env)
      const code = yield* check.exit
      assert.match(check.output(), /^(healthy|degraded)\n/)
      assert.strictEqual(code, 0)
      yield* bot.signal("SIGTERM")
      assert.strictEqual(yield* bot.exit, 0, bot.output())
      // What collects logs on a server reads a value a line, and `EVERBOT_LOG` and the others are heeded.
      for (const line of bot.output().trimEnd().split("\n")) assert.property(JSON.parse(line), "category")
    })
  )

  it.live("what ends it at its start is the last line of its log, in the file too", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const bot = yield* run(commandOf(/^CMD (\[.*\])$/m), {
        EVERBOT_DB: join(path, "bot.db"),
        EVERBOT_MONITOR_TOKEN_FILE: join(path, "monitor.token"),
        EVERBOT_MONITOR_PORT: "0",
        EVERBOT_LOG_DIR: path,
        EVERBOT_CONCURRENCY: "0"
      })
      assert.strictEqual(yield* bot.exit, 1)
      const filed = readFileSync(join(path, "everbot.log"), "utf8")
      assert.strictEqual(filed, bot.output())
      const { level, message } = JSON.parse(filed.trimEnd().split("\n").at(-1) ?? "")
      assert.deepStrictEqual([level, /^EVERBOT_CONCURRENCY is no number/.test(message)], ["Fatal", true])
    })
  )

  it("systemd starts the same, and restarts it after the codes of the guard", () => {
    const unit = read("everbot.service")
    const [, started = ""] = /^ExecStart=\/usr\/bin\/env (.*)$/m.exec(unit) ?? []
    assert.deepStrictEqual(started.split(" "), commandOf(/^CMD (\[.*\])$/m))
    assert.match(unit, /^Restart=on-failure$/m)
    const seconds = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, "m").exec(unit)?.[1])
    // Longer than the guard waits for a drain, or systemd would kill what is about to end by itself.
    assert.isAbove(seconds("TimeoutStopSec"), 30)
    for (const line of unit.split("\n")) assert.match(line, /^(|#.*|\[\w+\]|[A-Z]\w+=.*)$/)
  })
})
