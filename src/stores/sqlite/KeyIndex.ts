/**
 * Says of most keys at once that they were never stored, and of the others where to look: an open-addressing table of
 * 16-bit fingerprints, each with the drawer that holds its key. A drawer is a run of ids.
 *
 * The hashes themselves lie in the blocks that hold the events (see Blocks), in no index: one over hashes is hit at
 * random, so that every new event dirties a page of its own. The table is filled from them at opening. A fingerprint that
 * two keys share, once in about 30,000 keys, costs a look at the hashes of one drawer. Runs in the worker thread.
 */

/** Ids per drawer: about a commit under load, so that one look reads the hashes of few blocks. */
const drawerSize = 1024
/** Drawers have numbers from 1 in 16 bits; with more of them than that, numbers are shared and a look takes longer. */
const drawers = 65_535
/** Slots in use at the most; beyond it runs of taken slots grow long. */
const fullness = 0.6
const smallest = 2 ** 18
/** Up to this size a table that is full grows fourfold: filling it anew reads all hashes, and 16 MiB are no matter. */
const largestLeap = 2 ** 22

/** A range of ids, both ends included. */
export interface Drawer {
  readonly first: number
  readonly last: number
}

export class KeyIndex {
  private slots = new Uint32Array(2)
  private mask = 1
  private capacity = 0
  private count = 0
  /** The highest id: says which drawers a number may stand for. */
  private highest = 0

  /** Forgets everything; there is room for at least twice as many keys as are there now. */
  reset(keys: number): void {
    const twice = 2 ** Math.ceil(Math.log2(Math.max(smallest, (2 * keys) / fullness)))
    const size = twice > smallest && twice < largestLeap ? 2 * twice : twice
    this.slots = new Uint32Array(size)
    this.mask = size - 1
    this.capacity = size * fullness
    this.count = 0
    this.highest = 0
  }

  /** More keys than it was made for: it should be filled anew. */
  get isFull(): boolean {
    return this.count >= this.capacity
  }

  /**
   * Adds the key with this hash, in two halves, under its event's id. True: a key with this fingerprint may have been
   * there before; then {@link look} says where.
   */
  add(low: number, high: number, id: number): boolean {
    const { slots, mask } = this
    const print = high & 0xffff
    const number = 1 + (Math.floor(id / drawerSize) % drawers)
    let isKnown = false
    let at = low & mask
    for (let slot = slots[at] ?? 0; slot !== 0; slot = slots[at] ?? 0) {
      if (slot >>> 16 === print) {
        isKnown = true
        if ((slot & 0xffff) === number) return true
      }
      at = (at + 1) & mask
    }
    slots[at] = (print << 16) | number
    this.count++
    if (id > this.highest) this.highest = id
    return isKnown
  }

  /** Where a key with this hash may be, the newest first: replays are young. */
  look(low: number, high: number): ReadonlyArray<Drawer> {
    const { slots, mask } = this
    const print = high & 0xffff
    const found: Array<Drawer> = []
    let at = low & mask
    for (let slot = slots[at] ?? 0; slot !== 0; slot = slots[at] ?? 0) {
      if (slot >>> 16 === print) {
        const last = Math.floor(this.highest / drawerSize)
        for (let drawer = (slot & 0xffff) - 1; drawer <= last; drawer += drawers) {
          found.push({ first: drawer * drawerSize, last: (drawer + 1) * drawerSize - 1 })
        }
      }
      at = (at + 1) & mask
    }
    return found.sort((a, b) => b.first - a.first)
  }
}

/** The hash of a key, mixed with the number of its account, in two halves: two rounds of FNV-1a with different primes. */
export class KeyHash {
  low = 0
  high = 0

  read(bytes: Uint8Array, start: number, end: number, account: number): void {
    let a = 0x811c9dc5 ^ account
    let b = 0x9747b28c ^ (account << 16)
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0
      a = Math.imul(a ^ byte, 0x01000193)
      b = Math.imul(b ^ byte, 0x85ebca6b)
      b ^= b >>> 13
    }
    this.low = a >>> 0
    this.high = (b ^ (a >>> 15)) >>> 0
  }
}
