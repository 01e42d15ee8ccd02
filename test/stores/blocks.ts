/** Looks into, and tampers with, the blocks of a SQLite store's file. */
import type { DatabaseSync } from "node:sqlite"
import { Block, encode } from "../../src/stores/sqlite/Block.ts"

const blocks = (db: DatabaseSync): ReadonlyArray<Block> =>
  db
    .prepare("SELECT first, body FROM blocks ORDER BY first")
    .all()
    .map((row) => new Block(Number(row["first"]), row["body"] as Uint8Array))

/** The keys of all events that are stored, in the order of their ids. */
export const keysIn = (db: DatabaseSync): ReadonlyArray<string> =>
  blocks(db).flatMap((block) => Array.from({ length: block.length }, (_, i) => block.key(i)))

/** Gives a key another name of the same length and leaves its hash: from now on another key seems to have that hash. */
export const forge = (db: DatabaseSync, from: string, to: string): void => {
  for (const block of blocks(db)) {
    for (let i = 0; i < block.length; i++) if (block.key(i) === from) block.bytes.set(Buffer.from(to), block.keyAt(i))
    const places = Array.from({ length: block.length }, (_, i) => i)
    const body = encode(
      block,
      places,
      places.map((i) => block.id(i))
    )
    db.prepare("UPDATE blocks SET body = ? WHERE first = ?").run(body, block.first)
  }
}
