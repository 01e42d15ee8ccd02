/**
 * One handler run: its unit of work.
 *
 * What a handler sends or writes is staged here and commits together with the acknowledgement of its event. A turn
 * that fails leaves nothing behind. After it ended, nothing can be staged any more.
 */
import { Context, Data, Effect, type Exit } from "effect"
import type { Event } from "../domain/Event.ts"
import { TooManyMessages } from "../domain/HandlerError.ts"
import type { NewMessage, ReplyTo } from "../domain/Message.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { StateEntry, StateWrite, TurnWrite } from "../ports/Store.ts"

/** Ends a turn early with the outcome that was set. Raised by `Bot.skip` and `Bot.later`. */
export class TurnEnded extends Data.TaggedError("TurnEnded")<{ readonly outcome: "skipped" | "deferred" }> {}

export type Outcome =
  | { readonly _tag: "Handled" }
  | { readonly _tag: "Skipped" }
  | { readonly _tag: "Deferred"; readonly until: number }

export const handled: Outcome = { _tag: "Handled" }

interface Staged {
  readonly expected: number
  readonly value: string | undefined
}

/** Whether it answers this event, and not another one that a handler kept. */
const isTo = ({ eventId, messageId }: ReplyTo, event: Event): boolean =>
  event._tag === "MessageReceived"
    ? messageId === event.messageId
    : event._tag === "PlatformEvent" && eventId === event.eventId

/** A turn as a tracer sees it. */
export interface TurnSpan {
  /** What makes it the parent of what its handler does; nothing where this turn is not sampled. */
  readonly context: Context.Context<never> | undefined
  /** The id of its trace, if it is sampled. */
  readonly trace: string | undefined
  /** W3C trace context; goes with its messages. */
  readonly traceparent: string
  readonly end: (exit: Exit.Exit<unknown, unknown>) => void
}

export class Turn extends Context.Service<Turn, ActiveTurn>()("everbot/engines/Turn") {}

/** The turn that is running; handlers reach it through `Bot.reply`, `Bot.send` and state. */
export class ActiveTurn {
  readonly event: Event
  /** Epoch milliseconds at which the event was received. */
  readonly receivedAt: number
  /** 1 for the first delivery in this process. */
  readonly attempt: number
  /** The connection the event came by, in this process. */
  readonly shard: number | undefined
  /** Absent while there is no tracer. */
  span: TurnSpan | undefined
  outcome: Outcome = handled
  private isOpen = true
  private endings: Array<(hasCommitted: boolean) => void> | undefined
  private hasCommitted: boolean | undefined
  private messages: Array<NewMessage> | undefined
  private writes: Map<string, Staged> | undefined
  /** What this turn read: it decides on these values, so its writes must expect their versions. */
  private seen: Map<string, StateEntry> | undefined
  /** Reads of stored state under way. */
  private reading = 0
  private readonly maxMessages: number
  private readonly readStored: (key: string) => Effect.Effect<StateEntry, StoreError>

  constructor(
    event: Event,
    receivedAt: number,
    attempt: number,
    maxMessages: number,
    readStored: (key: string) => Effect.Effect<StateEntry, StoreError>,
    shard?: number
  ) {
    this.event = event
    this.receivedAt = receivedAt
    this.attempt = attempt
    this.maxMessages = maxMessages
    this.readStored = readStored
    this.shard = shard
  }

  /** Stages a message. Dies after `maxMessages`: a handler that replies for ever has a bug. */
  stage(message: NewMessage): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.isOpen) return Effect.void
      this.messages ??= []
      if (this.messages.length >= this.maxMessages) return Effect.die(new TooManyMessages({ limit: this.maxMessages }))
      this.messages.push(this.traced(message))
      return Effect.void
    })
  }

  /** The message with the trace it belongs to, if there is a tracer. */
  traced(message: NewMessage): NewMessage {
    return this.span === undefined ? message : { ...message, trace: this.span.traceparent }
  }

  /** The value under `key` as this turn sees it: its own writes first. */
  read(key: string): Effect.Effect<string | undefined, StoreError> {
    return Effect.suspend(() => {
      const staged = this.writes?.get(key)
      return staged ? Effect.succeed(staged.value) : Effect.map(this.look(key), (entry) => entry.value)
    })
  }

  /** Stages a write. It conflicts, and the turn runs again, if another turn wrote the key since this one read it. */
  write(key: string, value: string | undefined): Effect.Effect<void, StoreError> {
    return Effect.suspend(() => {
      const staged = this.writes?.get(key)
      if (staged) return Effect.succeed(this.put(key, value, staged.expected))
      return Effect.map(this.look(key), (entry) => this.put(key, value, entry.version))
    })
  }

  private look(key: string): Effect.Effect<StateEntry, StoreError> {
    const known = this.seen?.get(key)
    if (known) return Effect.succeed(known)
    this.reading++
    return this.readStored(key).pipe(
      Effect.map((entry) => {
        this.seen ??= new Map()
        this.seen.set(key, entry)
        return entry
      }),
      Effect.ensuring(
        Effect.sync(() => {
          this.reading--
        })
      )
    )
  }

  /** Whether it is the store that the turn waits for. */
  get waitsForStore(): boolean {
    return this.reading > 0
  }

  private put(key: string, value: string | undefined, expected: number): void {
    if (!this.isOpen) return
    this.writes ??= new Map()
    this.writes.set(key, { value, expected })
  }

  /** Closes the turn and says what it leaves behind; `undefined` when that is a bare acknowledgement. */
  close(eventId: number | undefined): TurnWrite | undefined {
    this.isOpen = false
    const isSkipped = this.outcome._tag === "Skipped"
    const messages = isSkipped ? undefined : this.messages
    const writes = isSkipped ? undefined : this.writes
    if (messages === undefined && writes === undefined && this.outcome._tag !== "Deferred") return undefined
    const state: Array<StateWrite> = []
    if (writes) for (const [key, { value, expected }] of writes) state.push({ key, value, expected })
    return {
      eventId,
      messages: messages === undefined ? [] : this.numbered(messages),
      state,
      deferUntil: this.outcome._tag === "Deferred" ? this.outcome.until : undefined
    }
  }

  /** Only a turn that settles its event: one that is put off will run again, and what it says then is something else. */
  private numbered(messages: ReadonlyArray<NewMessage>): ReadonlyArray<NewMessage> {
    if (this.outcome._tag !== "Handled") return messages
    return messages.map((message, nth) => {
      const { replyTo } = message
      return replyTo !== undefined && isTo(replyTo, this.event) ? { ...message, replyTo: { ...replyTo, nth } } : message
    })
  }

  /** Whether something can still be staged. */
  get isActive(): boolean {
    return this.isOpen
  }

  /** What the turn staged is durable: what its fibers say from now on is not part of it. */
  committed(): void {
    this.end(true)
  }

  private end(hasCommitted: boolean): void {
    this.hasCommitted = hasCommitted
    const { endings } = this
    this.endings = undefined
    if (endings !== undefined) for (const tell of endings) tell(hasCommitted)
  }

  /** Completes when the turn is over, with whether it was committed. */
  get outcomeKnown(): Effect.Effect<boolean> {
    return Effect.callback<boolean>((resume) => {
      if (this.hasCommitted !== undefined) return resume(Effect.succeed(this.hasCommitted))
      this.endings ??= []
      this.endings.push((hasCommitted) => resume(Effect.succeed(hasCommitted)))
    })
  }

  /** Closes the turn and drops what it staged. */
  abandon(): void {
    this.isOpen = false
    this.end(false)
    this.messages = undefined
    this.writes = undefined
  }
}
