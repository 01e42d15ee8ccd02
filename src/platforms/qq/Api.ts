/**
 * QQ's REST API by family: `api.guilds.get(id)`, `api.messages.recallFromGroup(group, id)`, …, derived from the tables
 * in `rest/`.
 *
 * - ids, query and body are looked at before the wire: what cannot be right is an `Invalid` that names field and mend
 * - look-ups that failed for now are repeated, 3 attempts in all; a write only while it certainly never arrived
 * - an endpoint that said "too frequent" is not asked again before its time
 */
import { Clock, Context, Duration, Effect, Layer, Option, Schedule } from "effect"
import type { ConfigError } from "../../domain/ConfigError.ts"
import * as RestError from "../../domain/RestError.ts"
import * as Schedules from "../../engines/Schedules.ts"
import * as Config from "./Config.ts"
import type { Media } from "./Content.ts"
import { QqCredentials } from "./Credentials.ts"
import { layerClient } from "./Http.ts"
import { encode } from "./Path.ts"
import { unreadable } from "./Receipt.ts"
import { QqRest, type Rest } from "./Rest.ts"
import * as Check from "./rest/Check.ts"
import { type Described, type Endpoint, idsOf, isRepeatable, type Parts } from "./rest/Endpoint.ts"
import { families } from "./rest/Endpoints.ts"
import type { MessageStream, StreamOptions } from "./Streaming.ts"
import * as Streaming from "./Streaming.ts"
import type { Chat } from "./Upload.ts"

/** The functions of a table of endpoints. */
export type Client<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Endpoint<infer Args, infer A>
    ? (...args: Args) => Effect.Effect<A, RestError.RestError>
    : Client<Table[Name]>
}

export interface Api extends Client<typeof families> {
  /** `qq:<app id>`. */
  readonly account: string
  /** Any other call; see `QqRest`. */
  readonly request: Rest["request"]
  /** Uploads media for a group or private chat, in parts if it is large. `ttl` in seconds, 0 for long-lived. */
  readonly upload: (
    chat: Chat,
    media: Media
  ) => Effect.Effect<{ readonly fileInfo: string; readonly ttl: number }, RestError.RestError>
  /** Begins a message to a person that grows while it is written. */
  readonly stream: (user: string, options: StreamOptions) => Effect.Effect<MessageStream>
}

/** Until when endpoints are not to be asked, by name. There are few endpoints, so it stays small. */
type Holds = Map<string, number>

/** How long an endpoint rests that said "too frequent" and nothing else. */
const defaultRest = Duration.seconds(5)

/** Why the parts of a call cannot be right, if so. */
const problemOf = ({ about, path }: Described, parts: Parts<string>): Check.Problem | undefined =>
  Check.fields(Object.fromEntries(idsOf(path).map((name) => [name, Check.id])))(parts, "") ??
  about.query?.(parts.query ?? {}, "query") ??
  about.body?.(parts.body, "")

const fill = (path: string, parts: { readonly [name: string]: unknown }): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encode(String(parts[name])))

/** One endpoint as a function. */
const operation = (
  rest: Rest,
  holds: Holds,
  name: string,
  endpoint: Endpoint<ReadonlyArray<unknown>, unknown>
): ((...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, RestError.RestError>) => {
  const fail = (reason: RestError.Reason) => Effect.fail(new RestError.RestError({ account: rest.account, reason }))
  const { about, answer: read, method, path } = endpoint
  const repeatable = isRepeatable(endpoint)
  const headers = about.isCallback ? { "x-callback-appid": rest.account.slice("qq:".length) } : undefined
  const options = { isRepeatable: repeatable, accepts: about.accepts, headers }

  const once = Effect.fnUntraced(function* (parts: Parts<string>) {
    const left = (holds.get(name) ?? 0) - (yield* Clock.currentTimeMillis)
    if (left > 0)
      return yield* fail(new RestError.RateLimited({ detail: `${name} rests`, retryAfter: Duration.millis(left) }))
    const answer = yield* rest.call(method, fill(path, parts), parts.body, { ...options, query: parts.query })
    const meaning = read(answer)
    return Option.isSome(meaning) ? meaning.value : yield* fail(unreadable(answer, !repeatable))
  })

  const learn = ({ reason }: RestError.RestError) =>
    reason._tag === "RateLimited" && reason.status !== undefined
      ? Effect.map(Clock.currentTimeMillis, (now) =>
          holds.set(name, now + Duration.toMillis(reason.retryAfter ?? defaultRest))
        )
      : Effect.void

  return Effect.fn(`QqApi.${name}`)(function* (...args: ReadonlyArray<unknown>) {
    const parts = endpoint.parts(...args)
    const problem = problemOf(endpoint, parts)
    if (problem !== undefined) return yield* fail(new RestError.Invalid(problem))
    return yield* once(parts).pipe(Effect.tapError(learn), Effect.retry(method === "GET" ? lookups() : writes()))
  })
}

const lookups = () => Schedules.resend({ attempts: 3, cap: "5 seconds", retryAfterAtMost: "10 seconds" })

/** What never arrived did nothing. */
const writes = () =>
  Schedule.while(lookups(), ({ input }) =>
    Effect.succeed(input instanceof RestError.RestError && neverArrived(input.reason))
  )

const neverArrived = (reason: RestError.Reason): boolean => reason._tag === "Unavailable" && !reason.reached

/** Every call, on a REST client of one account. */
export const make = (rest: Rest): Api => {
  const holds: Holds = new Map()
  const client = Object.fromEntries(
    Object.entries(families).map(([family, table]) => [
      family,
      Object.fromEntries(
        Object.entries(table).map(([name, endpoint]) => [
          name,
          operation(rest, holds, `${family}.${name}`, endpoint as Endpoint<ReadonlyArray<unknown>, unknown>)
        ])
      )
    ])
  ) as Client<typeof families>
  const { account, request, upload } = rest
  return { ...client, account, request, upload, stream: (user, options) => Streaming.make(client, user, options) }
}

/**
 * The API of one account. In a handler, `Qq.api(event)` gives the one of the event's account; on its own, without a
 * bot, it is a Layer:
 *
 * ```ts
 * QqApi.use((api) => api.guilds.get("18700000000001")).pipe(Effect.provide(QqApi.layerConfig))
 * ```
 */
export class QqApi extends Context.Service<QqApi, Api>()("everbot/platforms/qq/Api") {
  static readonly make = make

  /** On a REST client that is there already. Built anew wherever it stands: a shared one would give one account's to all. */
  static readonly layerNoDeps: Layer.Layer<QqApi, never, QqRest> = Layer.fresh(
    Layer.effect(this, Effect.map(QqRest, make))
  )

  private static readonly complete = (config: Config.QqConfig): Layer.Layer<QqApi | QqRest> =>
    this.layerNoDeps.pipe(
      Layer.provideMerge(QqRest.layer(config)),
      Layer.provide(QqCredentials.layer(config)),
      Layer.provide(layerClient(config.requestTimeout))
    )

  /** Standalone: an app id and a secret are all it takes. */
  static readonly layer = (options: Config.QqOptions): Layer.Layer<QqApi | QqRest, ConfigError> =>
    Layer.unwrap(Effect.map(Config.make(options), (config) => this.complete(config)))

  /** Standalone, for the account that the environment names. */
  static readonly layerConfig: Layer.Layer<QqApi | QqRest, ConfigError> = Layer.unwrap(
    Effect.map(Config.fromEnv, (config) => this.complete(config))
  )
}
