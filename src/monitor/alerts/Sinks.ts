/** Where alerts go: the log, a webhook, a conversation of the bot's own; or whatever one writes oneself. */
import { Clock, Data, Duration, Effect, Redacted, type Schedule } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { type Conversation, isSendable } from "../../domain/Conversation.ts"
import { oneLine } from "../../domain/Line.ts"
import { Runtime } from "../../engines/Runtime.ts"
import * as Schedules from "../../engines/Schedules.ts"
import type { Alert } from "./Alert.ts"
import { bad } from "./Rules.ts"

export interface Sink {
  /** For the log. */
  readonly name: string
  readonly send: (alert: Alert) => Effect.Effect<unknown, unknown, Runtime>
  /** A try that takes longer counts as failed. @defaultValue 30 seconds */
  readonly timeout?: Duration.Input | undefined
  /** Tries that failed are repeated by it. @defaultValue none */
  readonly retry?: Schedule.Schedule<unknown, unknown> | undefined
}

/** An alert in one line. */
export const line = ({ rule, severity, state, subject, suppressed, text }: Alert): string => {
  const mark = state === "recovered" ? "RECOVERED" : `${state === "reminded" ? "STILL " : ""}${severity.toUpperCase()}`
  const more = suppressed > 0 ? ` (came back ${suppressed} times since it was last told)` : ""
  return oneLine(`${mark} ${subject}: ${text}${more} [${rule}]`, 1000)
}

const levels = { critical: "Error", warning: "Warn" } as const

/** A line in the log: Error for what is critical, Warn for warnings, Info for recoveries. */
export const log: Sink = {
  name: "log",
  send: (alert) => Effect.logWithLevel(alert.state === "recovered" ? "Info" : levels[alert.severity])(line(alert))
}

/** Says nothing of the address: those of chat services hold a secret. */
class Undelivered extends Data.TaggedError("Undelivered")<{
  readonly detail: string
  readonly isRetryable: boolean
  readonly retryAfter?: Duration.Duration | undefined
}> {
  override get message() {
    return this.detail
  }
}

export interface WebhookOptions {
  /** Often as good as a password: it is in no log and no error. */
  readonly url: string | Redacted.Redacted
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The JSON that is posted. @defaultValue the alert, and `message`, the same in one line */
  readonly body?: ((alert: Alert) => unknown) | undefined
  /** @defaultValue 10 seconds */
  readonly timeout?: Duration.Input | undefined
  /** @defaultValue 1 s × 2, cap 1 minute, 10 attempts; an answer of 4xx but 408 and 429 is final */
  readonly retry?: Schedule.Schedule<unknown, Schedules.Failure> | undefined
}

const isFinal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429

/** Posts each alert as JSON. Throws a ConfigError for an address that is none. */
export const webhook = (options: WebhookOptions): Sink => {
  const url = typeof options.url === "string" ? options.url : Redacted.value(options.url)
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw bad("webhook.url", "is not an address of http or https", "Give it whole, like https://example.com/hook.")
  }
  const timeout = options.timeout ?? "10 seconds"
  const send = (alert: Alert) =>
    Effect.gen(function* () {
      const body = options.body?.(alert) ?? { ...alert, message: line(alert) }
      const request = HttpClientRequest.post(url, { headers: options.headers ?? {} }).pipe(
        HttpClientRequest.bodyText(JSON.stringify(body), "application/json")
      )
      const response = yield* Effect.mapError(
        (yield* HttpClient.HttpClient).execute(request),
        () => new Undelivered({ detail: "it could not be reached", isRetryable: true })
      )
      const { headers, status } = response
      if (status >= 200 && status < 300) return
      const seconds = Number(headers["retry-after"] ?? Number.NaN)
      return yield* new Undelivered({
        detail: `it answered with status ${status}`,
        isRetryable: !isFinal(status),
        retryAfter: seconds >= 0 ? Duration.seconds(seconds) : undefined
      })
    }).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => new Undelivered({ detail: "it did not answer in time", isRetryable: true })
      }),
      Effect.retry(options.retry ?? Schedules.resend({ base: "1 second", cap: "1 minute" })),
      // A span would hold the address.
      Effect.provideService(HttpClient.TracerPropagationEnabled, false),
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.provide(FetchHttpClient.layer)
    )
  // Each try has its limit already; all of them together may take as long as the schedule says.
  return { name: "webhook", send, timeout: "1 day" }
}

export interface MessageOptions {
  /** @defaultValue the alert in one line */
  readonly text?: ((alert: Alert) => string) | undefined
  /** An alert that could not leave for so long is of no use any more. @defaultValue 1 hour */
  readonly within?: Duration.Input | undefined
}

/**
 * Says it in a conversation, through the bot's own outbox: durable, and sent when the platform can be reached. It cannot
 * tell that the bot is offline while it is: give it company. Throws a ConfigError where nothing can be said.
 */
export const message = (conversation: Conversation, options: MessageOptions = {}): Sink => {
  if (!isSendable(conversation)) {
    throw bad("message.conversation", `is a ${conversation.kind}`, "Nothing can be said there: give it a chat.")
  }
  const within = Duration.toMillis(options.within ?? "1 hour")
  return {
    name: "message",
    send: (alert) =>
      Effect.gen(function* () {
        const runtime = yield* Runtime
        const now = yield* Clock.currentTimeMillis
        const text = options.text?.(alert) ?? line(alert)
        const times = { notBefore: 0, createdAt: now, expiresAt: now + within }
        yield* runtime.send({ conversation, content: { text }, priority: "high", ...times })
      })
  }
}
