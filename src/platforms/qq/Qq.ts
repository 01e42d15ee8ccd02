/**
 * A QQ account as a Layer: token, gateway and REST, under the supervision of the runtime.
 */
import { Duration, Effect, Layer, Schema } from "effect"
import type { HttpClient } from "effect/http"
import type { HttpRouter } from "effect/http/HttpRouter"
import type { ConfigError } from "../../domain/ConfigError.ts"
import type { Conversation } from "../../domain/Conversation.ts"
import type { Event, PlatformEvent } from "../../domain/Event.ts"
import type { AccountOptions } from "../../engines/Account.ts"
import * as AccountSettings from "../../engines/account/Options.ts"
import type * as GatewayConnection from "../../engines/GatewayConnection.ts"
import { type Provided, Runtime, register } from "../../engines/Runtime.ts"
import type { Platform } from "../../ports/Platform.ts"
import type { Transport } from "../../ports/Transport.ts"
import * as WebSocket from "../../transports/WebSocket.ts"
import { type Api, QqApi } from "./Api.ts"
import { QqClock } from "./Clock.ts"
import * as Config from "./Config.ts"
import { QqCredentials } from "./Credentials.ts"
import { kindOf } from "./EventKinds.ts"
import { isType, type QqEvent } from "./Events.ts"
import * as Gateway from "./Gateway.ts"
import * as History from "./History.ts"
import { layerClient } from "./Http.ts"
import * as IntentCheck from "./IntentCheck.ts"
import * as Listening from "./Listening.ts"
import { isQq, outbound } from "./Outbound.ts"
import type { EventName } from "./Protocol.ts"
import { QqRest } from "./Rest.ts"
import type { Budget } from "./SessionStarts.ts"
import * as WebhookConfig from "./WebhookConfig.ts"

export { type Api, QqApi } from "./Api.ts"
export {
  type Ark,
  ark,
  type Button,
  type ButtonOptions,
  button,
  type Embed,
  embed,
  file,
  image,
  type Keyboard,
  keyboard,
  type Markdown,
  type Media,
  type MediaSource,
  markdown,
  type QqContent,
  text,
  video,
  voice
} from "./Content.ts"
export { type BotrsCallback, botrsCallbacks, eventKinds, type QqEventKind } from "./EventKinds.ts"
export { isType, type QqEvent } from "./Events.ts"
export * as Intents from "./Intents.ts"
export { timeOf } from "./Json.ts"
export { path } from "./Path.ts"
export type { QqPayloads } from "./Payloads.ts"
export type { EventName, IntentName } from "./Protocol.ts"
export { type GatewayInfo, QqRest, type RequestOptions } from "./Rest.ts"
export { Acknowledgement } from "./rest/Messages.ts"

/** Settings of the account, and how its engines run it. */
export interface Options extends Config.QqOptions, AccountOptions {
  readonly connection?: GatewayConnection.Options | undefined
  /**
   * What to do before connecting when a handler waits for events of an intent that no account of the app asked for, so
   * that it could never be called: stop the account with the reason `IntentsMissing`, or only say so in the log.
   * @defaultValue "fail"
   */
  readonly missingIntents?: "fail" | "warn" | undefined
}

/**
 * The REST API of an account, for handlers: that of the event or conversation it is given, of the account named, or
 * of the one QQ account there is. One that does not run here, or is not the only one, is a defect.
 */
export const api = (
  of?: Pick<Event, "account"> | Pick<Conversation, "account"> | string
): Effect.Effect<Api, never, Runtime> =>
  Effect.flatMap(Runtime, ({ accounts }) => {
    const wanted = typeof of === "string" ? of : of?.account
    const found = accounts().flatMap(({ platform }) =>
      isQq(platform) && (wanted === undefined || platform.account === wanted) ? [platform.api] : []
    )
    const [only, ...others] = found
    if (only !== undefined && others.length === 0) return Effect.succeed(only)
    const why =
      only === undefined ? `no QQ account ${wanted ?? ""} runs here` : "several QQ accounts run here: name one"
    return Effect.die(new Error(why))
  })

const BudgetJson = Schema.fromJsonString(
  Schema.Struct({
    remaining: Schema.UndefinedOr(Schema.Number),
    resetAt: Schema.Number,
    lastStart: Schema.Number,
    over: Schema.Array(Schema.Number),
    open: Schema.Number
  })
)

/** Sessions that live on resumes alone have been seen to go silent after three days (bot-docs#191). */
const sessions = { renewAfter: Duration.days(1), deafAfter: Duration.hours(1) }

const make = Effect.fnUntraced(function* (config: Config.QqConfig, options: Omit<Options, keyof Config.QqOptions>) {
  const runtime = yield* Runtime
  const rest = yield* QqRest
  const api = yield* QqApi
  const credentials = yield* QqCredentials
  const clock = yield* QqClock
  const account = Config.accountOf(config)
  const kept = runtime.keep(`${account}/session-starts`)
  // Losing the count costs one check with the platform, so neither a lost nor an unreadable one may stop the account.
  const budget = {
    load: Effect.gen(function* () {
      const text = yield* kept.load
      return text === undefined ? undefined : yield* Schema.decodeEffect(BudgetJson)(text)
    }).pipe(Effect.orElseSucceed((): Budget | undefined => undefined)),
    save: (value: Budget) =>
      Schema.encodeEffect(BudgetJson)(value).pipe(Effect.flatMap(kept.save), Effect.ignore({ log: "Warn" }))
  }
  const gateway = yield* Gateway.make({
    account,
    intents: config.intents,
    rest,
    credentials,
    budget,
    connection: options.connection,
    refusalAdvice: () => IntentCheck.refusalAdvice(config.intents, runtime.interests())
  })
  const listening = yield* Listening.make(config, options.missingIntents ?? "fail")
  const platform: Platform = {
    ...outbound(config, rest, api, credentials, clock),
    heartbeats: true,
    sessions,
    // Asked for once, before everything else: a handler that comes later must not stop an account that runs.
    shards: Effect.andThen(listening, config.shards === "auto" ? gateway.recommended : Effect.succeed(config.shards)),
    history: History.make(account, config.intents, rest),
    connect: gateway.connect,
    hears: (interest) => IntentCheck.hears(config.intents, interest)
  }
  yield* runtime.attach(platform, options)
})

/** The settings of the account, and those of its engines, or what is wrong with them. */
const checked = (options: Config.QqOptions & AccountOptions): Effect.Effect<Config.QqConfig, ConfigError> =>
  Effect.andThen(AccountSettings.check(options), Config.make(options))

/** The account on your own HTTP client and transport, e.g. in simulations. */
export const layerNoDeps = (
  options: Options
): Layer.Layer<QqApi | QqRest, ConfigError, Runtime | Transport | HttpClient.HttpClient> =>
  Layer.unwrap(Effect.map(checked(options), (config) => assemble(config, options)))

const assemble = (
  config: Config.QqConfig,
  options: Omit<Options, keyof Config.QqOptions>
): Layer.Layer<QqApi | QqRest, never, Runtime | Transport | HttpClient.HttpClient> =>
  Layer.effectDiscard(make(config, options)).pipe(
    Layer.provideMerge(QqApi.layerNoDeps),
    Layer.provideMerge(QqRest.layer(config)),
    Layer.provide(QqCredentials.layer(config)),
    Layer.provide(QqClock.layer(config))
  )

/** One QQ account. Also provides {@link QqApi}, for handlers that call QQ themselves; see {@link api} where there are several accounts. */
export const layer = (options: Options): Layer.Layer<QqApi | QqRest, ConfigError, Runtime> =>
  Layer.unwrap(Effect.map(checked(options), (config) => complete(config, options)))

const complete = (
  config: Config.QqConfig,
  options: Omit<Options, keyof Config.QqOptions>
): Layer.Layer<QqApi | QqRest, never, Runtime> =>
  assemble(config, options).pipe(Layer.provide([WebSocket.layer, layerClient(config.requestTimeout)]))

/** Settings of an account that QQ calls by webhook. */
export interface WebhookOptions extends Config.QqOptions, AccountOptions {
  readonly webhook: WebhookConfig.ServerOptions
}

/** The same on a server of yours. */
export interface WebhookRouteOptions extends Config.QqOptions, AccountOptions {
  readonly webhook?: WebhookConfig.RouteOptions | undefined
}

const webhooks = Effect.promise(() => import("./WebhookLayer.ts"))

/**
 * One QQ account whose events QQ brings: register `https://<your host>/qq` as its callback address in the console, and
 * let a reverse proxy pass the calls on to `webhook.port`. With the same promises as {@link layer}, and no shards,
 * intents or sessions: events are chosen in the console. Fails when the port cannot be listened on.
 */
export const layerWebhook = (options: WebhookOptions): Layer.Layer<QqApi | QqRest, ConfigError, Runtime> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* checked(options)
      yield* WebhookConfig.check(options.webhook)
      return yield* served(config, options.webhook, options)
    })
  )

const served = (config: Config.QqConfig, webhook: WebhookConfig.ServerOptions, options: AccountOptions) =>
  Effect.map(webhooks, ({ routed, serve }) => serve(routed(config, webhook, options), webhook))

/** {@link layerWebhook} as a route of your own server, which may hold routes of several accounts, also on one path. */
export const layerWebhookRoute = (
  options: WebhookRouteOptions
): Layer.Layer<QqApi | QqRest, ConfigError, Runtime | HttpRouter> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* checked(options)
      const webhook = options.webhook ?? {}
      yield* WebhookConfig.check(webhook)
      const { routed } = yield* webhooks
      return routed(config, webhook, options)
    })
  )

/** A server for the routes of several accounts, see {@link layerWebhookRoute}. Fails when the port is taken. */
export const serveWebhooks = <A, E, R>(
  accounts: Layer.Layer<A, E, R>,
  options: Pick<WebhookConfig.ServerOptions, "port" | "host">
) => Layer.unwrap(Effect.map(webhooks, ({ serve }) => serve(accounts, options)))

/**
 * The account that the environment names: `QQ_APP_ID`, `QQ_CLIENT_SECRET`, and optionally `QQ_SANDBOX`, `QQ_INTENTS`,
 * `QQ_API_URL`, `QQ_TOKEN_URL`, `QQ_SHARDS`, `QQ_REQUEST_TIMEOUT`. With `QQ_WEBHOOK_PORT`, and optionally
 * `QQ_WEBHOOK_HOST` and `QQ_WEBHOOK_PATH`, it is a {@link layerWebhook}, otherwise a {@link layer}. What has no variable,
 * e.g. `replyWindows`, is given as an option.
 */
export const layerConfigWith = (
  options: Omit<Options, keyof Config.QqOptions> & Config.Beside
): Layer.Layer<QqApi | QqRest, ConfigError, Runtime> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* Config.fromEnvWith(options)
      yield* AccountSettings.check(options)
      const webhook = yield* WebhookConfig.fromEnv
      return webhook === undefined ? complete(config, options) : yield* served(config, webhook, options)
    })
  )

/** {@link layerConfigWith} with the defaults. */
export const layerConfig: Layer.Layer<QqApi | QqRest, ConfigError, Runtime> = layerConfigWith({})

/** The events that reach handlers: all but the handshake's, of which `Bot.onStatus` tells as `ConnectionChanged`. */
export type HandledName = Exclude<EventName, "READY" | "RESUMED">

/**
 * Runs `handler` for every QQ event of this name, with its payload typed. An account that did not ask for the event's
 * intent says so before it connects.
 */
export const on = <T extends HandledName, A, E, R>(
  type: T,
  handler: (event: QqEvent<T>) => Effect.Effect<A, E, R>
): Layer.Layer<never, never, Runtime | Exclude<R, Provided>> =>
  register(
    kindOf(type) ?? "PlatformEvent",
    (event): Effect.Effect<unknown, E, R> => (isType(event, type) ? handler(event) : Effect.void),
    { platform: "qq", type }
  )

/** Runs `handler` for events of QQ that everbot does not know yet: they pass through as they came. */
export const onUnknown = <A, E, R>(
  handler: (event: PlatformEvent) => Effect.Effect<A, E, R>
): Layer.Layer<never, never, Runtime | Exclude<R, Provided>> =>
  register(
    "PlatformEvent",
    (event): Effect.Effect<unknown, E, R> => (event.platform === "qq" && !event.isKnown ? handler(event) : Effect.void)
  )
