/**
 * The way to a collector. What it cannot take is lost and said once: a collector that is slow or away must cost the bot
 * neither memory nor time. The secrets in the headers are put in at the last moment, where no error and no log sees them.
 */
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError } from "effect/http"

export type Headers = Readonly<Record<string, Redacted.Redacted>>

/** Calls at once; a batch has up to a thousand spans. */
const most = 8
const patience = "10 seconds"

const late = (request: HttpClientError.HttpClientError["request"]) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, description: `no answer within ${patience}` })
  })

const watched = Effect.map(HttpClient.HttpClient, (client) => {
  let underWay = 0
  let isTroubled = false
  const trouble = (why: string) =>
    Effect.suspend(() => {
      if (isTroubled) return Effect.void
      isTroubled = true
      return Effect.logWarning(`the collector of traces and metrics does not take them: ${why}`)
    })
  const fine = Effect.suspend(() => {
    if (!isTroubled) return Effect.void
    isTroubled = false
    return Effect.logInfo("the collector takes traces and metrics again")
  })
  return HttpClient.transform(client, (call, request) =>
    Effect.suspend(() => {
      // A defect, so that it is not tried again: the exporter drops what it has and rests for a minute.
      if (underWay >= most) {
        return Effect.andThen(trouble("it is too slow"), Effect.die(new Error("the collector is too slow")))
      }
      underWay++
      return call.pipe(
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(late(request)) }),
        Effect.tap(({ status }) => (status < 400 ? fine : trouble(`it answers ${status}`))),
        Effect.tapError(({ reason }) => trouble(reason.description ?? reason._tag)),
        Effect.ensuring(
          Effect.sync(() => {
            underWay--
          })
        )
      )
    })
  )
})

/** Adds the headers to what goes out, and follows no redirect with them. */
const fetchWith =
  (headers: Headers): typeof fetch =>
  (input, init) => {
    const all = new globalThis.Headers(init?.headers)
    for (const [name, value] of Object.entries(headers)) all.set(name, Redacted.value(value))
    return fetch(input, { ...init, headers: all, redirect: "error" })
  }

export const layer = (headers: Headers): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(HttpClient.HttpClient, watched).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetchWith(headers)))
  )
