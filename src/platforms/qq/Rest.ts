/**
 * QQ's REST API, as one account calls it.
 *
 * - every failure is a `RestError` whose reason says whether, and how, trying again can help
 * - a refused access token is replaced and the call repeated once
 * - what QQ wants to be repeated so often and no more, as the table of codes says, is repeated that often here
 * - a call that was written and not answered is an `OutcomeUnknown`, unless repeating it does no harm
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Clock, Context, Duration, Effect, FileSystem, Layer, Redacted } from "effect"
import { HttpClient } from "effect/http"
import type { CredentialError } from "../../domain/CredentialError.ts"
import type { OutboxMessage, Receipt } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import { monotonic } from "../../engines/Heartbeat.ts"
import { type Body, form, localPicture } from "./Body.ts"
import { accountOf, type QqConfig } from "./Config.ts"
import type { Media } from "./Content.ts"
import { QqCredentials } from "./Credentials.ts"
import { type GatewayInfo, gatewayInfo } from "./Gateways.ts"
import { type Answer, complaint, exchange, type Failure, jsonRequest, type Method } from "./Http.ts"
import { QuotaBook } from "./Quotas.ts"
import { isAccepted, receiptOf, unreadable } from "./Receipt.ts"
import { ReplyBook } from "./ReplyWindows.ts"
import { toReason } from "./RestCode.ts"
import { isIdempotent, mediaOf, problemWith, toCall } from "./Send.ts"
import { type Chat, Uploads } from "./Upload.ts"

export type { GatewayInfo } from "./Gateways.ts"

export interface RequestOptions {
  /** Query parameters; undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * Whether carrying it out twice does no harm: decides what an unanswered call is.
   * @defaultValue true for all methods but POST and PATCH
   */
  readonly isRepeatable?: boolean | undefined
}

export interface CallOptions extends RequestOptions {
  /** Answers of failing statuses that are successes all the same. */
  readonly accepts?: ((answer: Answer) => boolean) | undefined
}

export interface Rest {
  /** `qq:<app id>`. */
  readonly account: string
  /** Any call, answered with status, headers and body. `body` is sent as JSON, or as a form if it is one. */
  readonly call: (
    method: Method,
    path: string,
    body?: unknown,
    options?: CallOptions
  ) => Effect.Effect<Answer, RestError.RestError>
  /**
   * Any call. Succeeds with the decoded body of a 2xx, also a 201 or 202 (accepted, waiting for review), and with
   * `undefined` where there is none; `A` is your word for its shape. Put ids in with `path`.
   */
  readonly request: <A = unknown>(
    method: Method,
    path: string,
    body?: unknown,
    options?: RequestOptions
  ) => Effect.Effect<A | undefined, RestError.RestError>
  /** Uploads media for a group or private chat. */
  readonly upload: (
    chat: Chat,
    media: Media
  ) => Effect.Effect<{ readonly fileInfo: string; readonly ttl: number }, RestError.RestError>
  /** Uploads the media of a row, if it has any, so that `send` need not. */
  readonly prepare: (message: OutboxMessage) => Effect.Effect<void, RestError.RestError>
  /**
   * Sends an outbox row once, to a group, private chat, guild channel or guild direct message. A repeat that the
   * platform recognises is a success, then without a message id. Media is uploaded first, which may be repeated. A
   * conversation whose quota is known to be used up is not asked again before it refills.
   */
  readonly send: (message: OutboxMessage) => Effect.Effect<Receipt, RestError.RestError>
  readonly isIdempotent: (message: OutboxMessage) => boolean
  /** `GET /gateway`: the address alone. */
  readonly gateway: Effect.Effect<GatewayInfo, RestError.RestError>
  /** `GET /gateway/bot`: the address, how many shards, and how many session starts are left. */
  readonly gatewayBot: Effect.Effect<GatewayInfo, RestError.RestError>
}

const make = Effect.fnUntraced(function* (
  config: QqConfig
): Effect.fn.Return<Rest, never, HttpClient.HttpClient | FileSystem.FileSystem | QqCredentials> {
  const client = yield* HttpClient.HttpClient
  const files = yield* FileSystem.FileSystem
  const credentials = yield* QqCredentials
  const account = accountOf(config)
  const clock = yield* Clock.Clock
  const book = new ReplyBook(config.replyWindows)
  book.look(clock.currentTimeMillisUnsafe(), monotonic(clock))
  const quotas = new QuotaBook()
  const fail = (reason: RestError.Reason) => Effect.fail(new RestError.RestError({ account, reason }))

  /** One call with a token; `isSend` as in `RestCode`. Answers are returned whatever they say. */
  const once = (method: Method, url: string, body: unknown, options: RequestOptions, isSend: boolean) =>
    Effect.flatMap(Effect.mapError(credentials.get, fromCredentials), (token) => {
      const headers = {
        ...options.headers,
        authorization: `QQBot ${Redacted.value(token)}`,
        "x-union-appid": config.appId
      }
      return exchange(client, jsonRequest(method, url, headers, body), config.requestTimeout, [token]).pipe(
        Effect.mapError((failure) => fromFailure(failure, isSend)),
        Effect.map((answer) => ({ answer, token }))
      )
    })

  const judge = (answer: Answer, isSend: boolean): Effect.Effect<RestError.Reason> =>
    Effect.map(Clock.currentTimeMillis, (now) => toReason({ ...complaint(answer, now), status: answer.status, isSend }))

  /** A call whose answer is a 2xx, or one that is accepted; with another token if that is what it takes. */
  const admitted = Effect.fnUntraced(function* (
    method: Method,
    route: string,
    body: unknown,
    options: CallOptions,
    isSend: boolean
  ): Effect.fn.Return<Answer, RestError.Reason> {
    const url = `${config.apiUrl}${route}${queryOf(options.query)}`
    const isFine = (answer: Answer) =>
      (answer.status >= 200 && answer.status < 300) || options.accepts?.(answer) === true
    const first = yield* once(method, url, body, options, isSend)
    if (isFine(first.answer)) return first.answer
    const reason = yield* judge(first.answer, isSend)
    if (reason._tag !== "CredentialsExpired") return yield* Effect.fail(reason)
    // It was turned away at the door, so repeating it with another token is safe.
    yield* credentials.reject(first.token)
    const second = yield* once(method, url, body, options, isSend)
    if (isFine(second.answer)) return second.answer
    return yield* Effect.fail(refusedTwice(yield* judge(second.answer, isSend)))
  })

  /** The same, repeated as often as QQ grants it. None of what it grants that for was carried out. */
  const ask = (...call: Parameters<typeof admitted>): Effect.Effect<Answer, RestError.Reason> => {
    const attempt = (before: number): Effect.Effect<Answer, RestError.Reason> =>
      Effect.catch(admitted(...call), (reason) => {
        if (reason._tag !== "Unavailable" || reason.retries === undefined) return Effect.fail(reason)
        if (before >= reason.retries) return Effect.fail(new RestError.RetriesExhausted(factsOf(reason)))
        return Effect.andThen(Effect.sleep(retryPause), attempt(before + 1))
      })
    return attempt(0)
  }

  const inAccount = <A>(effect: Effect.Effect<A, RestError.Reason>) => Effect.catch(effect, fail)

  const call = Effect.fn("QqRest.call")((method: Method, route: string, body?: unknown, options: CallOptions = {}) => {
    const isRepeatable = options.isRepeatable ?? (method !== "POST" && method !== "PATCH")
    return inAccount(ask(method, route, body, options, !isRepeatable))
  })

  const request = <A = unknown>(method: Method, route: string, body?: unknown, options?: RequestOptions) =>
    Effect.map(call(method, route, body, options), (answer) => answer.body as A | undefined)

  const uploads = new Uploads({
    post: (route, body) => ask("POST", route, body, {}, false),
    client,
    files,
    requestTimeout: config.requestTimeout
  })

  /** The call of a row, once what it names is where the platform can have it. */
  const prepare = Effect.fnUntraced(function* (message: OutboxMessage): Effect.fn.Return<Prepared, RestError.Reason> {
    const problem = problemWith(message)
    if (problem !== undefined) return yield* Effect.fail(problem)
    const remote = mediaOf(message)
    const fileInfo = remote && (yield* uploads.fileInfo(remote.chat, remote.media))
    const target = toCall(message, fileInfo)
    if (!("path" in target)) return yield* Effect.fail(target)
    const local = remote === undefined ? localPicture(message.content) : undefined
    if (local === undefined) return target
    return { ...target, body: form(target.body, yield* uploads.picture(local.source), local.name) }
  })

  /** Why a row need not be tried, if so. */
  const refusalOf = (message: OutboxMessage): RestError.Reason | undefined => {
    const now = clock.currentTimeMillisUnsafe()
    book.look(now, monotonic(clock))
    return book.refusal(message, now) ?? quotas.refusal(message, now)
  }

  const deliver = Effect.fnUntraced(function* (message: OutboxMessage): Effect.fn.Return<Receipt, RestError.Reason> {
    const refusal = refusalOf(message)
    if (refusal !== undefined) return yield* Effect.fail(refusal)
    const target = yield* prepare(message)
    const isRisky = !isIdempotent(message)
    const answer = yield* ask("POST", target.path, target.body, { accepts: isAccepted }, isRisky)
    const receipt = receiptOf(answer)
    if (receipt === undefined) return yield* Effect.fail(unreadable(answer, isRisky))
    book.sent(message, yield* Clock.currentTimeMillis)
    return receipt
  })

  /** What a refusal teaches about the next message, and about the media of this one. */
  const learn = Effect.fnUntraced(function* (message: OutboxMessage, reason: RestError.Reason) {
    const remote = mediaOf(message)
    // The platform may have refused what it gave us before: the next attempt uploads anew.
    const isSuspect = reason._tag === "Rejected" || (reason._tag === "Unavailable" && reason.reached)
    if (remote !== undefined && isSuspect) uploads.forget(remote.chat, remote.media)
    return yield* Effect.fail(quotas.learn(message, reason, yield* Clock.currentTimeMillis))
  })

  const send = Effect.fn("QqRest.send")((message: OutboxMessage) =>
    inAccount(Effect.catch(deliver(message), (reason) => learn(message, reason)))
  )

  const uploadFor = (message: OutboxMessage): Effect.Effect<void, RestError.RestError> => {
    const remote = mediaOf(message)
    if (remote === undefined) return Effect.void
    const upload = Effect.suspend((): Effect.Effect<string, RestError.Reason> => {
      const problem = problemWith(message) ?? refusalOf(message)
      return problem === undefined ? uploads.fileInfo(remote.chat, remote.media) : Effect.fail(problem)
    })
    return inAccount(Effect.asVoid(Effect.catch(upload, (reason) => learn(message, reason))))
  }

  const whereIs = Effect.fnUntraced(function* (route: string) {
    const answer = yield* call("GET", route)
    const info = gatewayInfo(answer.body)
    const detail = "its answer names no gateway"
    return info ?? (yield* fail(new RestError.Unavailable({ status: answer.status, reached: true, detail })))
  })

  return {
    account,
    call,
    request,
    upload: (chat, media) => inAccount(uploads.upload(chat, media)),
    prepare: uploadFor,
    send,
    isIdempotent,
    gateway: whereIs("/gateway"),
    gatewayBot: whereIs("/gateway/bot")
  }
})

interface Prepared {
  readonly path: string
  readonly body: Body | FormData
}

/** Without a token nothing was sent. */
const fromCredentials = ({ reason }: CredentialError): RestError.Reason =>
  reason.isRetryable
    ? new RestError.Unavailable({ reached: false, detail: reason.message })
    : new RestError.Unauthorized({ code: reason.code, detail: reason.message })

const fromFailure = (failure: Failure, isSend: boolean): RestError.Reason => {
  if (failure._tag === "NotReached") return new RestError.Unavailable({ reached: false, detail: failure.detail })
  if (failure._tag === "AnswerLost") {
    const facts = { detail: failure.detail }
    return isSend ? new RestError.OutcomeUnknown(facts) : new RestError.Unavailable({ ...facts, reached: true })
  }
  return isSend ? new RestError.OutcomeUnknown({ detail: "no answer in time" }) : new RestError.TimedOut(failure)
}

/** The platform answers with the token we had until its last minute, so only code 11244 (expired) is worth a third try. */
const refusedTwice = (reason: RestError.Reason): RestError.Reason =>
  reason._tag === "CredentialsExpired" && reason.code !== 11244
    ? new RestError.Unauthorized({
        ...factsOf(reason),
        detail: `a fresh access token was refused too: ${reason.detail ?? ""}`
      })
    : reason

const factsOf = ({ code, detail, status, trace }: RestError.Reason) => ({ code, detail, status, trace })

/** Before a repetition that QQ grants: a moment, for what may be over by then. */
const retryPause = Duration.seconds(1)

const queryOf = (query: RequestOptions["query"]): string => {
  const pairs = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const]
  )
  return pairs.length === 0 ? "" : `?${new URLSearchParams(Object.fromEntries(pairs))}`
}

export class QqRest extends Context.Service<QqRest, Rest>()("everbot/platforms/qq/Rest") {
  static readonly make = make
  static readonly layer = (config: QqConfig): Layer.Layer<QqRest, never, HttpClient.HttpClient | QqCredentials> =>
    Layer.provide(Layer.effect(this, make(config)), NodeFileSystem.layer)
}
