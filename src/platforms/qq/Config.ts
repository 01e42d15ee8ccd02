/**
 * The settings of a QQ account: what the user writes, what the platform folder works with, and how both come from
 * the environment. Bad settings are a `ConfigError` that names the setting and the mend, never the value.
 */
import { Duration, Effect, Option, Redacted, Result } from "effect"
import { ConfigError, Malformed, Missing } from "../../domain/ConfigError.ts"
import * as Setting from "../../ports/Setting.ts"
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
const defaultTimeout = "10 seconds"

type Checked<A> = Result.Result<A, ConfigError>

const shardsOf = (setting: string, given: number | "auto"): Checked<number | "auto"> =>
  given === "auto" || (Number.isInteger(given) && given >= 1 && given <= mostShards)
    ? Result.succeed(given)
    : Result.fail(
        malformed(
          setting,
          `is neither a whole number from 1 to ${mostShards} nor auto`,
          "Leave it out for as many as QQ recommends."
        )
      )

const limitOf = (setting: string, given: Duration.Input | string): Checked<Duration.Duration> => {
  // A text that is no duration is found out here.
  const duration = Option.getOrUndefined(Duration.fromInput(given as Duration.Input))
  const millis = duration === undefined ? 0 : Duration.toMillis(duration)
  return duration !== undefined && millis > 0 && millis <= longestTimeout
    ? Result.succeed(duration)
    : Result.fail(malformed(setting, "is not a duration above zero and up to an hour", 'Write it like "10 seconds".'))
}

/** As it was understood, not as it was written: parsers forgive what would be wrong in front of a path. */
const urlOf = (setting: string, text: string): Checked<string> => {
  const parsed = URL.parse(text)
  const isBase = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.search === "" && parsed.hash === ""
  return isBase
    ? Result.succeed(parsed.href.replace(/\/+$/, ""))
    : Result.fail(
        malformed(setting, "is not an http or https address without a query", "Leave it out to use QQ's own.")
      )
}

/** Checks settings and fills in the defaults. */
export const make = (options: QqOptions): Effect.Effect<QqConfig, ConfigError> => check(options, optionNames)

const check = (options: QqOptions, names: Names): Effect.Effect<QqConfig, ConfigError> =>
  Effect.gen(function* () {
    const appId = options.appId.trim()
    if (appId === "") return yield* missing(names.appId, whereToFind)
    if (!/^\d{1,20}$/.test(appId)) {
      return yield* malformed(names.appId, "is not a row of at most 20 digits", whereToFind)
    }
    const secret = Redacted.value(options.clientSecret).trim()
    if (secret === "") return yield* missing(names.clientSecret, whereToFind)
    const sandbox = options.sandbox ?? false
    const shards = yield* Effect.fromResult(shardsOf(names.shards, options.shards ?? "auto"))
    const requestTimeout = yield* Effect.fromResult(
      limitOf(names.requestTimeout, options.requestTimeout ?? defaultTimeout)
    )
    const token = yield* Effect.fromResult(urlOf(names.tokenUrl, options.tokenUrl ?? hosts.token))
    const config: QqConfig = {
      appId,
      clientSecret: Redacted.make(secret, { label: "qq client secret" }),
      sandbox,
      intents: yield* Effect.fromResult(Intents.validate(options.intents ?? Intents.defaults, names.intents)),
      apiUrl: yield* Effect.fromResult(urlOf(names.apiUrl, options.apiUrl ?? (sandbox ? hosts.sandboxApi : hosts.api))),
      tokenUrl: new URL(token).pathname === "/" ? `${token}${tokenPath}` : token,
      shards,
      requestTimeout,
      replyWindows: yield* ReplyWindows.make(options.replyWindows ?? {}, names.replyWindows)
    }
    return config
  })

/** Where the environment says {@link QqOptions}. */
export const settings = {
  appId: Setting.text({ name: "QQ_APP_ID", about: "The bot's app id, from its development settings at q.qq.com." }),
  clientSecret: Setting.secret({ name: "QQ_CLIENT_SECRET", about: "The bot's client secret, from the same page." }),
  sandbox: Setting.flag({ name: "QQ_SANDBOX", about: "Talk to the sandbox.", fallback: "false" }),
  intents: Setting.custom({ name: "QQ_INTENTS", about: "Which events to hear: names joined by commas." }, (text) =>
    Intents.parse(text, "QQ_INTENTS")
  ),
  apiUrl: Setting.custom({ name: "QQ_API_URL", about: "Another host of QQ's REST API." }, (text) =>
    urlOf("QQ_API_URL", text)
  ),
  tokenUrl: Setting.custom({ name: "QQ_TOKEN_URL", about: "Another host of QQ's access tokens." }, (text) =>
    urlOf("QQ_TOKEN_URL", text)
  ),
  shards: Setting.custom(
    { name: "QQ_SHARDS", about: "Gateway connections; auto: what QQ recommends.", fallback: "auto" },
    (text) => shardsOf("QQ_SHARDS", text.toLowerCase() === "auto" ? "auto" : Number(text))
  ),
  requestTimeout: Setting.custom(
    { name: "QQ_REQUEST_TIMEOUT", about: "How long a REST call may take.", fallback: defaultTimeout },
    (text) => limitOf("QQ_REQUEST_TIMEOUT", text)
  )
} satisfies Setting.For<QqOptions>

const envNames: Names = {
  appId: settings.appId.name,
  clientSecret: settings.clientSecret.name,
  sandbox: settings.sandbox.name,
  intents: settings.intents.name,
  apiUrl: settings.apiUrl.name,
  tokenUrl: settings.tokenUrl.name,
  shards: settings.shards.name,
  requestTimeout: settings.requestTimeout.name,
  // Nothing of the environment: it is given beside it.
  replyWindows: "replyWindows"
}

/** Settings that have no variable of their own. */
export type Beside = Pick<QqOptions, "replyWindows">

/** What the environment says ({@link settings}), read through the current `ConfigProvider`. */
export const fromEnv: Effect.Effect<QqConfig, ConfigError> = Effect.suspend(() => fromEnvWith({}))

/** {@link fromEnv} with what the environment does not say. */
export const fromEnvWith = Effect.fnUntraced(function* ({ replyWindows }: Beside) {
  const { appId, clientSecret, ...others } = settings
  const id = yield* Setting.read(appId)
  if (id === undefined) return yield* missing(appId.name, whereToFind)
  const secret = yield* Setting.read(clientSecret)
  if (secret === undefined) return yield* missing(clientSecret.name, whereToFind)
  const given: QqOptions = { appId: id, clientSecret: secret, replyWindows }
  return yield* check(yield* Setting.over(others, given), envNames)
})
