/**
 * How an encrypted text is written down: `everbot:sealed:1:<key id>:<base64url>`. Where it is belongs to what is
 * authenticated, so that a text that was moved or copied to another place is as damaged as one that was changed.
 */
import { Buffer } from "node:buffer"
import { Result } from "effect"
import { Corrupt, KeyMissing, type Reason, Unencrypted, Unusable } from "../../domain/StoreError.ts"
import type { Keys } from "./Keys.ts"

const magic = "everbot:sealed:"
const version = "1"

/** Where a text is kept; `what` names it in errors. */
export interface Place {
  readonly kind: "state" | "position" | "snapshot"
  readonly path: ReadonlyArray<string>
}

/** A place in words a person can act on. */
export const nameOf = ({ kind, path }: Place): string =>
  kind === "position" ? `the session of ${path.join(", ")}` : `the ${kind} "${path.join("/")}"`

const contextOf = ({ kind, path }: Place, keyId: string): Buffer =>
  Buffer.from(JSON.stringify(["everbot", version, keyId, kind, ...path]))

/** Whether the text was, or claims to have been, encrypted. */
export const isSealed = (text: string): boolean => text.startsWith(magic)

/** The key that a sealed text names. */
export const keyIdOf = (text: string): string => text.split(":")[3] ?? ""

export const seal = ({ newest }: Keys, place: Place, text: string): string => {
  const bytes = newest.cipher.seal(Buffer.from(text), contextOf(place, newest.id))
  return `${magic}${version}:${newest.id}:${bytes.toString("base64url")}`
}

export const open = (keys: Keys, place: Place, text: string): Result.Result<string, Reason> => {
  const damaged = (why: string) => Result.fail(new Corrupt({ detail: `${nameOf(place)} ${why}` }))
  const [, , written, keyId = "", data, ...more] = text.split(":")
  if (written !== version) {
    const detail = `${nameOf(place)} is encrypted in a way this everbot does not know: was it written by a newer one?`
    return Result.fail(new Unusable({ detail }))
  }
  if (data === undefined || more.length > 0 || !/^[0-9a-f]{16}$/.test(keyId) || !/^[\w-]*$/.test(data)) {
    return damaged("is cut off, or not what everbot wrote")
  }
  const key = keys.byId.get(keyId)
  if (key === undefined) {
    return Result.fail(new KeyMissing({ keyId, place: nameOf(place), given: [...keys.byId.keys()] }))
  }
  const plain = key.cipher.open(Buffer.from(data, "base64url"), contextOf(place, keyId))
  return plain === undefined
    ? damaged(`does not decrypt with its key ${keyId}: it was changed, or moved here from another place`)
    : Result.succeed(plain.toString("utf8"))
}

/** {@link open} for a text that may also have been written before encryption was on. */
export const read = (
  keys: Keys,
  place: Place,
  text: string,
  requireEncrypted: boolean
): Result.Result<string, Reason> => {
  if (isSealed(text)) return open(keys, place, text)
  return requireEncrypted ? Result.fail(new Unencrypted({ place: nameOf(place) })) : Result.succeed(text)
}
