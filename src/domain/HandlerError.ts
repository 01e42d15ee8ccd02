/** Why a turn failed. A failed turn leaves nothing behind. */
import { Cause, Data, Duration } from "effect"
import { oneLine } from "./Line.ts"
import { StoreError } from "./StoreError.ts"

/**
 * An error's message, or its name where it has none, as tagged errors often do; of anything else its JSON, or its kind.
 * Handlers may fail with whatever there is, also with what throws when it is looked at.
 */
const nameOf = (error: unknown, ofError = (it: Error): string => it.message || it.name): string => {
  try {
    const isPlain = typeof error === "object" && error !== null && !(error instanceof Error)
    return oneLine(String(isPlain ? JSON.stringify(error) : error instanceof Error ? ofError(error) : error), 500)
  } catch {
    return `a value that cannot be shown (${typeof error})`
  }
}

/** The handler failed with its own error. */
export class Failed extends Data.TaggedError("Failed")<{ readonly error: unknown }> {
  readonly isRetryable = true as const
  override get message() {
    return `the handler failed: ${nameOf(this.error)}`
  }
}

/** The store did not answer: no fault of the handler, so it costs none of its attempts. */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{ readonly detail: string }> {
  readonly isRetryable = true as const
  override get message() {
    return `the store did not answer: ${this.detail}`
  }
}

/** The handler did not end within its limit. */
export class TimedOut extends Data.TaggedError("TimedOut")<{ readonly limit: Duration.Duration }> {
  readonly isRetryable = true as const
  override get message() {
    return `the handler did not end within ${Duration.format(this.limit)}`
  }
}

/** The handler has a bug: defects are never retried. */
export class Died extends Data.TaggedError("Died")<{ readonly cause: Cause.Cause<unknown> }> {
  readonly isRetryable = false as const
  override get message() {
    return `the handler died: ${nameOf(Cause.squash(this.cause), String)}`
  }
}

/** The handler staged more messages than a turn may hold. */
export class TooManyMessages extends Data.TaggedError("TooManyMessages")<{ readonly limit: number }> {
  readonly isRetryable = false as const
  override get message() {
    return `the handler staged more than ${this.limit} messages in one turn`
  }
}

/** The process ended again and again while the handler ran. */
export class Crashed extends Data.TaggedError("Crashed")<{ readonly times: number }> {
  readonly isRetryable = false as const
  override get message() {
    return `the process ended ${this.times} times while it was being handled`
  }
}

/** No handler was asked: the frame that was stored cannot be made into an event any more. */
export class Undecodable extends Data.TaggedError("Undecodable")<{ readonly error: unknown }> {
  readonly isRetryable = false as const
  override get message() {
    return `its stored frame cannot be decoded: ${nameOf(this.error, String)}`
  }
}

export type Reason = Failed | StoreUnavailable | TimedOut | Died | TooManyMessages | Crashed | Undecodable
export type Retryable = Extract<Reason, { readonly isRetryable: true }>
export type Fatal = Extract<Reason, { readonly isRetryable: false }>

/** Why a turn failed, from how its fiber ended. */
export const fromCause = (cause: Cause.Cause<unknown>): Reason => {
  const defect = cause.reasons.find(Cause.isDieReason)?.defect
  if (defect instanceof TooManyMessages) return defect
  const error = Cause.findErrorOption(cause)
  if (error._tag === "Some" && error.value instanceof StoreError && error.value.isRetryable) {
    return new StoreUnavailable({ detail: error.value.message })
  }
  return error._tag === "Some" && defect === undefined ? new Failed({ error: error.value }) : new Died({ cause })
}

export class HandlerError extends Data.TaggedError("HandlerError")<{
  readonly event: { readonly key: string; readonly type: string }
  readonly attempt: number
  readonly reason: Reason
}> {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message() {
    return `${oneLine(this.event.type, 100)} ${oneLine(this.event.key, 200)}, attempt ${this.attempt}: ${this.reason.message}`
  }
}
