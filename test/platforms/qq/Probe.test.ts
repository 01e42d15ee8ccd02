/** Whether QQ still knows an account: asked once for the account and for who watches its health. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { RateLimited, type Reason, RestError, Unauthorized } from "../../../src/domain/RestError.ts"
import * as Probe from "../../../src/platforms/qq/Probe.ts"
import { account } from "./fixtures.ts"

/** A QQ that answers as it is told, and notes the seconds at which it was asked. */
const scene = () => {
  const asked: Array<number> = []
  const world: { reason: Reason | undefined } = { reason: undefined }
  const get = Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<void, RestError> => {
    asked.push(now / 1000)
    return world.reason === undefined ? Effect.void : Effect.fail(new RestError({ account, reason: world.reason }))
  })
  return { asked, world, probe: Probe.make(account, get, Duration.minutes(5)) }
}

describe("the probe of a webhook's account", () => {
  it.effect("asks by itself where nobody else does", () =>
    Effect.gen(function* () {
      const { asked, probe } = scene()
      const watching = yield* Effect.forkChild(probe.watch)
      yield* TestClock.adjust("16 minutes")
      assert.deepStrictEqual(asked, [0, 300, 600, 900])
      yield* Fiber.interrupt(watching)
    })
  )

  it.effect("asks no more while who watches the health does", () =>
    Effect.gen(function* () {
      const { asked, probe, world } = scene()
      const watching = yield* Effect.forkChild(probe.watch)
      const rounds = yield* Effect.forkChild(
        Effect.forever(Effect.andThen(Effect.sleep("30 seconds"), Effect.ignore(probe.ask)))
      )
      yield* TestClock.adjust("10 minutes")
      // An answer that is a failure is told all the same.
      world.reason = new RateLimited({})
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(
        asked,
        Array.from({ length: 41 }, (_, n) => n * 30)
      )
      yield* Fiber.interrupt(rounds)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(asked.at(-1), 1500)
      yield* Fiber.interrupt(watching)
    })
  )

  it.effect("ends the account at once with what only a person can mend, whoever was told of it", () =>
    Effect.gen(function* () {
      const { asked, probe, world } = scene()
      const watching = yield* Effect.forkChild(Effect.flip(probe.watch))
      yield* TestClock.adjust("1 minute")
      world.reason = new Unauthorized({ code: 11265, detail: "the bot is banned" })
      yield* Effect.ignore(probe.ask)
      const { reason } = yield* Fiber.join(watching)
      assert.strictEqual(reason._tag, "AuthenticationFailed")
      assert.include(reason.message, "banned")
      assert.deepStrictEqual(asked, [0, 60])
      // Begun again, it asks before it believes what it was told then.
      world.reason = undefined
      const again = yield* Effect.forkChild(probe.watch)
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(again.pollUnsafe())
      assert.deepStrictEqual(asked, [0, 60, 60])
      yield* Fiber.interrupt(again)
    })
  )
})
