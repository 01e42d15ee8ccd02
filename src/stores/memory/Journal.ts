/**
 * The store's contract as plain data: every commit applies wholly within one call, so there is never a half of one.
 *
 * Synchronous and unprotected on purpose: {@link Memory} decides when a commit reaches it, and what is lost before.
 */
import type { Conversation } from "../../domain/Conversation.ts"
import type { DeadEvent, DeadLetter } from "../../domain/DeadLetter.ts"
import type { Position } from "../../domain/Event.ts"
import type { Gap } from "../../domain/Gap.ts"
import {
  type MessageStatus,
  type OutboxMessage,
  type Receipt,
  type RestingStatus,
  restingStatuses
} from "../../domain/Message.ts"
import type {
  Commit,
  CommitResult,
  CommitToken,
  Counts,
  Cutoffs,
  MessageWrite,
  NewEvent,
  PendingEvent,
  Pruned,
  StateEntry,
  StoredEvent,
  TurnResult,
  TurnWrite
} from "../../ports/Store.ts"

interface EventRow extends StoredEvent {
  readonly conversation: Conversation
}

interface MessageRow extends OutboxMessage {
  readonly receipt: Receipt | undefined
  readonly reason: string | undefined
  readonly updatedAt: number
}

export interface Page {
  readonly after: number
  readonly limit: number
}

const isResting = (status: MessageStatus): status is RestingStatus =>
  (restingStatuses as ReadonlyArray<MessageStatus>).includes(status)

const toBeSent = (row: MessageRow): boolean => row.status === "queued" || row.status === "sending"

/** Tokens of a run whose answers are kept. */
const remembered = 4

const nothing: StateEntry = { value: undefined, version: 0 }

export class Journal {
  private lastEvent = 0
  private lastMessage = 0
  /** One counter for all keys: a key that is deleted and written again never repeats a version. */
  private lastVersion = 0
  private readonly inbox = new Map<number, EventRow>()
  private readonly keys = new Map<string, number>()
  private readonly pending = new Map<number, number | undefined>()
  private readonly outbox = new Map<number, MessageRow>()
  private readonly dead = new Map<number, DeadEvent>()
  private readonly entries = new Map<string, StateEntry>()
  private readonly places = new Map<string, { readonly account: string; readonly position: Position }>()
  private readonly holes: Array<Gap> = []
  private readonly answers = new Map<string, Map<number, CommitResult>>()

  apply(commit: Commit): CommitResult {
    const { token } = commit
    if (token === undefined) return this.write(commit)
    const given = this.answers.get(token.run)?.get(token.seq)
    if (given !== undefined) return given
    const answer = this.write(commit)
    this.remember(token, answer)
    return answer
  }

  private remember({ run, seq }: CommitToken, answer: CommitResult): void {
    const answers = this.answers.get(run) ?? new Map<number, CommitResult>()
    this.answers.set(run, answers)
    answers.set(seq, answer)
    answers.delete(seq - remembered)
  }

  private write(commit: Commit): CommitResult {
    const eventIds = commit.events.map((event) => this.append(event))
    for (const write of commit.positions) {
      const at = JSON.stringify([write.account, write.stream])
      if (write.position === undefined) this.places.delete(at)
      else this.places.set(at, { account: write.account, position: { ...write.position, stream: write.stream } })
    }
    for (const id of commit.settled) this.pending.delete(id)
    const turns = commit.turns.map((turn) => this.settle(turn))
    for (const write of commit.messages) this.step(write)
    this.holes.push(...commit.gaps)
    return { eventIds, turns }
  }

  private append(event: NewEvent): number {
    const key = JSON.stringify([event.conversation.account, event.key])
    if (this.keys.has(key)) return 0
    const id = ++this.lastEvent
    this.keys.set(key, id)
    this.inbox.set(id, { ...event, id })
    this.pending.set(id, undefined)
    return id
  }

  private settle(turn: TurnWrite): TurnResult {
    // A turn that is repeated after its event was settled must not say things twice.
    if (turn.eventId !== undefined && !this.pending.has(turn.eventId)) {
      return { _tag: "Committed", messageIds: [], versions: [] }
    }
    for (const write of turn.state) {
      if ((this.entries.get(write.key) ?? nothing).version !== write.expected) return { _tag: "Conflict" }
    }
    const versions = turn.state.map(({ key, value }) => {
      if (value === undefined) this.entries.delete(key)
      else this.entries.set(key, { value, version: ++this.lastVersion })
      return value === undefined ? 0 : this.lastVersion
    })
    const messageIds = turn.messages.map((message) => {
      const id = ++this.lastMessage
      const life = { status: "queued", attempts: 0, receipt: undefined, reason: undefined } as const
      this.outbox.set(id, { ...message, ...life, id, updatedAt: message.createdAt })
      return id
    })
    if (turn.eventId !== undefined) {
      if (turn.dead !== undefined) this.dead.set(turn.eventId, { _tag: "DeadEvent", id: turn.eventId, ...turn.dead })
      if (turn.dead === undefined && turn.deferUntil !== undefined) this.pending.set(turn.eventId, turn.deferUntil)
      else this.pending.delete(turn.eventId)
    }
    return { _tag: "Committed", messageIds, versions }
  }

  private step(write: MessageWrite): void {
    const row = this.outbox.get(write.id)
    if (row === undefined) return
    this.outbox.set(write.id, {
      ...row,
      status: write.status,
      attempts: write.attempts,
      notBefore: write.notBefore ?? row.notBefore,
      receipt: write.receipt ?? row.receipt,
      reason: write.reason,
      updatedAt: write.at
    })
  }

  positions(account: string): ReadonlyArray<Position> {
    return [...this.places.values()].filter((place) => place.account === account).map((place) => place.position)
  }

  pendingEvents(account: string, { after, limit }: Page): ReadonlyArray<PendingEvent> {
    return [...this.pending]
      .filter(([id]) => id > after && this.inbox.get(id)?.conversation.account === account)
      .sort(([a], [b]) => a - b)
      .slice(0, limit)
      .flatMap(([id, notBefore]) => {
        const row = this.inbox.get(id)
        return row === undefined ? [] : [{ id, conversation: row.conversation, notBefore }]
      })
  }

  events(ids: ReadonlyArray<number>): ReadonlyArray<StoredEvent> {
    return ids.flatMap((id) => {
      const row = this.inbox.get(id)
      return row === undefined ? [] : [{ id, key: row.key, receivedAt: row.receivedAt, raw: row.raw.slice() }]
    })
  }

  pendingMessages(account: string, { after, limit }: Page): ReadonlyArray<OutboxMessage> {
    return [...this.outbox.values()]
      .filter((row) => toBeSent(row) && row.id > after && row.conversation.account === account)
      .slice(0, limit)
      .map(message)
  }

  auditing(account: string, auditId: string): OutboxMessage | undefined {
    for (const row of this.outbox.values()) {
      if (row.status !== "auditing" || row.conversation.account !== account) continue
      if (row.receipt?.auditId === auditId) return message(row)
    }
    return undefined
  }

  state(keys: ReadonlyArray<string>): ReadonlyArray<StateEntry> {
    return keys.map((key) => this.entries.get(key) ?? nothing)
  }

  stateKeys({ after, limit }: { readonly after: string | undefined; readonly limit: number }): ReadonlyArray<string> {
    const keys = [...this.entries.keys()].sort()
    return keys.filter((key) => after === undefined || key > after).slice(0, limit)
  }

  accounts(): ReadonlyArray<string> {
    return [...new Set([...this.places.values()].map((place) => place.account))]
  }

  deadLetters(account: string, page: { readonly limit: number; readonly offset?: number | undefined }) {
    const letters: Array<DeadLetter> = [...this.dead.values()].filter(
      (letter) => letter.conversation.account === account
    )
    for (const row of this.outbox.values()) {
      if (!isResting(row.status) || row.conversation.account !== account) continue
      const unsent = { ...message(row), status: row.status }
      const reason = row.reason ?? row.status
      letters.push({ _tag: "DeadMessage", id: row.id, message: unsent, reason, at: row.updatedAt })
    }
    letters.sort((a, b) => b.at - a.at || b.id - a.id)
    return letters.slice(page.offset ?? 0, (page.offset ?? 0) + page.limit)
  }

  requeue(letter: Pick<DeadLetter, "_tag" | "id">): PendingEvent | OutboxMessage | undefined {
    if (letter._tag === "DeadMessage") return this.revive(letter.id)
    const row = this.inbox.get(letter.id)
    if (row === undefined || !this.dead.delete(letter.id)) return undefined
    const id = ++this.lastEvent
    this.inbox.delete(letter.id)
    this.inbox.set(id, { ...row, id })
    this.keys.set(JSON.stringify([row.conversation.account, row.key]), id)
    this.pending.set(id, undefined)
    return { id, conversation: row.conversation, notBefore: undefined }
  }

  private revive(id: number): OutboxMessage | undefined {
    const row = this.outbox.get(id)
    if (row === undefined || !isResting(row.status)) return undefined
    // What expired would only expire again: asking for it means that its time does not matter any more.
    const expiresAt = row.status === "expired" ? undefined : row.expiresAt
    const again: MessageRow = { ...row, status: "queued", attempts: 0, reason: undefined, expiresAt }
    this.outbox.set(id, again)
    return message(again)
  }

  discard(letter: Pick<DeadLetter, "_tag" | "id">): boolean {
    if (letter._tag === "DeadEvent") return this.dead.delete(letter.id)
    const row = this.outbox.get(letter.id)
    return row !== undefined && isResting(row.status) && this.outbox.delete(letter.id)
  }

  gaps(account: string): ReadonlyArray<Gap> {
    return this.holes.filter((gap) => gap.account === account)
  }

  counts(account: string): Counts {
    const messages = { queued: 0, sending: 0, sent: 0, auditing: 0, refused: 0, expired: 0, dead: 0, unknown: 0 }
    let oldestQueuedAt: number | undefined
    for (const row of this.outbox.values()) {
      if (row.conversation.account !== account) continue
      messages[row.status]++
      if (toBeSent(row)) oldestQueuedAt ??= row.createdAt
    }
    let pendingEvents = 0
    for (const id of this.pending.keys()) if (this.inbox.get(id)?.conversation.account === account) pendingEvents++
    let deadEvents = 0
    for (const letter of this.dead.values()) if (letter.conversation.account === account) deadEvents++
    return { pendingEvents, deadEvents, messages, oldestQueuedAt }
  }

  prune(cutoffs: Cutoffs): Pruned {
    const { auditing = never, deadLetters = never, events = never, gaps = never, sent = never } = cutoffs
    const { dead, holes, inbox, outbox } = this
    const rows = {
      deadLetters:
        drop(dead, ({ at }) => at < deadLetters) +
        drop(outbox, ({ status, updatedAt }) => isResting(status) && updatedAt < deadLetters),
      events: drop(inbox, ({ id, receivedAt }) => receivedAt < events && !this.pending.has(id) && !dead.has(id)),
      sent: drop(outbox, ({ status, updatedAt }) => status === "sent" && updatedAt < sent),
      auditing: drop(outbox, ({ status, updatedAt }) => status === "auditing" && updatedAt < auditing),
      gaps: holes.filter(({ until }) => until < gaps).length
    }
    for (const [key, id] of this.keys) if (!inbox.has(id)) this.keys.delete(key)
    holes.splice(0, holes.length, ...holes.filter(({ until }) => until >= gaps))
    return rows
  }
}

const message = ({ receipt: _receipt, reason: _reason, updatedAt: _updatedAt, ...row }: MessageRow): OutboxMessage =>
  row

/** Older than this is nothing. */
const never = Number.NEGATIVE_INFINITY

const drop = <A>(rows: Map<number, A>, isOld: (row: A) => boolean): number => {
  const { size } = rows
  for (const [id, row] of rows) if (isOld(row)) rows.delete(id)
  return size - rows.size
}
