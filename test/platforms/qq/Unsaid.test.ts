import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { unsaid } from "../../../src/platforms/qq/Unsaid.ts"

const secrets = [Redacted.make("tok-123456789"), Redacted.make("secret-abcdef"), Redacted.make("")]

describe("what a peer repeats", () => {
  it("says no secret, however often it stands there", () => {
    assert.strictEqual(unsaid("tok-123456789, secret-abcdef, tok-123456789!", secrets), "<secret>, <secret>, <secret>!")
    assert.strictEqual(unsaid("nothing", secrets), "nothing")
    assert.strictEqual(unsaid("", secrets), "")
  })

  it("says no beginning of one either, where the peer cut it off", () => {
    for (const cut of ["tok-12", "tok-123", "tok-12345678", "secret-abc"]) {
      assert.strictEqual(unsaid(`expired: QQBot ${cut}`, secrets), "expired: QQBot <secret>")
    }
    // Of a few characters nobody can tell what they are.
    assert.strictEqual(unsaid("expired: tok-1", secrets), "expired: tok-1")
  })
})
