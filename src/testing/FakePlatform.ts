/**
 * A platform in memory: the test says what happens and sees what the bot sends. Like a real one it resumes a session
 * from the position it is given and replays what came after; events emitted while nobody is connected wait.
 */
import { Deferred, Effect } from "effect"
import * as State from "../domain/ConnectionState.ts"
import type { Event } from "../domain/Event.ts"
import * as Gateway from "../domain/GatewayError.ts"
import type { OutboxMessage } from "../domain/Message.ts"
import * as Rest from "../domain/RestError.ts"
import type { GatewayLink, Platform } from "../ports/Platform.ts"
import * as Events from "./Events.ts"

export interface Options {
  /** `<platform>:<id>`. @defaultValue "fake:1", the account of `Events` */
  readonly account?: string | undefined
  /** Whether it recognises a repeated message. @defaultValue true */
  readonly isIdempotent?: boolean | undefined
}

export interface FakePlatform {
  /** What the bot attaches. */
  readonly platform: Platform
  /** Lets an event happen: delivered at once when the bot is connected and not too busy, else later. */
  readonly emit: (...events: ReadonlyArray<Event>) => Effect.Effect<void>
  /** Ends the connection, if there is one. The session can be resumed. @defaultValue ConnectionLost */
  readonly disconnect: (reason?: Gateway.Reason) => Effect.Effect<void>
  /** Forgets the session, so that the next connection must identify. */
  readonly invalidate: Effect.Effect<void>
  /** The next attempts to connect fail for these reasons, in this order. */
  readonly refuseConnections: (...reasons: ReadonlyArray<Gateway.Reason>) => Effect.Effect<void>
  /** The next sends fail for these reasons, in this order. */
  readonly failSends: (...reasons: ReadonlyArray<Rest.Reason>) => Effect.Effect<void>
  /** What was sent, oldest first; a repeat that was recognised is not in it. */
  readonly sent: () => ReadonlyArray<OutboxMessage>
  /** Every send that was tried, also those that failed. */
  readonly tried: () => ReadonlyArray<OutboxMessage>
  /** Waits until at least `count` messages were sent. */
  readonly awaitSent: (count: number) => Effect.Effect<ReadonlyArray<OutboxMessage>>
  /** What the bot did to connect so far. */
  readonly counts: () => {
    readonly identified: number
    readonly resumed: number
    readonly refreshedCredentials: number
  }
}

/** Everything a fake knows, and the plain functions that move it. */
class Stage {
  readonly log: Array<Event> = []
  readonly sent = new Map<number, OutboxMessage>()
  readonly tried: Array<OutboxMessage> = []
  readonly refusals: Array<Gateway.Reason> = []
  readonly sendFailures: Array<Rest.Reason> = []
  readonly waiters = new Set<() => void>()
  identified = 0
  resumed = 0
  refreshedCredentials = 0
  session = 0
  delivered = 0
  isFull = false
  link: GatewayLink | undefined
  ended: Deferred.Deferred<never, Gateway.GatewayError> | undefined

  /** Delivers what the connection has not seen yet. */
  pump(): void {
    const { link } = this
    if (link === undefined) return
    while (!this.isFull && this.delivered < this.log.length) {
      const event = this.log[this.delivered++]
      if (event !== undefined) link.deliver(event, encode(event), this.position())
    }
  }

  position() {
    return { stream: "gateway/0", session: `session-${this.session}`, seq: this.delivered, startedAt: 0 }
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const encode = (event: Event): Uint8Array => encoder.encode(JSON.stringify(event))

/** A frame is the event as JSON, which leaves out what is `undefined`; reading such a field gives `undefined` again. */
const decode = (raw: Uint8Array, key: string): Event => ({ ...JSON.parse(decoder.decode(raw)), key })

export const make = (options: Options = {}): FakePlatform => {
  const account = options.account ?? Events.account
  const stage = new Stage()
  const gatewayError = (reason: Gateway.Reason) => new Gateway.GatewayError({ account, reason })

  const connect: Platform["connect"] = Effect.fnUntraced(function* (link) {
    const position = yield* link.resumeFrom
    const refusal = stage.refusals.shift()
    if (refusal !== undefined) return yield* gatewayError(refusal)
    const resumed = position !== undefined && position.session === `session-${stage.session}`
    if (resumed) {
      link.transition(State.Resuming({ session: position.session, seq: position.seq }))
      stage.delivered = position.seq
      stage.resumed++
    } else {
      link.transition(State.Identifying())
      stage.session++
      stage.identified++
    }
    link.transition(State.Ready({ session: stage.position().session, resumed }))
    const ended = yield* Deferred.make<never, Gateway.GatewayError>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        stage.link = link
        stage.ended = ended
        stage.isFull = false
      }),
      () =>
        Effect.sync(() => {
          if (stage.link === link) stage.link = undefined
        })
    )
    yield* link.onPressure((isFull) => {
      stage.isFull = isFull
      stage.pump()
    })
    stage.pump()
    return yield* Deferred.await(ended)
  })

  const send: Platform["send"] = (message) =>
    Effect.suspend(() => {
      stage.tried.push(message)
      const failure = stage.sendFailures.shift()
      if (failure !== undefined) return Effect.fail(new Rest.RestError({ account, reason: failure }))
      const isRepeat = stage.sent.has(message.id) && (options.isIdempotent ?? true)
      if (!isRepeat) stage.sent.set(stage.sent.has(message.id) ? -stage.tried.length : message.id, message)
      for (const waiter of stage.waiters) waiter()
      return Effect.succeed({ messageId: `sent-${message.id}`, status: "sent" as const })
    })

  const sent = () => Array.from(stage.sent.values())
  const push = <A>(list: Array<A>, items: ReadonlyArray<A>) => Effect.sync(() => void list.push(...items))
  return {
    platform: {
      name: account.replace(/:.*$/, ""),
      account,
      shards: Effect.succeed(1),
      connect,
      decode,
      send,
      isIdempotent: () => options.isIdempotent ?? true,
      refreshCredentials: Effect.sync(() => void stage.refreshedCredentials++)
    },
    emit: (...events) =>
      Effect.andThen(
        push(stage.log, events),
        Effect.sync(() => stage.pump())
      ),
    disconnect: (reason = new Gateway.ConnectionLost({ network: false })) =>
      Effect.suspend(() =>
        stage.ended === undefined ? Effect.void : Deferred.fail(stage.ended, gatewayError(reason))
      ),
    invalidate: Effect.sync(() => void stage.session++),
    refuseConnections: (...reasons) => push(stage.refusals, reasons),
    failSends: (...reasons) => push(stage.sendFailures, reasons),
    sent,
    tried: () => [...stage.tried],
    awaitSent: (count) =>
      Effect.callback<ReadonlyArray<OutboxMessage>>((resume) => {
        const check = () => {
          if (stage.sent.size >= count) resume(Effect.succeed(sent()))
        }
        stage.waiters.add(check)
        check()
        return Effect.sync(() => void stage.waiters.delete(check))
      }),
    counts: () => ({
      identified: stage.identified,
      resumed: stage.resumed,
      refreshedCredentials: stage.refreshedCredentials
    })
  }
}
