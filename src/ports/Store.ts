/**
 * Everything that must survive a crash, behind one transaction.
 *
 * The contract of {@link Store.commit}, which the contract suite holds every implementation to:
 * - a commit is applied wholly or not at all, and once it succeeds it survives the process and, by default, the machine
 * - commits are applied in the order of the calls, and several may be under way at once (up to `pipeline`)
 * - a commit whose answer was lost may have been applied: one with a `token` can be repeated all the same. If it was
 *   applied, nothing is applied again and it answers what the first try would have
 * - when one fails, those called after it that were under way fail too (`Superseded`), so that the caller can repeat
 *   them in the same order; a failed commit leaves nothing behind and may be repeated
 * - an event whose key is already stored for the account is not stored again and gets no id
 */
import { Context, type Effect } from "effect"
import type { Conversation } from "../domain/Conversation.ts"
import type { DeadEvent, DeadLetter } from "../domain/DeadLetter.ts"
import type { Position } from "../domain/Event.ts"
import type { Gap } from "../domain/Gap.ts"
import type { MessageStatus, NewMessage, OutboxMessage, Receipt } from "../domain/Message.ts"
import type { StoreError } from "../domain/StoreError.ts"

/** An event as the gateway received it: the journal keeps the raw frame, so nothing is serialised again. */
export interface NewEvent {
  readonly conversation: Conversation
  readonly key: string
  /** Epoch milliseconds. */
  readonly receivedAt: number
  /** The frame as it came from the wire, UTF-8 JSON. */
  readonly raw: Uint8Array
}

/** A stored event that no turn has settled. */
export interface PendingEvent {
  readonly id: number
  readonly conversation: Conversation
  /** Epoch milliseconds before which it must not be handled, if a turn put it off. */
  readonly notBefore: number | undefined
}

export interface StoredEvent {
  readonly id: number
  /** The key it was stored under: decoding the frame again may give none, or another. */
  readonly key: string
  readonly receivedAt: number
  readonly raw: Uint8Array
}

export interface PositionWrite {
  readonly account: string
  /** `undefined` forgets the position of `stream`: the session is gone. */
  readonly position: Position | undefined
  readonly stream: string
}

export interface StateEntry {
  /** JSON text; `undefined` when there is none. */
  readonly value: string | undefined
  /** 0 when there is none; grows with every write. */
  readonly version: number
}

export interface StateWrite {
  readonly key: string
  /** JSON text; `undefined` deletes. */
  readonly value: string | undefined
  /** The version that was read: if it changed since, the whole turn conflicts and none of it is applied. */
  readonly expected: number
}

/** What one turn leaves behind, besides or instead of a bare acknowledgement. */
export interface TurnWrite {
  /** The event it settles; `undefined` for work outside a turn, e.g. a message sent by a schedule. */
  readonly eventId: number | undefined
  readonly messages: ReadonlyArray<NewMessage>
  readonly state: ReadonlyArray<StateWrite>
  /** Epoch milliseconds: the event is not settled but put off until then. */
  readonly deferUntil?: number | undefined
  /** The event is settled as a dead letter. */
  readonly dead?: Omit<DeadEvent, "_tag" | "id"> | undefined
}

/** A step in the life of an outbox row. */
export interface MessageWrite {
  readonly id: number
  readonly status: MessageStatus
  readonly attempts: number
  readonly notBefore?: number | undefined
  readonly receipt?: Receipt | undefined
  readonly reason?: string | undefined
  /** Epoch milliseconds. */
  readonly at: number
}

/** Names a commit, so that a repeat is recognised. Stores remember the last four of a run: more than may be under way. */
export interface CommitToken {
  /** Who commits: unique to one journal in one process, e.g. a random UUID. */
  readonly run: string
  /** Counts the commits of the run, without holes. A repeat has the number of the first try. */
  readonly seq: number
}

/** One transaction. Everything in it becomes durable together. */
export interface Commit {
  /** `undefined`: a repeat is not recognised. */
  readonly token?: CommitToken | undefined
  /** The caller's: a store reads it until it answers, and not after. */
  readonly events: ReadonlyArray<NewEvent>
  readonly positions: ReadonlyArray<PositionWrite>
  /** Ids of events that were handled and left nothing else behind: the fast path of {@link TurnWrite}. */
  readonly settled: ReadonlyArray<number>
  readonly turns: ReadonlyArray<TurnWrite>
  readonly messages: ReadonlyArray<MessageWrite>
  readonly gaps: ReadonlyArray<Gap>
}

/** `conflict`: a state version had moved on, so nothing of this turn was applied. */
export type TurnResult =
  | {
      readonly _tag: "Committed"
      readonly messageIds: ReadonlyArray<number>
      /**
       * The versions that `state` has now, in its order; 0 for what was deleted. Empty, like `messageIds`, when the
       * event had been settled before and nothing was applied.
       */
      readonly versions: ReadonlyArray<number>
    }
  | { readonly _tag: "Conflict" }

export interface CommitResult {
  /** One for each of `events`, ascending; 0 where the key was already stored. */
  readonly eventIds: ArrayLike<number>
  /** One for each of `turns`. */
  readonly turns: ReadonlyArray<TurnResult>
}

export interface Counts {
  /** Events stored and not settled. */
  readonly pendingEvents: number
  readonly deadEvents: number
  readonly messages: Readonly<Record<MessageStatus, number>>
  /** Epoch milliseconds at which the first stored of the messages that are still to be sent was created. */
  readonly oldestQueuedAt: number | undefined
}

/**
 * Epoch milliseconds, table by table: what is older goes. A table that is left out is kept whole.
 *
 * The age of a row counts from when it was done, that of an event from when it came.
 */
export interface Cutoffs {
  /** Settled events that are nobody's dead letter. Their keys go with them: a duplicate that comes later runs again. */
  readonly events?: number | undefined
  /** Messages that were sent. */
  readonly sent?: number | undefined
  /** Messages under review. A verdict that comes later finds nothing that it could be about. */
  readonly auditing?: number | undefined
  /** Dead events, and messages that rest unsent, by when they were given up on. The event itself stays as long as others. */
  readonly deadLetters?: number | undefined
  /** Gaps, by when they ended. */
  readonly gaps?: number | undefined
}

/** How many rows went. */
export type Pruned = Readonly<Record<keyof Cutoffs, number>>

/** The order matters: the event of a dead letter can go once that is gone. */
export const pruneOrder = ["deadLetters", "events", "sent", "auditing", "gaps"] as const satisfies ReadonlyArray<
  keyof Cutoffs
>

export const nothingPruned: Pruned = { deadLetters: 0, events: 0, sent: 0, auditing: 0, gaps: 0 }

export class Store extends Context.Service<
  Store,
  {
    /** The file it lives in, if it lives in one of this machine: so that its disk can be watched. */
    readonly file?: string | undefined
    /** How many commits may be under way at once. */
    readonly pipeline: number
    readonly commit: (commit: Commit) => Effect.Effect<CommitResult, StoreError>
    readonly positions: (account: string) => Effect.Effect<ReadonlyArray<Position>, StoreError>
    /** Unsettled events of the account with an id above `after`, ascending. */
    readonly pendingEvents: (
      account: string,
      page: { readonly after: number; readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<PendingEvent>, StoreError>
    /** The keys and frames of these events, in the order asked; ids that are not stored are left out. */
    readonly events: (ids: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<StoredEvent>, StoreError>
    /** Rows of the account that are `queued` or `sending` with an id above `after`, ascending. */
    readonly pendingMessages: (
      account: string,
      page: { readonly after: number; readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<OutboxMessage>, StoreError>
    /** The row of the account that is `auditing` under the audit id of its receipt. */
    readonly auditing: (account: string, auditId: string) => Effect.Effect<OutboxMessage | undefined, StoreError>
    /** One entry for each key. */
    readonly state: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<StateEntry>, StoreError>
    /** Keys that have a value, beyond `after`, in an order of the store's own; for walks over all of it. */
    readonly stateKeys: (page: {
      readonly after: string | undefined
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<string>, StoreError>
    /** Accounts that have a position, whether they run here or not. */
    readonly accounts: Effect.Effect<ReadonlyArray<string>, StoreError>
    /** Newest first. */
    readonly deadLetters: (
      account: string,
      page: { readonly limit: number; readonly offset?: number | undefined }
    ) => Effect.Effect<ReadonlyArray<DeadLetter>, StoreError>
    /**
     * Gives a dead letter another life and says what to do with it now: a dead event becomes a pending event with a
     * new id, a dead message a queued one. `undefined` when there is no such dead letter.
     */
    readonly requeue: (
      letter: Pick<DeadLetter, "_tag" | "id">
    ) => Effect.Effect<PendingEvent | OutboxMessage | undefined, StoreError>
    /** Forgets a dead letter; false when there is no such dead letter. */
    readonly discard: (letter: Pick<DeadLetter, "_tag" | "id">) => Effect.Effect<boolean, StoreError>
    readonly gaps: (account: string) => Effect.Effect<ReadonlyArray<Gap>, StoreError>
    readonly counts: (account: string) => Effect.Effect<Counts, StoreError>
    /**
     * Deletes what is done and old, table by table; returns how many rows went. Never what is not settled: pending and
     * deferred events and messages to be sent stay however old they are; so do state and positions, of which there is
     * one for each key and stream, and whose age says nothing about whether they are needed.
     */
    readonly prune: (cutoffs: Cutoffs) => Effect.Effect<Pruned, StoreError>
  }
>()("everbot/ports/Store") {}

/** A commit with nothing in it: spread it and fill in what there is. */
export const emptyCommit: Commit = { events: [], positions: [], settled: [], turns: [], messages: [], gaps: [] }
