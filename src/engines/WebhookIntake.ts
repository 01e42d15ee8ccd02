/**
 * The way in for platforms that call us: a call is judged by the platform's protocol, its event stored, and only then
 * answered. What cannot be stored in time is told to come again with 503, so that the platform keeps it.
 *
 * To the supervisor it is a connection like any other: `connect` takes calls until it is interrupted. A webhook has no
 * session to resume, so its position is a time: until when calls were taken. What lies between that and the next start
 * is a gap, because a platform repeats a call a few times and then forgets it.
 */
import { Clock, Duration, Effect, Latch, type Scope } from "effect"
import * as State from "../domain/ConnectionState.ts"
import type { Event, Position } from "../domain/Event.ts"
import type { GatewayLink } from "../ports/Platform.ts"
import type { Answer, Call, Endpoint, WebhookView } from "../ports/Webhook.ts"

/** What a call turned out to be. Only `Refused` may be somebody else's. */
export type Reading =
  /** An event; `answer` is the JSON text that acknowledges it. */
  | { readonly _tag: "Event"; readonly event: Event; readonly answer: string }
  /** Answered without storing anything. */
  | { readonly _tag: "Reply"; readonly answer: string; readonly isValidation: boolean; readonly isGenuine: boolean }
  | { readonly _tag: "Refused"; readonly status: number; readonly why: string }

/** What a platform with webhooks adds to the engine. */
export interface WebhookProtocol {
  readonly account: string
  readonly claims: Endpoint["claims"]
  readonly proves: Endpoint["proves"]
  /** Plain and total. `now` is in epoch milliseconds. `why` of a refusal is one of a few fixed texts, without data. */
  readonly read: (call: Call, now: number) => Reading
}

export interface Options {
  /** How long a call may wait for room in the inbox and for its commit. @defaultValue 3 seconds */
  readonly patience?: Duration.Input | undefined
  /** When a call that could not be taken should come again. @defaultValue 1 second */
  readonly retryAfter?: Duration.Input | undefined
  /** Calls that may wait at once; those above are told to come again. @defaultValue 256 */
  readonly maxWaiting?: number | undefined
  /** Between two notes of the time in the store, while nothing comes. @defaultValue 30 seconds */
  readonly markEvery?: Duration.Input | undefined
}

export interface WebhookIntake extends Endpoint {
  /** Takes calls for this link until it is interrupted; `Platform.connect` of a webhook. */
  readonly connect: (link: GatewayLink) => Effect.Effect<never, never, Scope.Scope>
  readonly view: () => WebhookView
}

/** The stream that the positions of a webhook belong to; its sequence numbers are epoch milliseconds. */
export const streamOf = (shard: number): string => `webhook/${shard}`

/** A pause of the listener that is no gap: a platform's first repetition comes later than that. Milliseconds. */
const instant = 1000
/** Refusals are news once in so many milliseconds and reason, however many there are. */
const newsEvery = 60_000

const millis = (given: Duration.Input | undefined, otherwise: Duration.Input): number =>
  Duration.toMillis(Duration.fromInputUnsafe(given ?? otherwise))

export const make = Effect.fnUntraced(function* (
  protocol: WebhookProtocol,
  options: Options = {}
): Effect.fn.Return<WebhookIntake> {
  const clock = yield* Clock.Clock
  const patience = millis(options.patience, "3 seconds")
  const maxWaiting = options.maxWaiting ?? 256
  const comeAgain: Answer = { status: 503, retryAfter: Math.ceil(millis(options.retryAfter, "1 second") / 1000) }
  const room = Latch.makeUnsafe(true)
  const refused = new Map<string, number>()
  const toldAt = new Map<string, number>()
  let link: GatewayLink | undefined
  let startedAt = 0
  let latest = 0
  let lastCallAt: number | undefined
  let lastValidationAt: number | undefined
  let accepted = 0
  let postponed = 0
  let waiting = 0
  let isFull = false

  /** Never runs backwards, whatever the clock does. */
  const position = (shard: number, now: number): Position => {
    latest = Math.max(latest, now)
    return { stream: streamOf(shard), session: "webhook", seq: latest, startedAt }
  }

  const postpone = Effect.sync((): Answer => {
    postponed++
    return comeAgain
  })

  const refuse = (to: GatewayLink, status: number, why: string, now: number): Answer => {
    const count = (refused.get(why) ?? 0) + 1
    refused.set(why, count)
    if (now - (toldAt.get(why) ?? Number.NEGATIVE_INFINITY) >= newsEvery) {
      toldAt.set(why, now)
      to.ignored(`a webhook call was refused, ${why} (${count} so far)`)
    }
    return { status }
  }

  /** Delivers once there is room, and waits for the commit. */
  const store = (event: Event, raw: Uint8Array): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (link === undefined) return Effect.succeed(false)
      if (isFull) return Effect.andThen(room.await, store(event, raw))
      const to = link
      return Effect.callback<boolean>((resume) => {
        to.deliver(event, raw, position(to.shard, clock.currentTimeMillisUnsafe()), () => resume(Effect.succeed(true)))
      })
    })

  /** An answer that comes too late leaves the event on its way to the store: repeated, it is recognised. */
  const accept = (event: Event, raw: Uint8Array, answer: string): Effect.Effect<Answer> =>
    Effect.suspend(() => {
      waiting++
      return Effect.flatMap(Effect.timeoutOption(store(event, raw), patience), (stored) => {
        if (stored._tag === "None" || !stored.value) return postpone
        accepted++
        return Effect.succeed({ status: 200, body: answer })
      })
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          waiting--
        })
      )
    )

  const take = (call: Call): Effect.Effect<Answer> =>
    Effect.suspend(() => {
      if (link === undefined || waiting >= maxWaiting) return postpone
      const now = clock.currentTimeMillisUnsafe()
      const reading = protocol.read(call, now)
      if (reading._tag === "Refused") return Effect.succeed(refuse(link, reading.status, reading.why, now))
      if (reading._tag === "Event") {
        lastCallAt = now
        return accept(reading.event, call.body, reading.answer)
      }
      if (reading.isGenuine) lastCallAt = now
      if (reading.isValidation) lastValidationAt = now
      return Effect.succeed({ status: 200, body: reading.answer })
    })

  const attach = (to: GatewayLink, before: Position | undefined): void => {
    const now = clock.currentTimeMillisUnsafe()
    if (before !== undefined && now - before.seq > instant) {
      to.forget({ since: before.seq, why: "no webhook call was taken: the platform repeats a call a few times only" })
    }
    startedAt = now
    link = to
    to.advance(position(to.shard, now))
    to.transition(State.Ready({ session: "webhook", resumed: before !== undefined }))
  }

  const detach = (from: GatewayLink): void => {
    if (link !== from) return
    link = undefined
    // Who waits for room waits for nothing any more.
    room.openUnsafe()
    from.advance(position(from.shard, clock.currentTimeMillisUnsafe()))
  }

  return {
    claims: protocol.claims,
    proves: protocol.proves,
    take,
    connect: Effect.fnUntraced(function* (to) {
      const before = yield* to.resumeFrom
      isFull = false
      yield* to.onPressure((now) => {
        isFull = now
        if (now) room.closeUnsafe()
        else room.openUnsafe()
      })
      yield* Effect.acquireRelease(
        Effect.sync(() => attach(to, before)),
        () => Effect.sync(() => detach(to))
      )
      const mark = Effect.sync(() => to.advance(position(to.shard, clock.currentTimeMillisUnsafe())))
      return yield* Effect.forever(Effect.andThen(Effect.sleep(millis(options.markEvery, "30 seconds")), mark))
    }),
    view: () => ({ lastCallAt, lastValidationAt, accepted, refused, postponed, waiting })
  }
})
