/** The step that turned the table of single events into one of blocks. Runs in the worker thread. */
import type { DatabaseSync } from "node:sqlite"
import type { Source } from "./Block.ts"
import { Blocks, blockSize } from "./Blocks.ts"
import { KeyHash } from "./KeyIndex.ts"

interface Row {
  readonly id: number
  readonly account: number
  readonly name: string
  readonly lane: string
  readonly key: Uint8Array
  readonly receivedAt: number
  readonly raw: Uint8Array
}

const toRow = (row: Readonly<Record<string, unknown>>): Row => ({
  id: Number(row["id"]),
  account: Number(row["account"]),
  name: String(row["name"]),
  lane: String(row["lane"]),
  key: Buffer.from(String(row["key"])),
  receivedAt: Number(row["received_at"]),
  raw: row["raw"] instanceof Uint8Array ? row["raw"] : new Uint8Array(0)
})

/** Where each of these begins, and the last one ends, from `at` on. */
const starts = (parts: ReadonlyArray<Uint8Array>, at: number): ReadonlyArray<number> => {
  const all = [at]
  for (const part of parts) all.push((all.at(-1) ?? 0) + part.length)
  return all
}

const toSource = (rows: ReadonlyArray<Row>): Source => {
  const raws = rows.map(({ raw }) => raw)
  const keys = rows.map(({ key }) => key)
  const rawAt = starts(raws, 0)
  const keyAt = starts(keys, rawAt.at(-1) ?? 0)
  return {
    bytes: Buffer.concat([...raws, ...keys]),
    receivedAt: (i) => rows[i]?.receivedAt ?? 0,
    conversation: (i) => i,
    rawAt: (i) => rawAt[i] ?? 0,
    keyAt: (i) => keyAt[i] ?? 0,
    names: rows.flatMap(({ name, lane }) => [name, lane])
  }
}

const hashesOf = (rows: ReadonlyArray<Row>): Uint32Array => {
  const hash = new KeyHash()
  return Uint32Array.from(
    rows.flatMap(({ key, account }) => {
      hash.read(key, 0, key.length, account)
      return [hash.low, hash.high]
    })
  )
}

export const intoBlocks = (db: DatabaseSync): void => {
  db.exec(`
    -- Runs of events that came together, packed (see Block.ts); keys holds a hash of each key.
    CREATE TABLE blocks (
      first INTEGER PRIMARY KEY,
      last INTEGER NOT NULL,
      count INTEGER NOT NULL,
      since INTEGER NOT NULL,
      until INTEGER NOT NULL,
      keys BLOB NOT NULL,
      body BLOB NOT NULL
    ) STRICT;
  `)
  const blocks = new Blocks(db)
  const page = db.prepare(
    "SELECT inbox.*, accounts.name FROM inbox JOIN accounts ON accounts.id = account WHERE inbox.id > ? ORDER BY inbox.id LIMIT ?"
  )
  for (let after = 0; ; ) {
    const rows = page.all(after, blockSize).map(toRow)
    if (rows.length === 0) break
    const places = rows.map((_, i) => i)
    blocks.write(
      toSource(rows),
      places,
      rows.map(({ id }) => id),
      hashesOf(rows)
    )
    after = rows.at(-1)?.id ?? after
  }
  db.exec("DROP TABLE inbox")
}
