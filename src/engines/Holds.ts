/** What a person holds of one account. Plain data: it is asked for every message that is about to leave. */
import { type Conversation, laneKey } from "../domain/Conversation.ts"
import type { Hold } from "../domain/Hold.ts"

/** Conversations of one account that may be held at once. */
export const maxHolds = 1000

export class Holds {
  private readonly byLane = new Map<string, Hold>()
  private whole: Hold | undefined

  /** Whether the whole account is held. */
  get isWhole(): boolean {
    return this.whole !== undefined
  }
  /** Whether this conversation is held by itself. */
  covers(conversation: Conversation): boolean {
    return this.byLane.size > 0 && this.byLane.has(laneKey(conversation))
  }
  get isFull(): boolean {
    return this.byLane.size >= maxHolds
  }
  /** The hold on this conversation, or on the account. */
  of(conversation: Conversation | undefined): Hold | undefined {
    return conversation === undefined ? this.whole : this.byLane.get(laneKey(conversation))
  }
  /** That on the account first, then the oldest. */
  all(): ReadonlyArray<Hold> {
    return this.whole === undefined ? Array.from(this.byLane.values()) : [this.whole, ...this.byLane.values()]
  }
  add(hold: Hold): void {
    if (hold.conversation === undefined) this.whole = hold
    else this.byLane.set(laneKey(hold.conversation), hold)
  }
  remove(conversation: Conversation | undefined): void {
    if (conversation === undefined) this.whole = undefined
    else this.byLane.delete(laneKey(conversation))
  }
}
