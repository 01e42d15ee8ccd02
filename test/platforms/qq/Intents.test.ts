/** Intents are the documented bits, and what is not a bit is named. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import { type EventName, eventIntents } from "../../../src/platforms/qq/Protocol.ts"

const documented = {
  GUILDS: 1,
  GUILD_MEMBERS: 2,
  GUILD_MESSAGES: 512,
  GUILD_MESSAGE_REACTIONS: 1024,
  DIRECT_MESSAGE: 4096,
  OPEN_FORUM_EVENT: 262144,
  AUDIO_OR_LIVE_CHANNEL_MEMBER: 524288,
  ENTER_AIO: 8388608,
  GROUP_MEMBER_EVENT: 16777216,
  GROUP_AND_C2C_EVENT: 33554432,
  INTERACTION: 67108864,
  MESSAGE_AUDIT: 134217728,
  FORUMS_EVENT: 268435456,
  AUDIO_ACTION: 536870912,
  PUBLIC_GUILD_MESSAGES: 1073741824
} as const

const problem = (result: Result.Result<number, { readonly message: string }>): string =>
  Result.isFailure(result) ? result.failure.message : `accepted ${result.success}`

describe("intents", () => {
  for (const name of Intents.intentNames) {
    it(`${name} is ${documented[name]}`, () => assert.strictEqual(Intents.valueOf(name), documented[name]))
  }

  it("are the fifteen that are documented", () =>
    assert.deepStrictEqual([...Intents.intentNames], Object.keys(documented)))

  it("combine, grow and shrink without losing others", () => {
    const set = Intents.of("GUILDS", "PUBLIC_GUILD_MESSAGES")
    assert.strictEqual(set, 1073741825)
    assert.deepStrictEqual(Intents.names(Intents.add(set, "INTERACTION", "GUILDS")), [
      "GUILDS",
      "INTERACTION",
      "PUBLIC_GUILD_MESSAGES"
    ])
    assert.strictEqual(Intents.remove(set, "GUILDS", "INTERACTION"), 1073741824)
    assert.isTrue(Intents.has(set, "GUILDS"))
    assert.isFalse(Intents.has(set, "INTERACTION"))
    assert.isTrue(Intents.all > 0)
    assert.strictEqual(Intents.names(Intents.all).length, 15)
  })

  it("are by default those of the platform's own SDK", () =>
    assert.strictEqual(Intents.defaults, 1 + 2 + 4096 + 33554432 + 67108864 + 1073741824))

  it("accept what they print", () => {
    for (const set of [Intents.none, Intents.all, Intents.defaults]) {
      assert.deepStrictEqual(Intents.validate(Intents.names(set)), Result.succeed(set))
      assert.deepStrictEqual(Intents.validate(set), Result.succeed(set))
    }
  })

  it("name the bits and names they do not know", () => {
    assert.match(problem(Intents.validate(1 + 4 + 2 ** 31)), /^intents has unknown bits: 2, 31\. Use names of GUILDS, /)
    assert.match(problem(Intents.validate(["GUILDS", "GUILD", "toString"])), /has unknown names: GUILD, toString\./)
    for (const value of [-1, 1.5, Number.NaN, 2 ** 40])
      assert.match(problem(Intents.validate(value)), /is not a set of bits/)
  })

  it("are read from text", () => {
    assert.deepStrictEqual(Intents.parse(" guilds , INTERACTION,"), Result.succeed(67108865))
    assert.deepStrictEqual(Intents.parse("67108865"), Result.succeed(67108865))
    assert.match(problem(Intents.parse(" , ", "QQ_INTENTS")), /^QQ_INTENTS names no intent/)
  })
})

describe("an event", () => {
  for (const event of Object.keys(eventIntents) as Array<EventName>) {
    const intent = eventIntents[event]
    it(`${event} needs ${intent ?? "nothing"}`, () => {
      assert.strictEqual(Intents.intentOf(event), intent)
      assert.strictEqual(Intents.delivers(Intents.none, event), intent === undefined)
      assert.isTrue(Intents.delivers(Intents.forEvents([event]), event))
      assert.deepStrictEqual(Intents.names(Intents.forEvents([event])), intent === undefined ? [] : [intent])
    })
  }
  it("of unknown name needs none we know", () => assert.strictEqual(Intents.intentOf("toString"), undefined))
})
