/**
 * Why a call to a platform did not do what was asked. Besides retryable and fatal there is an honest third case,
 * {@link OutcomeUnknown}: the request was written and no answer came back.
 */
import { Data, type Duration } from "effect"
import { oneLine } from "./Line.ts"

interface Facts {
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined
  /** The platform's own error code. */
  readonly code?: number | undefined
  readonly detail?: string | undefined
  /** The platform's trace id: what its support asks for. */
  readonly trace?: string | undefined
}

const say = (what: string, { status, code, detail, trace }: Facts): string => {
  const numbers = [status === undefined ? "" : `HTTP ${status}`, code === undefined ? "" : `code ${code}`]
    .filter(Boolean)
    .join(", ")
  return `${what}${numbers ? ` (${numbers})` : ""}${detail ? `: ${oneLine(detail, 500)}` : ""}${trace ? ` [trace ${oneLine(trace, 100)}]` : ""}`
}

/** Too many calls; the platform may have said when to come back. */
export class RateLimited extends Data.TaggedError("RateLimited")<
  Facts & { readonly retryAfter?: Duration.Duration | undefined }
> {
  readonly isRetryable = true as const
  override get message() {
    return say("the platform limits the rate", this)
  }
}

/**
 * The platform cannot serve now. `reached` is false when the request certainly never arrived; `retries` says how often at
 * most it wants to be asked again, where it says that.
 */
export class Unavailable extends Data.TaggedError("Unavailable")<
  Facts & { readonly reached: boolean; readonly retries?: number | undefined }
> {
  readonly isRetryable = true as const
  override get message() {
    return say("the platform is unavailable", this)
  }
}

/** The platform cannot serve, was asked again as often as it allows, and does not want to be asked any more. */
export class RetriesExhausted extends Data.TaggedError("RetriesExhausted")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the platform is unavailable, and was asked again as often as it allows", this)
  }
}

/** No answer within the time limit, for a call that is safe to repeat. */
export class TimedOut extends Data.TaggedError("TimedOut")<Facts & { readonly limit: Duration.Duration }> {
  readonly isRetryable = true as const
  override get message() {
    return say("the platform did not answer in time", this)
  }
}

/** The access token was refused; a fresh one may be accepted. */
export class CredentialsExpired extends Data.TaggedError("CredentialsExpired")<Facts> {
  readonly isRetryable = true as const
  override get message() {
    return say("the access token was refused", this)
  }
}

/** The credentials themselves are refused. */
export class Unauthorized extends Data.TaggedError("Unauthorized")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the platform refused the credentials", this)
  }
}

/** The bot may not do this here. */
export class Forbidden extends Data.TaggedError("Forbidden")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the bot may not do this", this)
  }
}

/** The address, message or route does not exist. */
export class NotFound extends Data.TaggedError("NotFound")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the platform does not know this", this)
  }
}

/** The platform understood and refused the content. */
export class Rejected extends Data.TaggedError("Rejected")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the platform rejected the content", this)
  }
}

/** What was asked cannot be right, and was not sent: `field` says where, `mend` what to do about it. */
export class Invalid extends Data.TaggedError("Invalid")<
  Facts & { readonly field: string; readonly problem: string; readonly mend: string }
> {
  readonly isRetryable = false as const
  override get message() {
    return say("the request is not valid and was not sent", {
      ...this,
      detail: `${this.field} ${this.problem}. ${this.mend}`
    })
  }
}

/** Too late, or too often, to answer this message. */
export class ReplyWindowClosed extends Data.TaggedError("ReplyWindowClosed")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the time to reply is over", this)
  }
}

/** A quota is used up that does not refill soon. */
export class QuotaExhausted extends Data.TaggedError("QuotaExhausted")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the quota is used up", this)
  }
}

/** The request was written, and no answer came: it may have been carried out. */
export class OutcomeUnknown extends Data.TaggedError("OutcomeUnknown")<Facts> {
  readonly isRetryable = false as const
  override get message() {
    return say("the request was sent but no answer came", this)
  }
}

export type Reason =
  | RateLimited
  | Unavailable
  | RetriesExhausted
  | TimedOut
  | CredentialsExpired
  | Unauthorized
  | Forbidden
  | NotFound
  | Rejected
  | Invalid
  | ReplyWindowClosed
  | QuotaExhausted
  | OutcomeUnknown

export type Retryable = Extract<Reason, { readonly isRetryable: true }>
export type Fatal = Exclude<Extract<Reason, { readonly isRetryable: false }>, OutcomeUnknown>

export class RestError extends Data.TaggedError("RestError")<{
  readonly account: string
  readonly reason: Reason
}> {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  /** How long the peer asked us to wait, where it did. */
  get retryAfter(): Duration.Duration | undefined {
    return this.reason._tag === "RateLimited" ? this.reason.retryAfter : undefined
  }
  override get message() {
    return `${this.account}: ${this.reason.message}`
  }
}
