/** What the main thread and the worker say to each other. Types only: both sides import it for free. */
import type { DeadLetter } from "../../domain/DeadLetter.ts"
import type { Position } from "../../domain/Event.ts"
import type { Gap } from "../../domain/Gap.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import type {
  Commit,
  CommitToken,
  Counts,
  Cutoffs,
  PendingEvent,
  StateEntry,
  StoredEvent,
  TurnResult
} from "../../ports/Store.ts"
import type { Packed } from "./frames.ts"

/** What the worker needs to open the database. */
export interface OpenOptions {
  readonly filename: string
  readonly synchronous: "FULL" | "NORMAL"
  /** Milliseconds. */
  readonly busyTimeout: number
  /** Kibibytes. */
  readonly cacheSize: number
  readonly checkpointPages: number
  readonly maxPages: number | undefined
}

interface Page {
  readonly after: number
  readonly limit: number
}

/** What one step of a prune deleted, and where the next one begins; `undefined` after the last. */
export interface PruneStep {
  readonly rows: number
  readonly next: number | undefined
}

/** The reads and the small writes: name → parameters and answer. */
export interface Calls {
  /** Answers what a person should know about the file. */
  open: { readonly args: readonly []; readonly answer: string | undefined }
  positions: { readonly args: readonly [account: string]; readonly answer: ReadonlyArray<Position> }
  pendingEvents: { readonly args: readonly [account: string, page: Page]; readonly answer: ReadonlyArray<PendingEvent> }
  events: { readonly args: readonly [ids: ReadonlyArray<number>]; readonly answer: ReadonlyArray<StoredEvent> }
  pendingMessages: {
    readonly args: readonly [account: string, page: Page]
    readonly answer: ReadonlyArray<OutboxMessage>
  }
  auditing: {
    readonly args: readonly [account: string, auditId: string]
    readonly answer: OutboxMessage | undefined
  }
  state: { readonly args: readonly [keys: ReadonlyArray<string>]; readonly answer: ReadonlyArray<StateEntry> }
  stateKeys: {
    readonly args: readonly [page: { readonly after: string | undefined; readonly limit: number }]
    readonly answer: ReadonlyArray<string>
  }
  accounts: { readonly args: readonly []; readonly answer: ReadonlyArray<string> }
  deadLetters: {
    readonly args: readonly [account: string, page: { readonly limit: number; readonly offset?: number | undefined }]
    readonly answer: ReadonlyArray<DeadLetter>
  }
  requeue: {
    readonly args: readonly [letter: Pick<DeadLetter, "_tag" | "id">]
    readonly answer: PendingEvent | OutboxMessage | undefined
  }
  discard: { readonly args: readonly [letter: Pick<DeadLetter, "_tag" | "id">]; readonly answer: boolean }
  gaps: { readonly args: readonly [account: string]; readonly answer: ReadonlyArray<Gap> }
  counts: { readonly args: readonly [account: string]; readonly answer: Counts }
  prune: {
    readonly args: readonly [table: keyof Cutoffs, before: number, after: number]
    readonly answer: PruneStep
  }
  close: { readonly args: readonly []; readonly answer: undefined }
}

export type Operation = keyof Calls

/** The parts of a commit that are rare or small, as they are. */
export type Rest = Pick<Commit, "positions" | "turns" | "messages" | "gaps">

export type Request =
  | { readonly _tag: "Call"; readonly id: number; readonly operation: Operation; readonly args: ReadonlyArray<unknown> }
  | {
      readonly _tag: "Commit"
      readonly id: number
      /** Grows when the main thread heard of a failure: the worker refuses what was sent before that. */
      readonly generation: number
      readonly token: CommitToken | undefined
      /** The log could not be synced: what it holds is to be made safe another way, before anything else. */
      readonly rescue: boolean
      readonly packed: Packed
      /** JSON of {@link Rest}; empty when there is none of it. */
      readonly rest: string
    }

/** An error as it crosses threads. */
export interface Fault {
  /** SQLite's extended result code; `undefined` when the error is not SQLite's. */
  readonly errcode: number | undefined
  readonly message: string
  readonly superseded: boolean
}

export type Answer =
  | { readonly _tag: "Answered"; readonly id: number; readonly value: unknown; readonly log: string | undefined }
  | {
      readonly _tag: "Committed"
      readonly id: number
      readonly eventIds: Float64Array
      readonly turns: ReadonlyArray<TurnResult>
      /** The buffer of the request, to be used again. */
      readonly buffer: ArrayBuffer
      /** The write-ahead log, if it has to be synced before anybody may rely on this. */
      readonly log: string | undefined
    }
  | { readonly _tag: "Failed"; readonly id: number; readonly fault: Fault }
