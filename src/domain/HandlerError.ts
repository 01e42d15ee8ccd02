/** Why a turn failed. A failed turn leaves nothing behind. */
import { Cause, Data, Duration } from "effect"

/** An error's message; its name where it has none, as tagged errors often do. */
const nameOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : typeof error === "string" ? error : JSON.stringify(error)

/** The handler failed with its own error. */
export class Failed extends Data.TaggedError("Failed")<{ readonly error: unknown }> {
  readonly isRetryable = true as const
  override get message() {
    return `the handler failed: ${nameOf(this.error)}`
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
    return `the handler died: ${String(Cause.squash(this.cause))}`
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

export type Reason = Failed | TimedOut | Died | TooManyMessages | Crashed
export type Retryable = Extract<Reason, { readonly isRetryable: true }>
export type Fatal = Extract<Reason, { readonly isRetryable: false }>

/** Why a turn failed, from how its fiber ended. */
export const fromCause = (cause: Cause.Cause<unknown>): Reason => {
  const defect = cause.reasons.find(Cause.isDieReason)?.defect
  if (defect instanceof TooManyMessages) return defect
  const error = Cause.findErrorOption(cause)
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
    return `${this.event.type} ${this.event.key}, attempt ${this.attempt}: ${this.reason.message}`
  }
}
