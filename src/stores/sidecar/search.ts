/** What was said in a conversation, by us and by others, as far as the store still holds it. Runs in the sidecar. */
import { DatabaseSync, type SQLOutputValue } from "node:sqlite"
import { Block } from "../sqlite/Block.ts"
import { contentOf, number } from "../sqlite/rows.ts"
import { version } from "../sqlite/schema.ts"
import { damaged } from "./check.ts"
import type { HistoryEntry, SearchTask } from "./protocol.ts"

type Entries = Array<HistoryEntry>

/** The newest `count` events that match. Ids ascend with time, so blocks are read from the end until there are enough. */
const received = (db: DatabaseSync, { account, from, lane, until }: SearchTask, count: number): Entries => {
  const found: Entries = []
  const blocks = db.prepare("SELECT first, body FROM blocks WHERE since < ? AND until >= ? ORDER BY first DESC")
  for (const { body, first } of blocks.iterate(until, from)) {
    if (!(body instanceof Uint8Array)) throw damaged(`the block of events from ${first} on is damaged`)
    const block = new Block(Number(first), body)
    for (let i = block.length - 1; i >= 0; i--) {
      const at = block.receivedAt(i)
      if (at < from || at >= until || block.account(i) !== account) continue
      const event = block.event(i)
      if (lane !== undefined && event.lane !== lane) continue
      const raw = Buffer.from(event.raw.buffer, event.raw.byteOffset, event.raw.length).toString()
      found.push({ _tag: "Received", id: event.id, at, lane: event.lane, key: event.key, raw })
    }
    if (found.length >= count) break
  }
  return found
}

const idIn = (receipt: SQLOutputValue | undefined): string | undefined => {
  if (typeof receipt !== "string") return undefined
  try {
    const { messageId }: { readonly messageId?: unknown } = { ...JSON.parse(receipt) }
    return typeof messageId === "string" ? messageId : undefined
  } catch {
    return undefined
  }
}

const said = (db: DatabaseSync, { account, from, lane, until }: SearchTask, count: number): Entries =>
  db
    .prepare(
      `SELECT id, lane, status, created_at, updated_at, content, receipt, reason FROM outbox
       WHERE account = ?1 AND created_at >= ?2 AND created_at < ?3 AND (?4 IS NULL OR lane = ?4)
       ORDER BY created_at DESC, id DESC LIMIT ?5`
    )
    .all(account, from, until, lane ?? null, count)
    .map((row) => ({
      _tag: "Said",
      id: Number(row["id"]),
      at: number(row["created_at"]),
      lane: String(row["lane"]),
      text: contentOf(row["content"]).text,
      status: String(row["status"]),
      updatedAt: number(row["updated_at"]),
      messageId: idIn(row["receipt"]),
      reason: row["reason"] === null ? undefined : String(row["reason"])
    }))

/** Newest first. */
export const search = (task: SearchTask): ReadonlyArray<HistoryEntry> => {
  const db = new DatabaseSync(task.filename, { readOnly: true, timeout: 5000 })
  try {
    const taken = Number(db.prepare("PRAGMA user_version").get()?.["user_version"])
    if (taken !== version)
      throw new Error(`its schema is ${taken}, and not ${version}: start the bot once on this version`)
    const count = task.offset + task.limit
    // What is said answers what was received, also in the same millisecond.
    const all = [...said(db, task, count), ...received(db, task, count)].sort((a, b) => b.at - a.at)
    return all.slice(task.offset, count)
  } finally {
    db.close()
  }
}
