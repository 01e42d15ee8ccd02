import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import * as Access from "../../../src/monitor/http/Access.ts"
import * as Logs from "../../../src/monitor/Logs.ts"

const right = Redacted.make("the right token")
const wrong = Redacted.make("a wrong token")

const verdict = (access: Access.Access, credential: Redacted.Redacted, from = "10.0.0.1") =>
  access(credential, from).pipe(
    Effect.match({ onSuccess: () => "let in", onFailure: (error) => error._tag }),
    Effect.scoped
  )

describe("Access", () => {
  it.effect("lets in who knows the token, and nobody else", () =>
    Effect.gen(function* () {
      const access = Access.make(right)
      const asked = ["", "the right toke", "the right token ", "THE RIGHT TOKEN"].map((text) => Redacted.make(text))
      for (const credential of asked) assert.strictEqual(yield* verdict(access, credential), "Unauthorized")
      assert.strictEqual(yield* verdict(access, right), "let in")
    })
  )

  it.effect("stops listening to an address after ten wrong tokens, also to the right one, for a minute", () =>
    Effect.gen(function* () {
      const access = Access.make(right)
      for (let n = 0; n < Access.maxAttempts; n++) assert.strictEqual(yield* verdict(access, wrong), "Unauthorized")
      assert.strictEqual(yield* verdict(access, wrong), "TooManyAttempts")
      assert.strictEqual(yield* verdict(access, right), "TooManyAttempts")
      assert.strictEqual(yield* verdict(access, right, "10.0.0.2"), "let in")
      yield* TestClock.adjust("59 seconds")
      const waits = yield* Effect.flip(access(right, "10.0.0.1"))
      assert.strictEqual(waits._tag === "TooManyAttempts" ? waits.retryAfterSeconds : 0, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* verdict(access, right), "let in")
    })
  )

  it.effect(
    "tells of wrong tokens in the security part of the log, once and when it stops listening, and repeats none",
    () =>
      Effect.gen(function* () {
        const access = Access.make(right)
        const guesses = Effect.forEach(Array.from({ length: Access.maxAttempts + 5 }), () => verdict(access, wrong))
        yield* Effect.provide(guesses, Logs.layer())
        const records = (yield* TestConsole.logLines).map((line) => JSON.parse(String(line)))
        assert.deepStrictEqual(
          records.map(({ category, level, message }) => [category, level, message]),
          [
            ["security", "Warn", "the monitor was called with a wrong token from 10.0.0.1"],
            ["security", "Warn", "10 wrong tokens came from 10.0.0.1: it has to wait"]
          ]
        )
      })
  )

  it.effect("takes a call without a token for no guess", () =>
    Effect.gen(function* () {
      const access = Access.make(right)
      for (let n = 0; n < 50; n++) assert.strictEqual(yield* verdict(access, Redacted.make("")), "Unauthorized")
      assert.strictEqual(yield* verdict(access, right), "let in")
    })
  )

  it.effect("remembers a bounded number of addresses", () =>
    Effect.gen(function* () {
      const access = Access.make(right)
      for (let n = 0; n < 10; n++) yield* verdict(access, wrong, "first")
      for (let n = 0; n < 1024; n++) yield* verdict(access, wrong, `other ${n}`)
      assert.strictEqual(yield* verdict(access, right, "first"), "let in")
    })
  )
})
