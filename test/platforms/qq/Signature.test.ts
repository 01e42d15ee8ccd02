/** The official test vectors of the QQ bot documentation and its Go SDK, and what must not pass for a signature. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as Signature from "../../../src/platforms/qq/Signature.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const signer = (secret: string) => Signature.make(Redacted.make(secret))

const golang = {
  secret: "123456abcdef",
  timestamp: "1728981195",
  body: '{"id":"ROBOT1.0_veoihSEXDc8Q.g-6eLpNIa11bH8MisOjn-m-LKxCPntMk6exUXgcWCGpVO7L2QKTNZzjZzFFDSbiOFcqAPWyVA!!","content":"哦一下","timestamp":"2024-10-15T16:33:15+08:00","author":{"id":"675860273","user_openid":"675860273"}}',
  signature:
    "e949b5b94ef4103df903fb031d1d16e358db3db83e79e117edd404c8508be3ce8a76d7bad1bed353194c126a1a5915b4ad8b5288c1191cc53a12acffccd82004"
}

describe("signatures of QQ's webhooks", () => {
  it("a validation is signed as in the documentation's sample", () => {
    const { publicKey, sign } = signer("DG5g3B4j9X2KOErG")
    assert.strictEqual(publicKey, "8b28ded5630f9051c205dd04c6ec56ad0b08b8812b2fe30ee9aece0ab41926f3")
    assert.strictEqual(
      sign("1725442341Arq0D5A61EgUu4OxUvOp"),
      "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d01bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706"
    )
  })

  it("a secret shorter than the seed is repeated, as in the documentation's second sample", () => {
    assert.strictEqual(
      signer("naOC0ocQE3shWLAfffVLB1rhYPG7").publicKey,
      "d7c362fe78aef81ff23287b493628b5db02a3c4fe30b215e4d19609b5d76673a"
    )
  })

  it("a secret so short that it is repeated twice verifies the sample of Tencent's Go SDK", () => {
    const { publicKey, verify } = signer(golang.secret)
    assert.strictEqual(publicKey, "1c3039fbc8134a9df2a09f47cf4bf9303440988cec3b22056b62470b85fa80a7")
    assert.isTrue(verify(golang.timestamp, bytes(golang.body), golang.signature))
  })

  it("one changed bit anywhere in body, timestamp or signature is found", () => {
    const { verify } = signer(golang.secret)
    const body = bytes(golang.body)
    for (let at = 0; at < body.length; at++) {
      const changed = Uint8Array.from(body)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      assert.isFalse(verify(golang.timestamp, changed, golang.signature), `body, byte ${at}`)
    }
    assert.isFalse(verify("1728981196", body, golang.signature))
    for (let at = 0; at < 512; at++) {
      const signature = Buffer.from(golang.signature, "hex")
      signature[at >> 3] = (signature[at >> 3] ?? 0) ^ (1 << (at & 7))
      assert.isFalse(verify(golang.timestamp, body, signature.toString("hex")), `signature, bit ${at}`)
    }
  })

  it("what is no signature is refused and never throws", () => {
    const { verify } = signer(golang.secret)
    const high = `${golang.signature.slice(0, -2)}e4`
    for (const text of [
      "",
      "00",
      "zz".repeat(64),
      golang.signature.slice(2),
      `${golang.signature}00`,
      high,
      "0".repeat(128)
    ]) {
      assert.isFalse(verify(golang.timestamp, bytes(golang.body), text))
    }
  })
})
