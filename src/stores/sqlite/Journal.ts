/**
 * The database, opened: one transaction for each commit, and the reads. Runs in the worker thread; throws what SQLite
 * throws. Whatever fails is rolled back, and what is kept in memory is read again before the next use.
 *
 * SQLite itself would sync the log inside COMMIT (`synchronous = FULL`), with this thread asleep. Here COMMIT only writes
 * (`NORMAL`), and the main thread syncs {@link Journal.log} before it lets the answer out (see LogSync): nothing is
 * acknowledged that power loss could take, and a sync covers all commits before it. SQLite still syncs what keeps the
 * file whole: the log's header, the log before a checkpoint, and the database after it.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite"
import type { DeadLetter } from "../../domain/DeadLetter.ts"
import type { Position } from "../../domain/Event.ts"
import type { Gap } from "../../domain/Gap.ts"
import type {
  CommitToken,
  Counts,
  Cutoffs,
  PositionWrite,
  StateEntry,
  TurnResult,
  TurnWrite
} from "../../ports/Store.ts"
import { Answers, type Committed, rebuild, summarise } from "./Answers.ts"
import { inspect } from "./damage.ts"
import type { Frames } from "./frames.ts"
import { Inbox } from "./Inbox.ts"
import { Outbox, pruneStep } from "./outbox.ts"
import type { OpenOptions, PruneStep, Rest } from "./protocol.ts"
import { gapOf, positionOf } from "./rows.ts"
import { migrate } from "./schema.ts"

/** One that cannot be read counts as old: it says nothing. */
const oldGaps = `DELETE FROM gaps WHERE id IN (
  SELECT id FROM gaps WHERE iif(json_valid(gap), coalesce(json_extract(gap, '$.until'), 0), 0) < ?
  ORDER BY id LIMIT ${pruneStep})`

/** A step that deleted less than it could was the last one. */
const step = (rows: number): PruneStep => ({ rows, next: rows < pruneStep ? undefined : 0 })

const nothing: StateEntry = { value: undefined, version: 0 }

export class Journal {
  readonly inbox: Inbox
  readonly outbox: Outbox
  /** The write-ahead log, which must be synced before a commit is answered; `undefined` when nobody asked for that. */
  readonly log: string | undefined
  /** What a person should know about the file that was opened. */
  readonly warning: string | undefined
  private readonly answers: Answers
  private readonly db: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()
  private readonly dataVersion: StatementSync
  /** Another process's commits change it; ours do not. */
  private seen: unknown
  private stale = true
  private lastMessage = 0
  private lastVersion = 0

  constructor(options: OpenOptions) {
    this.warning = inspect(options.filename)
    this.db = new DatabaseSync(options.filename, { timeout: options.busyTimeout })
    try {
      this.log = configure(this.db, options)
      migrate(this.db)
      this.inbox = new Inbox(this.db)
      this.outbox = new Outbox(this.db)
      this.answers = new Answers(this.db)
      this.dataVersion = this.db.prepare("PRAGMA data_version")
      this.refresh()
    } catch (error) {
      this.db.close()
      throw error
    }
  }

  private sql(text: string): StatementSync {
    let statement = this.statements.get(text)
    if (statement === undefined) {
      statement = this.db.prepare(text)
      this.statements.set(text, statement)
    }
    return statement
  }

  /** Reads what is kept in memory again, if it may have changed. */
  refresh(): void {
    const version = this.dataVersion.get()?.["data_version"]
    if (!this.stale && version === this.seen && this.inbox.isFilled) return
    this.stale = true
    this.outbox.tally.forget()
    this.inbox.load()
    if (version !== this.seen || !this.inbox.isFilled) this.inbox.fill()
    this.lastMessage = this.counter("message")
    this.lastVersion = this.counter("version")
    this.seen = version
    this.stale = false
  }

  private counter(name: string): number {
    return Number(this.sql("SELECT value FROM counters WHERE name = ?").get(name)?.["value"] ?? 0)
  }

  private setCounter(name: string, value: number): void {
    this.sql("INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value").run(name, value)
  }

  /** All of it, or none of it and the error. */
  private transact<A>(body: () => A): A {
    this.sql("BEGIN IMMEDIATE").run()
    try {
      this.refresh()
      const { lastMessage, lastVersion } = this
      const result = body()
      this.inbox.flush()
      if (this.lastMessage !== lastMessage) this.setCounter("message", this.lastMessage)
      if (this.lastVersion !== lastVersion) this.setCounter("version", this.lastVersion)
      this.sql("COMMIT").run()
      return result
    } catch (error) {
      this.stale = true
      // SQLite itself may have rolled back already, e.g. when the disk is full.
      if (this.db.isTransaction) this.db.exec("ROLLBACK")
      throw error
    }
  }

  commit(token: CommitToken | undefined, frames: Frames, rest: Rest | undefined): Committed {
    if (token === undefined) return this.transact(() => this.write(frames, rest))
    return this.transact(() => {
      const { lastMessage, lastVersion } = this
      const kept = this.answers.find(token)
      if (kept !== undefined) return rebuild(kept, frames.length, rest?.turns ?? [])
      const result = this.write(frames, rest)
      this.answers.keep(token, summarise(result, lastMessage, lastVersion))
      return result
    })
  }

  private write(frames: Frames, rest: Rest | undefined): Committed {
    const eventIds = this.inbox.append(frames)
    if (rest !== undefined) for (const write of rest.positions) this.place(write)
    const { settled } = frames
    for (let i = 0; i < settled.length; i++) this.inbox.settle(settled[i] ?? 0)
    if (rest === undefined) return { eventIds, turns: [] }
    const turns = rest.turns.map((turn) => this.settle(turn))
    for (const write of rest.messages) this.outbox.write(write)
    for (const gap of rest.gaps) {
      this.sql("INSERT INTO gaps (account, gap) VALUES (?, ?)").run(gap.account, JSON.stringify(gap))
    }
    return { eventIds, turns }
  }

  private place({ account, stream, position }: PositionWrite): void {
    if (position === undefined) {
      this.sql("DELETE FROM positions WHERE account = ? AND stream = ?").run(account, stream)
      return
    }
    this.sql("INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position").run(
      account,
      stream,
      JSON.stringify({ ...position, stream })
    )
  }

  private settle({ eventId, state, messages, dead, deferUntil }: TurnWrite): TurnResult {
    // A turn that is repeated after its event was settled must not say things twice.
    if (eventId !== undefined && !this.inbox.isPending(eventId)) {
      return { _tag: "Committed", messageIds: [], versions: [] }
    }
    for (const { key, expected } of state) if (this.entry(key).version !== expected) return { _tag: "Conflict" }
    const versions = state.map(({ key, value }) => this.put(key, value))
    const messageIds = messages.map((message) => {
      const id = ++this.lastMessage
      this.outbox.add(id, message)
      return id
    })
    if (eventId !== undefined) {
      if (dead !== undefined) this.inbox.kill(eventId, dead)
      else if (deferUntil !== undefined) this.inbox.putOff(eventId, deferUntil)
      else this.inbox.settle(eventId)
    }
    return { _tag: "Committed", messageIds, versions }
  }

  private put(key: string, value: string | undefined): number {
    if (value === undefined) {
      this.sql("DELETE FROM state WHERE key = ?").run(key)
      return 0
    }
    this.sql("INSERT OR REPLACE INTO state VALUES (?, ?, ?)").run(key, value, ++this.lastVersion)
    return this.lastVersion
  }

  private entry(key: string): StateEntry {
    const row = this.sql("SELECT value, version FROM state WHERE key = ?").get(key)
    return row === undefined ? nothing : { value: String(row["value"]), version: Number(row["version"]) }
  }

  state(keys: ReadonlyArray<string>): ReadonlyArray<StateEntry> {
    return keys.map((key) => this.entry(key))
  }

  stateKeys(after: string | undefined, limit: number): ReadonlyArray<string> {
    const rows =
      after === undefined
        ? this.sql("SELECT key FROM state ORDER BY key LIMIT ?").all(limit)
        : this.sql("SELECT key FROM state WHERE key > ? ORDER BY key LIMIT ?").all(after, limit)
    return rows.map((row) => String(row["key"]))
  }

  accounts(): ReadonlyArray<string> {
    const rows = this.sql("SELECT DISTINCT account FROM positions").all()
    return rows.map((row) => String(row["account"]))
  }

  positions(account: string): ReadonlyArray<Position> {
    const rows = this.sql("SELECT stream, position FROM positions WHERE account = ?").all(account)
    return rows.map((row) => positionOf(String(row["stream"]), row["position"]))
  }

  gaps(account: string): ReadonlyArray<Gap> {
    const rows = this.sql("SELECT gap FROM gaps WHERE account = ? ORDER BY id").all(account)
    return rows.map((row) => gapOf(account, row["gap"]))
  }

  deadLetters(account: string, limit: number, offset: number): ReadonlyArray<DeadLetter> {
    const end = offset + limit
    const letters: Array<DeadLetter> = [...this.inbox.letters(account, end), ...this.outbox.letters(account, end)]
    return letters.sort((a, b) => b.at - a.at || b.id - a.id).slice(offset, end)
  }

  requeue({ _tag, id }: Pick<DeadLetter, "_tag" | "id">) {
    return this.transact(() => (_tag === "DeadEvent" ? this.inbox.requeue(id) : this.outbox.requeue(id)))
  }

  discard({ _tag, id }: Pick<DeadLetter, "_tag" | "id">): boolean {
    return this.transact(() => (_tag === "DeadEvent" ? this.inbox.discard(id) : this.outbox.discard(id)))
  }

  /** One step of many. */
  prune(table: keyof Cutoffs, before: number, after: number): PruneStep {
    return this.transact(() => {
      switch (table) {
        case "events": {
          const step = this.inbox.prune(before, after)
          if (step.next === undefined) this.answers.prune(before)
          return step
        }
        case "sent":
        case "auditing":
          return step(this.outbox.prune(table, before))
        case "deadLetters":
          return step(this.inbox.pruneLetters(before, pruneStep) + this.outbox.pruneLetters(before))
        case "gaps":
          return step(Number(this.sql(oldGaps).run(before).changes))
      }
    })
  }

  counts(account: string): Counts {
    const { pending, dead } = this.inbox.counts(account)
    const { messages, oldest } = this.outbox.counts(account)
    return { pendingEvents: pending, deadEvents: dead, messages, oldestQueuedAt: oldest }
  }

  /**
   * Moves the whole write-ahead log into the database and syncs that: after a failed sync the kernel may take the log
   * for clean, and a later sync of it would prove nothing.
   */
  emptyLog(): void {
    if (this.log === undefined) return
    const row = this.sql("PRAGMA wal_checkpoint(FULL)").get()
    if (row?.["busy"] !== 0) throw Object.assign(new Error("database is locked"), { errcode: 5 })
  }

  /**
   * The disk is full: the log gives back what it takes, up to `checkpointPages`, if its pages have a place in the
   * database already. Does not throw: there may be no room for that either.
   */
  makeRoom(): void {
    try {
      this.sql("PRAGMA wal_checkpoint(TRUNCATE)").get()
    } catch {
      // The next commit fails too, and tries again.
    }
  }

  /** Moves the write-ahead log into the database, if nobody hinders it, and closes. */
  close(): void {
    this.db.close()
  }
}

/** Returns the log that has to be synced before a commit may be answered. */
const configure = (db: DatabaseSync, options: OpenOptions): string | undefined => {
  // Large pages: the index is hit at random, and a page costs two writes however large it is.
  db.exec("PRAGMA page_size = 16384")
  const mode = db.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"]
  // SQLite names the log after the file behind all symbolic links.
  const log = mode === "wal" && options.synchronous === "FULL" ? `${db.location()}-wal` : undefined
  db.exec(`PRAGMA synchronous = ${log === undefined ? options.synchronous : "NORMAL"}; PRAGMA temp_store = MEMORY`)
  db.exec(`PRAGMA cache_size = -${options.cacheSize}; PRAGMA wal_autocheckpoint = ${options.checkpointPages}`)
  if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`)
  return log
}
