/**
 * Where the state of a bot is saved as a whole, in generations: a save never touches what was saved before, and a
 * generation that got damaged falls back to the newest good one and is named.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/StoreError.ts"

export interface Snapshot {
  /** Grows by at least one with every save of this name. */
  readonly generation: number
  /** Epoch milliseconds. */
  readonly savedAt: number
  /** The text that was saved. */
  readonly body: string
}

/** A generation that cannot be used. */
export interface Damaged {
  /** Where it is, in words a person can act on: a file, or a row. */
  readonly where: string
  readonly why: string
}

export interface Loaded {
  /** The newest good generation; `undefined` when there is none. */
  readonly snapshot: Snapshot | undefined
  /** What is newer than `snapshot` and damaged or missing, newest first. Empty when all is well. */
  readonly damaged: ReadonlyArray<Damaged>
}

export interface Listed {
  readonly name: string
  readonly generations: ReadonlyArray<number>
}

export class SnapshotStore extends Context.Service<
  SnapshotStore,
  {
    /**
     * Saves `body` as the next generation of `name` (letters, digits, `.`, `_`, `-`). It is wholly saved or not at all, and once this
     * succeeds it survives the process and the machine. Older generations go, but the newest few stay.
     */
    readonly save: (name: string, body: string) => Effect.Effect<Snapshot, StoreError>
    readonly load: (name: string) => Effect.Effect<Loaded, StoreError>
    /** Every name that was saved, with the generations that are still there, damaged or not; newest first. */
    readonly list: Effect.Effect<ReadonlyArray<Listed>, StoreError>
  }
>()("everbot/ports/SnapshotStore") {}
