/** What became durable, and what handlers did: written down beside the store and the bot, read by the checkers. */
import type { Gap } from "../../src/domain/Gap.ts"
import type { MessageStatus, NewMessage } from "../../src/domain/Message.ts"
import type { Commit, CommitResult } from "../../src/ports/Store.ts"
import type { Realm } from "./Realm.ts"

export interface StoredEvent {
  readonly id: number
  readonly key: string
  readonly account: string
  /** Milliseconds since the beginning. */
  readonly storedAt: number
  /** Commits that settled it. */
  settled: number
  settledAt: number | undefined
  dead: string | undefined
  /** Epoch milliseconds, by the bot's clock. */
  deferredUntil: number | undefined
  /** Rows its turns left in the outbox. */
  readonly messages: Array<number>
}

export interface OutboxRow {
  readonly id: number
  readonly message: NewMessage
  readonly storedAt: number
  status: MessageStatus
  attempts: number
  reason: string | undefined
  /** Times it was marked as being sent. */
  sendings: number
  auditId: string | undefined
  /** When it got its latest status. */
  changedAt: number
}

/** How far the journal of one session came. */
export interface SessionMark {
  readonly account: string
  readonly stream: string
  readonly session: string
  seq: number
}

export interface RecordedGap extends Gap {
  /** Milliseconds since the beginning. */
  readonly recordedAt: number
}

export class Ledger {
  commits = 0
  failures = 0
  readonly events = new Map<number, StoredEvent>()
  private readonly byKey = new Map<string, StoredEvent>()
  readonly rows = new Map<number, OutboxRow>()
  readonly sessions = new Map<string, SessionMark>()
  /** The position each stream stands at, by account and stream. */
  readonly positions = new Map<string, SessionMark | undefined>()
  readonly gaps: Array<RecordedGap> = []
  /** When each stream, by account and name, first had a session on record. */
  readonly knownSince = new Map<string, number>()
  private readonly realm: Realm

  constructor(realm: Realm) {
    this.realm = realm
  }

  event(account: string, key: string): StoredEvent | undefined {
    return this.byKey.get(`${account} ${key}`)
  }

  applied(commit: Commit, result: CommitResult): void {
    this.commits++
    const { now } = this.realm
    commit.events.forEach(({ conversation: { account }, key }, index) => {
      const id = result.eventIds[index] ?? 0
      if (id === 0) return
      const event: StoredEvent = {
        ...{ id, key, account, storedAt: now, messages: [] },
        ...{ settled: 0, settledAt: undefined, dead: undefined, deferredUntil: undefined }
      }
      this.events.set(id, event)
      this.byKey.set(`${account} ${key}`, event)
    })
    for (const { account, position, stream } of commit.positions) this.moved(account, stream, position)
    for (const id of commit.settled) this.settle(id)
    commit.turns.forEach((turn, index) => {
      const answer = result.turns[index]
      if (answer?._tag !== "Committed") return
      answer.messageIds.forEach((id, at) => {
        const message = turn.messages[at]
        if (message === undefined) return
        const life = {
          status: "queued",
          attempts: 0,
          reason: undefined,
          sendings: 0,
          auditId: undefined,
          changedAt: now
        } as const
        this.rows.set(id, { id, message, storedAt: now, ...life })
        if (turn.eventId !== undefined) this.events.get(turn.eventId)?.messages.push(id)
      })
      const event = turn.eventId === undefined ? undefined : this.events.get(turn.eventId)
      if (event === undefined) return
      if (turn.dead !== undefined) event.dead = turn.dead.reason
      event.deferredUntil = turn.deferUntil
      if (turn.dead !== undefined || turn.deferUntil === undefined) this.settle(event.id)
    })
    for (const write of commit.messages) {
      const row = this.rows.get(write.id)
      if (row === undefined) continue
      if (write.status === "sending") row.sendings++
      row.status = write.status
      row.attempts = write.attempts
      row.reason = write.reason
      row.auditId ??= write.receipt?.auditId
      row.changedAt = now
    }
    for (const gap of commit.gaps) this.gaps.push({ ...gap, recordedAt: now })
  }

  /** The first event that should have been settled by now (epoch milliseconds). */
  unsettled(now: number): StoredEvent | undefined {
    for (const event of this.events.values()) {
      if (event.settledAt === undefined && (event.deferredUntil ?? 0) <= now) return event
    }
    return undefined
  }
  /** The first message that should have left by now (epoch milliseconds). */
  unsent(now: number): OutboxRow | undefined {
    for (const row of this.rows.values()) if (isWaiting(row) && row.message.notBefore <= now) return row
    return undefined
  }
  pendingCount(): number {
    let count = 0
    for (const event of this.events.values()) if (event.settledAt === undefined) count++
    return count
  }
  unsentCount(): number {
    let count = 0
    for (const row of this.rows.values()) if (isWaiting(row)) count++
    return count
  }

  private settle(id: number): void {
    const event = this.events.get(id)
    if (event === undefined || event.settledAt !== undefined) return
    event.settled++
    event.settledAt = this.realm.now
  }

  private moved(
    account: string,
    stream: string,
    position: { readonly session: string; readonly seq: number } | undefined
  ) {
    const at = `${account} ${stream}`
    if (position === undefined) return void this.positions.set(at, undefined)
    if (!this.knownSince.has(at)) this.knownSince.set(at, this.realm.now)
    const key = `${account} ${position.session}`
    const mark = this.sessions.get(key) ?? { account, stream, session: position.session, seq: 0 }
    mark.seq = Math.max(mark.seq, position.seq)
    this.sessions.set(key, mark)
    this.positions.set(at, { ...mark, seq: position.seq })
  }
}

const isWaiting = ({ status }: OutboxRow): boolean => status === "queued" || status === "sending"
