/**
 * XAES-256-GCM over bytes: AES-256-GCM, each message under a key of its own that half of its 192-bit random nonce
 * derives from ours (AES-CMAC in counter mode). Source: https://c2sp.org/XAES-256-GCM
 *
 * Why not AES-256-GCM with our key itself: its 96-bit random nonces are good for 2^32 messages under one key
 * (NIST SP 800-38D §8.3), which a bot that writes a thousand states a second has used up in fifty days. Here it takes
 * 2^80 messages, more than there will be, so nothing has to be counted and no restart can begin the count anew.
 */
import { Buffer } from "node:buffer"
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto"

/** Bytes of a nonce: the first half derives the key, the second is GCM's own 96-bit nonce. */
const nonceLength = 24
const tagLength = 16
/** What a message grows by. */
export const overhead = nonceLength + tagLength

export interface Cipher {
  /** The nonce, the ciphertext and the tag, in one. */
  readonly seal: (plain: Uint8Array, context: Uint8Array) => Buffer
  /** `undefined` when it is not what {@link seal} made with this key in this context. */
  readonly open: (sealed: Uint8Array, context: Uint8Array) => Buffer | undefined
}

/** The two blocks whose encryption is the derived key, without the nonce: counter, "X", zero (NIST SP 800-108). */
const firstBlock = Buffer.from([0, 1, 0x58, 0])
const secondBlock = Buffer.from([0, 2, 0x58, 0])

/** @param key 32 bytes */
export const make = (key: KeyObject): Cipher => {
  // One for all messages: in ECB a block depends on nothing before it.
  const ecb = createCipheriv("aes-256-ecb", key, null)
  const blocks = (input: Uint8Array): Buffer => ecb.update(input)
  const subkey = double(blocks(Buffer.alloc(16)))

  const derive = (nonce: Uint8Array): KeyObject => {
    const half = nonce.subarray(0, 12)
    const input = Buffer.concat([firstBlock, half, secondBlock, half])
    for (let i = 0; i < 32; i++) input[i] = (input[i] ?? 0) ^ (subkey[i % 16] ?? 0)
    // As bytes it would cost ten times as much: Node makes ciphers of key objects quickly.
    return createSecretKey(blocks(input))
  }

  return {
    seal: (plain, context) => sealWith(derive, randomBytes(nonceLength), plain, context),
    open: (sealed, context) => {
      if (sealed.length < overhead) return undefined
      const nonce = sealed.subarray(0, nonceLength)
      const tagAt = sealed.length - tagLength
      const gcm = createDecipheriv("aes-256-gcm", derive(nonce), nonce.subarray(12), { authTagLength: tagLength })
      gcm.setAAD(context).setAuthTag(sealed.subarray(tagAt))
      const plain = gcm.update(sealed.subarray(nonceLength, tagAt))
      try {
        gcm.final()
      } catch {
        // It says no more than that the tag does not match.
        return undefined
      }
      return plain
    }
  }
}

const sealWith = (
  derive: (nonce: Uint8Array) => KeyObject,
  nonce: Buffer,
  plain: Uint8Array,
  context: Uint8Array
): Buffer => {
  const gcm = createCipheriv("aes-256-gcm", derive(nonce), nonce.subarray(12), { authTagLength: tagLength })
  gcm.setAAD(context)
  const text = gcm.update(plain)
  gcm.final()
  return Buffer.concat([nonce, text, gcm.getAuthTag()])
}

/** Twice the block in GF(2^128): the subkey of CMAC for whole blocks (NIST SP 800-38B §6.1). */
const double = (block: Buffer): Buffer => {
  const twice = Buffer.alloc(16)
  for (let i = 0; i < 16; i++) twice[i] = ((block[i] ?? 0) << 1) | ((block[i + 1] ?? 0) >> 7)
  if ((block[0] ?? 0) >= 0x80) twice[15] = (twice[15] ?? 0) ^ 0x87
  return twice
}
