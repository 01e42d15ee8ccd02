/**
 * One HTTP exchange with QQ, told apart by the one thing that matters for a retry: whether the request can have
 * arrived. Statuses are not errors here; a body that is not JSON is kept as its text.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Data, Duration, Effect, Layer, type Redacted, Stream } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { unsaid } from "./Unsaid.ts"

/** An answer, whatever its status. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Parsed JSON; `undefined` for an empty body, the text for one that is not JSON. */
  readonly body: unknown
  /** What the request said and no error may repeat, should the answer do so. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
}

/** The request certainly never arrived: no connection, no name, a refused certificate, or it could not be written. */
export class NotReached extends Data.TaggedError("NotReached")<{ readonly detail: string }> {}

/** The request may have arrived, and its answer was lost. */
export class AnswerLost extends Data.TaggedError("AnswerLost")<{ readonly detail: string }> {}

/** The request may have arrived, and no answer came within the limit. */
export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly limit: Duration.Duration }> {}

export type Failure = NotReached | AnswerLost | NoAnswer

/**
 * Sends a request and reads the whole answer within the limit. Our trace context is not passed on to the platform, and
 * the client draws no span of its own: that one would hold the request, and with it the secret or the token.
 */
export const exchange = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  limit: Duration.Duration,
  secrets: ReadonlyArray<Redacted.Redacted<string>> = []
): Effect.Effect<Answer, Failure> =>
  client.execute(request).pipe(
    Effect.mapError(toFailure),
    Effect.flatMap((response) =>
      Effect.map(
        read(response),
        (text): Answer => ({ status: response.status, headers: response.headers, body: parse(text), secrets })
      )
    ),
    Effect.timeoutOrElse({ duration: limit, orElse: () => Effect.fail(new NoAnswer({ limit })) }),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
  )

/** Bytes. The longest answers known are lists of a few hundred kilobytes; a peer that never ends must not fill memory. */
const longest = 8 * 1024 * 1024

const read = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, Failure> =>
  Effect.suspend(() => {
    const parts: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.runForEachArray((chunk) => {
        for (const part of chunk) size += parts.push(part) && part.length
        return size > longest
          ? Effect.fail(new AnswerLost({ detail: `its answer is longer than ${longest} bytes` }))
          : Effect.void
      }),
      Effect.map(() => new TextDecoder().decode(Buffer.concat(parts)))
    )
  }).pipe(
    Effect.catch((error) => {
      if (error._tag === "AnswerLost") return Effect.fail(error)
      return error.reason._tag === "EmptyBodyError" ? Effect.succeed("") : Effect.fail(toFailure(error))
    })
  )

const parse = (text: string): unknown => {
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    // Proxies answer with HTML: the text is all there is to show.
    return text
  }
}

const toFailure = ({ reason }: HttpClientError.HttpClientError): Failure => {
  if (reason._tag === "EncodeError" || reason._tag === "InvalidUrlError")
    return new NotReached({ detail: reason.message })
  const causes = chain(reason.cause)
  const detail =
    causes.map((cause) => cause.code ?? cause.message).find((text) => text !== "") ?? "the connection failed"
  // Once there is a response, the request had arrived.
  const wasWritten = reason._tag !== "TransportError" || causes.length === 0 || !causes.every(isBeforeWriting)
  return wasWritten ? new AnswerLost({ detail }) : new NotReached({ detail })
}

interface Fault {
  readonly code: string | undefined
  readonly syscall: string | undefined
  readonly message: string
}

/** The faults behind a failure, outermost first; of a failure that only groups others (several addresses), those. */
const chain = (cause: unknown, depth = 0): ReadonlyArray<Fault> => {
  if (!(cause instanceof Error) || depth > 8) return []
  if (cause instanceof AggregateError && cause.errors.length > 0) {
    return cause.errors.flatMap((error) => chain(error, depth + 1))
  }
  const inner = chain(cause.cause, depth + 1)
  if (inner.length > 0) return inner
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined
  const syscall = "syscall" in cause && typeof cause.syscall === "string" ? cause.syscall : undefined
  return [{ code, syscall, message: cause.message }]
}

/** Codes that Node and undici give before a byte of the request was written. */
const beforeWriting: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_INVALID_ARG",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

const isBeforeWriting = ({ code, syscall, message }: Fault): boolean =>
  (code !== undefined && beforeWriting.has(code)) ||
  (code === "ETIMEDOUT" && syscall === "connect") ||
  // A peer that resets during the TLS handshake has not seen the request.
  message.includes("before secure TLS connection was established")

/** What a failing answer says about itself, read from any body. */
export interface Complaint {
  readonly code: number | undefined
  readonly errCode: number | undefined
  readonly message: string | undefined
  readonly trace: string | undefined
  readonly retryAfter: Duration.Duration | undefined
}

/** @param now epoch milliseconds, for a `Retry-After` that is a date */
export const complaint = ({ body, headers, secrets, status }: Answer, now: number): Complaint => {
  const fields: { readonly [key: string]: unknown } = typeof body === "object" && body !== null ? { ...body } : {}
  // Before anything is cut: half a secret could not be told from other words.
  const hide = (text: string): string => unsaid(text, secrets)
  const text = (value: unknown): string | undefined =>
    typeof value === "string" && value !== "" ? hide(value) : undefined
  return {
    code: integer(fields["code"]),
    errCode: integer(fields["err_code"]),
    message: (text(fields["message"]) ?? (typeof body === "string" ? excerpt(hide(body)) : undefined))?.slice(0, 200),
    trace: text(fields["trace_id"]) ?? text(headers["x-tps-trace-id"]),
    retryAfter: status === 429 || status === 503 ? retryAfter(headers["retry-after"], now) : undefined
  }
}

/** A whole number, also written as text; `undefined` for anything else. */
export const integer = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : value
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined
}

/** A page of HTML, as one line without its tags. */
const excerpt = (html: string): string =>
  html
    .slice(0, 2000)
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()

/** Seconds, or a date relative to `now`; never negative. `undefined` for anything else. */
export const retryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Duration.seconds(Number(text))
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Duration.millis(Math.max(0, at - now))
}

/**
 * The client the QQ calls want: undici that gives up connecting before a call's time is over, so that a call to a
 * host that is silently down is known not to have arrived.
 *
 * @param requestTimeout the limit of a call; connecting gets half of it
 */
export const layerClient = (requestTimeout: Duration.Duration): Layer.Layer<HttpClient.HttpClient> =>
  NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(
      NodeHttpClient.layerDispatcherOptions({ connect: { timeout: Math.ceil(Duration.toMillis(requestTimeout) / 2) } })
    )
  )

/** A request with a JSON body, a form, or none. */
export const jsonRequest = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown
): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method)(url, { headers, acceptJson: true })
  if (body instanceof FormData) return HttpClientRequest.bodyFormData(request, body)
  return body === undefined ? request : HttpClientRequest.bodyText(request, JSON.stringify(body), "application/json")
}

export type Method = Parameters<typeof jsonRequest>[0]
