/** What a sidecar is asked, and what it answers. Types only: both threads import it for free. */

/** One thing each: the thread ends with it. */
export interface Tasks {
  copy: { readonly ask: CopyTask; readonly answer: BackupFile }
  check: { readonly ask: CheckTask; readonly answer: Checked }
  place: { readonly ask: PlaceTask; readonly answer: Placed }
  search: { readonly ask: SearchTask; readonly answer: ReadonlyArray<HistoryEntry> }
}

export type TaskName = keyof Tasks

export interface CopyTask {
  /** The database, which may be in use. */
  readonly filename: string
  /** Where the copy goes; made when it is missing. */
  readonly directory: string
  /** Epoch milliseconds: part of the copy's name. */
  readonly at: number
  /** Copies of this database that stay, this one included. */
  readonly keep: number
}

export interface CheckTask {
  readonly path: string
}

export interface PlaceTask {
  readonly path: string
  /** Where it is to be, without symbolic links. */
  readonly target: string
  /** Put behind the name of what is there now. */
  readonly suffix: string
}

/** What a check found in a database that is whole. */
export interface Checked {
  /** Steps of the schema that the file has taken. */
  readonly schema: number
  /** Of the whole file, hexadecimal. */
  readonly sha256: string
  readonly bytes: number
  readonly events: number
  /** Events that no turn has settled. */
  readonly pendingEvents: number
  readonly messages: number
  /** Messages that are still to be sent. */
  readonly queuedMessages: number
  readonly states: number
}

export interface BackupFile extends Checked {
  readonly path: string
  /** Epoch milliseconds. */
  readonly at: number
  /** How many older ones were deleted. */
  readonly deleted: number
}

export interface Placed {
  /** What was there before, if anything was. */
  readonly kept: string | undefined
}

export interface SearchTask {
  readonly filename: string
  readonly account: string
  /** `kind:id`; `undefined`: all conversations. */
  readonly lane: string | undefined
  /** Epoch milliseconds, from the first to before the second. */
  readonly from: number
  readonly until: number
  readonly limit: number
  readonly offset: number
}

export type HistoryEntry =
  | {
      readonly _tag: "Received"
      readonly id: number
      /** Epoch milliseconds. */
      readonly at: number
      /** `kind:id`. */
      readonly lane: string
      readonly key: string
      /** The platform's frame as it came, JSON. */
      readonly raw: string
    }
  | {
      readonly _tag: "Said"
      readonly id: number
      /** Epoch milliseconds at which it was said; when it left is in `updatedAt`, if it did. */
      readonly at: number
      readonly lane: string
      readonly text: string
      /** See `MessageStatus`. */
      readonly status: string
      readonly updatedAt: number
      /** The platform's id of the message. */
      readonly messageId: string | undefined
      readonly reason: string | undefined
    }

export type Answer =
  | { readonly _tag: "Done"; readonly value: unknown }
  | { readonly _tag: "Failed"; readonly errcode: number | undefined; readonly message: string }
