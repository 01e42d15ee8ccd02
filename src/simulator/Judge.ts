/** The verdict over a bot: which messages it lost, answered twice or answered in the wrong order. */
import type { Books, Delivery, Identify, Offered, Place } from "./Books.ts"
import { excess } from "./StartLimits.ts"

export interface JudgeOptions {
  /** Replies every message should get. @defaultValue 1 */
  readonly repliesPerMessage?: number
  /** Judge only these messages, e.g. those a command bot should answer. */
  readonly owes?: (message: Offered) => boolean
}

export interface Verdict {
  /** Messages said by users. */
  readonly offered: number
  readonly answered: number
  /** Owed and without an accepted reply. Empty is what `loses-nothing` and `keeps-every-reply` promise. */
  readonly lost: ReadonlyArray<string>
  /** Those of the lost that waited in a session the bot left behind by starting another one. */
  readonly abandoned: ReadonlyArray<string>
  /** Answered more often than expected. */
  readonly duplicated: ReadonlyArray<string>
  /** Answered more often because an answer got lost where the platform has no idempotency key. */
  readonly repeated: ReadonlyArray<string>
  /** Answered after a message of the same place that was offered later. */
  readonly outOfOrder: ReadonlyArray<string>
  /** Never answered, and excused: the platform ended the session before it could have been received. */
  readonly forfeited: ReadonlyArray<string>
  /** Never answered, and excused: said while the bot had no session. */
  readonly unheard: ReadonlyArray<string>
  /** Why replies to lost messages were refused. */
  readonly refused: ReadonlyArray<{ readonly id: string; readonly code: number }>
  /** Sessions started, or asked for, beyond what the platform allows. */
  readonly excessStarts: ReadonlyArray<Identify>
  /** Milliseconds from offered to the first accepted reply. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
}

export const judge = (books: Books, options: JudgeOptions = {}): Verdict => {
  const expected = options.repliesPerMessage ?? 1
  const lost: Array<string> = []
  const abandoned: Array<string> = []
  const duplicated: Array<string> = []
  const repeated: Array<string> = []
  const forfeited: Array<string> = []
  const unheard: Array<string> = []
  const waits: Array<number> = []
  let offered = 0
  for (const message of books.offered) {
    if (!isMessage(message) || options.owes?.(message) === false) continue
    offered++
    const first = message.replies[0]
    if (first === undefined) {
      const fate = fateOf(message)
      ;(fate === "owed" ? lost : fate === "forfeited" ? forfeited : unheard).push(message.id)
      if (fate === "owed" && message.deliveries.every(leftBehind)) abandoned.push(message.id)
      continue
    }
    waits.push(first.at - message.at)
    // Below what was expected is a loss too: half an answer was dropped.
    if (message.replies.length < expected) lost.push(message.id)
    const extra = message.replies.length - expected
    if (extra > 0) (extra <= unanswerable(message) ? repeated : duplicated).push(message.id)
  }
  const missing = new Set(lost)
  const refused = books.sent.flatMap((sent) =>
    sent.msgId !== undefined && sent.code !== undefined && !sent.duplicate && missing.has(sent.msgId)
      ? [{ id: sent.msgId, code: sent.code }]
      : []
  )
  return {
    offered,
    answered: waits.length,
    lost,
    abandoned,
    duplicated,
    repeated,
    outOfOrder: outOfOrder(books),
    forfeited,
    unheard,
    refused,
    excessStarts: books.startLimits === undefined ? [] : excess(books.identifies, books.startLimits),
    latency: percentiles(waits)
  }
}

/** Whether nothing is lost so far, as {@link judge} says it; made to be asked again and again. */
export const settling = (books: Books): (() => boolean) => {
  // What has its reply keeps it, so the answered beginning is walked over once; the fate of all others may still change.
  let answered = 0
  return () => {
    if (books.answered >= books.said) return true
    const isAnswered = (message: Offered | undefined) =>
      message !== undefined && (!isMessage(message) || message.replies.length > 0)
    while (isAnswered(books.offered[answered])) answered++
    for (let n = answered; n < books.offered.length; n++) {
      const message = books.offered[n]
      if (!isAnswered(message) && message !== undefined && fateOf(message) === "owed") return false
    }
    return true
  }
}

/** Whether a user said it; everything else is an event without an owed reply. */
export const isMessage = (offered: Offered): boolean => offered.place !== undefined

const fateOf = (message: Offered): "owed" | "forfeited" | "unheard" => {
  if (message.deliveries.length === 0) return "unheard"
  const excused = message.deliveries.every(
    ({ s, session }) => session.endedBy === "platform" && session.receivedUpTo < s
  )
  return excused ? "forfeited" : "owed"
}

const leftBehind = ({ s, session }: Delivery) => session.abandoned && session.receivedUpTo < s

/** Repetitions nobody could avoid: guild chats have no idempotency key, so a lost answer leaves only a guess. */
const unanswerable = (message: Offered): number =>
  message.place?.kind === "channel" || message.place?.kind === "guildDirect"
    ? message.replies.filter((reply) => reply.answerLost === true).length
    : 0

const keyOf = (place: Place) => `${place.kind}:${place.id}`

const outOfOrder = (books: Books): ReadonlyArray<string> => {
  const byId = new Map(books.offered.filter(isMessage).map((offered) => [offered.id, offered]))
  const newest = new Map<string, number>()
  const late: Array<string> = []
  for (const sent of books.sent) {
    const message = sent.accepted && sent.msgId !== undefined ? byId.get(sent.msgId) : undefined
    // Only the first reply to a message counts: a later one may well follow the next message.
    if (message === undefined || message.replies[0] !== sent) continue
    const key = keyOf(sent.place)
    const before = newest.get(key) ?? -1
    if (message.index < before) late.push(message.id)
    else newest.set(key, message.index)
  }
  return late
}

const percentiles = (waits: Array<number>) => {
  waits.sort((a, b) => a - b)
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}
