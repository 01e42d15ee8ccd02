/** Bytes of media, from a file or from text, read in pieces so that a long film costs little memory. */
import { createHash } from "node:crypto"
import { Effect, FileSystem, Option, Result, type Scope } from "effect"
import * as Base64 from "effect/encoding/Base64"
import * as RestError from "../../domain/RestError.ts"
import type { MediaSource } from "./Content.ts"

export interface Bytes {
  readonly size: number
  /** Exactly `length` bytes from `offset`, or the failure that says why not. */
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, RestError.Invalid>
}

export type LocalSource = Exclude<MediaSource, { readonly url: string }>

const unreadable = (field: string, problem: string) =>
  new RestError.Invalid({
    field: `media.source.${field}`,
    problem,
    mend: "It must be there until the message has left."
  })

/** Opens a source until the scope closes. */
export const open = (
  source: LocalSource
): Effect.Effect<Bytes, RestError.Invalid, FileSystem.FileSystem | Scope.Scope> =>
  "path" in source ? openFile(source.path) : Effect.fromResult(fromText(source.base64))

const fromText = (text: string): Result.Result<Bytes, RestError.Invalid> =>
  Result.mapBoth(Base64.decode(text), {
    onFailure: () => unreadable("base64", "is not base64"),
    onSuccess: (all): Bytes => ({
      size: all.length,
      read: (offset, length) => Effect.succeed(all.subarray(offset, offset + length))
    })
  })

const openFile = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const failed = (error: { readonly reason: { readonly _tag: string } }) =>
    unreadable("path", `cannot be read (${error.reason._tag})`)
  const file = yield* Effect.mapError(fs.open(path), failed)
  const { size } = yield* Effect.mapError(file.stat, failed)
  const whole: Bytes = {
    size: Number(size),
    read: (offset, length) =>
      Effect.gen(function* () {
        const pieces: Array<Uint8Array> = []
        for (let at = 0; at < length; ) {
          const piece = yield* file.readAlloc(length - at, { position: BigInt(offset + at) })
          if (Option.isNone(piece)) return yield* unreadable("path", "became shorter while it was read")
          pieces.push(piece.value)
          at += piece.value.length
        }
        return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
      }).pipe(Effect.mapError((error) => (error._tag === "Invalid" ? error : failed(error))))
  }
  return whole
})

/** The platform wants a digest of this much of the beginning too. */
export const headLength = 10_002_432
const step = 1024 * 1024

export interface Digests {
  readonly md5: string
  readonly sha1: string
  readonly md5_10m: string
}

export const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex")

/** The digests an upload names, as hexadecimal text. */
export const digests = Effect.fnUntraced(function* (bytes: Bytes): Effect.fn.Return<Digests, RestError.Invalid> {
  const all = createHash("md5")
  const sha1 = createHash("sha1")
  const head = createHash("md5")
  for (let at = 0; at < bytes.size; at += step) {
    const piece = yield* bytes.read(at, Math.min(step, bytes.size - at))
    all.update(piece)
    sha1.update(piece)
    if (at < headLength) head.update(piece.subarray(0, headLength - at))
  }
  return { md5: all.digest("hex"), sha1: sha1.digest("hex"), md5_10m: head.digest("hex") }
})
