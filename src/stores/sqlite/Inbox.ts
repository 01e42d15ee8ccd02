/**
 * Events, what is settled of them, and dead events. Runs in the worker thread.
 *
 * De-duplication is exact: the index in memory says where a key may be, the hashes of the blocks there where it probably
 * is, and the key itself decides.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { DeadEvent } from "../../domain/DeadLetter.ts"
import type { PendingEvent, StoredEvent } from "../../ports/Store.ts"
import type { Block, BlockEvent } from "./Block.ts"
import { Blocks, blockSize, type Outline } from "./Blocks.ts"
import type { Frames } from "./frames.ts"
import { KeyHash, KeyIndex } from "./KeyIndex.ts"
import { type Interval, Ledger } from "./Ledger.ts"
import { conversation } from "./outbox.ts"
import { number } from "./rows.ts"

/** Blocks that one step of a prune looks at. */
const pruneStep = 16

/** Events of the commit under way that are new, up to a block of them. */
class Accepted {
  readonly places: Array<number> = []
  readonly hashes = new Uint32Array(2 * blockSize)

  push(place: number, { low, high }: KeyHash): void {
    const at = 2 * this.places.length
    this.hashes[at] = low
    this.hashes[at + 1] = high
    this.places.push(place)
  }
  clear(): void {
    this.places.length = 0
  }
  /** Whether one of them has this hash and is the same. */
  has({ low, high }: KeyHash, is: (place: number) => boolean): boolean {
    const { places, hashes } = this
    return places.some((place, i) => hashes[2 * i] === low && hashes[2 * i + 1] === high && is(place))
  }
}

export class Inbox {
  private readonly db: DatabaseSync
  private readonly accounts = new Map<string, number>()
  private readonly names = new Map<number, string>()
  private ledger = new Ledger([])
  private readonly blocks: Blocks
  private readonly index = new KeyIndex()
  private readonly hash = new KeyHash()
  private readonly accepted = new Accepted()
  /** False: the index would deny keys that are stored, so {@link fill} has to come first. */
  isFilled = false
  private readonly removeInterval: StatementSync
  private readonly writeInterval: StatementSync
  private readonly defer: StatementSync
  private readonly undefer: StatementSync
  private readonly bury: StatementSync
  private readonly unbury: StatementSync
  private readonly isDead: StatementSync

  constructor(db: DatabaseSync) {
    this.db = db
    this.blocks = new Blocks(db)
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
    this.isDead = db.prepare("SELECT 1 FROM dead_events WHERE id = ?")
  }

  /** Reads what is kept in memory: after opening, after a rollback, and when another process wrote. */
  load(): void {
    const { db } = this
    this.blocks.forget()
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
    for (const [first, last] of ledger.unsettled()) {
      for (const block of this.blocks.within(first, last)) {
        for (let i = 0; i < block.length; i++) {
          const id = block.id(i)
          if (id >= first && id <= last) ledger.add(id, this.accounts.get(block.account(i)) ?? 0)
        }
      }
    }
    for (const row of db.prepare("SELECT id, not_before FROM deferred").iterate()) {
      ledger.deferred.set(Number(row["id"]), Number(row["not_before"]))
    }
    this.ledger = ledger
  }

  append(frames: Frames): Float64Array {
    const ids = new Float64Array(frames.length)
    const { accepted, hash } = this
    const accounts = this.numbers(frames)
    accepted.clear()
    let id = this.ledger.lastId + 1
    for (let i = 0; i < frames.length; i++) {
      const account = accounts[frames.conversation(i)] ?? 0
      hash.read(frames.bytes, frames.keyAt(i), frames.keyAt(i + 1), account)
      if (this.index.add(hash.low, hash.high, id) && this.isKnown(frames, i)) continue
      accepted.push(i, hash)
      this.ledger.add(id, account)
      ids[i] = id++
      if (accepted.places.length === blockSize) this.writeBlock(frames, id)
    }
    this.writeBlock(frames, id)
    if (this.index.isFull) this.fill()
    return ids
  }

  /** The accounts of a commit's conversations. */
  private numbers({ names }: Frames): ReadonlyArray<number> {
    const accounts: Array<number> = []
    for (let i = 0; i < names.length; i += 2) accounts.push(this.account(names[i] ?? ""))
    return accounts
  }

  /** Writes what was accepted, under the ids below `next`. */
  private writeBlock(frames: Frames, next: number): void {
    const { places, hashes } = this.accepted
    const n = places.length
    if (n === 0) return
    const ids = new Float64Array(n)
    for (let i = 0; i < n; i++) ids[i] = next - n + i
    this.blocks.write(frames, places, ids, hashes.subarray(0, 2 * n))
    this.accepted.clear()
  }

  /** Whether the key whose hash was just read is stored, or was accepted in this commit. */
  private isKnown(frames: Frames, i: number): boolean {
    const { hash } = this
    const account = frames.names[2 * frames.conversation(i)]
    const key = frames.key(i)
    const isTwin = (place: number): boolean =>
      frames.key(place) === key && frames.names[2 * frames.conversation(place)] === account
    if (this.accepted.has(hash, isTwin)) return true
    const isSame = (block: Block, at: number): boolean => block.key(at) === key && block.account(at) === account
    return this.index.look(hash.low, hash.high).some((drawer) => this.blocks.holds(drawer, hash, isSame))
  }

  /**
   * Fills the index with what is stored: after opening, when another process wrote, and when it grew. Not after pruning:
   * what it knows too much costs a look, no more.
   */
  fill(): void {
    this.isFilled = false
    this.index.reset(this.blocks.count)
    this.blocks.eachHash((low, high, id) => this.index.add(low, high, id))
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
    const { account = "", lane = "" } = this.read(id) ?? {}
    return { id, conversation: conversation(account, lane), notBefore: this.ledger.deferred.get(id) }
  }

  private read(id: number): BlockEvent | undefined {
    const found = this.blocks.find(id)
    return found?.block.event(found.place)
  }

  events(ids: ReadonlyArray<number>): ReadonlyArray<StoredEvent> {
    const found: Array<StoredEvent> = []
    for (const id of ids) {
      const event = this.read(id)
      if (event === undefined) continue
      const { key, receivedAt, raw } = event
      // A copy: the view would send its whole block to the other thread.
      found.push({ id, key, receivedAt, raw: Uint8Array.from(raw) })
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
      attempts: number(row["attempts"]),
      at: number(row["at"])
    }))
  }

  /** Moves the event to a new id: its key, its frame and when it came stay what they were. */
  requeue(old: number): PendingEvent | undefined {
    if (this.unbury.run(old).changes === 0) return undefined
    const found = this.blocks.find(old)
    if (found === undefined) return undefined
    const { block, place } = found
    const account = this.account(block.account(place))
    const id = this.ledger.lastId + 1
    const { hash } = this
    hash.read(block.bytes, block.keyAt(place), block.keyAt(place + 1), account)
    this.blocks.write(block, [place], [id], Uint32Array.of(hash.low, hash.high))
    this.blocks.thin(block.first, (_, at) => at !== place)
    this.index.add(hash.low, hash.high, id)
    this.ledger.add(id, account)
    return this.describe(id)
  }

  discard(id: number): boolean {
    return this.unbury.run(id).changes !== 0
  }

  /** Lets go of some dead letters that are old: their events are settled like others from then on. */
  pruneLetters(before: number, limit: number): number {
    const old = "SELECT id FROM dead_events WHERE at < ? LIMIT ?"
    return Number(this.db.prepare(`DELETE FROM dead_events WHERE id IN (${old})`).run(before, limit).changes)
  }

  counts(account: string): { readonly pending: number; readonly dead: number } {
    const row = this.db.prepare("SELECT count(*) AS n FROM dead_events WHERE account = ?").get(account)
    return { pending: this.ledger.pending(this.accounts.get(account) ?? -1), dead: Number(row?.["n"]) }
  }

  /**
   * Deletes in the next blocks above `after` what is settled, old and nobody's dead letter. Ids ascend with time, so a
   * step that finds nothing old is the last one. Takes many steps, so that commits need not wait for all of them.
   */
  prune(before: number, after: number): { readonly rows: number; readonly next: number | undefined } {
    const step = this.blocks.next(after, pruneStep)
    if (!step.some(({ since }) => since < before)) return { rows: 0, next: undefined }
    let rows = 0
    for (const outline of step) if (outline.since < before) rows += this.pruneBlock(outline, before)
    return { rows, next: step.at(-1)?.last }
  }

  private pruneBlock({ first, last, count, until }: Outline, before: number): number {
    const mayGo = (id: number): boolean => !this.ledger.isPending(id) && this.isDead.get(id) === undefined
    if (until < before && this.areAll(first, last, mayGo)) {
      this.blocks.remove(first)
      return count
    }
    return this.blocks.thin(first, (block, place) => block.receivedAt(place) >= before || !mayGo(block.id(place)))
  }

  private areAll(first: number, last: number, is: (id: number) => boolean): boolean {
    for (let id = first; id <= last; id++) if (!is(id)) return false
    return true
  }
}
