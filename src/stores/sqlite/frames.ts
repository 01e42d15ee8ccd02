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

/** Accounts and lanes of a batch, by number: `account, lane, account, lane, …`. */
export type Names = ReadonlyArray<string>

export interface Packed {
  readonly events: number
  readonly settled: number
  readonly names: Names
  readonly buffer: ArrayBuffer
}

const encoder = new TextEncoder()

/** Writes text as UTF-8 and returns where it ends; keys are nearly always ASCII. */
const write = (bytes: Uint8Array, at: number, text: string): number => {
  const length = text.length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return at + encoder.encodeInto(text, bytes.subarray(at)).written
    bytes[at + i] = code
  }
  return at + length
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
  let body = 0
  for (const event of events) body += event.raw.length + 3 * event.key.length
  const buffer =
    reuse !== undefined && reuse.byteLength >= head + body ? reuse : new ArrayBuffer(Math.ceil((head + body) * 1.25))
  const numbers = new Float64Array(buffer, 0, n + m)
  const offsets = new Uint32Array(buffer, 8 * (n + m), 3 * n)
  const bytes = new Uint8Array(buffer, head)
  const numbering = new Numbering()
  let at = 0
  for (let i = 0; i < n; i++) {
    const event = events[i]
    if (event === undefined) continue
    numbers[i] = event.receivedAt
    offsets[i] = numbering.of(event.conversation)
    bytes.set(event.raw, at)
    at += event.raw.length
    offsets[n + i] = at
  }
  for (let i = 0; i < n; i++) offsets[2 * n + i] = at = write(bytes, at, events[i]?.key ?? "")
  for (let i = 0; i < m; i++) numbers[n + i] = settled[i] ?? 0
  return { events: n, settled: m, names: numbering.names, buffer }
}

/** The worker's view of a {@link Packed} batch: no copies, only offsets. */
export class Frames {
  readonly names: Names
  readonly length: number
  readonly settled: Float64Array
  private readonly times: Float64Array
  private readonly offsets: Uint32Array
  private readonly bytes: Buffer
  private readonly buffer: ArrayBuffer
  private readonly head: number

  constructor({ events, settled, names, buffer }: Packed) {
    const head = 8 * (events + settled) + 12 * events
    this.names = names
    this.length = events
    this.times = new Float64Array(buffer, 0, events)
    this.settled = new Float64Array(buffer, 8 * events, settled)
    this.offsets = new Uint32Array(buffer, 8 * (events + settled), 3 * events)
    this.bytes = Buffer.from(buffer, head)
    this.buffer = buffer
    this.head = head
  }

  receivedAt(i: number): number {
    return this.times[i] ?? 0
  }

  conversation(i: number): number {
    return this.offsets[i] ?? 0
  }

  raw(i: number): Uint8Array {
    const { offsets, length } = this
    const start = i === 0 ? 0 : (offsets[length + i - 1] ?? 0)
    // Half the price of Buffer.subarray.
    return new Uint8Array(this.buffer, this.head + start, (offsets[length + i] ?? 0) - start)
  }

  key(i: number): string {
    return this.bytes.toString("utf8", this.offsets[2 * this.length + i - 1], this.offsets[2 * this.length + i])
  }

  /** 38 bits of the key, mixed with the number of its account: two rounds of FNV-1a with different primes. */
  hash(i: number, account: number): number {
    const { bytes, offsets, length } = this
    const end = offsets[2 * length + i] ?? 0
    let a = 0x811c9dc5 ^ account
    let b = 0x9747b28c ^ (account << 16)
    for (let at = offsets[2 * length + i - 1] ?? 0; at < end; at++) {
      const byte = bytes[at] ?? 0
      a = Math.imul(a ^ byte, 0x01000193)
      b = Math.imul(b ^ byte, 0x85ebca6b)
      b ^= b >>> 13
    }
    return (a & 0x3ffff) * 0x100000 + ((b ^ (a >>> 15)) & 0xfffff)
  }
}
