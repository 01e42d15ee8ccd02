/**
 * A run of events as one value: what a row of `blocks` holds. Runs in the worker thread.
 *
 * ```
 * u32 n · u32 bytes of names · f64 receivedAt[n] · u32 id[n] (less the block's first) · u32 conversation[n]
 *   · u32 rawEnd[n] · u32 keyEnd[n] · raws · keys · names
 * ```
 * `names` is JSON, `account, lane` for each conversation of the block. Behind one byte that names the codec the whole is
 * compressed: frames of one platform are much alike, and what is not written needs neither be checked, nor copied to the
 * log, from there into the database, and to the disk. SQLite does not notice a bit that the disk turned, so a block carries
 * a checksum: zstd's own, or a CRC-32 before what is too small to be compressed.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib"

/** Accounts and lanes, by number: `account, lane, account, lane, …`. */
export type Names = ReadonlyArray<string>

/** One event of a block. The bytes are views: copy what is kept. */
export interface BlockEvent {
  readonly id: number
  readonly account: string
  readonly lane: string
  readonly key: string
  readonly receivedAt: number
  readonly raw: Uint8Array
}

/** What a block is made of: the events of a commit, or those of an older block. */
export interface Source {
  receivedAt(i: number): number
  /** An index into `names`, for pairs. */
  conversation(i: number): number
  /** Holds the frames and the keys, each kind in the order of the events. */
  readonly bytes: Uint8Array
  /** Where in `bytes` a frame, a key begins; each ends where the next one would begin. */
  rawAt(i: number): number
  keyAt(i: number): number
  readonly names: Names
}

/** Codecs. Blocks of the first kind, which nothing protects, are not written any more. */
const plain = 0
const zstd = 1
const checked = 2
/** Smaller blocks are not worth the fixed price of the codec. */
const compressFrom = 4096
/** What comes out of a block fits into one chunk nearly always. */
const options = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  chunkSize: 32 * 1024
}

/** Where blocks are put together: what is sealed is a copy. */
let scratch = new ArrayBuffer(256 * 1024)

const headOf = (n: number): number => 8 + 8 * n + 16 * n

/** Numbers the conversations that a block uses, in the order of their appearance. */
const renumber = (source: Source, places: ReadonlyArray<number>): { numbers: Uint32Array; names: Array<string> } => {
  const numbers = new Uint32Array(places.length)
  const names: Array<string> = []
  const seen = new Map<number, number>()
  for (let i = 0; i < places.length; i++) {
    const old = source.conversation(places[i] ?? 0)
    let number = seen.get(old)
    if (number === undefined) {
      number = names.length >> 1
      seen.set(old, number)
      names.push(source.names[2 * old] ?? "", source.names[2 * old + 1] ?? "")
    }
    numbers[i] = number
  }
  return { numbers, names }
}

/** Copies the frames, or the keys, of some events; of neighbours in one go. */
class Copy {
  readonly size: number
  private readonly bytes: Uint8Array
  private readonly places: ReadonlyArray<number>
  private readonly startOf: (i: number) => number

  constructor(bytes: Uint8Array, places: ReadonlyArray<number>, startOf: (i: number) => number) {
    this.bytes = bytes
    this.places = places
    this.startOf = startOf
    const first = places[0] ?? 0
    const last = places[places.length - 1] ?? 0
    let size = 0
    // Nearly always neighbours, all of them.
    if (last - first + 1 === places.length) size = startOf(last + 1) - startOf(first)
    else for (const place of places) size += startOf(place + 1) - startOf(place)
    this.size = size
  }

  /** Notes where each ends, and returns where the last one does. */
  to(body: Uint8Array, from: number, ends: Uint32Array): number {
    const { bytes, places, startOf } = this
    let at = from
    for (let i = 0; i < places.length; ) {
      const first = places[i] ?? 0
      const start = startOf(first)
      const shift = at - start
      let last = first
      do ends[i++] = startOf(++last) + shift
      while (places[i] === last)
      body.set(bytes.subarray(start, startOf(last)), at)
      at = startOf(last) + shift
    }
    return at
  }
}

/** The events at these places of the source, under these ids, which ascend. */
export const encode = (source: Source, places: ReadonlyArray<number>, ids: ArrayLike<number>): Uint8Array => {
  const n = places.length
  const { numbers, names } = renumber(source, places)
  const nameBytes = Buffer.from(JSON.stringify(names))
  const raws = new Copy(source.bytes, places, (i) => source.rawAt(i))
  const keys = new Copy(source.bytes, places, (i) => source.keyAt(i))
  const size = headOf(n) + raws.size + keys.size + nameBytes.length
  if (scratch.byteLength < size) scratch = new ArrayBuffer(2 * size)
  const body = new Uint8Array(scratch, 0, size)
  const times = new Float64Array(scratch, 8, n)
  const columns = new Uint32Array(scratch, 8 + 8 * n, 4 * n)
  new Uint32Array(scratch, 0, 2).set([n, nameBytes.length])
  for (let i = 0; i < n; i++) {
    times[i] = source.receivedAt(places[i] ?? 0)
    columns[i] = (ids[i] ?? 0) - (ids[0] ?? 0)
    columns[n + i] = numbers[i] ?? 0
  }
  const keysAt = raws.to(body, headOf(n), columns.subarray(2 * n, 3 * n))
  const namesAt = keys.to(body, keysAt, columns.subarray(3 * n))
  body.set(nameBytes, namesAt)
  return seal(body)
}

const seal = (body: Uint8Array): Uint8Array => {
  if (body.length < compressFrom) {
    const sealed = Buffer.allocUnsafe(5 + body.length)
    sealed[0] = checked
    sealed.writeUInt32LE(crc32(body), 1)
    sealed.set(body, 5)
    return sealed
  }
  const inner = zstdCompressSync(body, options)
  const sealed = new Uint8Array(inner.length + 1)
  sealed[0] = zstd
  sealed.set(inner, 1)
  return sealed
}

/** What was sealed, aligned for the columns; `undefined` when it is not that any more. */
const unseal = (sealed: Uint8Array): Uint8Array | undefined => {
  switch (sealed[0]) {
    case zstd: {
      const bytes = zstdDecompressSync(sealed.subarray(1))
      return bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes)
    }
    case checked: {
      const body = Uint8Array.from(sealed.subarray(5))
      return crc32(body) === new DataView(sealed.buffer, sealed.byteOffset).getUint32(1, true) ? body : undefined
    }
    case plain:
      return Uint8Array.from(sealed.subarray(1))
  }
  return undefined
}

/** SQLITE_CORRUPT; nothing of what stands in there is repeated. */
const damaged = (first: number): Error =>
  Object.assign(new Error(`the block of events from ${first} on is damaged`), { errcode: 11 })

const unpack = (first: number, sealed: Uint8Array): { body: Uint8Array; n: number; names: Names } => {
  try {
    const body = unseal(sealed)
    if (body === undefined) throw damaged(first)
    const [n = 0, nameBytes = 0] = new Uint32Array(body.buffer, body.byteOffset, 2)
    const names: unknown = JSON.parse(Buffer.from(body.subarray(body.length - nameBytes)).toString())
    const isWhole = Array.isArray(names) && names.every((name) => typeof name === "string")
    if (isWhole && headOf(n) + nameBytes <= body.length) return { body, n, names }
  } catch {
    // What the codec or the parser has to say of it would repeat what is in there.
  }
  throw damaged(first)
}

/** A block that was read. */
export class Block implements Source {
  readonly first: number
  readonly length: number
  readonly names: Names
  /** Bytes it takes in memory. */
  readonly size: number
  private readonly times: Float64Array
  private readonly columns: Uint32Array
  private readonly body: Buffer

  /** Throws what SQLite throws for a page that it cannot read, if this is no block. */
  constructor(first: number, sealed: Uint8Array) {
    const { body, n, names } = unpack(first, sealed)
    const { buffer, byteOffset } = body
    this.first = first
    this.length = n
    this.size = body.length
    this.times = new Float64Array(buffer, byteOffset + 8, n)
    this.columns = new Uint32Array(buffer, byteOffset + 8 + 8 * n, 4 * n)
    this.body = Buffer.from(buffer, byteOffset, body.length)
    this.names = names
    if (!this.isWhole()) throw damaged(first)
  }

  /** Whether ids ascend, and frames and keys follow each other within the bytes. */
  private isWhole(): boolean {
    const { columns, length: n, body } = this
    for (let i = 0; i < n; i++) {
      if (i > 0 && (columns[i] ?? 0) <= (columns[i - 1] ?? 0)) return false
      if (2 * (columns[n + i] ?? 0) + 1 >= this.names.length) return false
    }
    let at = headOf(n)
    for (let i = 2 * n; i < 4 * n; i++) {
      const end = columns[i] ?? 0
      if (end < at) return false
      at = end
    }
    return at <= body.length
  }

  id(i: number): number {
    return this.first + (this.columns[i] ?? 0)
  }
  receivedAt(i: number): number {
    return this.times[i] ?? 0
  }
  conversation(i: number): number {
    return this.columns[this.length + i] ?? 0
  }
  account(i: number): string {
    return this.names[2 * this.conversation(i)] ?? ""
  }
  get bytes(): Uint8Array {
    return this.body
  }
  rawAt(i: number): number {
    return i === 0 ? headOf(this.length) : (this.columns[2 * this.length + i - 1] ?? 0)
  }
  /** The first key begins where the last frame ends. */
  keyAt(i: number): number {
    return this.columns[3 * this.length + i - 1] ?? 0
  }
  key(i: number): string {
    return this.body.toString("utf8", this.keyAt(i), this.keyAt(i + 1))
  }
  /** The place of an id, or -1. */
  find(id: number): number {
    let low = 0
    let high = this.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = this.id(middle)
      if (at === id) return middle
      if (at < id) low = middle + 1
      else high = middle - 1
    }
    return -1
  }
  event(i: number): BlockEvent {
    return {
      id: this.id(i),
      account: this.account(i),
      lane: this.names[2 * this.conversation(i) + 1] ?? "",
      key: this.key(i),
      receivedAt: this.receivedAt(i),
      raw: this.body.subarray(this.rawAt(i), this.rawAt(i + 1))
    }
  }
}
