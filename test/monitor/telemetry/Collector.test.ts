/** That a collector which takes nothing does not fill the bot's memory with what it should have taken. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { HttpClient } from "effect/http"
import { layer } from "../../../src/monitor/telemetry/Collector.ts"
import { eventually, make } from "./collector.ts"

describe("the way to a collector", () => {
  it.live("holds a few calls that are not answered, and refuses more at once", () =>
    Effect.gen(function* () {
      const collector = yield* make(() => undefined)
      const call = HttpClient.HttpClient.use((client) => client.post(collector.endpoint))
      yield* Effect.gen(function* () {
        const calls = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(call))
        yield* eventually("the first calls arrive", () => collector.calls.length === 8)
        const refused = yield* Effect.forEach(calls.slice(8), Fiber.await)
        assert.isTrue(refused.every((exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause)))
        yield* Effect.forEach(calls.slice(0, 8), Fiber.interrupt)
        assert.strictEqual(collector.calls.length, 8)
      }).pipe(Effect.provide(layer({})))
    })
  )
})
