/**
 * Ed25519 as QQ uses it for webhooks: one key pair, made from the app secret, serves both sides (bot docs, "sign").
 *
 * Verifying needs the public key only, so nothing secret is compared and no time tells anything.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto"
import { Redacted } from "effect"

/** PKCS #8 around a bare Ed25519 seed (RFC 8410). */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex")

/** 128 hex digits. */
export type Signature = string

export interface Signer {
  /** Over the text, as hex. */
  readonly sign: (text: string) => Signature
  /** Whether `signature` is QQ's over these bytes, which follow the timestamp of the header. */
  readonly verify: (timestamp: string, body: Uint8Array, signature: Signature) => boolean
  /** As hex. */
  readonly publicKey: string
}

/** The secret's bytes, repeated until there are 32. */
const seedOf = (secret: string): Buffer => {
  const bytes = Buffer.from(secret, "utf8")
  const seed = Buffer.alloc(32)
  for (let i = 0; i < seed.length; i++) seed[i] = bytes[i % bytes.length] ?? 0
  return seed
}

/** Keys of a secret, which must not be empty. They stay in this closure: nothing to print, nothing to log. */
export const make = (secret: Redacted.Redacted<string>): Signer => {
  const privateKey: KeyObject = createPrivateKey({
    key: Buffer.concat([pkcs8, seedOf(Redacted.value(secret))]),
    format: "der",
    type: "pkcs8"
  })
  const publicKey = createPublicKey(privateKey)
  return {
    sign: (text) => sign(null, Buffer.from(text, "utf8"), privateKey).toString("hex"),
    verify: (timestamp, body, signature) => {
      if (!/^[0-9a-f]{128}$/i.test(signature)) return false
      const bytes = Buffer.from(signature, "hex")
      // The documentation asks for it: a valid signature has these bits clear, and some libraries do not look.
      if (((bytes[63] ?? 0xff) & 0xe0) !== 0) return false
      return verify(null, Buffer.concat([Buffer.from(timestamp, "utf8"), body]), publicKey, bytes)
    },
    publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex")
  }
}
