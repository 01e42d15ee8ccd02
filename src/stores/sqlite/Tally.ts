/**
 * How many messages of each account have which status, counted along. Runs in the worker thread.
 *
 * Counted once, when somebody first asks; forgotten when it may be wrong: after a rollback, and when another process
 * wrote. A bot that nobody watches counts nothing.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { MessageStatus } from "../../domain/Message.ts"

export type ByStatus = Record<MessageStatus, number>

const none: Readonly<ByStatus> = {
  queued: 0,
  sending: 0,
  sent: 0,
  auditing: 0,
  refused: 0,
  expired: 0,
  dead: 0,
  unknown: 0
}

// Each part has an index of its own, and sent messages, nearly all there are, are counted in theirs alone.
const parts = [
  "status IN ('sent', 'auditing')",
  "status IN ('queued', 'sending')",
  "status IN ('refused', 'expired', 'dead', 'unknown')"
]

export class Tally {
  private readonly count: ReadonlyArray<StatementSync>
  private readonly look: StatementSync
  private accounts: Map<string, ByStatus> | undefined

  constructor(db: DatabaseSync) {
    this.count = parts.map((part) =>
      db.prepare(`SELECT account, status, count(*) AS n FROM outbox WHERE ${part} GROUP BY account, status`)
    )
    this.look = db.prepare("SELECT account, status FROM outbox WHERE id = ?")
  }

  forget(): void {
    this.accounts = undefined
  }

  added(account: string): void {
    if (this.accounts !== undefined) this.of(this.accounts, account).queued++
  }

  /** Call it before the row is written. */
  moves(id: number, to: MessageStatus): void {
    if (this.accounts === undefined) return
    const row = this.look.get(id)
    if (row === undefined) return
    const counts = this.of(this.accounts, String(row["account"]))
    counts[String(row["status"]) as MessageStatus]--
    counts[to]++
  }

  read(account: string): ByStatus {
    this.accounts ??= this.load()
    return { ...(this.accounts.get(account) ?? none) }
  }

  private load(): Map<string, ByStatus> {
    const accounts = new Map<string, ByStatus>()
    for (const statement of this.count) {
      for (const row of statement.iterate()) {
        this.of(accounts, String(row["account"]))[String(row["status"]) as MessageStatus] = Number(row["n"])
      }
    }
    return accounts
  }

  private of(accounts: Map<string, ByStatus>, account: string): ByStatus {
    const known = accounts.get(account)
    if (known !== undefined) return known
    const counts = { ...none }
    accounts.set(account, counts)
    return counts
  }
}
