/**
 * The front door. A feature is a Layer made by `Bot.on` or `Bot.command`; an app is a list of features and accounts:
 *
 * ```ts
 * Layer.mergeAll(Bot.on("MessageReceived", (event) => Bot.reply(event, event.text)), Qq.layerConfig).pipe(
 *   Bot.launch,
 *   Effect.provide(Sqlite.layer({ filename: "bot.db" })),
 *   Bot.runMain
 * )
 * ```
 * What a handler sends and writes is staged in its turn and commits together with the acknowledgement of its event.
 */
import { Clock, type Duration, Effect, type Layer, Option } from "effect"
import { compose, momentOf, type SendOptions } from "./bot/Compose.ts"
import type { Guard } from "./bot/Guard.ts"
import type { Conversation } from "./domain/Conversation.ts"
import type { Event, EventKind, EventOf, MessageReceived } from "./domain/Event.ts"
import type { Content, NewMessage, ReplyTo } from "./domain/Message.ts"
import { type Provided, Runtime, register } from "./engines/Runtime.ts"
import { Turn, TurnEnded } from "./engines/Turn.ts"

export type { SendOptions } from "./bot/Compose.ts"
export { deadLetters, discard, requeue } from "./bot/DeadLetters.ts"
export { gaps } from "./bot/Gaps.ts"
export { check, errors, health } from "./bot/Health.ts"
export { hold, holds, release } from "./bot/Holds.ts"
export { launch, launchWith } from "./bot/Launch.ts"
export { layer, layerWith, type Options } from "./bot/Layer.ts"
export { runMain, teardown } from "./bot/Main.ts"
export { conversationState, type State, userState } from "./bot/State.ts"
export { type AccountStatus, onStatus, type ShardStatus, shards, status } from "./bot/Status.ts"
export { Runtime } from "./engines/Runtime.ts"

/** Runs `handler` for every event of a kind, or for those that pass the guard. */
export const on: {
  <K extends EventKind, A, E, R>(
    kind: K,
    handler: (event: EventOf<K>) => Effect.Effect<A, E, R>
  ): Layer.Layer<never, never, Runtime | Exclude<R, Provided>>
  <K extends EventKind, A, E, R, E2, R2>(
    kind: K,
    guard: Guard<EventOf<K>, E2, R2>,
    handler: (event: EventOf<K>) => Effect.Effect<A, E, R>
  ): Layer.Layer<never, never, Runtime | Exclude<R | R2, Provided>>
} = <K extends EventKind, A, E, R, E2, R2>(
  kind: K,
  ...rest:
    | readonly [handler: (event: EventOf<K>) => Effect.Effect<A, E, R>]
    | readonly [guard: Guard<EventOf<K>, E2, R2>, handler: (event: EventOf<K>) => Effect.Effect<A, E, R>]
): Layer.Layer<never, never, Runtime | Exclude<R | R2, Provided>> => {
  const [guard, handler] = rest.length === 1 ? [undefined, rest[0]] : rest
  const guarded = (event: EventOf<K>): Effect.Effect<unknown, E | E2, R | R2> =>
    guard === undefined
      ? handler(event)
      : Effect.flatMap(guard(event), (passes) => (passes ? handler(event) : Effect.void))
  return register(kind, guarded)
}

/** How a command is called. */
export interface CommandOptions {
  /** Overrides the prefixes of `Bot.layerWith`. */
  readonly prefix?: string | ReadonlyArray<string> | undefined
}

/** What was said after the name of a command. */
export interface Arguments {
  /** What follows the command, trimmed. */
  readonly rest: string
  /** The same, cut at white space. */
  readonly words: ReadonlyArray<string>
}

/**
 * Runs `handler` for messages that begin with a prefix (default `!` or `/`) and the name, e.g. `!ping now`. Names are
 * compared without regard to case.
 */
export const command = <A, E, R>(
  name: string,
  handler: (event: MessageReceived, args: Arguments) => Effect.Effect<A, E, R>,
  options: CommandOptions = {}
): Layer.Layer<never, never, Runtime | Exclude<R, Provided>> =>
  on(
    "MessageReceived",
    (event): Effect.Effect<unknown, E, R | Runtime> =>
      Effect.flatMap(Runtime, ({ prefixes }) => {
        const args = parseCommand(event.text, name, options.prefix ?? prefixes)
        return args === undefined ? Effect.void : handler(event, args)
      })
  ) as Layer.Layer<never, never, Runtime | Exclude<R, Provided>>

/** The arguments of `text` if it calls the command, else undefined. */
export const parseCommand = (
  text: string,
  name: string,
  prefix: string | ReadonlyArray<string>
): Arguments | undefined => {
  const trimmed = text.trim()
  for (const start of typeof prefix === "string" ? [prefix] : prefix) {
    if (!trimmed.startsWith(start)) continue
    const [head = "", ...words] = trimmed.slice(start.length).split(/\s+/)
    if (head.toLowerCase() !== name.toLowerCase()) continue
    return { rest: trimmed.slice(start.length + head.length).trim(), words }
  }
  return undefined
}

/**
 * Answers an event in its conversation. Staged: it is stored when the turn commits, and sent from the outbox. A fiber
 * that outlives its turn may still answer; what a failed turn left running may not. An event
 * that the platform gave no id is answered by a message that names no event. Events that belong to no chat cannot be
 * answered: that is a defect.
 */
export const reply = (
  event: Event,
  content: string | Content,
  options?: SendOptions
): Effect.Effect<void, never, Provided> =>
  Effect.gen(function* () {
    const turn = yield* Turn
    const message = yield* compose(event.conversation, content, options)
    yield* stage(turn, { ...message, replyTo: answered(event, turn.receivedAt) })
  })

/**
 * A fiber that outlives its turn has nothing to stage in any more: what it says then is stored on its own, once the
 * turn is durable. If the turn came to nothing it will run again, and say it again: then nothing is stored.
 */
const stage = (turn: Turn["Service"], message: NewMessage): Effect.Effect<void, never, Runtime> =>
  Effect.gen(function* () {
    if (turn.isActive) return yield* turn.stage(message)
    const runtime = yield* Runtime
    if (yield* turn.outcomeKnown) yield* runtime.send(turn.traced(message))
  })

/** What a reply to the event names: a key of our own making would be refused. */
const answered = (event: Event, receivedAt: number): ReplyTo | undefined => {
  if (event._tag === "MessageReceived") return { messageId: event.messageId, receivedAt }
  const eventId = event._tag === "PlatformEvent" ? event.eventId : undefined
  return eventId === undefined ? undefined : { eventId, receivedAt }
}

/**
 * Says something in a conversation. Inside a handler it is staged in the turn; outside it is stored at once, and the
 * effect completes when it is durable. While the outbox is full it waits for room.
 */
export const send = Effect.fn("Bot.send")(function* (
  conversation: Conversation,
  content: string | Content,
  options?: SendOptions
) {
  const runtime = yield* Runtime
  const message = yield* compose(conversation, content, options)
  const turn = yield* Effect.serviceOption(Turn)
  yield* Option.match(turn, { onNone: () => runtime.send(message), onSome: (open) => stage(open, message) })
})

/** Ends the turn at once and drops what it staged: the event counts as ignored. */
export const skip: Effect.Effect<never, TurnEnded, Turn> = Effect.flatMap(Turn, (turn) => {
  turn.outcome = { _tag: "Skipped" }
  return Effect.fail(new TurnEnded({ outcome: "skipped" }))
})

/**
 * Ends the turn at once, commits what it staged, and has the event handled again after a while, also if the process
 * restarts in between. Other events of the conversation do not wait for it.
 */
export const later = (after: Duration.Input): Effect.Effect<never, TurnEnded, Turn> =>
  Effect.gen(function* () {
    const turn = yield* Turn
    turn.outcome = { _tag: "Deferred", until: momentOf(yield* Clock.currentTimeMillis, after, "an event comes again") }
    return yield* new TurnEnded({ outcome: "deferred" })
  })

/**
 * Which attempt at this event it is: 1 the first time, and one more after each failure. After a restart of the process, and
 * after `Bot.later`, it begins at 1 again: to know that an event comes again, keep that in a state.
 */
export const attempt: Effect.Effect<number, never, Turn> = Effect.map(Turn, (turn) => turn.attempt)
