/**
 * Whether a file is a whole database of everbot: its pages and indexes by SQLite, its version by the schema, and the
 * blocks of events by unpacking each, as SQLite sees bytes in them and nothing else. Runs in the sidecar.
 */
import { createHash } from "node:crypto"
import { closeSync, openSync, readSync, statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { Block } from "../sqlite/Block.ts"
import { NewerSchema, version } from "../sqlite/schema.ts"
import type { Checked } from "./protocol.ts"

/** The step of the schema that put events into blocks. */
const withBlocks = 4
const chunk = 4 * 1024 * 1024

export const damaged = (message: string): Error => Object.assign(new Error(message), { errcode: 11 })

/** SHA-256 of a file that nobody has open: closing it here would drop the locks this process has on it (POSIX). */
export const digest = (path: string): string => {
  const hash = createHash("sha256")
  const buffer = Buffer.allocUnsafe(chunk)
  const file = openSync(path, "r")
  try {
    for (let n = readSync(file, buffer); n > 0; n = readSync(file, buffer)) hash.update(buffer.subarray(0, n))
  } finally {
    closeSync(file)
  }
  return hash.digest("hex")
}

const count = (db: DatabaseSync, rows: string): number =>
  Number(db.prepare(`SELECT count(*) AS n FROM ${rows}`).get()?.["n"])

const schemaOf = (db: DatabaseSync): number => {
  const taken = Number(db.prepare("PRAGMA user_version").get()?.["user_version"])
  if (taken > version) throw new NewerSchema(taken)
  const hasTables = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'outbox'").get() !== undefined
  if (taken === 0 || !hasTables) throw new Error("it is no database of everbot")
  return taken
}

/** Whether an id is settled: the intervals ascend and are apart from each other. */
const settledIn = (db: DatabaseSync): ((id: number) => boolean) => {
  const rows = db.prepare("SELECT first, last FROM settled ORDER BY first").all()
  const intervals = rows.map((row) => [Number(row["first"]), Number(row["last"])] as const)
  return (id) => {
    let [low, high] = [0, intervals.length - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const [first, last] = intervals[middle] ?? [0, 0]
      if (id < first) high = middle - 1
      else if (id > last) low = middle + 1
      else return true
    }
    return false
  }
}

const countEvents = (db: DatabaseSync, schema: number): { readonly events: number; readonly pendingEvents: number } => {
  const isSettled = settledIn(db)
  let [events, pendingEvents] = [0, 0]
  const add = (id: number): void => {
    events++
    if (!isSettled(id)) pendingEvents++
  }
  if (schema < withBlocks) {
    for (const row of db.prepare("SELECT id FROM inbox").iterate()) add(Number(row["id"]))
    return { events, pendingEvents }
  }
  for (const row of db.prepare("SELECT first, body FROM blocks").iterate()) {
    const { body, first } = row
    if (!(body instanceof Uint8Array)) throw damaged(`the block of events from ${first} on is damaged`)
    const block = new Block(Number(first), body)
    for (let i = 0; i < block.length; i++) add(block.id(i))
  }
  return { events, pendingEvents }
}

/** Reads all of it. Throws what is wrong with it. The file must not be in use, and is left as it was. */
export const check = (path: string): Checked => {
  // Before SQLite opens it, and only then: see digest.
  const sha256 = digest(path)
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const found = db.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"]
    if (found !== "ok") throw damaged(String(found).replaceAll("\n", " "))
    const schema = schemaOf(db)
    const queued = "outbox WHERE status IN ('queued', 'sending')"
    return {
      schema,
      sha256,
      bytes: statSync(path).size,
      ...countEvents(db, schema),
      messages: count(db, "outbox"),
      queuedMessages: count(db, queued),
      states: count(db, "state")
    }
  } finally {
    db.close()
  }
}
