/**
 * A person has taken over: until it is released, nothing of the conversation is handled and nothing is said there. What comes
 * is stored and waits, in order.
 */
import type { Conversation } from "./Conversation.ts"

export interface Hold {
  readonly account: string
  /** `undefined`: the whole account. */
  readonly conversation: Conversation | undefined
  readonly reason: string
  /** Epoch milliseconds. */
  readonly since: number
}
