/** An HTTP client that answers from a function and remembers what it was asked. */
import { Duration, Effect, Layer, Redacted } from "effect"
import { HttpClient, type HttpClientError, HttpClientResponse } from "effect/http"
import type { QqConfig } from "../../../src/platforms/qq/Config.ts"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import * as ReplyWindows from "../../../src/platforms/qq/ReplyWindows.ts"
import { secret as madeSecret, qqClientSecret } from "../../fixtures/secrets.ts"

export interface Asked {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
}

export interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  /** Text as it is, `undefined` for none, anything else as JSON. */
  readonly body?: unknown
}

export const fakeClient = (
  answer: (asked: Asked, count: number) => Effect.Effect<Reply, HttpClientError.HttpClientError>
) => {
  const asked: Array<Asked> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const bytes = request.body._tag === "Uint8Array" ? request.body.body : undefined
      const one = {
        method: request.method,
        path: url.pathname + url.search,
        headers: request.headers,
        body: bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes))
      }
      asked.push(one)
      return Effect.map(answer(one, asked.length), ({ status = 200, headers = {}, body }) =>
        HttpClientResponse.fromWeb(
          request,
          new Response(body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body), {
            status,
            headers
          })
        )
      )
    })
  )
  return { asked, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

export const secret = qqClientSecret

/** The access tokens of fake answers, counted. */
export const fakeToken = (count: number): string => madeSecret(`token-${count}`)

export const config: QqConfig = {
  appId: "102000001",
  clientSecret: Redacted.make(secret),
  sandbox: false,
  intents: Intents.defaults,
  apiUrl: "https://api.test",
  tokenUrl: "https://token.test/app/getAppAccessToken",
  shards: 1,
  requestTimeout: Duration.seconds(10),
  replyWindows: ReplyWindows.defaults
}
