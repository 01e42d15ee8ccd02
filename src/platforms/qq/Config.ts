/**
 * The settings of a QQ account: what the user writes, what the platform folder works with, and how both come from
 * the environment. Bad settings are a `ConfigError` that names the setting and the mend, never the value.
 */
import { Config, Duration, Effect, Option, Redacted } from "effect"
import { ConfigError, Malformed, Missing } from "../../domain/ConfigError.ts"
import * as Intents from "./Intents.ts"
import { hosts, tokenPath } from "./Protocol.ts"
import * as ReplyWindows from "./ReplyWindows.ts"

/** What the user sets. */
export interface QqOptions {
  /** The bot's app id: digits, from 开发设置 (development settings) in the QQ bot console. */
  readonly appId: string
  /** The bot's client secret (AppSecret), from the same page. */
  readonly clientSecret: Redacted.Redacted<string>
  /** Talk to the sandbox: its guilds, groups and users only. @defaultValue false */
  readonly sandbox?: boolean | undefined
  /**
   * Bits, see `Intents`. With `MESSAGE_AUDIT`, messages that QQ holds for review become `sent` or `refused` by its
   * verdict; without it they stay `auditing`. With `GUILD_MESSAGES`, holes in guild channels are looked up in their history.
   * By webhook nothing is asked for: there it says what was chosen in the console. @defaultValue Intents.defaults
   */
  readonly intents?: Intents.Intents | undefined
  /** Base of the REST API. @defaultValue https://api.sgroup.qq.com, or its sandbox */
  readonly apiUrl?: string | undefined
  /** Where access tokens come from; a bare host gets the usual path. @defaultValue https://bots.qq.com/app/getAppAccessToken */
  readonly tokenUrl?: string | undefined
  /**
   * Gateway connections, at most 1000. `auto`: as many as QQ recommends (`GET /gateway/bot`), asked for at every start and
   * when QQ wants more (close code 4011). Guild events are spread over them by guild; groups and C2C all come on one of
   * them, QQ does not say which. @defaultValue "auto"
   */
  readonly shards?: number | "auto" | undefined
  /** How long a call may take. At most an hour. @defaultValue 10 seconds */
  readonly requestTimeout?: Duration.Input | undefined
  /**
   * How long (`time`) and how often (`count`) a message or event can be answered, by kind of conversation. A reply that is
   * outside is refused without asking QQ: widen it where QQ grants your bot more, e.g. `{ direct: { count: 4 } }` where it
   * grants less. @defaultValue 5 replies in groups within 5 minutes, in private chats within 60; in guilds any number within 5
   */
  readonly replyWindows?: ReplyWindows.Options | undefined
}

/** Checked settings, with nothing left open. */
export interface QqConfig {
  readonly appId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly sandbox: boolean
  readonly intents: Intents.Intents
  /** Without a slash at the end. */
  readonly apiUrl: string
  readonly tokenUrl: string
  readonly shards: number | "auto"
  readonly requestTimeout: Duration.Duration
  readonly replyWindows: ReplyWindows.ReplyWindows
}

/** `qq:<app id>`. */
export const accountOf = (config: Pick<QqConfig, "appId">): string => `qq:${config.appId}`

/** How each setting is called where it comes from, for errors. */
type Names = Readonly<Record<keyof QqOptions, string>>

const optionNames: Names = {
  appId: "appId",
  clientSecret: "clientSecret",
  sandbox: "sandbox",
  intents: "intents",
  apiUrl: "apiUrl",
  tokenUrl: "tokenUrl",
  shards: "shards",
  requestTimeout: "requestTimeout",
  replyWindows: "replyWindows"
}

const whereToFind = "Copy it from 开发设置 (development settings) of your bot at https://q.qq.com."

const missing = (setting: string, mend: string) => new ConfigError({ setting, reason: new Missing(), mend })
const malformed = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting, reason: new Malformed({ problem }), mend })

/** Each is a connection with its fibers; a slip of the finger must not open a thousand million of them. */
const mostShards = 1000
/** Milliseconds. Far beyond what a call may take, and within what timers can count. */
const longestTimeout = 3_600_000

/** Checks settings and fills in the defaults. */
export const make = (options: QqOptions): Effect.Effect<QqConfig, ConfigError> => check(options, optionNames)

const check = Effect.fnUntraced(function* (options: QqOptions, names: Names) {
  const appId = options.appId.trim()
  if (appId === "") return yield* missing(names.appId, whereToFind)
  if (!/^\d{1,20}$/.test(appId)) return yield* malformed(names.appId, "is not a row of at most 20 digits", whereToFind)
  const secret = Redacted.value(options.clientSecret).trim()
  if (secret === "") return yield* missing(names.clientSecret, whereToFind)
  const sandbox = options.sandbox ?? false
  const shards = options.shards ?? "auto"
  if (shards !== "auto" && !(Number.isInteger(shards) && shards >= 1 && shards <= mostShards)) {
    const problem = `is neither a whole number from 1 to ${mostShards} nor auto`
    return yield* malformed(names.shards, problem, "Leave it out for as many as QQ recommends.")
  }
  const requestTimeout = Option.getOrUndefined(Duration.fromInput(options.requestTimeout ?? "10 seconds"))
  const limit = requestTimeout === undefined ? 0 : Duration.toMillis(requestTimeout)
  if (requestTimeout === undefined || !(limit > 0 && limit <= longestTimeout)) {
    return yield* malformed(
      names.requestTimeout,
      "is not a duration above zero and up to an hour",
      'Write it like "10 seconds".'
    )
  }
  const token = yield* url(names.tokenUrl, options.tokenUrl ?? hosts.token)
  const config: QqConfig = {
    appId,
    clientSecret: Redacted.make(secret, { label: "qq client secret" }),
    sandbox,
    intents: yield* Effect.fromResult(Intents.validate(options.intents ?? Intents.defaults, names.intents)),
    apiUrl: yield* url(names.apiUrl, options.apiUrl ?? (sandbox ? hosts.sandboxApi : hosts.api)),
    tokenUrl: new URL(token).pathname === "/" ? `${token}${tokenPath}` : token,
    shards,
    requestTimeout,
    replyWindows: yield* ReplyWindows.make(options.replyWindows ?? {}, names.replyWindows)
  }
  return config
})

/** As it was understood, not as it was written: parsers forgive what would be wrong in front of a path. */
const url = (setting: string, text: string): Effect.Effect<string, ConfigError> => {
  const parsed = URL.parse(text)
  const isBase = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.search === "" && parsed.hash === ""
  return isBase
    ? Effect.succeed(parsed.href.replace(/\/+$/, ""))
    : Effect.fail(
        malformed(setting, "is not an http or https address without a query", "Leave it out to use QQ's own.")
      )
}

const envNames: Names = {
  appId: "QQ_APP_ID",
  clientSecret: "QQ_CLIENT_SECRET",
  sandbox: "QQ_SANDBOX",
  intents: "QQ_INTENTS",
  apiUrl: "QQ_API_URL",
  tokenUrl: "QQ_TOKEN_URL",
  shards: "QQ_SHARDS",
  requestTimeout: "QQ_REQUEST_TIMEOUT",
  // Nothing of the environment: it is given beside it.
  replyWindows: "replyWindows"
}

/** Settings that have no variable of their own. */
export type Beside = Pick<QqOptions, "replyWindows">

/** A variable of the environment; `undefined` when it is missing or blank. */
export const read = (name: string): Effect.Effect<string | undefined, ConfigError> =>
  Config.option(Config.String(name)).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.map((text) => (text === undefined || text.trim() === "" ? undefined : text.trim())),
    Effect.mapError(() => malformed(name, "could not be read", "Check where your settings come from."))
  )

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false]
])

/**
 * Settings from `QQ_APP_ID`, `QQ_CLIENT_SECRET`, and optionally `QQ_SANDBOX` (true or false), `QQ_INTENTS` (names
 * joined by commas), `QQ_API_URL`, `QQ_TOKEN_URL`, `QQ_SHARDS` (a number or `auto`) and `QQ_REQUEST_TIMEOUT` (like `10 seconds`), read
 * through the current `ConfigProvider`.
 */
export const fromEnv: Effect.Effect<QqConfig, ConfigError> = Effect.suspend(() => fromEnvWith({}))

/** {@link fromEnv} with what the environment does not say. */
export const fromEnvWith = Effect.fnUntraced(function* ({ replyWindows }: Beside) {
  const appId = yield* read(envNames.appId)
  if (appId === undefined) return yield* missing(envNames.appId, whereToFind)
  const secret = yield* read(envNames.clientSecret)
  if (secret === undefined) return yield* missing(envNames.clientSecret, whereToFind)
  const sandboxText = yield* read(envNames.sandbox)
  const sandbox = sandboxText === undefined ? undefined : booleans.get(sandboxText.toLowerCase())
  if (sandboxText !== undefined && sandbox === undefined) {
    return yield* malformed(envNames.sandbox, "is neither true nor false", "Write true or false, or leave it out.")
  }
  const intentsText = yield* read(envNames.intents)
  const shards = yield* read(envNames.shards)
  const timeout = yield* read(envNames.requestTimeout)
  return yield* check(
    {
      appId,
      clientSecret: Redacted.make(secret),
      sandbox,
      intents:
        intentsText === undefined ? undefined : yield* Effect.fromResult(Intents.parse(intentsText, envNames.intents)),
      apiUrl: yield* read(envNames.apiUrl),
      tokenUrl: yield* read(envNames.tokenUrl),
      shards: shards === undefined || shards.toLowerCase() === "auto" ? "auto" : Number(shards),
      // A text that is no duration is found out by `check`.
      requestTimeout: timeout as Duration.Input | undefined,
      replyWindows
    },
    envNames
  )
})
