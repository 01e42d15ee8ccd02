/** What is learned from refusals: when to come back, and not to ask before. */
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import type { ConversationKind } from "../../../src/domain/Conversation.ts"
import type { OutboxMessage } from "../../../src/domain/Message.ts"
import { Forbidden, QuotaExhausted, RateLimited } from "../../../src/domain/RestError.ts"
import { nextMidnight, QuotaBook, quotas } from "../../../src/platforms/qq/Quotas.ts"
import { restCodes } from "../../../src/platforms/qq/RestCode.ts"
import { account } from "./fixtures.ts"

const message = (id: string, replyTo?: string, kind: ConversationKind = "group"): OutboxMessage => ({
  id: 1,
  status: "sending",
  attempts: 1,
  conversation: { account, kind, id },
  content: { text: "x" },
  ...(replyTo === undefined ? {} : { replyTo: { messageId: replyTo, receivedAt: 0 } }),
  priority: "normal",
  notBefore: 0,
  createdAt: 0
})

const now = Date.UTC(2026, 10, 2, 12)

describe("the quota book", () => {
  it("holds active messages of a conversation for a minute after 40034100, and no others", () => {
    const book = new QuotaBook()
    const taught = book.learn(message("G"), new RateLimited({ code: 40034100, status: 400 }), now)
    assert.isTrue(taught._tag === "RateLimited" && Duration.toSeconds(taught.retryAfter ?? 0) === 60)
    const refused = book.refusal(message("G"), now + 20_000)
    assert.isTrue(refused?._tag === "RateLimited" && Duration.toSeconds(refused.retryAfter ?? 0) === 40)
    assert.isUndefined(book.refusal(message("G", "m1"), now))
    assert.isUndefined(book.refusal(message("H"), now))
    assert.isUndefined(book.refusal(message("G"), now + 60_000))
    assert.strictEqual(book.size, 0)
  })

  it("takes 40034100 for the limit of the bot once a second conversation is refused meanwhile", () => {
    const book = new QuotaBook()
    const limited = new RateLimited({ code: 40034100, status: 400 })
    book.learn(message("G"), limited, now)
    book.learn(message("G"), limited, now + 10_000)
    assert.isUndefined(book.refusal(message("H"), now + 20_000))
    book.learn(message("H"), limited, now + 20_000)
    // Groups and persons count together; channels, and what answers somebody, do not.
    for (const other of [message("I"), message("P", undefined, "direct")]) {
      const refused = book.refusal(other, now + 30_000)
      assert.isTrue(refused?._tag === "RateLimited" && Duration.toSeconds(refused.retryAfter ?? 0) === 50)
    }
    assert.isUndefined(book.refusal(message("C", undefined, "channel"), now + 30_000))
    assert.isUndefined(book.refusal(message("I", "m1"), now + 30_000))
    assert.isUndefined(book.refusal(message("I"), now + 80_000))
  })

  it("does not take two that are refused one after the other for one limit", () => {
    const book = new QuotaBook()
    book.learn(message("G"), new RateLimited({ code: 40034100 }), now)
    book.learn(message("H"), new RateLimited({ code: 40034100 }), now + 60_000)
    assert.isUndefined(book.refusal(message("I"), now + 60_000))
    assert.isDefined(book.refusal(message("H"), now + 60_000))
  })

  it("holds all direct messages of guilds when the bot's total is used up (304050), one person's when that one's is", () => {
    const book = new QuotaBook()
    book.learn(message("D", undefined, "guildDirect"), new QuotaExhausted({ code: 304049 }), now)
    assert.isUndefined(book.refusal(message("E", undefined, "guildDirect"), now))
    book.learn(message("E", undefined, "guildDirect"), new QuotaExhausted({ code: 304050 }), now)
    assert.strictEqual(book.refusal(message("F", undefined, "guildDirect"), now)?._tag, "QuotaExhausted")
    assert.isUndefined(book.refusal(message("F", "m1", "guildDirect"), now))
    assert.isUndefined(book.refusal(message("C", undefined, "channel"), now))
  })

  it("holds a quota of the day until midnight in Beijing, and says when it refills", () => {
    const book = new QuotaBook()
    const taught = book.learn(message("C"), new QuotaExhausted({ code: 304045, detail: "used up" }), now)
    assert.strictEqual(taught.detail, "used up (refills in 4h)")
    const later = book.refusal(message("C"), now + 3_600_000)
    assert.strictEqual(later?.detail, "used up (refills in 3h)")
    assert.isUndefined(book.refusal(message("C"), nextMidnight(now)))
    assert.strictEqual(new Date(nextMidnight(now)).toISOString(), "2026-11-02T16:00:00.000Z")
  })

  it("believes the platform where it names a time", () => {
    const book = new QuotaBook()
    const named = new RateLimited({ code: 20028, retryAfter: Duration.seconds(7) })
    book.learn(message("G", "m1"), named, now)
    assert.isDefined(book.refusal(message("G", "m2"), now + 6_999))
    assert.isUndefined(book.refusal(message("G", "m2"), now + 7_000))
  })

  it("holds nothing for longer because the clock was set back", () => {
    const book = new QuotaBook()
    book.learn(message("G"), new RateLimited({ code: 40034100, status: 400 }), now)
    assert.isUndefined(book.refusal(message("G"), now - 1_264_000))
    assert.strictEqual(book.size, 0)
  })

  it("learns nothing from anything else", () => {
    const book = new QuotaBook()
    for (const reason of [new Forbidden({ code: 40034102 }), new RateLimited({ status: 429 })]) {
      assert.strictEqual(book.learn(message("G"), reason, now), reason)
    }
    assert.strictEqual(book.size, 0)
  })

  it("remembers in bounded memory", () => {
    const book = new QuotaBook(100)
    for (let n = 0; n < 5000; n++) book.learn(message(`G${n}`), new RateLimited({ code: 40034100 }), now)
    assert.isAtMost(book.size, 100)
    assert.isDefined(book.refusal(message("G4999"), now))
  })

  it("teaches by codes that are called a limit, and by each of them that is one", () => {
    for (const { becomes, codes, limit } of restCodes) {
      if (limit !== undefined) assert.include(["RateLimited", "QuotaExhausted"], becomes, codes.join())
    }
    const taught = restCodes.flatMap(({ codes, limit }) => (limit === undefined ? [] : [...codes]))
    assert.sameMembers(taught, [20028, 22009, 40034100, 304035, 304045, 304047, 304049, 304050])
    assert.isNotEmpty(quotas)
  })
})
