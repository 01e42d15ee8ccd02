/**
 * The table of blocks: events by the run, in the order of their ids. Runs in the worker thread.
 *
 * A row costs SQLite the same whether it holds one event or many, so a commit writes few. Beside its events a block has
 * the hashes of their keys, by which a repeated key is found (see KeyIndex).
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Block, encode, type Source } from "./Block.ts"
import type { Drawer, KeyHash } from "./KeyIndex.ts"

/** Events per block at the most: what reading one event has to unpack. */
export const blockSize = 256
/** Bytes of unpacked blocks that are kept: lanes that catch up read a run of blocks again and again. */
const maxCached = 16 * 1024 * 1024

/** What is known of a block without unpacking it. */
export interface Outline {
  readonly first: number
  readonly last: number
  readonly count: number
  /** Epoch milliseconds at which its first and last event were received. */
  readonly since: number
  readonly until: number
}

export class Blocks {
  private readonly insert: StatementSync
  private readonly at: StatementSync
  private readonly before: StatementSync
  private readonly hashes: StatementSync
  private readonly outlines: StatementSync
  private readonly delete: StatementSync
  private readonly cache = new Map<number, Block>()
  private cached = 0
  private readonly db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.db = db
    this.insert = db.prepare("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)")
    this.at = db.prepare("SELECT body FROM blocks WHERE first = ?")
    this.before = db.prepare("SELECT first, last FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1")
    this.hashes = db.prepare("SELECT first, last, keys FROM blocks WHERE first <= ? ORDER BY first DESC")
    this.outlines = db.prepare(
      "SELECT first, last, count, since, until FROM blocks WHERE first > ? ORDER BY first LIMIT ?"
    )
    this.delete = db.prepare("DELETE FROM blocks WHERE first = ?")
  }

  /** Forgets what was read: it may have been rolled back, or another process may have changed it. */
  forget(): void {
    this.cache.clear()
    this.cached = 0
  }

  /** Writes the events at these places of the source. `ids` ascend; `hashes` has two numbers for each. */
  write(source: Source, places: ReadonlyArray<number>, ids: ArrayLike<number>, hashes: Uint32Array): void {
    let since = Number.POSITIVE_INFINITY
    let until = Number.NEGATIVE_INFINITY
    for (const place of places) {
      const at = source.receivedAt(place)
      if (at < since) since = at
      if (at > until) until = at
    }
    const first = ids[0] ?? 0
    const last = ids[places.length - 1] ?? 0
    const keys = new Uint8Array(hashes.buffer, hashes.byteOffset, hashes.byteLength)
    this.insert.run(first, last, places.length, since, until, keys, encode(source, places, ids))
  }

  private open(first: number): Block | undefined {
    const known = this.cache.get(first)
    if (known !== undefined) return known
    const body = this.at.get(first)?.["body"]
    if (!(body instanceof Uint8Array)) return undefined
    const block = new Block(first, body)
    this.cache.set(first, block)
    this.cached += block.size
    // The oldest goes first: reading moves forward.
    for (const [key, { size }] of this.cache) {
      if (this.cached <= maxCached || key === first) break
      this.cache.delete(key)
      this.cached -= size
    }
    return block
  }

  /** The block that holds this event, and the event's place in it. */
  find(id: number): { readonly block: Block; readonly place: number } | undefined {
    const row = this.before.get(id)
    if (row === undefined || Number(row["last"]) < id) return undefined
    const block = this.open(Number(row["first"]))
    const place = block?.find(id) ?? -1
    return block === undefined || place < 0 ? undefined : { block, place }
  }

  /** The blocks that may hold ids of this range, ascending. */
  *within(first: number, last: number): Generator<Block> {
    const start = Number(this.before.get(first)?.["first"] ?? first)
    const rows = this.db.prepare("SELECT first FROM blocks WHERE first BETWEEN ? AND ? ORDER BY first").all(start, last)
    for (const row of rows) {
      const block = this.open(Number(row["first"]))
      if (block !== undefined) yield block
    }
  }

  /** Whether a key with this hash is stored in this drawer; `is` tells keys with equal hashes apart. */
  holds(drawer: Drawer, { low, high }: KeyHash, is: (block: Block, place: number) => boolean): boolean {
    for (const row of this.hashes.iterate(drawer.last)) {
      if (Number(row["last"]) < drawer.first) return false
      const keys = words(row["keys"])
      for (let i = 0; i < keys.length; i += 2) {
        if (keys[i] !== low || keys[i + 1] !== high) continue
        const block = this.open(Number(row["first"]))
        if (block !== undefined && is(block, i >> 1)) return true
      }
    }
    return false
  }

  /** How many events there are. */
  get count(): number {
    return Number(this.db.prepare("SELECT sum(count) AS n FROM blocks").get()?.["n"] ?? 0)
  }

  /** Every hash that is stored, with its event's id or one close to it, in the same drawer nearly always. */
  eachHash(visit: (low: number, high: number, id: number) => void): void {
    for (const row of this.db.prepare("SELECT first, last, keys FROM blocks ORDER BY first").iterate()) {
      const keys = words(row["keys"])
      const first = Number(row["first"])
      const isWhole = Number(row["last"]) - first === keys.length / 2 - 1
      const block = isWhole ? undefined : this.open(first)
      for (let i = 0; i < keys.length; i += 2) visit(keys[i] ?? 0, keys[i + 1] ?? 0, block?.id(i >> 1) ?? first + i / 2)
    }
  }

  /** The next blocks after this one. */
  next(after: number, limit: number): ReadonlyArray<Outline> {
    return this.outlines.all(after, limit).map((row) => ({
      first: Number(row["first"]),
      last: Number(row["last"]),
      count: Number(row["count"]),
      since: Number(row["since"]),
      until: Number(row["until"])
    }))
  }

  /** Keeps of a block the events for which `stays` holds, and returns how many went. */
  thin(first: number, stays: (block: Block, place: number) => boolean): number {
    const block = this.open(first)
    if (block === undefined) return 0
    const places = Array.from({ length: block.length }, (_, i) => i).filter((i) => stays(block, i))
    if (places.length === block.length) return 0
    const keys = words(this.db.prepare("SELECT keys FROM blocks WHERE first = ?").get(first)?.["keys"])
    this.remove(first)
    const hashes = Uint32Array.from(places.flatMap((i) => [keys[2 * i] ?? 0, keys[2 * i + 1] ?? 0]))
    if (places.length > 0)
      this.write(
        block,
        places,
        places.map((i) => block.id(i)),
        hashes
      )
    return block.length - places.length
  }

  remove(first: number): void {
    this.delete.run(first)
    this.cached -= this.cache.get(first)?.size ?? 0
    this.cache.delete(first)
  }
}

/** The column `keys`: two numbers for each event. */
const words = (value: unknown): Uint32Array => {
  if (!(value instanceof Uint8Array)) return new Uint32Array(0)
  const aligned = value.byteOffset % 4 === 0 ? value : Uint8Array.from(value)
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2)
}
