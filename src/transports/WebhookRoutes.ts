/**
 * Webhooks as routes of an HTTP server: the one you have, by its `HttpRouter`, or one of their own
 * (`WebhookServer.layer`). Guards the door before anything is read: method, content type, length, time, and how many
 * calls are let in at once. Nothing it answers says more than a status.
 */
import { ByteSize, Context, Effect, Layer, Option, type Scope } from "effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import type { HttpServerError } from "effect/http/HttpServerError"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { type Answer, type Call, type Endpoint, Limits } from "../ports/Webhook.ts"

type Response = HttpServerResponse.HttpServerResponse

const make = Effect.gen(function* () {
  const router = yield* HttpRouter.HttpRouter
  const { bodyTimeout, maxBody, maxCalls } = yield* Limits
  const mounted = new Map<string, Set<Endpoint>>()
  let inside = 0

  const read = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<ArrayBuffer | Response> =>
    request.arrayBuffer.pipe(
      Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBody)),
      Effect.timeoutOption(bodyTimeout),
      Effect.map(Option.getOrElse(() => refusal(408))),
      Effect.catch((error: HttpServerError) =>
        Effect.succeed(refusal(error.reason._tag === "RequestParseError" && isTooLarge(error.reason) ? 413 : 400))
      )
    )

  const handle = (path: string, request: HttpServerRequest.HttpServerRequest): Effect.Effect<Response> =>
    Effect.suspend(() => {
      const status = objection(request, maxBody)
      if (status !== undefined) return Effect.succeed(refusal(status))
      const endpoints = Array.from(mounted.get(path) ?? [])
      // An account that is started again will be back: its platform is to come again, too.
      if (endpoints.length === 0) return Effect.succeed(toResponse({ status: 503, retryAfter: 1 }))
      const claimants = endpoints.filter((it) => it.claims(request.headers))
      if (claimants.length === 0) return Effect.succeed(refusal(404))
      if (inside >= maxCalls) return Effect.succeed(toResponse({ status: 503, retryAfter: 1 }))
      inside++
      return Effect.flatMap(read(request), (body) =>
        HttpServerResponse.isHttpServerResponse(body)
          ? Effect.succeed(body)
          : Effect.map(hand({ headers: request.headers, body: new Uint8Array(body) }, claimants), toResponse)
      ).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            inside--
          })
        )
      )
    })

  return {
    mount: Effect.fnUntraced(function* (path: string, endpoint: Endpoint): Effect.fn.Return<void, never, Scope.Scope> {
      const known = mounted.get(path)
      if (known === undefined) {
        mounted.set(path, new Set())
        yield* router.add("*", path as HttpRouter.PathInput, (request) => handle(path, request))
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => mounted.get(path)?.add(endpoint)),
        () => Effect.sync(() => mounted.get(path)?.delete(endpoint))
      )
    })
  }
})

export class WebhookRoutes extends Context.Service<
  WebhookRoutes,
  {
    /** Takes calls to `path` for this endpoint until the scope closes. Endpoints may share a path. */
    readonly mount: (path: string, endpoint: Endpoint) => Effect.Effect<void, never, Scope.Scope>
  }
>()("everbot/transports/WebhookRoutes") {
  /** One for each router, however many accounts ask for it. */
  static readonly layer: Layer.Layer<WebhookRoutes, never, HttpRouter.HttpRouter> = Layer.effect(this, make)
}

/** Why a call is not worth reading, as a status. */
const objection = ({ headers, method }: HttpServerRequest.HttpServerRequest, maxBody: number): number | undefined => {
  if (method !== "POST") return 405
  // Signatures are over bytes as they were sent, so a body must be what it seems.
  if (!/^application\/json\s*(;|$)/i.test(headers["content-type"] ?? "")) return 415
  if (headers["content-encoding"] !== undefined) return 415
  return Number(headers["content-length"] ?? 0) > maxBody ? 413 : undefined
}

/**
 * Gives a call to the account that it is for. Where several claim it, all are asked for the proof, whoever has it: how long
 * that takes tells a stranger nothing. What none of them proves is refused by the first.
 */
const hand = (call: Call, [first, ...others]: ReadonlyArray<Endpoint>): Effect.Effect<Answer> => {
  if (first === undefined) return Effect.succeed({ status: 404 })
  if (others.length === 0) return first.take(call)
  const [proved] = [first, ...others].filter((it) => it.proves(call))
  return (proved ?? first).take({ ...call, isAmbiguous: true })
}

const isTooLarge = (reason: { readonly reason?: "Parse" | "BodyTooLarge" }): boolean => reason.reason === "BodyTooLarge"

/** Closes the connection too: what is left of the body shall not be waited for. */
const refusal = (status: number): Response =>
  HttpServerResponse.empty({
    status,
    headers: status === 405 ? { connection: "close", allow: "POST" } : { connection: "close" }
  })

const toResponse = ({ body, retryAfter, status }: Answer): Response => {
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  return body === undefined
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.text(body, { status, headers, contentType: "application/json" })
}
