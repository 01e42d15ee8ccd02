/** The outbox's statements and rows. Runs in the worker thread. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite"
import type { ConversationKind } from "../../domain/Conversation.ts"
import type { DeadMessage } from "../../domain/DeadLetter.ts"
import type { MessageStatus, NewMessage, OutboxMessage, Priority, RestingStatus } from "../../domain/Message.ts"
import type { MessageWrite } from "../../ports/Store.ts"
import { contentOf, number, optional, replyOf } from "./rows.ts"
import { type ByStatus, Tally } from "./Tally.ts"

/** Rows that one step of a prune deletes. */
export const pruneStep = 2000

export type Row = Record<string, SQLOutputValue>

/** These words are those of the partial indexes: SQLite recognises them only when they are the same. */
const unfinished = "status IN ('queued', 'sending')"
const finished = "status IN ('sent', 'auditing')"
const resting = "status IN ('refused', 'expired', 'dead', 'unknown')"

export const conversation = (account: string, lane: string) => {
  const at = lane.indexOf(":")
  return { account, kind: lane.slice(0, at) as ConversationKind, id: lane.slice(at + 1) }
}

const message = (row: Row): OutboxMessage => ({
  id: Number(row["id"]),
  conversation: conversation(String(row["account"]), String(row["lane"])),
  content: contentOf(row["content"]),
  replyTo: row["reply_to"] === null ? undefined : replyOf(row["reply_to"]),
  priority: String(row["priority"]) as Priority,
  notBefore: number(row["not_before"]),
  expiresAt: optional(row["expires_at"]),
  createdAt: number(row["created_at"]),
  ...(row["trace"] !== null && { trace: String(row["trace"]) }),
  status: String(row["status"]) as MessageStatus,
  attempts: number(row["attempts"])
})

export class Outbox {
  readonly tally: Tally
  private readonly insert: StatementSync
  private readonly step: StatementSync
  private readonly unfinished: StatementSync
  private readonly reviewed: StatementSync
  private readonly resting: StatementSync
  private readonly revive: StatementSync
  private readonly remove: StatementSync
  private readonly finished: StatementSync
  private readonly given: StatementSync
  private readonly oldest: StatementSync

  constructor(db: DatabaseSync) {
    this.tally = new Tally(db)
    this.insert = db.prepare(
      `INSERT INTO outbox (id, account, lane, status, attempts, priority, not_before, expires_at, created_at, updated_at,
       content, reply_to, trace) VALUES (?1, ?2, ?3, 'queued', 0, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10)`
    )
    this.step = db.prepare(
      `UPDATE outbox SET status = ?2, attempts = ?3, not_before = coalesce(?4, not_before),
       receipt = coalesce(?5, receipt), reason = ?6, updated_at = ?7 WHERE id = ?1`
    )
    this.unfinished = db.prepare(
      `SELECT * FROM outbox WHERE account = ? AND id > ? AND ${unfinished} ORDER BY id LIMIT ?`
    )
    // In the words of its index, like the others.
    this.reviewed = db.prepare(
      `SELECT * FROM outbox WHERE account = ? AND json_extract(receipt, '$.auditId') = ? AND status = 'auditing'
       ORDER BY id LIMIT 1`
    )
    this.resting = db.prepare(
      `SELECT * FROM outbox WHERE account = ? AND ${resting} ORDER BY updated_at DESC, id DESC LIMIT ?`
    )
    this.revive = db.prepare(
      `UPDATE outbox SET expires_at = iif(status = 'expired', NULL, expires_at), status = 'queued', attempts = 0,
       reason = NULL WHERE id = ? AND ${resting} RETURNING *`
    )
    this.remove = db.prepare(`DELETE FROM outbox WHERE id = ? AND ${resting}`)
    this.finished = db.prepare(
      `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE ${finished} AND updated_at < ? AND status = ?
       ORDER BY updated_at LIMIT ${pruneStep})`
    )
    this.given = db.prepare(
      `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE ${resting} AND updated_at < ? LIMIT ${pruneStep})`
    )
    this.oldest = db.prepare(
      `SELECT created_at AS at FROM outbox WHERE account = ? AND ${unfinished} ORDER BY id LIMIT 1`
    )
  }

  add(
    id: number,
    { conversation, content, replyTo, priority, notBefore, expiresAt, createdAt, trace }: NewMessage
  ): void {
    const lane = `${conversation.kind}:${conversation.id}`
    const reply = replyTo === undefined ? null : JSON.stringify(replyTo)
    const said = JSON.stringify(content)
    this.tally.added(conversation.account)
    this.insert.run(
      id,
      conversation.account,
      lane,
      priority,
      notBefore,
      expiresAt ?? null,
      createdAt,
      said,
      reply,
      trace ?? null
    )
  }

  write({ id, status, attempts, notBefore, receipt, reason, at }: MessageWrite): void {
    const proof = receipt === undefined ? null : JSON.stringify(receipt)
    this.tally.moves(id, status)
    this.step.run(id, status, attempts, notBefore ?? null, proof, reason ?? null, at)
  }

  pending(account: string, after: number, limit: number): ReadonlyArray<OutboxMessage> {
    return this.unfinished.all(account, after, limit).map(message)
  }

  auditing(account: string, auditId: string): OutboxMessage | undefined {
    const row = this.reviewed.get(account, auditId)
    return row === undefined ? undefined : message(row)
  }

  letters(account: string, limit: number): ReadonlyArray<DeadMessage> {
    return this.resting.all(account, limit).map((row) => {
      const unsent = { ...message(row), status: String(row["status"]) as RestingStatus }
      const reason = row["reason"] === null ? unsent.status : String(row["reason"])
      return { _tag: "DeadMessage", id: unsent.id, message: unsent, reason, at: number(row["updated_at"]) }
    })
  }

  requeue(id: number): OutboxMessage | undefined {
    this.tally.forget()
    const row = this.revive.get(id)
    return row === undefined ? undefined : message(row)
  }

  discard(id: number): boolean {
    this.tally.forget()
    return this.remove.run(id).changes !== 0
  }

  /** Deletes some of what is finished and old, and returns how many. */
  prune(status: "sent" | "auditing", before: number): number {
    this.tally.forget()
    return Number(this.finished.run(before, status).changes)
  }

  /** The same of what rests unsent. */
  pruneLetters(before: number): number {
    this.tally.forget()
    return Number(this.given.run(before).changes)
  }

  counts(account: string): { readonly messages: ByStatus; readonly oldest: number | undefined } {
    return { messages: this.tally.read(account), oldest: optional(this.oldest.get(account)?.["at"] ?? null) }
  }
}
