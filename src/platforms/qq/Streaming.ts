/**
 * A message to a person that grows while it is written, e.g. by a language model. QQ replaces the whole text with each
 * frame; a frame may follow the last after 300 ms at the earliest, and the message answered must not be older than 5
 * minutes. Source: qqbot-nodejs.
 *
 * Not durable: a crash leaves what was shown. Say what must arrive with `Bot.reply`.
 */
import { Clock, Duration, Effect, Semaphore } from "effect"
import type { RestError } from "../../domain/RestError.ts"
import type { Api } from "./Api.ts"
import type { StreamFrame } from "./rest/Messages.ts"
import { directSequence } from "./Send.ts"

export interface StreamOptions {
  /** The message that is answered. */
  readonly messageId: string
  /** The event it came with, where the platform gave one. */
  readonly eventId?: string | undefined
  /** Its `msg_seq`; other replies need other numbers. @defaultValue one that no reply through the outbox has */
  readonly sequence?: number | undefined
}

export interface MessageStream {
  /** Shows the whole text so far, once 300 ms have passed since the last frame. */
  readonly write: (text: string) => Effect.Effect<void, RestError>
  /** Shows the final text and ends the message. */
  readonly end: (text: string) => Effect.Effect<void, RestError>
}

/** Between two frames. */
export const pause = Duration.millis(300)

/** Begins a message to a person; nothing is shown before the first `write` or `end`. */
export const make = Effect.fnUntraced(function* (api: Pick<Api, "messages">, user: string, options: StreamOptions) {
  const oneByOne = yield* Semaphore.make(1)
  const sequence = options.sequence ?? directSequence()
  let index = 0
  let id: string | undefined
  let last = Number.NEGATIVE_INFINITY

  /** A frame that was refused was a frame too. */
  const left = Effect.map(Clock.currentTimeMillis, (now) => {
    last = now
  })

  const frame = Effect.fnUntraced(function* (text: string, state: 1 | 10) {
    const now = yield* Clock.currentTimeMillis
    yield* Effect.sleep(Duration.millis(Math.max(0, last + Duration.toMillis(pause) - now)))
    const body: StreamFrame = {
      input_mode: "replace",
      input_state: state,
      content_type: "markdown",
      content_raw: text,
      msg_id: options.messageId,
      ...(options.eventId === undefined ? {} : { event_id: options.eventId }),
      ...(id === undefined ? {} : { stream_msg_id: id }),
      msg_seq: sequence,
      index
    }
    const sent = yield* Effect.ensuring(api.messages.stream(user, body), left)
    id ??= sent.id
    index++
  })

  const stream: MessageStream = {
    write: (text) => oneByOne.withPermit(frame(text, 1)),
    end: (text) => oneByOne.withPermit(frame(text, 10))
  }
  return stream
})
