import { createSecretKey, randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Cipher from "../../../src/stores/encryption/Cipher.ts"

const nothing = new Uint8Array()
const bytes = (text: string) => new TextEncoder().encode(text)
const random = () => Cipher.make(createSecretKey(randomBytes(32)))

describe("XAES-256-GCM", () => {
  // https://github.com/C2SP/C2SP/blob/main/XAES-256-GCM.md, Test vectors
  it("opens the published test vectors", () => {
    const vectors = [
      [0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"],
      [0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"]
    ] as const
    for (const [byte, context, sealed] of vectors) {
      const cipher = Cipher.make(createSecretKey(Buffer.alloc(32, byte)))
      const message = Buffer.concat([bytes("ABCDEFGHIJKLMNOPQRSTUVWX"), Buffer.from(sealed, "hex")])
      assert.strictEqual(cipher.open(message, bytes(context))?.toString(), "XAES-256-GCM")
    }
  })

  it("opens what it sealed, of any length, and nothing that was sealed in another context or with another key", () => {
    const cipher = random()
    for (const length of [0, 1, 15, 16, 17, 100_000]) {
      const plain = randomBytes(length)
      const sealed = cipher.seal(plain, bytes("here"))
      assert.strictEqual(sealed.length, length + Cipher.overhead)
      assert.deepStrictEqual(cipher.open(sealed, bytes("here")), plain)
      assert.isUndefined(cipher.open(sealed, bytes("there")))
      assert.isUndefined(cipher.open(sealed, nothing))
      assert.isUndefined(random().open(sealed, bytes("here")))
    }
  })

  it("opens nothing of which one bit was changed or one byte cut off", () => {
    const cipher = random()
    const sealed = cipher.seal(bytes("a state"), bytes("here"))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.isUndefined(cipher.open(changed, bytes("here")), `bit ${bit}`)
    }
    for (let length = 0; length < sealed.length; length++) {
      assert.isUndefined(cipher.open(sealed.subarray(0, length), bytes("here")), `${length} bytes`)
    }
  })

  it("never seals the same in the same way twice", () => {
    const cipher = random()
    const sealed = Array.from({ length: 1000 }, () => cipher.seal(bytes("same"), nothing))
    // Neither the half of the nonce that derives the key, nor the half that GCM takes, nor the text.
    for (const [from, to] of [
      [0, 12],
      [12, 24],
      [24, 44]
    ] as const) {
      assert.strictEqual(new Set(sealed.map((it) => it.subarray(from, to).toString("hex"))).size, 1000)
    }
  })
})
