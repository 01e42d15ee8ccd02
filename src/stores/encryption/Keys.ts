/**
 * The keys of a store: which one encrypts, and which ones can still be read.
 *
 * A key is 32 random bytes. Its id is a fingerprint of it, so that two keys never share one, nobody has to name keys,
 * and an id in an error or a log gives nothing away. Passphrases are not taken: a short one can be guessed by whoever
 * has the file, however slowly it is hashed.
 */
import { Buffer } from "node:buffer"
import { createHmac, createSecretKey, type KeyObject } from "node:crypto"
import { Effect, Redacted } from "effect"
import { ConfigError, Malformed, Missing } from "../../domain/ConfigError.ts"
import * as Cipher from "./Cipher.ts"

export interface Key {
  /** 16 hex digits. */
  readonly id: string
  readonly cipher: Cipher.Cipher
}

export interface Keys {
  /** Encrypts everything that is written. */
  readonly newest: Key
  /** Everything that can be read, by id; `newest` among them. */
  readonly byId: ReadonlyMap<string, Key>
}

const mend =
  "A key is 32 random bytes as base64 or 64 hex digits: make one with `openssl rand -base64 32`. Several are joined by commas, the newest first."

/** 32 bytes, or undefined. Hex first: 64 hex digits are base64 of something longer, too. */
const decode = (text: string): Buffer | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex")
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : undefined
}

const idOf = (key: KeyObject): string =>
  createHmac("sha256", key).update("everbot encryption key id").digest("hex").slice(0, 16)

const keyOf = (bytes: Buffer): Key => {
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return { id: idOf(key), cipher: Cipher.make(key) }
}

/**
 * The keys in a text: one, or several joined by commas, the newest first.
 *
 * @param setting what the text is called where it comes from, for errors
 */
export const parse = Effect.fnUntraced(function* (
  text: Redacted.Redacted<string>,
  setting: string
): Effect.fn.Return<Keys, ConfigError> {
  const parts = Redacted.value(text).split(",")
  const keys: Array<Key> = []
  for (const [at, part] of parts.entries()) {
    const which = parts.length === 1 ? "" : `key ${at + 1} of ${parts.length} `
    const bytes = decode(part.trim())
    if (bytes === undefined) {
      if (parts.length === 1 && part.trim() === "")
        return yield* new ConfigError({ setting, reason: new Missing(), mend })
      const problem = `${which}is neither base64 of 32 bytes nor 64 hex digits (it has ${part.trim().length} characters)`
      return yield* new ConfigError({ setting, reason: new Malformed({ problem: `${problem}`.trim() }), mend })
    }
    if (bytes.every((byte) => byte === bytes[0])) {
      const problem = `${which}is one byte repeated, which is no secret`
      return yield* new ConfigError({ setting, reason: new Malformed({ problem }), mend })
    }
    keys.push(keyOf(bytes))
  }
  const [newest] = keys
  if (newest === undefined) return yield* new ConfigError({ setting, reason: new Missing(), mend })
  return { newest, byId: new Map(keys.map((key) => [key.id, key])) }
})
