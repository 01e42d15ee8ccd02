/** The `everbot` command, as an operator runs it: a process of its own, beside the bot's. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { parseTime } from "../../src/cli/data/flags.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { chat, commit, event, message, turn } from "../stores/StoreSuite.ts"
import { start } from "./child.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-cli-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const everbot = (filename: string, ...args: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* start(["src/cli/main.ts", ...args], { EVERBOT_DB: filename })
      return { code: yield* child.exit, output: child.output() }
    })
  )

const using = <A, E>(filename: string, effect: Effect.Effect<A, E, Store>) =>
  Effect.provide(effect, Layer.fresh(Sqlite.layer({ filename, lockTimeout: 0 })))

const talk = Effect.gen(function* () {
  const raw = new TextEncoder().encode(JSON.stringify({ t: "GROUP_AT_MESSAGE_CREATE", d: { content: "hi\u001b[2J" } }))
  yield* commit({ events: [event("k", { raw, receivedAt: Date.parse("2026-05-01T10:00:00Z") })] })
  const said = message("hello", { createdAt: Date.parse("2026-05-01T10:00:01Z") })
  yield* commit({ turns: [turn(1, { messages: [said] })] })
})

describe("everbot", () => {
  it.live("backs up beside a running bot, refuses to restore over it, and restores when it has stopped", () =>
    Effect.gen(function* () {
      const filename = join(yield* directory, "bot.db")
      const path = yield* using(
        filename,
        Effect.gen(function* () {
          yield* talk
          const made = yield* everbot(filename, "backup", "--json")
          assert.strictEqual(made.code, 0, made.output)
          const { events, path } = JSON.parse(made.output)
          assert.strictEqual(events, 1)
          const refused = yield* everbot(filename, "restore", path, "--overwrite")
          assert.strictEqual(refused.code, 1)
          assert.include(refused.output, `in use by another everbot process (pid ${process.pid}`)
          yield* commit({ events: [event("later")] })
          return String(path)
        })
      )
      const unsaid = yield* everbot(filename, "restore", path)
      assert.strictEqual(unsaid.code, 1)
      assert.include(unsaid.output, "is there already")
      const restored = yield* everbot(filename, "restore", path, "--overwrite")
      assert.strictEqual(restored.code, 0, restored.output)
      assert.include(restored.output, "1 events (0 to be handled), 1 messages (1 to be sent)")
      const ids = yield* using(
        filename,
        Store.use((store) => store.events([1, 2]))
      )
      assert.deepStrictEqual(
        ids.map(({ key }) => key),
        ["k"]
      )
    })
  )

  it.live("shows what was said in a conversation, and nothing of it moves the terminal", () =>
    Effect.gen(function* () {
      const filename = join(yield* directory, "bot.db")
      yield* using(filename, talk)
      const lane = `${chat.kind}:${chat.id}`
      const found = yield* everbot(filename, "history", chat.account, lane, "--until", "2026-05-02")
      assert.strictEqual(found.code, 0, found.output)
      assert.deepStrictEqual(found.output.trimEnd().split("\n"), [
        `2026-05-01 10:00:00Z  ${lane}  < hi\\u001b[2J`,
        `2026-05-01 10:00:01Z  ${lane}  > hello  (queued)`
      ])
      const wrong = yield* everbot(filename, "history", chat.account, "--from", "yesterday")
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.output, `"yesterday" is no time`)
    })
  )

  it.live("shows what a bot would be set to, and ends with 1 where that cannot be", () =>
    Effect.gen(function* () {
      const shown = yield* everbot("bot.db", "config", "--json")
      assert.strictEqual(shown.code, 0, shown.output)
      const rows = shown.output
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
      const { from, value } = rows.find(({ name }) => name === "EVERBOT_DB")
      assert.deepStrictEqual({ from, value }, { from: "environment", value: "bot.db" })
      const child = yield* start(["src/cli/demo/main.ts", "--print-config"], { EVERBOT_PRESET: "prod" })
      assert.strictEqual(yield* child.exit, 1)
      assert.include(child.output(), "EVERBOT_PRESET is none of development, production and test")
    })
  )

  it("reads times with and without a zone, and nothing that is none", () => {
    assert.deepStrictEqual(parseTime("2026-05-01T10:00Z"), Option.some(Date.UTC(2026, 4, 1, 10)))
    assert.deepStrictEqual(parseTime("2026-05-01T10:00+08:00"), Option.some(Date.UTC(2026, 4, 1, 2)))
    assert.deepStrictEqual(parseTime("2026-05-01"), Option.some(new Date(2026, 4, 1).getTime()))
    for (const text of ["", "now", "2026-13-01", "1", "2026-05-01T"]) assert.isTrue(Option.isNone(parseTime(text)))
  })
})
