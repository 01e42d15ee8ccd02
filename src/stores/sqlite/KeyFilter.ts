/**
 * Says for most keys at once that they were never stored (a Bloom filter, 16 bits a key), and where the others may be.
 *
 * A unique index over plain hashes is hit at random, so that with a million rows every new event dirties a page of its
 * own. So a stored hash carries the number of its drawer in front: drawers are filled one after the other, and the
 * drawer being filled is small. A key can then lie in any drawer, and this filter spares looking for it in all.
 */

/**
 * Events per drawer. Its part of the index is 8 pages: a commit of 50 events writes half of what it would with drawers of
 * 32,768, and looking in all drawers, for 1 key in 1,000 that the filter takes for another, stays below a millisecond.
 */
const drawerSize = 8192
/** Hashes per drawer: 38 bits, as `Frames.hash` makes them; with 15 bits of drawer in front they stay exact JavaScript integers. */
const range = 2 ** 38
const drawers = 2 ** 15
const bitsPerKey = 16

/** How many numbers there are; the one after the last is 0. */
export const slots = range * drawers

export class KeyFilter {
  private words = new Uint32Array(2)
  private capacity = 0
  private count = 0
  /** Drawers that hold something: where to look for a key that may be stored. */
  private readonly used = new Set<number>()
  private latest = -1

  /** Forgets everything; there is room for twice as many keys as are there now, and at least for 2¹⁸. */
  reset(keys: number): void {
    this.capacity = 2 ** Math.max(18, Math.ceil(Math.log2(2 * keys + 1)))
    this.words = new Uint32Array((this.capacity * bitsPerKey) / 32)
    this.count = 0
    this.used.clear()
    this.latest = -1
  }

  /** More keys than it was made for: it would answer "maybe" too often, and should be filled anew. */
  get isFull(): boolean {
    return this.count >= this.capacity
  }

  /** Adds a number that is stored. */
  add(stored: number): void {
    this.use(Math.floor(stored / range))
    this.admit(stored % range)
  }

  /** Adds a hash. False: its key was certainly not stored before. */
  admit(hash: number): boolean {
    const wereSet = this.visit(hash)
    if (!wereSet) this.count++
    return wereSet
  }

  /** Where a key with this hash would lie in each drawer that is in use, the newest first: replays are young. */
  *places(hash: number): Generator<number> {
    for (const drawer of [...this.used].reverse()) yield drawer * range + hash
  }

  private use(drawer: number): void {
    if (drawer === this.latest) return
    this.latest = drawer
    this.used.add(drawer)
  }

  /** The first number of the drawer for the event with this id; add the hash of its key. From now on it is in use. */
  drawer(id: number): number {
    const drawer = Math.floor(id / drawerSize) % drawers
    this.use(drawer)
    return drawer * range
  }

  /** Four bits per key, by double hashing: sets them, and says whether all were set. */
  private visit(hash: number): boolean {
    const { words } = this
    const mask = words.length * 32 - 1
    let at = Math.imul((hash / 64) | 0, 0x9e3779b1) ^ hash
    const step = Math.imul(hash | 0, 0x85ebca6b) | 1
    let wereSet = true
    for (let i = 0; i < 4; i++) {
      at = (at + step) | 0
      const bit = (at ^ (at >>> 15)) & mask
      const word = words[bit >>> 5] ?? 0
      const flag = 1 << (bit & 31)
      if ((word & flag) !== 0) continue
      wereSet = false
      words[bit >>> 5] = word | flag
    }
    return wereSet
  }
}
