/**
 * A typed client of a running monitor, for programs that watch or steer a bot.
 *
 * ```ts
 * const monitor = yield* MonitorClient.make({ url: "http://127.0.0.1:7391", token: Redacted.make("…") })
 * const health = yield* monitor.look.health()
 * ```
 */
import { Effect, type Redacted } from "effect"
import { HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"
import { Authorization, MonitorApi } from "./Api.ts"

export interface Options {
  /** Where the monitor listens, e.g. `http://127.0.0.1:7391`. */
  readonly url: string | URL
  readonly token: Redacted.Redacted
}

/** Needs an `HttpClient`, e.g. `FetchHttpClient.layer`. */
export const make = ({ token, url }: Options) =>
  HttpApiClient.make(MonitorApi, { baseUrl: url }).pipe(
    Effect.provide(
      HttpApiMiddleware.layerClient(Authorization, ({ next, request }) =>
        next(HttpClientRequest.bearerToken(request, token))
      )
    )
  )
