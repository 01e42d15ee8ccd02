/** What was given up on, kept with its cause until a person requeues or discards it. */
import type { Conversation } from "./Conversation.ts"
import type { OutboxMessage, RestingStatus } from "./Message.ts"

/** An event whose handler failed for good. */
export interface DeadEvent {
  readonly _tag: "DeadEvent"
  readonly id: number
  readonly conversation: Conversation
  readonly key: string
  readonly reason: string
  readonly attempts: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** A message that rests unsent. */
export interface DeadMessage {
  readonly _tag: "DeadMessage"
  readonly id: number
  readonly message: OutboxMessage & { readonly status: RestingStatus }
  readonly reason: string
  /** Epoch milliseconds. */
  readonly at: number
}

export type DeadLetter = DeadEvent | DeadMessage
