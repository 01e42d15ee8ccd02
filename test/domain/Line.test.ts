import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration } from "effect"
import * as CredentialError from "../../src/domain/CredentialError.ts"
import * as GatewayError from "../../src/domain/GatewayError.ts"
import * as HandlerError from "../../src/domain/HandlerError.ts"
import { oneLine } from "../../src/domain/Line.ts"
import * as RestError from "../../src/domain/RestError.ts"
import * as StoreError from "../../src/domain/StoreError.ts"

describe("text from outside", () => {
  it("stays on one line, and commands no terminal", () => {
    assert.strictEqual(oneLine("a\r\nb\tc"), "a\\r\\nb\\tc")
    assert.strictEqual(oneLine("\u001b[2J\u009b31m\u0007\u0000"), "\\u001b[2J\\u009b31m\\u0007\\u0000")
    assert.strictEqual(oneLine("\u2028\u202egnp.exe\u2066"), "\\u2028\\u202egnp.exe\\u2066")
  })

  it("keeps whole characters of every language, and names the halves", () => {
    assert.strictEqual(oneLine("你好, мир, 😀 é"), "你好, мир, 😀 é")
    assert.strictEqual(oneLine("a\ud800b"), "a\\ud800b")
    assert.strictEqual(oneLine("😀", 1), "\\ud83d…")
  })

  it("is cut where it is too long, in time that does not grow with what is cut", () => {
    assert.strictEqual(oneLine("x".repeat(301)), `${"x".repeat(300)}…`)
    assert.strictEqual(oneLine("\n".repeat(10_000_000), 3), "\\n\\n\\n…")
  })

  it("is found for whatever a handler failed with", () => {
    const circular: Record<string, unknown> = {}
    circular["self"] = circular
    const hostile = new Error("x")
    Object.defineProperty(hostile, "message", {
      get: () => {
        throw new Error("do not look")
      }
    })
    const unshown = "a value that cannot be shown"
    for (const [error, said] of [
      [10n, "10"],
      [Symbol("s"), "Symbol(s)"],
      [undefined, "undefined"],
      [circular, `${unshown} (object)`],
      [{ big: 10n }, `${unshown} (object)`],
      [Object.create(null), "{}"],
      [hostile, `${unshown} (object)`],
      [{ toJSON: () => undefined }, "undefined"],
      [new TypeError("no"), "no"]
    ] as const) {
      assert.strictEqual(new HandlerError.Failed({ error }).message, `the handler failed: ${said}`)
    }
    assert.strictEqual(
      new HandlerError.Died({ cause: Cause.die(new TypeError("no")) }).message,
      "the handler died: TypeError: no"
    )
    assert.include(new HandlerError.Died({ cause: Cause.die(Object.create(null)) }).message, "the handler died: {}")
  })

  it("is a line in every error that quotes a peer", () => {
    const detail = "gone\nINFO forged\u001b[2J".repeat(1000)
    for (const { message } of [
      new GatewayError.ConnectionLost({ detail, network: false }),
      new GatewayError.AuthenticationFailed({ detail, advice: "Mend it." }),
      new GatewayError.Throttled({ detail, retryAfter: Duration.seconds(1) }),
      new RestError.Rejected({ detail, trace: detail }),
      new CredentialError.Unreachable({ detail }),
      new StoreError.Corrupt({ detail }),
      new StoreError.Inaccessible({ detail }),
      new StoreError.Unencrypted({ place: detail }),
      new StoreError.KeyMissing({ keyId: "0", place: detail, given: [] }),
      new CredentialError.Refused({ code: 1, detail, advice: "Mend it." }),
      new HandlerError.Failed({ error: new Error(detail) }),
      new HandlerError.HandlerError({
        event: { key: detail, type: detail },
        attempt: 1,
        reason: new HandlerError.Failed({ error: detail })
      })
    ]) {
      assert.include(message, "gone\\nINFO forged\\u001b[2J")
      assert.match(message, /^[\u0020-\u007e…]{20,3000}$/)
    }
  })
})
