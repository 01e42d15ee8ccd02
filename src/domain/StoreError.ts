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

export type Reason = Busy | Full | Inaccessible | Superseded | Corrupt | Unusable
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
