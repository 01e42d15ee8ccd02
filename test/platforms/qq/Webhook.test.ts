/** What QQ's calls are taken for, and what its validation can be made to sign. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as Signature from "../../../src/platforms/qq/Signature.ts"
import { protocol } from "../../../src/platforms/qq/Webhook.ts"
import type { Headers } from "../../../src/ports/Webhook.ts"

const secret = Redacted.make("DG5g3B4j9X2KOErG")
const appId = "102000001"
const signer = Signature.make(secret)
const { claims, read } = protocol({ appId, clientSecret: secret })
const bytes = (text: string) => new TextEncoder().encode(text)
const now = 1_725_442_341_000
const stamp = (at: number) => String(Math.floor(at / 1000))

const signed = (body: string, at = now): Headers => ({
  "x-signature-ed25519": signer.sign(stamp(at) + body),
  "x-signature-timestamp": stamp(at)
})
const call = (body: string, headers: Headers = signed(body)) => ({ headers, body: bytes(body) })
const challenge = (d: unknown) => JSON.stringify({ op: 13, d })
const hello = JSON.stringify({
  id: "C2C_MESSAGE_CREATE:1",
  op: 0,
  t: "C2C_MESSAGE_CREATE",
  d: { id: "m1", content: "hi", author: { user_openid: "U" }, timestamp: "2026-11-02T09:19:00+08:00" }
})

describe("QQ's webhook", () => {
  it("takes a signed dispatch for the event that the gateway would have brought", () => {
    const reading = read(call(hello), now)
    assert(reading._tag === "Event")
    assert.strictEqual(reading.event._tag, "MessageReceived")
    assert.strictEqual(reading.event.key.endsWith("m1"), true)
    assert.deepStrictEqual(JSON.parse(reading.answer), { op: 12, d: 0 })
  })

  it("knows an event without an id by its bytes, the same each time it comes", () => {
    const body = JSON.stringify({ op: 0, t: "GUILD_CREATE", d: { id: "1" } })
    const keys = [now, now + 1000].map((at) => {
      const reading = read(call(body, signed(body, at)), now)
      return reading._tag === "Event" ? reading.event.key : reading._tag
    })
    assert.match(keys[0] ?? "", /^w:.{43}$/)
    assert.strictEqual(keys[0], keys[1])
  })

  it("answers a validation as in the documentation's sample, which has no signature", () => {
    const body = challenge({ plain_token: "Arq0D5A61EgUu4OxUvOp", event_ts: "1725442341" })
    const reading = read(call(body, {}), now)
    assert(reading._tag === "Reply" && reading.isValidation)
    assert.deepStrictEqual(JSON.parse(reading.answer), {
      plain_token: "Arq0D5A61EgUu4OxUvOp",
      signature:
        "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d01bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706"
    })
  })

  it("gives back the number of a heartbeat, and nothing that is none: it might be deeper than the stack", () => {
    for (const [d, back] of [
      ["7", 7],
      ['"7"', null],
      [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, null]
    ] as const) {
      const reading = read(call(`{"op":1,"d":${d}}`), now)
      assert(reading._tag === "Reply")
      assert.deepStrictEqual(JSON.parse(reading.answer), { op: 11, d: back })
    }
  })

  it("refuses a validation whose signature does not verify, or is of another time", () => {
    const body = challenge({ plain_token: "Arq0D5A61EgUu4OxUvOp", event_ts: "1725442341" })
    assert.strictEqual(read(call(body, { ...signed(body), "x-signature-timestamp": "1" }), now)._tag, "Refused")
    assert.strictEqual(read(call(body, signed(body, now - 400_000)), now)._tag, "Refused")
    assert.strictEqual(read(call(body), now)._tag, "Reply")
  })

  it("signs nothing that could be a call: the validation is no oracle", () => {
    const at = stamp(now)
    const tokens: ReadonlyArray<readonly [event_ts: unknown, plain_token: unknown]> = [
      [at, hello],
      [at, `${hello} `],
      ["", at + hello],
      [`${at}{`, '"op":0}'],
      [at, "[1]"],
      [at, ""],
      [at, "a b"],
      [at, "é"],
      [at, "a\n"],
      [at, "x".repeat(65)],
      ["1e9", "abc"],
      ["-1", "abc"],
      [" 1", "abc"],
      ["1".repeat(14), "abc"],
      [Number(at), "abc"],
      [at, 123],
      [[at], ["abc"]],
      [null, null]
    ]
    for (const [event_ts, plain_token] of tokens) {
      const body = challenge({ event_ts, plain_token })
      for (const headers of [{}, signed(body)]) {
        const reading = read(call(body, headers), now)
        assert.strictEqual(reading._tag, "Refused", body)
      }
    }
    // What it does sign, a stranger can send: it is proved, and still no JSON object.
    const body = "abc"
    const reading = read(call(challenge({ event_ts: at, plain_token: body }), {}), now)
    assert(reading._tag === "Reply")
    const { signature } = JSON.parse(reading.answer) as { readonly signature: string }
    const stolen = { "x-signature-ed25519": signature, "x-signature-timestamp": at }
    assert.strictEqual(read(call(body, stolen), now)._tag, "Refused")
  })

  it("takes a name that is there twice for what it says last, in what is proved as in what is signed", () => {
    const at = stamp(now)
    const token = "Arq0D5A61EgUu4OxUvOp"
    // Seen as a validation by whoever stops at the first name: to us a dispatch, which needs a proof.
    for (const body of [`{"op":13,"op":0,${hello.slice(1)}`, `{"op":13,${hello.slice(1)}`]) {
      assert.strictEqual(read(call(body, {}), now)._tag, "Refused", body)
      assert.strictEqual(read(call(body), now)._tag, "Event", body)
    }
    const unsafe = JSON.stringify(hello)
    const last: ReadonlyArray<readonly [d: string, isSigned: boolean]> = [
      [`{"plain_token":${unsafe},"plain_token":"${token}","event_ts":"${at}"}`, true],
      [`{"plain_token":"${token}","plain_token":${unsafe},"event_ts":"${at}"}`, false],
      [`{"plain_token":"${token}","event_ts":${unsafe},"event_ts":"${at}"}`, true],
      [`{"plain_token":"${token}","event_ts":"${at}","event_ts":${unsafe}}`, false],
      [`{"__proto__":{"plain_token":"${token}"},"event_ts":"${at}"}`, false]
    ]
    const bodies = last.flatMap(([d, isSigned]) => [
      [`{"op":13,"d":${d}}`, isSigned] as const,
      [`{"op":0,"op":13,"d":{"plain_token":${unsafe},"event_ts":"${at}"},"d":${d}}`, isSigned] as const
    ])
    for (const [body, isSigned] of bodies) {
      const reading = read(call(body, {}), now)
      assert.strictEqual(reading._tag, isSigned ? "Reply" : "Refused", body)
      // What was looked at is what was signed, and nothing else.
      if (reading._tag === "Reply") {
        assert.deepStrictEqual(JSON.parse(reading.answer), { plain_token: token, signature: signer.sign(at + token) })
      }
    }
  })

  it("refuses what has no signature, another one, or one of another time", () => {
    const cases: ReadonlyArray<readonly [string, Headers]> = [
      ["none", {}],
      ["only a timestamp", { "x-signature-timestamp": stamp(now) }],
      ["only a signature", { "x-signature-ed25519": signed(hello)["x-signature-ed25519"] }],
      ["of another body", signed(`${hello} `)],
      ["of another second", { ...signed(hello), "x-signature-timestamp": stamp(now + 1000) }],
      ["a timestamp that is no number", { ...signed(hello), "x-signature-timestamp": "now" }],
      ["too old", signed(hello, now - 301_000)],
      ["from the future", signed(hello, now + 301_000)]
    ]
    for (const [name, headers] of cases) {
      const reading = read(call(hello, headers), now)
      assert(reading._tag === "Refused", name)
      assert.strictEqual(reading.status, 401, name)
    }
    assert.strictEqual(read(call(hello, signed(hello, now - 299_000)), now)._tag, "Event")
  })

  it("acknowledges what is QQ's and holds nothing to handle, and answers its heartbeat", () => {
    const beat = read(call(JSON.stringify({ op: 1, d: 42 })), now)
    assert(beat._tag === "Reply")
    assert.deepStrictEqual(JSON.parse(beat.answer), { op: 11, d: 42 })
    assert.strictEqual(read(call(JSON.stringify({ op: 77 })), now)._tag, "Reply")
    for (const body of ["", "null", "[]", "{}", '{"op":"0"}', "not json", '"text"', "\u0000"]) {
      assert.strictEqual(read(call(body), now)._tag, "Refused", body)
    }
  })

  it("claims the calls that name its app, and those that name none", () => {
    assert.deepStrictEqual(
      [{}, { "x-bot-appid": appId }, { "x-bot-appid": "1" }].map((headers) => claims(headers)),
      [true, true, false]
    )
  })
})
