/**
 * Where a platform calls us: a route of somebody's HTTP server on one side, an account on the other. Plain data, so
 * that neither knows the other's library.
 */
import { Context, type Duration, type Effect } from "effect"

/** Names are in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>

/** One call of a platform, whole, as it came from the wire: signatures are over these very bytes. */
export interface Call {
  readonly headers: Headers
  readonly body: Uint8Array
  /**
   * It does not say whose it is, and several accounts claim it: nothing but a proof counts then, and who is not proved to be
   * meant must not speak for itself. @defaultValue false
   */
  readonly isAmbiguous?: boolean | undefined
}

export interface Answer {
  readonly status: number
  /** JSON text; nothing where it says nothing. */
  readonly body?: string | undefined
  /** Seconds after which the platform may call again. */
  readonly retryAfter?: number | undefined
}

/** The account's end of a webhook. */
export interface Endpoint {
  /** Whether a call with these headers is for this account: several may share a path. They prove nothing yet. */
  readonly claims: (headers: Headers) => boolean
  /** Whether a call is proved to be for this very account, however old it is. Plain, and asked only where several claim it. */
  readonly proves: (call: Call) => boolean
  /** Answers a call. Never fails: what cannot be taken now is told to come again, with 503. */
  readonly take: (call: Call) => Effect.Effect<Answer>
}

export interface Limits {
  /** Bytes of a body. */
  readonly maxBody: number
  /** How long a body may take to arrive. */
  readonly bodyTimeout: Duration.Input
  /** Calls inside at once, over all paths of a server; those above are told to come again. */
  readonly maxCalls: number
}

/** The limits of every webhook's route; `Layer.succeed(Webhook.Limits, …)` below the account overrides them. */
export const Limits = Context.Reference<Limits>("everbot/ports/Webhook/Limits", {
  defaultValue: () => ({ maxBody: 1024 * 1024, bodyTimeout: "5 seconds", maxCalls: 256 })
})

/** What is known of a webhook, for status and health. Times are epoch milliseconds. */
export interface WebhookView {
  /** The last call that was the platform's own beyond doubt. */
  readonly lastCallAt: number | undefined
  /** The last time the platform asked to prove that we know the secret. */
  readonly lastValidationAt: number | undefined
  /** Events that were taken and stored, repetitions among them. */
  readonly accepted: number
  /** Calls that were refused, by reason. */
  readonly refused: ReadonlyMap<string, number>
  /** Calls that were told to come again because nothing could be stored then. */
  readonly postponed: number
  /** Calls that wait for their answer. */
  readonly waiting: number
}
