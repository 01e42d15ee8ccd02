/** Every row of the tables becomes the reason it names. */
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { closeCodes, toReason as closeReason, rowOf } from "../../../src/platforms/qq/CloseCode.ts"
import { deciding, restCodes, statuses, toReason } from "../../../src/platforms/qq/RestCode.ts"
import { codeReason, statusReason, tokenCodes } from "../../../src/platforms/qq/TokenCode.ts"

/** What the field learned, written down apart from the table: code, reason, whether to resume. */
const closes: ReadonlyArray<readonly [ReadonlyArray<number>, string, "resume" | "identify" | "stop"]> = [
  [[1000, 1001, 1006, 1011, 4000], "ConnectionLost", "resume"],
  [[4001, 4002, 4012], "ProtocolUnsupported", "stop"],
  [[4003, 4004, 4005, 4006, 4007], "SessionInvalidated", "identify"],
  [[4008], "Throttled", "resume"],
  [[4009], "ServerRequestedReconnect", "resume"],
  [[4010], "InvalidShard", "stop"],
  [[4011], "ShardingRequired", "stop"],
  [[4013, 4014], "IntentsDisallowed", "stop"],
  [Array.from({ length: 14 }, (_, i) => 4900 + i), "SessionInvalidated", "identify"],
  [[4914, 4915], "AccountBanned", "stop"],
  [[4924], "AuthenticationFailed", "stop"]
]

describe("a close code", () => {
  for (const [codes, tag, recovery] of closes) {
    for (const code of codes) {
      it(`${code} is ${tag} and means to ${recovery}`, () => {
        const reason = closeReason(code, "their words")
        assert.strictEqual(reason._tag, tag)
        assert.strictEqual(rowOf(code)?.recovery, recovery)
        assert.strictEqual(reason.isRetryable, recovery !== "stop")
        assert.strictEqual(reason.code, code)
        assert.include(reason.message, "their words")
        assert.include(reason.message, String(code))
        if ("advice" in reason) assert.isAbove(reason.advice.length, 20)
        if (reason._tag === "ConnectionLost") assert.isFalse(reason.network)
        if (reason._tag === "SessionInvalidated") {
          assert.isFalse(reason.resumable)
          assert.strictEqual(reason.dropCredentials, code === 4004)
        }
      })
    }
  }

  it("has one row, and every row is expected here", () => {
    const codes = closeCodes.map((row) => row.code)
    assert.deepStrictEqual(codes, [...new Set(codes)])
    assert.deepStrictEqual(
      codes,
      closes.flatMap(([group]) => [...group]).sort((a, b) => a - b)
    )
    for (const row of closeCodes) {
      assert.notStrictEqual(row.source, "")
      assert.strictEqual(row.advice !== undefined, row.recovery === "stop", String(row.code))
    }
  })

  it("4008 waits at least a minute", () => {
    const reason = closeReason(4008)
    assert.isTrue(reason._tag === "Throttled" && Duration.toSeconds(reason.retryAfter) === 60)
  })

  it("that is unknown is a lost connection, to be resumed", () => {
    for (const code of [1002, 1005, 1012, 3000, 4500, 4916, 4999]) {
      const reason = closeReason(code)
      assert.isTrue(reason._tag === "ConnectionLost" && !reason.network && reason.code === code)
      assert.strictEqual(rowOf(code), undefined)
    }
  })
})

/** Codes and what becomes of them, written down apart from the table. */
const expected: Readonly<Record<string, ReadonlyArray<number>>> = {
  CredentialsExpired: [11241, 11243, 11244, 11251, 11261, 11275],
  Unauthorized: [11245, 11265, 11298, 40023002],
  Forbidden: [
    11253, 11254, 11262, 11264, 11273, 11274, 11282, 40034102, 40034105, 40054013, 40054004, 306001, 306002
  ].concat([304046, 304048, 306004, 306007, 306008, 306009, 306011]),
  NotFound: [10001, 10003, 10004, 40034101, 40054003, 1100104, 1100301],
  RateLimited: [20028, 1100100, 1100308, 22009, 610013, 620006, 304052, 503004, 40034100],
  Unavailable: [
    11242, 11252, 11263, 11281, 12003, 304016, 304017, 304021, 304082, 304083, 40034004, 304018, 40054016
  ].concat([50055001, 50055002, 50055006, 1100300, 306003, 306005, 306006, 501002, 501012, 620007, 40093001, 40054002]),
  Rejected: [
    12001, 12002, 50006, 50035, 50037, 50049, 50057, 304003, 40054010, 304004, 304015, 304036, 304040, 304025
  ].concat([1100101, 40034006, 40054007, 40054018, 40030021, 304026, 40034024, 40034025, 304028, 40034027]),
  ReplyWindowClosed: [304027, 40034005, 40034026, 40034031, 40034128],
  QuotaExhausted: [304019, 304022, 304035, 304045, 304047, 304049, 304050, 40093002]
}

describe("a business code", () => {
  for (const row of restCodes) {
    for (const code of row.codes) {
      it(`${code} (${row.meaning}) becomes ${row.becomes}`, () => {
        const tag = Object.keys(expected).find((name) => expected[name]?.includes(code))
        const inRange = row.codes.length > 5
        assert.isTrue(tag !== undefined || inRange || ["AlreadySent", "Auditing"].includes(row.becomes), "not expected")
        for (const isSend of [true, false]) {
          const reason = toReason({ status: 500, code, isSend, trace: "t-1", message: "their words" })
          assert.strictEqual(reason.trace, "t-1")
          assert.include(reason.message, "their words")
          if (tag !== undefined) assert.strictEqual(reason._tag, tag)
          if (row.advice !== undefined) assert.include(reason.message, row.advice)
        }
        assert.deepStrictEqual(deciding({ errCode: code, code: 50006 })?.codes, row.codes)
      })
    }
  }

  it("is in one row only", () => {
    const codes = restCodes.flatMap((row) => [...row.codes])
    assert.strictEqual(new Set(codes).size, codes.length)
    for (const code of Object.values(expected).flat()) assert.include(codes, code)
  })

  it("that says the bot is offline costs no attempt", () => {
    for (const code of [304018, 40054016]) {
      const reason = toReason({ status: 400, code, isSend: true })
      assert.isTrue(reason._tag === "Unavailable" && !reason.reached)
    }
    const internal = toReason({ status: 500, code: 50055001, isSend: true })
    assert.isTrue(internal._tag === "Unavailable" && internal.reached)
  })

  it("gives way to err_code, unless only the code is known", () => {
    const answer = { status: 401, isSend: true }
    assert.strictEqual(toReason({ ...answer, code: 11298, errCode: 40023002 })._tag, "Unauthorized")
    assert.strictEqual(toReason({ ...answer, code: 11243, errCode: 304027 })._tag, "ReplyWindowClosed")
    const onlyOld = toReason({ ...answer, code: 11298, errCode: 99_999_999 })
    assert.strictEqual(onlyOld._tag, "Unauthorized")
    assert.include(onlyOld.message, "allow-list")
    assert.strictEqual(onlyOld.code, 99_999_999)
  })
})

describe("a status", () => {
  const tags: Readonly<Record<number, string>> = {
    400: "Rejected",
    401: "CredentialsExpired",
    403: "Forbidden",
    404: "NotFound",
    405: "NotFound",
    418: "Rejected",
    429: "RateLimited",
    500: "Unavailable",
    502: "Unavailable",
    503: "Unavailable",
    504: "Unavailable",
    599: "Unavailable"
  }
  for (const [status, tag] of Object.entries(tags)) {
    it(`${status} without a known code is ${tag}`, () => {
      assert.strictEqual(toReason({ status: Number(status), isSend: false })._tag, tag)
      assert.strictEqual(toReason({ status: Number(status), code: 77, isSend: false })._tag, tag)
    })
  }
  it("has its row expected here", () => {
    for (const row of statuses) assert.strictEqual(tags[row.status], row.becomes)
  })
  it("that leaves open whether a message was sent is an unknown outcome", () => {
    for (const status of [500, 502, 504, 520]) {
      assert.strictEqual(toReason({ status, isSend: true })._tag, "OutcomeUnknown")
    }
    for (const status of [400, 401, 403, 404, 429, 503]) {
      assert.notStrictEqual(toReason({ status, isSend: true })._tag, "OutcomeUnknown")
    }
  })
  it("429 passes on how long to wait", () => {
    const retryAfter = Duration.seconds(7)
    const reason = toReason({ status: 429, isSend: true, retryAfter })
    assert.isTrue(reason._tag === "RateLimited" && reason.retryAfter === retryAfter)
  })
})

describe("a token code", () => {
  const becomes: Readonly<Record<number, string>> = {
    100001: "Throttled",
    100002: "Unreachable",
    100007: "Refused",
    100016: "Refused",
    10004: "Refused"
  }
  for (const row of tokenCodes) {
    it(`${row.code} (${row.meaning}) is ${becomes[row.code]}`, () => {
      assert.strictEqual(codeReason(row.code, "their words", undefined)._tag, becomes[row.code])
      assert.strictEqual(row.becomes, becomes[row.code])
    })
  }
  it("that is unknown passes", () => assert.isTrue(codeReason(5, "?", undefined).isRetryable))
  it("is what a refusal needs: a status without one is not QQ's, and says where to look", () => {
    for (const status of [302, 400, 401, 403, 404, 405, 407]) {
      const reason = statusReason(status, "blocked", undefined)
      assert.strictEqual(reason._tag, "Unreachable")
      assert.match(reason.message, new RegExp(`HTTP ${status}: blocked.*QQ_TOKEN_URL`))
    }
    for (const status of [500, 502, 503, 504]) {
      const reason = statusReason(status, "busy", undefined)
      assert.strictEqual(reason._tag, "Unreachable")
      assert.notInclude(reason.message, "QQ_TOKEN_URL")
    }
    assert.strictEqual(statusReason(429, "", undefined)._tag, "Throttled")
  })
})
