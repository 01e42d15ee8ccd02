/** Settings: every variable of the environment that an account reads, and the same as options in code. */
import { ConfigProvider, Duration, Effect, Exit, Redacted } from "effect"
import * as Config from "../../../src/platforms/qq/Config.ts"
import { intentNames } from "../../../src/platforms/qq/Intents.ts"
import * as WebhookConfig from "../../../src/platforms/qq/WebhookConfig.ts"
import * as Keys from "../../../src/stores/encryption/Keys.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { fieldsOf, type Input, textOf } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Target } from "../Target.ts"

const goodKey = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k="

const good: Readonly<Record<string, readonly [string, ...ReadonlyArray<string>]>> = {
  QQ_APP_ID: ["102000001", "0", "9".repeat(30)],
  QQ_CLIENT_SECRET: [Secrets.clientSecret, "a"],
  QQ_SANDBOX: ["true", "no", "1"],
  QQ_INTENTS: ["GUILDS,INTERACTION", intentNames.join(","), "1024", "4294967295", "guilds , message_audit"],
  QQ_API_URL: [
    "https://api.sgroup.qq.com",
    `http://user:${Secrets.password}@127.0.0.1:9/`,
    `http://[::1]/?k=${Secrets.password}`
  ],
  QQ_TOKEN_URL: ["https://bots.qq.com", "http://127.0.0.1/app/getAppAccessToken"],
  QQ_SHARDS: ["1", "2", "1e9", "0x10", "999999999", "-1", "Infinity"],
  QQ_WEBHOOK_PORT: ["8080", "-1", "65536", "1e3", "0x50", "8080.5"],
  QQ_WEBHOOK_PATH: ["/qq", "qq", "/:id", "/*", "/a/../b", "//"],
  QQ_WEBHOOK_HOST: ["127.0.0.1", "0.0.0.0"],
  EVERBOT_KEY: [goodKey, `${goodKey},${goodKey}`, "A".repeat(44), "00".repeat(32), Secrets.clientSecret],
  QQ_REQUEST_TIMEOUT: ["10 seconds", "3", "Infinity", "1e300 days", "100 weeks", "-1 second", "1 nano"]
}

const aValue = (chance: Chance, name: string): string => {
  const known = chance.pick(good[name] ?? [""])
  switch (chance.below(7)) {
    case 0:
      return Json.text(chance)
    case 1:
      return Bytes.damage(chance, known)
    case 2:
      return chance.pick([Secrets.clientSecret, Secrets.password, `${known}${Json.text(chance)}`])
    case 3:
      return `${chance.pick([" ", "\t", "\u00a0", "\ufeff"])}${known}\n`
    default:
      return known
  }
}

const generate = (chance: Chance): Input =>
  Object.fromEntries(
    Object.keys(good)
      .filter((name) => name === "QQ_APP_ID" || name === "QQ_CLIENT_SECRET" || chance.oneIn(3))
      .filter(() => !chance.oneIn(40))
      .map((name) => [name, chance.oneIn(3) ? aValue(chance, name) : chance.pick(good[name] ?? [""])])
  )

const judge = (
  where: string,
  exit: Exit.Exit<Config.QqConfig, unknown>,
  given: Readonly<Record<string, string>>
): void => {
  const config = Oracle.judged(where, exit, true)
  if (config === undefined) {
    const said = Exit.isFailure(exit) ? Secrets.dump(exit.cause).toUpperCase() : ""
    for (const secret of Secrets.all) {
      Oracle.must("secrets", !said.includes(secret.toUpperCase()), () => `${where} repeats a secret in capitals`)
    }
    return
  }
  const timeout = Duration.toMillis(config.requestTimeout)
  Oracle.must("settings are sane", /^\d{1,20}$/.test(config.appId), () => `an app id of ${config.appId.length} digits`)
  Oracle.must("settings are sane", timeout > 0 && timeout <= 86_400_000, () => `a time limit of ${timeout} ms`)
  Oracle.must("settings are sane", config.shards === "auto" || config.shards <= 1000, () => `${config.shards} shards`)
  Oracle.must("settings are sane", URL.canParse(config.apiUrl) && URL.canParse(config.tokenUrl), () => "an address")
  Oracle.secretless("a dump of the settings", Secrets.dump({ ...config, apiUrl: "", tokenUrl: "" }))
  Oracle.must(
    "settings are kept",
    Redacted.value(config.clientSecret) === given["QQ_CLIENT_SECRET"]?.trim(),
    () => "the secret"
  )
}

const run = (input: Input): void => {
  const given = Object.fromEntries(Object.entries(fieldsOf(input)).map(([name, value]) => [name, textOf(value)]))
  const fromEnv = Config.fromEnv.pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(given))))
  judge("the environment", Effect.runSyncExit(fromEnv), given)
  const env = ConfigProvider.layer(ConfigProvider.fromEnvRecord(given))
  const webhook = Oracle.judged(
    "the webhook",
    Effect.runSyncExit(WebhookConfig.fromEnv.pipe(Effect.provide(env))),
    true
  )
  const port = webhook?.port ?? 1
  Oracle.must("settings are sane", Number.isInteger(port) && port >= 0 && port < 65_536, () => `port ${port}`)
  const key = Redacted.make(given["EVERBOT_KEY"] ?? "")
  const keys = Oracle.judged("the key", Effect.runSyncExit(Keys.parse(key, "EVERBOT_KEY")), true)
  if (keys !== undefined)
    Oracle.must("keys stay inside", !Secrets.dump(keys).includes(goodKey), () => "a dump shows a key")
  const shards = given["QQ_SHARDS"]
  const options = {
    appId: given["QQ_APP_ID"] ?? "",
    clientSecret: Redacted.make(given["QQ_CLIENT_SECRET"] ?? ""),
    apiUrl: given["QQ_API_URL"],
    tokenUrl: given["QQ_TOKEN_URL"],
    shards: shards === undefined ? undefined : Number(shards)
  }
  judge("the options", Effect.runSyncExit(Config.make(options)), given)
}

export const config: Target = {
  name: "config",
  about: "settings from the environment and in code",
  share: 80,
  renew: 1_000_000,
  generate,
  open: async () => ({ run, close: async () => {} })
}
