import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { parse } from "../../../src/stores/encryption/Keys.ts"
import { encryptionKey, marker } from "../../fixtures/secrets.ts"

const key = encryptionKey("one")
const other = encryptionKey("two")
const asHex = Buffer.from(key, "base64").toString("hex")
const asUrl = Buffer.from(key, "base64").toString("base64url")
const keysIn = (text: string) => parse(Redacted.make(text), "EVERBOT_KEY")

describe("encryption keys", () => {
  it.effect("are the same key with the same id as base64, base64url and hex", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.forEach([key, ` ${key}\n`, asUrl, asHex, asHex.toUpperCase()], (text) =>
        Effect.map(keysIn(text), ({ newest }) => newest.id)
      )
      assert.strictEqual(new Set(ids).size, 1)
      assert.match(ids[0] ?? "", /^[0-9a-f]{16}$/)
      assert.notStrictEqual((yield* keysIn(other)).newest.id, ids[0])
    })
  )

  it.effect("are a list with the newest first, and one that comes twice counts once", () =>
    Effect.gen(function* () {
      const keys = yield* keysIn(`${key}, ${other},${key}`)
      assert.deepStrictEqual([...keys.byId.keys()], [keys.newest.id, (yield* keysIn(other)).newest.id])
      assert.strictEqual(keys.newest.id, (yield* keysIn(key)).newest.id)
    })
  )

  it.effect.each([
    ["", /^EVERBOT_KEY is not set\. .*openssl rand -base64 32/],
    [marker, /^EVERBOT_KEY is neither base64 of 32 bytes nor 64 hex digits \(it has 16 characters\)\. .*openssl/],
    [key.slice(0, 40), /^EVERBOT_KEY is neither .* \(it has 40 characters\)/],
    [`${asHex}00`, /\(it has 66 characters\)/],
    [`${key},${marker}`, /^EVERBOT_KEY key 2 of 2 is neither/],
    [`${key},`, /^EVERBOT_KEY key 2 of 2 is neither .* \(it has 0 characters\)/],
    ["0".repeat(64), /^EVERBOT_KEY is one byte repeated, which is no secret/]
  ] as const)("are refused with a mend and without being shown: case %#", ([text, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(keysIn(text))
      assert.strictEqual(error._tag, "ConfigError")
      assert.match(error.message, message)
      assert.notInclude(`${error.message} ${error.stack} ${inspect(error, { depth: 9 })}`, marker)
    })
  )

  it.effect("do not show themselves, however they are printed", () =>
    Effect.gen(function* () {
      const keys = yield* keysIn(`${key},${asHex}`)
      const shown = [inspect(keys, { depth: 20, showHidden: true }), JSON.stringify(keys), String(keys.newest)].join()
      for (const secret of [marker, key, asHex, asUrl]) assert.notInclude(shown, secret)
    })
  )
})
