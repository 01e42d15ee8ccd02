/** Messages that grow: when their frames leave. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { QqApi } from "../../../src/platforms/qq/Api.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import { config, fakeClient } from "./fakes.ts"
import { person } from "./fixtures.ts"

describe("a stream", () => {
  it.effect("keeps its pace after a frame that was refused, and tells it again under its number", () => {
    const frames: Array<{ readonly at: number; readonly index: unknown }> = []
    const { layer: client } = fakeClient(({ body, path }) =>
      Effect.map(Clock.currentTimeMillis, (at) => {
        if (path === "/app/getAppAccessToken") return { body: { access_token: "t", expires_in: "7200" } }
        frames.push({ at, index: (body as { readonly index: number }).index })
        return frames.length === 1 ? { status: 400, body: { code: 40034006 } } : { body: { id: "s1" } }
      })
    )
    const layer = QqApi.layerNoDeps.pipe(
      Layer.provide(QqRest.layer(config)),
      Layer.provide(QqCredentials.layer(config)),
      Layer.provide(client)
    )
    return Effect.gen(function* () {
      const api = yield* QqApi
      const stream = yield* api.stream(person, { messageId: "m" })
      yield* Effect.flip(stream.write("bad word"))
      const rest = yield* Effect.forkChild(Effect.andThen(stream.write("good word"), stream.end("good words")))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(rest)
      assert.deepStrictEqual(frames, [
        { at: 0, index: 0 },
        { at: 300, index: 0 },
        { at: 600, index: 1 }
      ])
    }).pipe(Effect.provide(layer))
  })
})
