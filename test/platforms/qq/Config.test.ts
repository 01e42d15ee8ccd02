/** Settings are checked, named and mended; their values are never shown. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Duration, Effect, Exit, Layer, Redacted } from "effect"
import { HttpRouter } from "effect/http"
import { Bot, Memory } from "everbot"
import { Qq } from "everbot/qq"
import { ConfigError } from "../../../src/domain/ConfigError.ts"
import * as Config from "../../../src/platforms/qq/Config.ts"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import { qqClientSecret as secret } from "../../fixtures/secrets.ts"

const fromEnv = (env: Record<string, string>) =>
  Config.fromEnv.pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
const both = { QQ_APP_ID: "102000001", QQ_CLIENT_SECRET: secret }
const given = { appId: "102000001", clientSecret: Redacted.make(secret) }

describe("settings", () => {
  it.effect("need only an id and a secret", () =>
    Effect.gen(function* () {
      for (const config of [yield* fromEnv(both), yield* Config.make(given)]) {
        assert.strictEqual(Config.accountOf(config), "qq:102000001")
        assert.strictEqual(Redacted.value(config.clientSecret), secret)
        assert.isFalse(config.sandbox)
        assert.strictEqual(config.intents, Intents.defaults)
        assert.strictEqual(config.apiUrl, "https://api.sgroup.qq.com")
        assert.strictEqual(config.tokenUrl, "https://bots.qq.com/app/getAppAccessToken")
        assert.strictEqual(config.shards, "auto")
        assert.strictEqual(Duration.toSeconds(config.requestTimeout), 10)
        assert.notInclude(JSON.stringify(config), secret)
        assert.notInclude(String(config.clientSecret), secret)
      }
    })
  )

  it.effect("can all come from the environment", () =>
    Effect.gen(function* () {
      const config = yield* fromEnv({
        ...both,
        QQ_SANDBOX: "TRUE",
        QQ_INTENTS: "GUILDS,INTERACTION",
        QQ_API_URL: "http://127.0.0.1:9000/",
        QQ_TOKEN_URL: "http://127.0.0.1:9000",
        QQ_SHARDS: "2",
        QQ_REQUEST_TIMEOUT: "3 seconds"
      })
      assert.isTrue(config.sandbox)
      assert.strictEqual(config.intents, Intents.of("GUILDS", "INTERACTION"))
      assert.strictEqual(config.apiUrl, "http://127.0.0.1:9000")
      assert.strictEqual(config.tokenUrl, "http://127.0.0.1:9000/app/getAppAccessToken")
      assert.strictEqual(config.shards, 2)
      assert.strictEqual(Duration.toSeconds(config.requestTimeout), 3)
    })
  )

  it.effect("have addresses as they were understood, so that a path can follow", () =>
    Effect.gen(function* () {
      const config = yield* fromEnv({ ...both, QQ_TOKEN_URL: "http:a\u0001", QQ_API_URL: "HTTPS://A.B:443/v1//" })
      assert.strictEqual(config.tokenUrl, "http://a/app/getAppAccessToken")
      assert.strictEqual(config.apiUrl, "https://a.b/v1")
    })
  )

  it.effect("of a sandbox talk to the sandbox, unless told where to", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Config.make({ ...given, sandbox: true })).apiUrl, "https://sandbox.api.sgroup.qq.com")
      const told = yield* Config.make({ ...given, sandbox: true, apiUrl: "https://a.b/v1", tokenUrl: "https://a.b/t" })
      assert.strictEqual(told.apiUrl, "https://a.b/v1")
      assert.strictEqual(told.tokenUrl, "https://a.b/t")
    })
  )

  const bad: ReadonlyArray<readonly [Record<string, string>, string, "Missing" | "Malformed"]> = [
    [{ ...both, QQ_APP_ID: "" }, "QQ_APP_ID", "Missing"],
    [{ QQ_CLIENT_SECRET: secret }, "QQ_APP_ID", "Missing"],
    [{ ...both, QQ_APP_ID: "bot-hunter2" }, "QQ_APP_ID", "Malformed"],
    [{ QQ_APP_ID: "1" }, "QQ_CLIENT_SECRET", "Missing"],
    [{ ...both, QQ_CLIENT_SECRET: "  " }, "QQ_CLIENT_SECRET", "Missing"],
    [{ ...both, QQ_SANDBOX: "hunter2" }, "QQ_SANDBOX", "Malformed"],
    [{ ...both, QQ_SANDBOX: "constructor" }, "QQ_SANDBOX", "Malformed"],
    [{ ...both, QQ_INTENTS: "GUILD" }, "QQ_INTENTS", "Malformed"],
    [{ ...both, QQ_INTENTS: "4" }, "QQ_INTENTS", "Malformed"],
    [{ ...both, QQ_API_URL: "hunter2" }, "QQ_API_URL", "Malformed"],
    [{ ...both, QQ_TOKEN_URL: "ftp://hunter2" }, "QQ_TOKEN_URL", "Malformed"],
    [{ ...both, QQ_API_URL: "https://a.b/?hunter2" }, "QQ_API_URL", "Malformed"],
    [{ ...both, QQ_API_URL: "https://a.b/#hunter2" }, "QQ_API_URL", "Malformed"],
    [{ ...both, QQ_SHARDS: "hunter2" }, "QQ_SHARDS", "Malformed"],
    [{ ...both, QQ_SHARDS: "0" }, "QQ_SHARDS", "Malformed"],
    [{ ...both, QQ_APP_ID: "9".repeat(21) }, "QQ_APP_ID", "Malformed"],
    [{ ...both, QQ_SHARDS: "1e9" }, "QQ_SHARDS", "Malformed"],
    [{ ...both, QQ_REQUEST_TIMEOUT: "Infinity" }, "QQ_REQUEST_TIMEOUT", "Malformed"],
    [{ ...both, QQ_REQUEST_TIMEOUT: "5 weeks" }, "QQ_REQUEST_TIMEOUT", "Malformed"],
    [{ ...both, QQ_INTENTS: "hunter2" }, "QQ_INTENTS", "Malformed"],
    [{ ...both, QQ_INTENTS: `GUILDS,${secret}` }, "QQ_INTENTS", "Malformed"],
    [{ ...both, QQ_REQUEST_TIMEOUT: "hunter2" }, "QQ_REQUEST_TIMEOUT", "Malformed"],
    [{ ...both, QQ_REQUEST_TIMEOUT: "0 seconds" }, "QQ_REQUEST_TIMEOUT", "Malformed"]
  ]
  for (const [env, setting, tag] of bad) {
    it.effect(
      `${setting} that is ${tag === "Missing" ? "missing" : `${env[setting]}`} fails by its name, with a mend`,
      () =>
        Effect.gen(function* () {
          const error: ConfigError = yield* Effect.flip(fromEnv(env))
          assert.strictEqual(error._tag, "ConfigError")
          assert.strictEqual(error.setting, setting)
          assert.strictEqual(error.reason._tag, tag)
          assert.isAbove(error.mend.length, 15)
          const said = `${error.message}${JSON.stringify(error)}`.toUpperCase()
          assert.notInclude(said, "HUNTER2")
          assert.notInclude(said, secret.toUpperCase())
        })
    )
  }

  it.effect("given in code fail by the name of the option", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(Config.make({ ...given, appId: "x" }))).setting, "appId")
      assert.strictEqual((yield* Effect.flip(Config.make({ ...given, intents: 4 }))).setting, "intents")
      const empty = { ...given, clientSecret: Redacted.make("") }
      assert.strictEqual((yield* Effect.flip(Config.make(empty))).setting, "clientSecret")
    })
  )

  it.effect("of reply windows change what is named, and leave the rest as documented", () =>
    Effect.gen(function* () {
      const replyWindows = { group: { count: 3 }, direct: { time: "2 hours", count: Infinity } } as const
      const beside = Config.fromEnvWith({ replyWindows })
      const env = Effect.provide(beside, ConfigProvider.layer(ConfigProvider.fromEnvRecord(both)))
      for (const config of [yield* Config.make({ ...given, replyWindows }), yield* env]) {
        const told = Object.entries(config.replyWindows).map(([place, { count, time }]) => [
          place,
          Duration.toMinutes(time),
          count
        ])
        assert.deepStrictEqual(told, [
          ["group", 5, 3],
          ["direct", 120, Infinity],
          ["channel", 5, Infinity],
          ["guildDirect", 5, Infinity]
        ])
      }
    })
  )

  const badWindows: ReadonlyArray<readonly [windows: unknown, setting: string]> = [
    [{ group: { count: 0 } }, "replyWindows.group.count"],
    [{ direct: { count: 2.5 } }, "replyWindows.direct.count"],
    [{ direct: { count: "5" } }, "replyWindows.direct.count"],
    [{ channel: { count: Number.NaN } }, "replyWindows.channel.count"],
    [{ guildDirect: { time: "soon" } }, "replyWindows.guildDirect.time"],
    [{ group: { time: 0 } }, "replyWindows.group.time"],
    [{ group: { time: "Infinity" } }, "replyWindows.group.time"],
    [{ group: { time: "32 days" } }, "replyWindows.group.time"],
    [{ group: 5 }, "replyWindows.group"],
    [{ guild: { count: 1 } }, "replyWindows.guild"]
  ]
  for (const [windows, setting] of badWindows) {
    it.effect(`of reply windows like ${JSON.stringify(windows)} fail by the name of what is wrong`, () =>
      Effect.gen(function* () {
        const replyWindows = windows as NonNullable<Config.QqOptions["replyWindows"]>
        const error = yield* Effect.flip(Config.make({ ...given, replyWindows }))
        assert.strictEqual(error.setting, setting)
        assert.isAbove(error.mend.length, 15)
      })
    )
  }

  it.effect("of the engines fail before anything starts, with the mend", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<readonly [Partial<Qq.Options>, string]> = [
        [{ maxCrashes: 1 }, "maxCrashes is not a number of at least 2. Leave it out for 3."],
        [{ concurrency: 0 }, "concurrency is not a number of at least 1. Leave it out for 256."],
        [{ maxAttempts: Number.NaN }, "maxAttempts is not a number of at least 1. Leave it out for 5."],
        // As it may come from JavaScript.
        [
          { handlerTimeout: "30 seconds" } as unknown as Partial<Qq.Options>,
          "handlerTimeout is a string, not a Duration. Make one, e.g. by Duration.seconds(30)."
        ]
      ]
      for (const [options, message] of bad) {
        for (const layer of [Qq.layer, Qq.layerWebhookRoute]) {
          const account = layer({ ...given, ...options }).pipe(Layer.provide(HttpRouter.layer))
          const error = yield* Bot.launch(account).pipe(Effect.provide(Memory.layer), Effect.flip)
          assert.isTrue(error._tag === "ConfigError" && error.message === message, error.message)
        }
        const exit = yield* Bot.launchWith(options)(Layer.empty).pipe(Effect.provide(Memory.layer), Effect.exit)
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.strictEqual(defect instanceof ConfigError ? defect.message : defect, message)
      }
    })
  )
})
