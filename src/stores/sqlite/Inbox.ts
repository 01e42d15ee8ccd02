/**
 * Events, what is settled of them, and dead events. Runs in the worker thread.
 *
 * De-duplication is exact: the unique index holds a hash of the key behind the number of its drawer (see KeyFilter), and
 * where two keys share one, the later takes the next free number. A row whose next number is taken is not pruned, so the
 * chain stays whole, and its first number, which the filter knows, stays taken.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import type { DeadEvent } from "../../domain/DeadLetter.ts"
import type { PendingEvent, StoredEvent } from "../../ports/Store.ts"
import type { Frames } from "./frames.ts"
import { KeyFilter, slots } from "./KeyFilter.ts"
import { type Interval, Ledger } from "./Ledger.ts"
import { conversation } from "./outbox.ts"

export class Inbox {
  private readonly db: DatabaseSync
  private readonly accounts = new Map<string, number>()
  private readonly names = new Map<number, string>()
  private ledger = new Ledger([])
  private readonly filter = new KeyFilter()
  /** False: the filter would deny keys that are stored, so {@link fill} has to come first. */
  isFilled = false
  private readonly insert: StatementSync
  private readonly holder: StatementSync
  private readonly address: StatementSync
  private readonly frame: StatementSync
  private readonly move: StatementSync
  private readonly removeInterval: StatementSync
  private readonly writeInterval: StatementSync
  private readonly defer: StatementSync
  private readonly undefer: StatementSync
  private readonly bury: StatementSync
  private readonly unbury: StatementSync

  constructor(db: DatabaseSync) {
    this.db = db
    this.insert = db.prepare("INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING")
    this.holder = db.prepare("SELECT account, key FROM inbox WHERE hash = ?")
    this.address = db.prepare("SELECT account, lane FROM inbox WHERE id = ?")
    this.frame = db.prepare("SELECT received_at, key, raw FROM inbox WHERE id = ?")
    this.move = db.prepare("UPDATE inbox SET id = ? WHERE id = ?")
    this.removeInterval = db.prepare("DELETE FROM settled WHERE first = ?")
    this.writeInterval = db.prepare(
      "INSERT INTO settled VALUES (?, ?) ON CONFLICT (first) DO UPDATE SET last = excluded.last"
    )
    this.defer = db.prepare(
      "INSERT INTO deferred VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET not_before = excluded.not_before"
    )
    this.undefer = db.prepare("DELETE FROM deferred WHERE id = ?")
    this.bury = db.prepare("INSERT OR REPLACE INTO dead_events VALUES (?, ?, ?, ?, ?, ?, ?)")
    this.unbury = db.prepare("DELETE FROM dead_events WHERE id = ?")
  }

  /** Reads what is kept in memory: after opening, after a rollback, and when another process wrote. */
  load(): void {
    const { db } = this
    this.accounts.clear()
    this.names.clear()
    for (const row of db.prepare("SELECT id, name FROM accounts").iterate()) {
      this.accounts.set(String(row["name"]), Number(row["id"]))
      this.names.set(Number(row["id"]), String(row["name"]))
    }
    const intervals: Array<Interval> = []
    for (const row of db.prepare("SELECT first, last FROM settled ORDER BY first").iterate()) {
      intervals.push({ first: Number(row["first"]), last: Number(row["last"]) })
    }
    const ledger = new Ledger(intervals)
    const scan = db.prepare("SELECT id, account FROM inbox WHERE id BETWEEN ? AND ? ORDER BY id")
    for (const [first, last] of ledger.unsettled()) {
      for (const row of scan.iterate(first, last)) ledger.add(Number(row["id"]), Number(row["account"]))
    }
    for (const row of db.prepare("SELECT id, not_before FROM deferred").iterate()) {
      ledger.deferred.set(Number(row["id"]), Number(row["not_before"]))
    }
    this.ledger = ledger
  }

  append(frames: Frames): Float64Array {
    const ids = new Float64Array(frames.length)
    const { names } = frames
    const accounts: Array<number> = []
    for (let i = 0; i < names.length; i += 2) accounts.push(this.account(names[i] ?? ""))
    let id = this.ledger.lastId + 1
    for (let i = 0; i < frames.length; i++) {
      const number = frames.conversation(i)
      const account = accounts[number] ?? 0
      const hash = frames.hash(i, account)
      const key = frames.key(i)
      if (this.filter.admit(hash) && this.isStored(hash, account, key)) continue
      const receivedAt = frames.receivedAt(i)
      const lane = names[2 * number + 1] ?? ""
      const raw = frames.raw(i)
      const place = this.filter.drawer(id) + hash
      if (this.insert.run(id, place, account, receivedAt, lane, key, raw).changes === 0) {
        this.insertBehind(place, [id, account, receivedAt, lane, key, raw])
      }
      this.ledger.add(id, account)
      ids[i] = id++
    }
    if (this.filter.isFull) this.fill()
    return ids
  }

  /** Another key with the same hash has the place: the next free number is ours. */
  private insertBehind(taken: number, [id, ...rest]: readonly [number, ...ReadonlyArray<SQLInputValue>]): void {
    let place = (taken + 1) % slots
    while (this.insert.run(id, place, ...rest).changes === 0) place = (place + 1) % slots
    this.filter.add(place)
  }

  private isStored(hash: number, account: number, key: string): boolean {
    for (const place of this.filter.places(hash)) {
      for (let at = place; ; at = (at + 1) % slots) {
        const row = this.holder.get(at)
        if (row === undefined) break
        if (row["key"] === key && row["account"] === account) return true
      }
    }
    return false
  }

  /**
   * Fills the filter with what is stored: after opening, when another process wrote, and when it grew. Not after pruning:
   * what it knows too much costs a look, no more.
   */
  fill(): void {
    const rows = this.db.prepare("SELECT count(*) AS n FROM inbox").get()
    this.isFilled = false
    this.filter.reset(Number(rows?.["n"]))
    for (const row of this.db.prepare("SELECT hash FROM inbox INDEXED BY inbox_hash").iterate()) {
      this.filter.add(Number(row["hash"]))
    }
    this.isFilled = true
  }

  private account(name: string): number {
    const known = this.accounts.get(name)
    if (known !== undefined) return known
    const row = this.db.prepare("INSERT INTO accounts (name) VALUES (?) RETURNING id").get(name)
    const number = Number(row?.["id"])
    this.accounts.set(name, number)
    this.names.set(number, name)
    return number
  }

  isPending(id: number): boolean {
    return this.ledger.isPending(id)
  }

  settle(id: number): void {
    if (this.ledger.settle(id) && this.ledger.deferred.delete(id)) this.undefer.run(id)
  }

  putOff(id: number, until: number): void {
    this.ledger.deferred.set(id, until)
    this.defer.run(id, until)
  }

  kill(id: number, { conversation, key, reason, attempts, at }: Omit<DeadEvent, "_tag" | "id">): void {
    this.bury.run(id, conversation.account, `${conversation.kind}:${conversation.id}`, key, reason, attempts, at)
    this.settle(id)
  }

  /** Writes the intervals that changed: the last thing in a transaction. */
  flush(): void {
    const { removed, written } = this.ledger.takeChanges()
    for (const first of removed) this.removeInterval.run(first)
    for (const { first, last } of written) this.writeInterval.run(first, last)
  }

  pending(account: string, after: number, limit: number): ReadonlyArray<PendingEvent> {
    return this.ledger.page(this.accounts.get(account) ?? -1, after, limit).map((id) => this.describe(id))
  }

  private describe(id: number): PendingEvent {
    const row = this.address.get(id)
    const address = conversation(this.names.get(Number(row?.["account"])) ?? "", String(row?.["lane"]))
    return { id, conversation: address, notBefore: this.ledger.deferred.get(id) }
  }

  events(ids: ReadonlyArray<number>): ReadonlyArray<StoredEvent> {
    const found: Array<StoredEvent> = []
    for (const id of ids) {
      const row = this.frame.get(id)
      const raw = row?.["raw"]
      if (row === undefined || !(raw instanceof Uint8Array)) continue
      found.push({ id, key: String(row["key"]), receivedAt: Number(row["received_at"]), raw })
    }
    return found
  }

  letters(account: string, limit: number): ReadonlyArray<DeadEvent> {
    const rows = this.db
      .prepare("SELECT * FROM dead_events WHERE account = ? ORDER BY at DESC, id DESC LIMIT ?")
      .all(account, limit)
    return rows.map((row) => ({
      _tag: "DeadEvent",
      id: Number(row["id"]),
      conversation: conversation(account, String(row["lane"])),
      key: String(row["key"]),
      reason: String(row["reason"]),
      attempts: Number(row["attempts"]),
      at: Number(row["at"])
    }))
  }

  /** Moves the row to a new id: its key, its frame and when it came stay what they were. */
  requeue(old: number): PendingEvent | undefined {
    if (this.unbury.run(old).changes === 0) return undefined
    const account = this.address.get(old)?.["account"]
    if (account === undefined) return undefined
    const id = this.ledger.lastId + 1
    this.move.run(id, old)
    this.ledger.add(id, Number(account))
    return this.describe(id)
  }

  discard(id: number): boolean {
    return this.unbury.run(id).changes !== 0
  }

  counts(account: string): { readonly pending: number; readonly dead: number } {
    const row = this.db.prepare("SELECT count(*) AS n FROM dead_events WHERE account = ?").get(account)
    return { pending: this.ledger.pending(this.accounts.get(account) ?? -1), dead: Number(row?.["n"]) }
  }

  /**
   * Deletes among the next rows above `after` what is settled, old and nobody's dead letter. Ids ascend with time, so a
   * step that finds nothing old is the last one. Takes many steps, so that commits need not wait for all of them.
   */
  prune(before: number, after: number): { readonly rows: number; readonly next: number | undefined } {
    const step = this.db.prepare("SELECT id, received_at FROM inbox WHERE id > ? ORDER BY id LIMIT 2000").all(after)
    const last = Number(step.at(-1)?.["id"] ?? after)
    if (!step.some((row) => Number(row["received_at"]) < before)) return { rows: 0, next: undefined }
    const done = this.db.prepare(
      `DELETE FROM inbox WHERE id > ? AND id <= ? AND received_at < ? AND EXISTS (
         SELECT 1 FROM settled s WHERE s.first = (SELECT max(first) FROM settled WHERE first <= inbox.id) AND s.last >= inbox.id
       ) AND NOT EXISTS (SELECT 1 FROM dead_events d WHERE d.id = inbox.id)
         AND NOT EXISTS (SELECT 1 FROM inbox n WHERE n.hash = (inbox.hash + 1) % ${slots})`
    )
    return { rows: Number(done.run(after, last, before).changes), next: last }
  }
}
