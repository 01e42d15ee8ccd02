/**
 * The events and settled ids of a commit as one buffer, which is handed to the worker without copying it again.
 *
 * ```
 * f64 receivedAt[n] · f64 settled[m] · u32 conversation[n] · u32 rawEnd[n] · u32 keyEnd[n] · raws · keys
 * ```
 * Conversations are numbered within the batch: a chat that talks is named once. Plain loops, the hot path of the store.
 */
import type { Conversation } from "../../domain/Conversation.ts"
import type { NewEvent } from "../../ports/Store.ts"
import type { Names, Source } from "./Block.ts"

export interface Packed {
  readonly events: number
  readonly settled: number
  readonly names: Names
  readonly buffer: ArrayBuffer
}

const encoder = new TextEncoder()

/** Writes the keys from `at` on and notes where each ends. One write for all: keys are nearly always ASCII. */
const writeKeys = (bytes: Uint8Array, at: number, keys: ReadonlyArray<string>, ends: Uint32Array): void => {
  const text = keys.join("")
  const { written } = encoder.encodeInto(text, bytes.subarray(at))
  let end = at
  if (written === text.length) for (let i = 0; i < keys.length; i++) ends[i] = end += keys[i]?.length ?? 0
  else for (let i = 0; i < keys.length; i++) ends[i] = end += Buffer.byteLength(keys[i] ?? "")
}

/** Numbers the conversations of one batch. */
class Numbering {
  readonly names: Array<string> = []
  /** By account and kind, then by id: a run of events of one account looks up only the id. */
  private readonly chats = new Map<string, Map<string, number>>()
  private account: string | undefined
  private kind: string | undefined
  private byId = new Map<string, number>()

  of({ account, kind, id }: Conversation): number {
    if (account !== this.account || kind !== this.kind) this.turnTo(account, kind)
    const known = this.byId.get(id)
    if (known !== undefined) return known
    const number = this.names.length >> 1
    this.names.push(account, `${kind}:${id}`)
    this.byId.set(id, number)
    return number
  }

  private turnTo(account: string, kind: string): void {
    this.account = account
    this.kind = kind
    const name = JSON.stringify([account, kind])
    const ids = this.chats.get(name) ?? new Map<string, number>()
    this.chats.set(name, ids)
    this.byId = ids
  }
}

/** Copies what the caller may reuse. `reuse` is a buffer the worker gave back, taken if it is large enough. */
export const pack = (
  events: ReadonlyArray<NewEvent>,
  settled: ReadonlyArray<number>,
  reuse: ArrayBuffer | undefined
): Packed => {
  const n = events.length
  const m = settled.length
  const head = 8 * (n + m) + 12 * n
  const keys: Array<string> = []
  let body = 0
  for (let i = 0; i < n; i++) {
    const event = events[i] as NewEvent
    const key = event.key
    keys.push(key)
    body += event.raw.length + 3 * key.length
  }
  const buffer =
    reuse !== undefined && reuse.byteLength >= head + body ? reuse : new ArrayBuffer(Math.ceil((head + body) * 1.25))
  const numbers = new Float64Array(buffer, 0, n + m)
  const offsets = new Uint32Array(buffer, 8 * (n + m), 3 * n)
  const bytes = new Uint8Array(buffer, head)
  const numbering = new Numbering()
  let at = 0
  for (let i = 0; i < n; i++) {
    const { receivedAt, conversation, raw } = events[i] as NewEvent
    numbers[i] = receivedAt
    offsets[i] = numbering.of(conversation)
    bytes.set(raw, at)
    at += raw.length
    offsets[n + i] = at
  }
  writeKeys(bytes, at, keys, offsets.subarray(2 * n))
  for (let i = 0; i < m; i++) numbers[n + i] = settled[i] ?? 0
  return { events: n, settled: m, names: numbering.names, buffer }
}

/** The worker's view of a {@link Packed} batch: no copies, only offsets. */
export class Frames implements Source {
  readonly names: Names
  readonly length: number
  readonly settled: Float64Array
  readonly bytes: Buffer
  private readonly times: Float64Array
  private readonly offsets: Uint32Array

  constructor({ events, settled, names, buffer }: Packed) {
    const head = 8 * (events + settled) + 12 * events
    this.names = names
    this.length = events
    this.times = new Float64Array(buffer, 0, events)
    this.settled = new Float64Array(buffer, 8 * events, settled)
    this.offsets = new Uint32Array(buffer, 8 * (events + settled), 3 * events)
    this.bytes = Buffer.from(buffer, head)
  }

  receivedAt(i: number): number {
    return this.times[i] ?? 0
  }

  conversation(i: number): number {
    return this.offsets[i] ?? 0
  }

  rawAt(i: number): number {
    return i === 0 ? 0 : (this.offsets[this.length + i - 1] ?? 0)
  }

  /** The first key begins where the last frame ends. */
  keyAt(i: number): number {
    return this.offsets[2 * this.length + i - 1] ?? 0
  }

  key(i: number): string {
    return this.bytes.toString("utf8", this.keyAt(i), this.keyAt(i + 1))
  }
}
