/**
 * What is made of cells. They hold what was written, unless a disk changed it: then a row must neither keep the others
 * from being read, nor pass for something that was never said. Runs in the worker thread; nothing here throws.
 */
import type { SQLOutputValue } from "node:sqlite"
import type { Position } from "../../domain/Event.ts"
import type { Gap } from "../../domain/Gap.ts"
import type { Content, ReplyTo } from "../../domain/Message.ts"

type Cell = SQLOutputValue | undefined

/** 0 for what is no number: a time that is none would put timers out of order. */
export const number = (cell: Cell): number => (Number.isFinite(Number(cell)) ? Number(cell) : 0)
export const optional = (cell: Cell): number | undefined => (cell === null ? undefined : number(cell))

/** A JSON object, or an empty one. */
const fieldsOf = (cell: Cell): { readonly [key: string]: unknown } => {
  try {
    return { ...JSON.parse(String(cell)) }
  } catch {
    return {}
  }
}

/** What cannot be read has nothing to say: the platform's refusal makes it a dead letter, which a person can find. */
export const contentOf = (cell: Cell): Content => {
  const content = fieldsOf(cell)
  return typeof content["text"] === "string" ? { ...content, text: content["text"] } : { text: "" }
}

export const replyOf = (cell: Cell): ReplyTo | undefined => {
  const { eventId, messageId, nth, receivedAt } = fieldsOf(cell)
  if (typeof receivedAt !== "number") return undefined
  return {
    ...(typeof messageId === "string" && { messageId }),
    ...(typeof eventId === "string" && { eventId }),
    // A repeat is recognised by it: without, what was being sent at a crash would be said twice.
    ...(typeof nth === "number" && { nth }),
    receivedAt
  }
}

/** Each is a connection: a damaged number must not open millions. */
const mostShards = 10_000

/**
 * What cannot be read becomes the position of a session that nobody knows: the platform refuses to resume it, and what
 * may be missing is recorded as a gap. Forgetting it would record none.
 */
export const positionOf = (stream: string, cell: Cell): Position => {
  const { resumeUrl, seq, session, shards, startedAt, ...more } = fieldsOf(cell)
  const isWhole = typeof session === "string" && Number.isSafeInteger(seq) && typeof startedAt === "number"
  if (!isWhole) return { stream, session: "unreadable", seq: 0, startedAt: 0 }
  const count = typeof shards === "number" && shards >= 1 && shards <= mostShards ? { shards } : {}
  const address = typeof resumeUrl === "string" ? { resumeUrl } : {}
  return { ...more, stream, session, seq: Number(seq), startedAt, ...address, ...count }
}

export const gapOf = (account: string, cell: Cell): Gap => {
  const { from, since, stream, to, until, why } = fieldsOf(cell)
  const millis = (value: unknown): number => (typeof value === "number" ? value : 0)
  return {
    account,
    stream: typeof stream === "string" ? stream : "",
    from: typeof from === "number" ? from : undefined,
    to: typeof to === "number" ? to : undefined,
    since: millis(since),
    until: millis(until),
    why: typeof why === "string" ? why : "what was recorded of it cannot be read"
  }
}
