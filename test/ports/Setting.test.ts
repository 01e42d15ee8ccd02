/** Who has the last word about a setting, and that a wrong word is named and not repeated. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Result } from "effect"
import * as Preset from "../../src/bot/Preset.ts"
import * as Bot from "../../src/bot/Settings.ts"
import { groups } from "../../src/cli/config/Catalogue.ts"
import * as Settings from "../../src/cli/config/Settings.ts"
import type { ConfigError } from "../../src/domain/ConfigError.ts"
import * as Presets from "../../src/domain/Preset.ts"
import * as Logs from "../../src/monitor/Logs.ts"
import * as Setting from "../../src/ports/Setting.ts"

const within =
  (env: Readonly<Record<string, string>>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provide(effect, ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))

const all = groups.flatMap(({ settings }) => settings)
const rowOf = (rows: ReadonlyArray<Settings.Row>, name: string) => rows.find((row) => row.name === name)

describe("a setting", () => {
  it.effect("is what the environment says, else what the code says, else what the preset says, else the default", () =>
    Effect.gen(function* () {
      const level = (env: Readonly<Record<string, string>>, options: Logs.Options) =>
        Effect.map(Logs.configWith(options), ({ level }) => level).pipe(within(env))
      const preset = { EVERBOT_PRESET: "development" }
      assert.strictEqual(yield* level({ ...preset, EVERBOT_LOG_LEVEL: "Error" }, { level: "Warn" }), "Error")
      assert.strictEqual(yield* level(preset, { level: "Warn" }), "Warn")
      assert.strictEqual(yield* level(preset, {}), "Debug")
      assert.strictEqual(yield* level({}, {}), undefined)
      assert.strictEqual(yield* level({ ...preset, EVERBOT_LOG_LEVEL: "  " }, {}), "Debug")
    })
  )

  it.effect("follows a preset that the program chose and changed, unless the environment names another", () =>
    Effect.gen(function* () {
      const ours = Preset.layer(Preset.change(Preset.production, { EVERBOT_DRAIN_TIMEOUT: "7 seconds" }))
      const drain = (env: Readonly<Record<string, string>>) =>
        Effect.map(Bot.configWith({}), ({ drainTimeout = Duration.zero }) => Duration.toSeconds(drainTimeout)).pipe(
          Effect.provide(ours),
          within(env)
        )
      assert.strictEqual(yield* drain({}), 7)
      assert.strictEqual(yield* drain({ EVERBOT_PRESET: "test" }), 1)
      assert.strictEqual(yield* drain({ EVERBOT_DRAIN_TIMEOUT: "3 seconds" }), 3)
    })
  )

  it.effect("of the runtime leaves alone what nobody speaks of, and can turn the rounds of checks off", () =>
    Effect.gen(function* () {
      const plain = yield* Bot.configWith({ maxAttempts: 9 }).pipe(within({}))
      assert.deepStrictEqual(plain, { maxAttempts: 9, keep: {}, health: {}, errors: {} })
      const tested = yield* Bot.configWith({ health: { timeout: "1 second" } }).pipe(within({ EVERBOT_PRESET: "test" }))
      assert.strictEqual(tested.health, false)
      const kept = yield* Bot.configWith({ keep: { gaps: false } }).pipe(within({ EVERBOT_KEEP_EVENTS: "forever" }))
      assert.deepStrictEqual(kept.keep, { gaps: false, events: Duration.infinity })
      const measured = yield* Bot.configWith({ health: false }).pipe(within({ EVERBOT_HEALTH_INTERVAL: "5 seconds" }))
      assert.deepStrictEqual(measured.health, { interval: Duration.seconds(5) })
    })
  )

  it.effect("that is wrong is a ConfigError of its name, with the mend, and without what was written", () =>
    Effect.gen(function* () {
      const failure = (env: Readonly<Record<string, string>>) =>
        Effect.flip(Effect.andThen(Bot.configWith({}), Logs.configWith({}))).pipe(within(env))
      const bad: ReadonlyArray<readonly [Record<string, string>, RegExp]> = [
        [
          { EVERBOT_PRESET: "hunter2" },
          /^EVERBOT_PRESET is none of development, production and test\. Write one of development, production, test,/
        ],
        [{ EVERBOT_DRAIN_TIMEOUT: "hunter2" }, /^EVERBOT_DRAIN_TIMEOUT is no duration above zero\. Write it like/],
        [{ EVERBOT_DRAIN_TIMEOUT: "0 seconds" }, /^EVERBOT_DRAIN_TIMEOUT is no duration above zero/],
        [
          { EVERBOT_HEALTH_INTERVAL: "hunter2" },
          /^EVERBOT_HEALTH_INTERVAL is no duration above zero.* Or write off\.$/
        ],
        [{ EVERBOT_MAX_BACKLOG: "0" }, /^EVERBOT_MAX_BACKLOG is no number above 0\. Write a number from 1 on/],
        [{ EVERBOT_HEALTH_MEMORY_LIMIT: "-1" }, /^EVERBOT_HEALTH_MEMORY_LIMIT is no number above 0/],
        [{ EVERBOT_LOG: "hunter2" }, /^EVERBOT_LOG is none of json, pretty and none/]
      ]
      for (const [env, message] of bad) {
        const error: ConfigError = yield* failure(env)
        assert.match(error.message, message)
        assert.notInclude(error.message, "hunter2")
      }
    })
  )
})

describe("the catalogue", () => {
  it("has each setting once, tells what it means, and can read every default that it shows", () => {
    const names = all.map(({ name }) => name)
    assert.deepStrictEqual([...new Set(names)], names)
    for (const { about, fallback, name, parse } of all) {
      assert.match(about, /^[A-Z"].*[.]$/, name)
      if (fallback !== undefined) assert.isTrue(Result.isSuccess(parse(fallback)), name)
    }
  })

  it("knows every setting of the presets, with values that can be read, none of them a secret or a place of data", () => {
    for (const { name, settings } of Presets.all) {
      for (const [variable, text] of Object.entries(settings)) {
        const known = all.find((setting) => setting.name === variable)
        assert.isDefined(known, `${name}: ${variable}`)
        assert.isTrue(known !== undefined && Result.isSuccess(known.parse(text ?? "")), `${name}: ${variable}=${text}`)
        assert.isFalse(known?.isSecret, variable)
        assert.notMatch(variable, /_(DIR|DB|FILE|KEY)$/)
      }
    }
  })

  it.effect("shows each value with where it comes from, and of secrets that they are there", () =>
    Effect.gen(function* () {
      const env = {
        EVERBOT_PRESET: "production",
        EVERBOT_LOG_LEVEL: "Warn",
        EVERBOT_LOG_DAYS: "soon",
        EVERBOT_KEY: "hunter2",
        QQ_CLIENT_SECRET: "hunter2",
        QQ_API_URL: "https://me:hunter2@127.0.0.1:9/\u001b[2J",
        QQ_TOKEN_URL: "//me:hunter2@here",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318/?key=hunter2",
        EVERBOT_LOG_DIR: "file:logs?key=hunter2",
        EVERBOT_DB: "a\nb.db"
      }
      const given = {
        options: { EVERBOT_MONITOR_PORT: "0", EVERBOT_LOG_LEVEL: "All" },
        fixed: { EVERBOT_DB: "here.db" }
      }
      const rows = yield* Settings.read(given).pipe(within(env))
      const seen = (name: string) => [rowOf(rows, name)?.value, rowOf(rows, name)?.from]
      assert.deepStrictEqual(seen("EVERBOT_LOG_LEVEL"), ["Warn", "environment"])
      assert.deepStrictEqual(seen("EVERBOT_LOG"), ["json", "preset production"])
      assert.deepStrictEqual(seen("EVERBOT_MONITOR_PORT"), ["0", "option"])
      assert.deepStrictEqual(seen("EVERBOT_DB"), ["here.db", "option"])
      assert.deepStrictEqual(seen("EVERBOT_CONCURRENCY"), ["256", "default"])
      assert.deepStrictEqual(seen("EVERBOT_BACKUP_DIR"), [null, "unset"])
      assert.deepStrictEqual(seen("OTEL_EXPORTER_OTLP_ENDPOINT"), ["http://127.0.0.1:4318/?<redacted>", "environment"])
      assert.deepStrictEqual(seen("EVERBOT_KEY"), ["<redacted>", "environment"])
      assert.match(rowOf(rows, "EVERBOT_LOG_DAYS")?.problem ?? "", /^EVERBOT_LOG_DAYS is no number above 0/)
      for (const output of [Settings.toText(rows), Settings.toJson(rows)]) {
        assert.notInclude(output, "hunter2")
        assert.notInclude(output, "\u001b")
        for (const { name } of all) assert.include(output, name)
      }
      assert.strictEqual(Settings.toJson(rows).split("\n").length, all.length)
    })
  )

  it.effect("says of a preset that there is none of, and of nothing else", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Settings.read()).pipe(within({ EVERBOT_PRESET: "prod" }))
      assert.strictEqual(error.setting, "EVERBOT_PRESET")
    })
  )

  it.effect("reads through whatever provider stands for the environment", () =>
    Effect.gen(function* () {
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ EVERBOT_MAX_ATTEMPTS: 3 }))
      assert.strictEqual(yield* Effect.provide(Setting.read(Bot.settings.maxAttempts), provider), 3)
    })
  )
})
