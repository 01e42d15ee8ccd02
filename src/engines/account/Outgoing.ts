/** The way out of an account: what turns and others say is stored, queued and sent, through one breaker. */
import { Effect, Latch, type Scope, Stream } from "effect"
import { type Conversation, laneKey } from "../../domain/Conversation.ts"
import type { MessageStatus, NewMessage, OutboxMessage } from "../../domain/Message.ts"
import type { Mark } from "../../ports/Platform.ts"
import type { TurnResult, TurnWrite } from "../../ports/Store.ts"
import type { Refused } from "../Bisect.ts"
import * as Breaker from "../Breaker.ts"
import * as Recovery from "../Recovery.ts"
import { Relay } from "../Relay.ts"
import type { Parts } from "./Parts.ts"

export interface Outgoing {
  readonly relay: Relay
  /** Stores what a turn leaves behind; its messages leave once they are durable. */
  readonly commit: (write: TurnWrite, done: (result: TurnResult | Refused) => void) => void
  /** Stores messages outside of a turn; waits while the outbox is full, and returns when they are durable. */
  readonly send: (messages: ReadonlyArray<NewMessage>) => Effect.Effect<void>
  /** Takes what an earlier process did not send, then what was said meanwhile. */
  readonly recover: Effect.Effect<void>
  readonly hasRecovered: () => boolean
  /** Takes from the store what was left there while the conversation was held. */
  readonly takeBack: (conversation: Conversation) => Effect.Effect<void>
  /** Takes a message that was a dead letter. */
  readonly revive: (message: OutboxMessage) => void
}

/** Messages under way at once, across conversations. */
const sendConcurrency = 16

const breakerStates = { Closed: "closed", Open: "open", HalfOpen: "half-open" } as const

/** The breaker of the platform's REST interface; its changes are told on the status stream. */
const makeBreaker = Effect.fnUntraced(function* ({ platform: { account }, status }: Parts) {
  const breaker = yield* Breaker.make()
  const tell = Stream.runForEach(breaker.transitions, ({ to }) =>
    Effect.sync(() => status.publish({ _tag: "BreakerChanged", account, state: breakerStates[to] }))
  )
  yield* Effect.forkScoped(tell)
  return breaker
})

export interface OutgoingPorts {
  /** The outbox has room again. */
  readonly drained: () => void
  /** The platform said where our message stands in its conversation. */
  readonly said: (conversation: Conversation, mark: Mark) => void
}

/** Builds the way out. */
export const make = Effect.fnUntraced(function* (
  parts: Parts,
  { drained, said }: OutgoingPorts
): Effect.fn.Return<Outgoing, never, Scope.Scope> {
  const { alarm, cache, fork, holds, journal, options, platform, spans, status } = parts
  const { account } = platform
  const breaker = yield* makeBreaker(parts)

  /** The last row that recovery took from the store; what is said before it ended waits, and is taken once. */
  let recoveredTo: number | undefined
  const early: Array<OutboxMessage> = []
  /** What is said in a conversation while the store is read for what was said there before. */
  const returning = new Map<string, Array<OutboxMessage>>()
  const offer = (row: OutboxMessage): void => {
    const behind = returning.size === 0 ? undefined : returning.get(laneKey(row.conversation))
    if (behind !== undefined) behind.push(row)
    else if (recoveredTo === undefined) early.push(row)
    else if (row.id > recoveredTo) relay.take(row)
  }
  /** The store may have given it to `takeBack` already, or be about to. */
  const revive: Outgoing["revive"] = (row) => {
    const key = laneKey(row.conversation)
    const behind = returning.get(key)
    if (behind !== undefined) behind.push(row)
    else if (!relay.queue.idsOf(key).includes(row.id)) relay.take(row)
  }
  const enqueue = (messages: ReadonlyArray<NewMessage>, ids: ReadonlyArray<number>): void => {
    ids.forEach((id, index) => {
      const message = messages[index]
      if (message) offer({ ...message, id, status: "queued", attempts: 0 })
    })
  }
  const commit: Outgoing["commit"] = (write, done) =>
    journal.turn(write, (result) => {
      if (result._tag === "Committed") {
        cache.committed(write.state, result.versions)
        enqueue(write.messages, result.messageIds)
      } else cache.forget(write.state)
      done(result)
    })

  /** Open while the outbox has room. */
  const room = Latch.makeUnsafe(true)
  const send: Outgoing["send"] = (messages) =>
    Effect.suspend(() => {
      if (relay.isFull) {
        room.closeUnsafe()
        return Effect.andThen(room.await, send(messages))
      }
      return Effect.callback<void>((resume) => {
        commit({ eventId: undefined, messages, state: [] }, (result) =>
          resume(result._tag === "Refused" ? Effect.die(result.error) : Effect.void)
        )
      })
    })

  const relay: Relay = new Relay(
    { ...options, concurrency: sendConcurrency },
    {
      platform,
      send: (message) => {
        const sending = platform.send(message)
        return spans.current === undefined ? sending : spans.current.send(message, sending)
      },
      alarm,
      breaker,
      holds,
      fork,
      record: journal.message,
      settled: (message: OutboxMessage, to: MessageStatus, reason, receipt) => {
        const { messageId: id, number } = receipt ?? {}
        if (id !== undefined && number !== undefined) said(message.conversation, { id, number })
        const since = Math.max(message.replyTo?.receivedAt ?? message.createdAt, message.notBefore)
        status.publish({ _tag: "MessageSettled", account, id: message.id, status: to, reason, since })
      },
      drained: () => {
        room.openUnsafe()
        drained()
      }
    }
  )
  const takeBack = Effect.fnUntraced(function* (conversation: Conversation) {
    const key = laneKey(conversation)
    const behind: Array<OutboxMessage> = []
    returning.set(key, behind)
    const taken = new Set<number>()
    // What is under way is in good hands; what ended before this moment is in the store as such once this is flushed.
    const known = new Set(relay.queue.idsOf(key))
    yield* journal.flush
    yield* Recovery.messages(parts, account, (row) => {
      if (laneKey(row.conversation) !== key || known.has(row.id)) return
      taken.add(row.id)
      relay.take(row)
    })
    returning.delete(key)
    // By their ids: a dead letter that is requeued meanwhile is older than what was read.
    for (const row of behind) if (!taken.has(row.id)) relay.take(row)
  })

  return {
    relay,
    commit,
    send,
    recover: Effect.gen(function* () {
      recoveredTo = yield* Recovery.messages(parts, account, (row) => relay.take(row))
      for (const row of early.splice(0)) offer(row)
    }),
    hasRecovered: () => recoveredTo !== undefined,
    takeBack,
    revive
  }
})
