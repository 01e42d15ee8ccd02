import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { QqClock } from "../../../src/platforms/qq/Clock.ts"
import { config } from "./fakes.ts"

const noon = Date.parse("2026-01-02T12:00:00Z")

/** Answers everything with this date. */
const dated = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(
      HttpClientResponse.fromWeb(request, new Response("{}", { headers: { date: new Date(noon).toUTCString() } }))
    )
  )
)

const ask = (url: string) => Effect.flatMap(HttpClient.HttpClient, (client) => Effect.orDie(client.get(url)))

describe("QQ's clock", () => {
  it.effect("is read off its answers, and not off those of others", () =>
    Effect.gen(function* () {
      const clock = yield* QqClock
      yield* TestClock.setTime(noon - 60_000)
      yield* ask("https://cdn.example.com/picture.png")
      assert.isUndefined(yield* clock)
      yield* ask(`${config.apiUrl}/gateway`)
      assert.deepInclude(yield* clock, { skew: -60_500, uncertainty: 500 })
    }).pipe(Effect.provide(Layer.provide(QqClock.layer(config), dated)))
  )
})
