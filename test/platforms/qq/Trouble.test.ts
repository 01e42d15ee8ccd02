/** Which refusals of the gateway's address end an account, and which are somebody else's. */
import { assert, describe, it } from "@effect/vitest"
import { RestError } from "../../../src/domain/RestError.ts"
import { toReason } from "../../../src/platforms/qq/RestCode.ts"
import { fromRestError } from "../../../src/platforms/qq/Trouble.ts"

const became = (status: number, code?: number) => {
  const reason = toReason({ status, code, message: "no", isSend: false })
  return fromRestError(new RestError({ account: "qq:1", reason }))
}

describe("a refusal of the gateway's address", () => {
  for (const [status, code, tag] of [
    [401, 11_243, "SessionInvalidated"],
    [401, 11_265, "AuthenticationFailed"],
    [403, 11_253, "AuthenticationFailed"],
    [404, 10_001, "ProtocolUnsupported"]
  ] as const) {
    it(`with QQ's code ${code} is ${tag}`, () => {
      assert.strictEqual(became(status, code)._tag, tag)
    })
  }

  for (const status of [400, 403, 404, 407, 418]) {
    it(`as HTTP ${status} without a code is not QQ's: it is asked again, and says where to look`, () => {
      const reason = became(status)
      assert.deepStrictEqual([reason._tag, reason.isRetryable], ["ConnectionLost", true])
      assert.include(reason.message, `HTTP ${status}`)
      assert.include(reason.message, "QQ_API_URL")
    })
  }
})
