/**
 * What the last commits of each run answered, written with them: a repeat of one whose answer was lost gets it again.
 * Runs in the worker thread.
 *
 * A commit hands out ids and versions in a row, so its answer is three numbers and the exceptions. The commit itself,
 * which the repeat brings along, says the rest.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { CommitToken, TurnResult } from "../../ports/Store.ts"
import type { Rest } from "./protocol.ts"

/** Answers kept for each run. */
const slots = 4

export interface Committed {
  readonly eventIds: Float64Array
  readonly turns: ReadonlyArray<TurnResult>
}

/** An answer, as short as it can be. */
interface Summary {
  /** The id of the first event that was stored; 0 if none was. */
  readonly event: number
  /** The last message id and state version before the commit. */
  readonly message: number
  readonly version: number
  /** Places of events that had been stored before. */
  readonly known: ReadonlyArray<number>
  /** Places of turns that conflicted, and of those whose event had been settled. */
  readonly conflicts: ReadonlyArray<number>
  readonly settled: ReadonlyArray<number>
}

const places = <A>(items: ArrayLike<A>, is: (item: A) => boolean): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = 0; at < items.length; at++) if (is(items[at] as A)) found.push(at)
  return found
}

export const summarise = ({ eventIds, turns }: Committed, message: number, version: number): Summary => ({
  event: eventIds.find((id) => id !== 0) ?? 0,
  message,
  version,
  known: places(eventIds, (id) => id === 0),
  conflicts: places(turns, ({ _tag }) => _tag === "Conflict"),
  // Nothing of such a turn was applied, though it brought something.
  settled: places(turns, (turn) => turn._tag === "Committed" && turn.messageIds.length + turn.versions.length === 0)
})

/** The answer that was summarised, for the same commit. */
export const rebuild = (summary: Summary, events: number, turnWrites: Rest["turns"]): Committed => {
  const eventIds = new Float64Array(events)
  const known = new Set(summary.known)
  let event = summary.event
  for (let i = 0; i < events; i++) if (!known.has(i)) eventIds[i] = event++
  let { message, version } = summary
  const conflicts = new Set(summary.conflicts)
  const settled = new Set(summary.settled)
  const turns = turnWrites.map(({ messages, state }, at): TurnResult => {
    if (conflicts.has(at)) return { _tag: "Conflict" }
    if (settled.has(at)) return { _tag: "Committed", messageIds: [], versions: [] }
    const versions = state.map(({ value }) => (value === undefined ? 0 : ++version))
    return { _tag: "Committed", messageIds: messages.map(() => ++message), versions }
  })
  return { eventIds, turns }
}

export class Answers {
  private readonly select: StatementSync
  private readonly replace: StatementSync
  private readonly remove: StatementSync

  constructor(db: DatabaseSync) {
    this.select = db.prepare("SELECT summary FROM answers WHERE run = ? AND slot = ? AND seq = ?")
    this.replace = db.prepare("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)")
    this.remove = db.prepare("DELETE FROM answers WHERE at < ?")
  }

  find({ run, seq }: CommitToken): Summary | undefined {
    const summary = this.select.get(run, seq % slots, seq)?.["summary"]
    return summary === undefined ? undefined : (JSON.parse(String(summary)) as Summary)
  }

  keep({ run, seq }: CommitToken, summary: Summary): void {
    // The time only says when the run is long over.
    this.replace.run(run, seq % slots, seq, Date.now(), JSON.stringify(summary))
  }

  prune(before: number): void {
    this.remove.run(before)
  }
}
