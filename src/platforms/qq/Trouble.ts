/** What a failed call before a connection means for the connection: one row for each reason. */
import { Duration } from "effect"
import type { CredentialError } from "../../domain/CredentialError.ts"
import * as GatewayError from "../../domain/GatewayError.ts"
import type * as Rest from "../../domain/RestError.ts"
import { notQq } from "./TokenCode.ts"

const check = "Check the app id and the client secret against the QQ bot console (q.qq.com), and its IP allow-list."

const refusals: ReadonlySet<Rest.Reason["_tag"]> = new Set(["Unauthorized", "Forbidden", "NotFound", "Rejected"])

/** `GET /gateway/bot` failed. */
export const fromRestError = ({ reason }: Rest.RestError): GatewayError.Reason => {
  const facts = { code: reason.code ?? reason.status, detail: `asking for the gateway: ${reason.message}` }
  // What is on the way must not end an account.
  if (refusals.has(reason._tag) && reason.code === undefined) {
    const detail = `${facts.detail}. ${notQq("`apiUrl` (QQ_API_URL)")}`
    return new GatewayError.ConnectionLost({ ...facts, network: true, detail })
  }
  switch (reason._tag) {
    case "RateLimited":
      return new GatewayError.Throttled({ ...facts, retryAfter: reason.retryAfter ?? Duration.seconds(5) })
    case "QuotaExhausted":
      return new GatewayError.Throttled({ ...facts, retryAfter: Duration.minutes(1) })
    case "Unavailable":
      return new GatewayError.ConnectionLost({ ...facts, network: !reason.reached })
    // The next connection is another question than the one that was repeated enough.
    case "RetriesExhausted":
      return new GatewayError.ConnectionLost({ ...facts, network: false })
    case "TimedOut":
    case "OutcomeUnknown":
      return new GatewayError.ConnectionLost({ ...facts, network: true })
    case "CredentialsExpired":
      return new GatewayError.SessionInvalidated({ ...facts, resumable: true, dropCredentials: true })
    case "Unauthorized":
    case "Forbidden":
      return new GatewayError.AuthenticationFailed({ ...facts, advice: check })
    case "NotFound":
    case "Rejected":
    case "Invalid":
    case "ReplyWindowClosed":
      return new GatewayError.ProtocolUnsupported({ ...facts, advice: "Check `apiUrl` (QQ_API_URL)." })
  }
}

/** No token could be had. */
export const fromCredentialError = ({ reason }: CredentialError): GatewayError.Reason => {
  switch (reason._tag) {
    case "Unreachable":
      return new GatewayError.ConnectionLost({ network: true, detail: reason.message })
    case "Throttled":
      return new GatewayError.Throttled({
        detail: reason.message,
        retryAfter: reason.retryAfter ?? Duration.seconds(5)
      })
    case "Refused":
      return new GatewayError.AuthenticationFailed({ code: reason.code, detail: reason.detail, advice: reason.advice })
  }
}
