/** That the log says what an operator looks for, in lines a machine reads, and never what nobody may read. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted, Result } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { afterAll } from "vitest"
import * as State from "../../src/domain/ConnectionState.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import * as Logs from "../../src/monitor/Logs.ts"
import { nameOf } from "../../src/monitor/logs/Files.ts"
import { about } from "../../src/monitor/StatusLog.ts"

const root = mkdtempSync(join(tmpdir(), "everbot-logs-"))
afterAll(() => rmSync(root, { recursive: true }))
let places = 0
const place = () => join(root, String(++places))

const parse = (lines: ReadonlyArray<unknown>) => lines.map((line) => JSON.parse(String(line)))

/** The records that a program leaves on the console. */
const recordsOf = <A, E>(program: Effect.Effect<A, E>, options: Logs.Options = {}) =>
  Effect.gen(function* () {
    yield* Effect.provide(program, Logs.layer(options))
    return parse(yield* TestConsole.logLines)
  })

const fileIn = (directory: string) => parse(readFileSync(join(directory, "everbot.log"), "utf8").trimEnd().split("\n"))

describe("the log", () => {
  it.effect("is a line of JSON for each message, with what it is about by name", () =>
    Effect.gen(function* () {
      const program = Effect.logWarning("slow", { ms: 12 }).pipe(
        Effect.annotateLogs({ account: "qq:1", shard: 2, conversation: "group:G", event: "k", turn: 1, queue: 7 }),
        Logs.withCategory("performance")
      )
      const [record, ...more] = yield* recordsOf(program)
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(record, {
        time: "1970-01-01T00:00:00.000Z",
        level: "Warn",
        category: "performance",
        account: "qq:1",
        shard: 2,
        conversation: "group:G",
        event: "k",
        turn: 1,
        message: 'slow {"ms":12}',
        more: { queue: 7 }
      })
    })
  )

  it.effect("never shows what is Redacted, wherever it stands and however it is shown", () => {
    const hidden = "the-value-nobody-sees"
    const token = Redacted.make(hidden)
    const deep = { a: [{ b: new Map([["c", token]]) }], set: new Set([token]) }
    const program = Effect.logError("failed", token, deep, new Error("it broke", { cause: token })).pipe(
      Effect.annotateLogs({ account: token, deep, token })
    )
    return Effect.gen(function* () {
      for (const console of ["json", "pretty"] as const) {
        const directory = place()
        yield* Effect.provide(program, Logs.layer({ console, directory }))
        assert.include(readFileSync(join(directory, "everbot.log"), "utf8"), "<redacted>")
        assert.notInclude(readFileSync(join(directory, "everbot.log"), "utf8"), hidden)
      }
      const lines = (yield* TestConsole.logLines).map(String).join("\n")
      assert.include(lines, "<redacted>")
      assert.notInclude(lines, hidden)
    })
  })

  it.effect("keeps text from outside within its line, and in bounds", () =>
    Effect.gen(function* () {
      const [record] = yield* recordsOf(Effect.logInfo(`a\n{"level":"Fatal"}\u001b[2J${"x".repeat(100_000)}`))
      assert.isTrue(record.message.startsWith('a\\n{"level":"Fatal"}\\u001b[2J'))
      assert.isBelow(record.message.length, 5000)
      const circle: { [key: string]: unknown } = {}
      circle["self"] = circle
      const [, round] = yield* recordsOf(Effect.logInfo(circle))
      assert.include(round.message, "…")
    })
  )

  it.effect("leaves out what is below its level", () =>
    Effect.gen(function* () {
      const program = Effect.andThen(Effect.logDebug("small"), Effect.logError("large"))
      const records = yield* recordsOf(program, { level: "Warn" })
      assert.deepStrictEqual(
        records.map(({ message }) => message),
        ["large"]
      )
    })
  )

  it.effect("samples a flood by its kind, counts what it left out, and lets other lines and fatal ones through", () =>
    Effect.gen(function* () {
      const flood = Effect.forEach(Array.from({ length: 1000 }), (_, i) =>
        Effect.logWarning(`message ${i} of U${i}x failed`)
      )
      const fatal = Effect.forEach([1, 2, 3, 4, 5], () => Effect.logFatal("the end"))
      const program = Effect.gen(function* () {
        yield* flood
        yield* Effect.logWarning("something else")
        yield* fatal
        yield* TestClock.adjust("1 second")
        yield* Effect.logWarning("message 1 of U2x failed")
      })
      const records = yield* recordsOf(program, { perSecond: 3 })
      assert.deepStrictEqual(
        records.map(({ message, suppressed }) => [message.slice(0, 12), suppressed]),
        [
          ["message 0 of", undefined],
          ["message 1 of", undefined],
          ["message 2 of", undefined],
          ["something el", undefined],
          ...Array.from({ length: 5 }, () => ["the end", undefined]),
          ["message 1 of", 997]
        ]
      )
    })
  )

  it.effect("goes into files that only their owner reads, one a day, so many of which stay", () =>
    Effect.gen(function* () {
      const directory = place()
      const log = (text: string) =>
        Effect.provide(Effect.logInfo(text), Logs.layer({ directory, console: "none", keepDays: 1 }))
      yield* log("first")
      assert.deepStrictEqual(
        fileIn(directory).map(({ message }) => message),
        ["first"]
      )
      assert.strictEqual(statSync(join(directory, "everbot.log")).mode & 0o777, 0o600)
      // As if it had been written then.
      const days = ["2026-01-01", "2026-01-02"].map((day) => new Date(`${day}T12:00:00`))
      for (const day of days) {
        utimesSync(join(directory, "everbot.log"), day, day)
        yield* log(`after ${nameOf(day)}`)
      }
      assert.deepStrictEqual(
        fileIn(directory).map(({ message }) => message),
        ["after everbot-2026-01-02.log"]
      )
      const [kept, ...more] = readdirSync(directory).filter((name) => /^everbot-.*\.log$/.test(name))
      assert.deepStrictEqual(more, [])
      assert.include(readFileSync(join(directory, kept ?? ""), "utf8"), "after everbot-2026-01-01.log")
    })
  )

  it.effect("says which setting is wrong, and which directory it cannot write", () => {
    const built = (env: Readonly<Record<string, string>>) =>
      Effect.void.pipe(
        Effect.provide(Logs.layerConfig),
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))),
        Effect.result,
        Effect.map((result) => (Result.isFailure(result) ? result.failure.message : "built"))
      )
    return Effect.gen(function* () {
      const file = join(root, "file")
      writeFileSync(file, "")
      assert.strictEqual(yield* built({ EVERBOT_LOG: "none", EVERBOT_LOG_LEVEL: "Debug" }), "built")
      assert.include(yield* built({ EVERBOT_LOG: "xml" }), "EVERBOT_LOG is none of json, pretty and none")
      assert.include(yield* built({ EVERBOT_LOG_LEVEL: "loud" }), "EVERBOT_LOG_LEVEL is no level")
      assert.include(yield* built({ EVERBOT_LOG_DAYS: "0" }), "EVERBOT_LOG_DAYS is no number above 0")
      assert.include(yield* built({ EVERBOT_LOG_DIR: join(file, "in") }), "EVERBOT_LOG_DIR names a directory")
      assert.isFalse(existsSync(join(file, "in")))
    })
  })

  it("tells by the status what a line is about, and to which field it belongs", () => {
    const account = "qq:1"
    const refused = new Gateway.GatewayError({ account, reason: new Gateway.AuthenticationFailed({ advice: "Look." }) })
    const edge = { _tag: "ConnectionChanged", account, shard: 2, from: State.Connecting({ attempt: 1 }) } as const
    assert.deepStrictEqual(about({ ...edge, to: State.Failed({ cause: refused }) }), {
      category: "security",
      account,
      shard: 2
    })
    assert.deepStrictEqual(about({ ...edge, to: State.Identifying() }), { category: "business", account, shard: 2 })
    assert.deepStrictEqual(about({ _tag: "IntakePaused", account, why: "full" }), { category: "performance", account })
    const conversation = { account, kind: "group", id: "G" } as const
    assert.deepStrictEqual(about({ _tag: "EventDeadLettered", account, conversation, key: "k", reason: "r" }), {
      category: "business",
      account,
      conversation: "group:G",
      event: "k"
    })
  })
})
