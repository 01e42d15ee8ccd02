/** Why the store could not do what was asked. A failed commit leaves nothing behind. */
import { Data } from "effect"
import { oneLine } from "./Line.ts"

/** SQLite quotes what it read, and of a damaged file that may be anything. */
const quote = (detail: string): string => oneLine(detail, 2000)

/** Another process or connection holds the database. */
export class Busy extends Data.TaggedError("Busy")<{ readonly detail: string }> {
  readonly isRetryable = true as const
  override get message() {
    return `the database is locked by another process: ${quote(this.detail)}`
  }
}

/** No space is left. */
export class Full extends Data.TaggedError("Full")<{ readonly detail: string }> {
  readonly isRetryable = true as const
  override get message() {
    return `the disk is full: ${quote(this.detail)}`
  }
}

/** The database cannot be read or written now: I/O error, read-only file, lost connection. */
export class Inaccessible extends Data.TaggedError("Inaccessible")<{ readonly detail: string }> {
  readonly isRetryable = true as const
  override get message() {
    return `the database is inaccessible: ${quote(this.detail)}`
  }
}

/** An earlier commit failed, so this one was not tried: commits apply in order or not at all. */
export class Superseded extends Data.TaggedError("Superseded") {
  readonly isRetryable = true as const
  override get message() {
    return "an earlier commit failed"
  }
}

/** The database is damaged. */
export class Corrupt extends Data.TaggedError("Corrupt")<{ readonly detail: string }> {
  readonly isRetryable = false as const
  override get message() {
    return `the database is damaged: ${quote(this.detail)}`
  }
}

/** The database cannot be used by this version of everbot, or we used it wrongly. */
export class Unusable extends Data.TaggedError("Unusable")<{ readonly detail: string }> {
  readonly isRetryable = false as const
  override get message() {
    return `the database cannot be used: ${quote(this.detail)}`
  }
}

/** The store works, but cannot hold what it was given: too long, or of a kind it does not know. */
export class Refused extends Data.TaggedError("Refused")<{ readonly detail: string }> {
  readonly isRetryable = false as const
  override get message() {
    return `it cannot be stored: ${quote(this.detail)}`
  }
}

/** It is encrypted with a key that is not among those given. Nothing is lost while that key still exists somewhere. */
export class KeyMissing extends Data.TaggedError("KeyMissing")<{
  /** Which key: see `Encryption.keyId`. */
  readonly keyId: string
  /** What it is: a state, a session, a snapshot. */
  readonly place: string
  /** The ids of the keys that were given. */
  readonly given: ReadonlyArray<string>
}> {
  readonly isRetryable = false as const
  override get message() {
    return `${quote(this.place)} is encrypted with key ${this.keyId}, which is not among those given (${this.given.join(", ")}). Add that key again, behind the newest`
  }
}

/** It is not encrypted, and the store was told to accept nothing that is not. */
export class Unencrypted extends Data.TaggedError("Unencrypted")<{ readonly place: string }> {
  readonly isRetryable = false as const
  override get message() {
    return `${quote(this.place)} is not encrypted, and \`requireEncrypted\` is set: either it was written before encryption was on (rotate once without that option), or somebody put it there`
  }
}

export type Reason = Busy | Full | Inaccessible | Superseded | Corrupt | Unusable | Refused | KeyMissing | Unencrypted
export type Retryable = Extract<Reason, { readonly isRetryable: true }>
export type Fatal = Extract<Reason, { readonly isRetryable: false }>

export class StoreError extends Data.TaggedError("StoreError")<{
  readonly operation: string
  readonly reason: Reason
}> {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message() {
    return `${this.operation}: ${this.reason.message}`
  }
}
