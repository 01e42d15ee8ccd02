/**
 * What every call passes, before anything is read and after everything is answered: limits, plain paths, security
 * headers, and a sentence of JSON for whatever goes wrong. Says nothing about the inside: a defect goes to the log.
 */
import { ByteSize, Cause, Effect } from "effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

type Response = HttpServerResponse.HttpServerResponse

/** Bytes. No call of this API needs more. */
export const maxBody = 16_384
/** Calls under way at once, streams not counted. */
export const maxCalls = 64

/** Scripts and styles of our own files only; the API reference carries its script in its page. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const referencePolicy =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:; " +
  "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

export const referencePath = "/docs"

const secured = (response: Response, path: string): Response =>
  HttpServerResponse.setHeaders(response, {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": path === referencePath ? referencePolicy : policy,
    ...(response.headers["cache-control"] === undefined ? { "cache-control": "no-store" } : {})
  })

/** A refusal in the shape of the API's own. `close`: what is left of the call shall not be waited for. */
export const refusal = (
  status: number,
  _tag: string,
  message: string,
  headers: Readonly<Record<string, string>> = {}
): Response => HttpServerResponse.jsonUnsafe({ _tag, message }, { status, headers })

const close = { connection: "close" }

/** Paths are made of plain characters: nothing that is one thing here and another to a file system or proxy. */
const isPlain = (path: string): boolean =>
  /^\/(?:[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|\/)*$/.test(path) &&
  !/%(?:00|2e|2f|5c)/i.test(path) &&
  !/(?:^|\/)\.{1,2}(?:\/|$)|\/\//.test(path)

/** Why a call is not worth answering, if it is not. */
const objection = ({ headers, method, url }: HttpServerRequest, path: string): Response | undefined => {
  if (url.length > 2048) return refusal(414, "UriTooLong", "The address is longer than 2,048 characters.", close)
  if (!isPlain(path)) return refusal(400, "BadRequest", "The path is not a plain one.", close)
  const length = Number(headers["content-length"] ?? 0)
  if (length > maxBody) {
    return refusal(413, "PayloadTooLarge", `A body may have ${maxBody} bytes, not ${length}.`, close)
  }
  const hasBody = length > 0 || headers["transfer-encoding"] !== undefined
  if (hasBody && method !== "GET" && !/^application\/json\s*(;|$)/i.test(headers["content-type"] ?? "")) {
    return refusal(415, "UnsupportedMediaType", "Send JSON, as content type application/json.", close)
  }
  return undefined
}

const hasTag = (value: unknown, tag: string): value is { readonly _tag: string; readonly message?: unknown } =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === tag

/** What failed inside the call, as an answer; `undefined` when it is our own fault. */
const explain = (error: unknown): Response | undefined => {
  if (hasTag(error, "HttpApiSchemaError")) {
    const cause = "cause" in error && error.cause instanceof Error ? error.cause.message : "It cannot be read."
    const kind = "kind" in error ? String(error.kind) : ""
    if (kind === "Body" || kind === "ResponseHeaders") return undefined
    return refusal(400, "BadRequest", `${kind}: ${cause}`)
  }
  if (!hasTag(error, "HttpServerError") || !("reason" in error)) return undefined
  if (hasTag(error.reason, "RouteNotFound")) return refusal(404, "NotFound", "There is nothing at this address.")
  if (!hasTag(error.reason, "RequestParseError")) return undefined
  return "reason" in error.reason && error.reason.reason === "BodyTooLarge"
    ? refusal(413, "PayloadTooLarge", `A body may have ${maxBody} bytes.`, close)
    : refusal(400, "BadRequest", "The call cannot be read.", close)
}

const broken = refusal(500, "Broken", "Something is broken here; the log tells what.")

const answerTo = (cause: Cause.Cause<unknown>): Effect.Effect<Response> => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    const answer = explain(error)
    if (answer !== undefined) return Effect.succeed(answer)
  }
  if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
  return Effect.as(Effect.logError("the monitor could not answer a call", cause), broken)
}

/** Stands before a whole application, its missing routes included. */
export const make = () => {
  let inside = 0
  return <E, R>(app: Effect.Effect<Response, E, R>): Effect.Effect<Response, never, R | HttpServerRequest> =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest
      const path = request.url.replace(/[?#].*$/s, "")
      const objected = objection(request, path)
      if (objected !== undefined) return secured(objected, path)
      if (inside >= maxCalls) {
        return secured(refusal(503, "Unavailable", `${maxCalls} calls are under way.`, { "retry-after": "1" }), path)
      }
      inside++
      const response = yield* app.pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBody)),
        Effect.catchCause(answerTo),
        Effect.ensuring(
          Effect.sync(() => {
            inside--
          })
        )
      )
      return secured(response, path)
    })
}
