/** Why no valid credential could be had. */
import { Data, type Duration } from "effect"
import { oneLine } from "./Line.ts"

/** The token endpoint cannot be reached or fails. */
export class Unreachable extends Data.TaggedError("Unreachable")<{ readonly detail: string }> {
  readonly isRetryable = true as const
  override get message() {
    return `the token endpoint is unavailable: ${oneLine(this.detail)}`
  }
}

/** The token endpoint wants us to slow down. */
export class Throttled extends Data.TaggedError("Throttled")<{ readonly retryAfter?: Duration.Duration | undefined }> {
  readonly isRetryable = true as const
  override get message() {
    return "the token endpoint limits the rate"
  }
}

/** The id or secret is wrong, or the bot does not exist any more. */
export class Refused extends Data.TaggedError("Refused")<{
  readonly code: number | undefined
  readonly detail: string
  readonly advice: string
}> {
  readonly isRetryable = false as const
  override get message() {
    return `the platform refused the credentials${this.code === undefined ? "" : ` (code ${this.code})`}: ${oneLine(this.detail)}. ${this.advice}`
  }
}

export type Reason = Unreachable | Throttled | Refused
export type Retryable = Extract<Reason, { readonly isRetryable: true }>
export type Fatal = Extract<Reason, { readonly isRetryable: false }>

export class CredentialError extends Data.TaggedError("CredentialError")<{
  readonly account: string
  readonly reason: Reason
}> {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  get retryAfter(): Duration.Duration | undefined {
    return this.reason._tag === "Throttled" ? this.reason.retryAfter : undefined
  }
  override get message() {
    return `${this.account}: ${this.reason.message}`
  }
}
