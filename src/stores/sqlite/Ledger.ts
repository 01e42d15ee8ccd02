/**
 * Which events are pending, in memory: the worker's index, so that settling an event touches no row.
 *
 * Ids are handed out without holes. Pending ones are kept in chunks of account numbers (0: settled), settled ones as
 * merged intervals. {@link Ledger.takeChanges} says which interval rows a commit has to write: in a healthy inbox one.
 */
const size = 1024

interface Chunk {
  readonly accounts: Uint32Array
  live: number
}

export interface Interval {
  readonly first: number
  last: number
}

export interface Changes {
  /** `first` of intervals that were swallowed by a neighbour. */
  readonly removed: ReadonlyArray<number>
  /** Intervals that are new or longer. */
  readonly written: ReadonlyArray<Interval>
}

/** As they nearly always are, and looking costs much less than sorting. */
const areAscending = (ids: ReadonlyArray<number>): boolean => {
  for (let i = 1; i < ids.length; i++) if ((ids[i] ?? 0) < (ids[i - 1] ?? 0)) return false
  return true
}

export class Ledger {
  /** The highest id that was handed out. */
  lastId = 0
  /** Events that a turn put off: id → epoch milliseconds. */
  readonly deferred = new Map<number, number>()
  private readonly chunks = new Map<number, Chunk>()
  private readonly counts: Array<number> = []
  private readonly intervals: Array<Interval>
  private fresh: Array<number> = []
  /** The chunk that was asked for last: ids come in runs. */
  private near: Chunk | undefined
  private nearAt = -1

  constructor(intervals: ReadonlyArray<Interval>) {
    this.intervals = intervals.map(({ first, last }) => ({ first, last }))
    this.lastId = this.intervals.at(-1)?.last ?? 0
  }

  /** The ids between the intervals, which may be pending: `[first, last]`, the last one open. */
  *unsettled(): Generator<readonly [number, number]> {
    let from = 1
    for (const { first, last } of this.intervals) {
      if (first > from) yield [from, first - 1]
      from = last + 1
    }
    yield [from, Number.MAX_SAFE_INTEGER]
  }

  private chunk(at: number): Chunk | undefined {
    if (at === this.nearAt) return this.near
    this.nearAt = at
    this.near = this.chunks.get(at)
    return this.near
  }

  /** Adds an event of this account, numbered from 1. */
  add(id: number, account: number): void {
    const at = Math.floor(id / size)
    let chunk = this.chunk(at)
    if (chunk === undefined) {
      chunk = { accounts: new Uint32Array(size), live: 0 }
      this.chunks.set(at, chunk)
      this.near = chunk
    }
    chunk.accounts[id % size] = account
    chunk.live++
    this.counts[account] = (this.counts[account] ?? 0) + 1
    if (id > this.lastId) this.lastId = id
  }

  isPending(id: number): boolean {
    return (this.chunk(Math.floor(id / size))?.accounts[id % size] ?? 0) !== 0
  }

  /** False if it was not pending: then nothing changes. */
  settle(id: number): boolean {
    const at = Math.floor(id / size)
    const chunk = this.chunk(at)
    const account = chunk?.accounts[id % size] ?? 0
    if (chunk === undefined || account === 0) return false
    chunk.accounts[id % size] = 0
    if (--chunk.live === 0) {
      this.chunks.delete(at)
      this.nearAt = -1
    }
    this.counts[account] = (this.counts[account] ?? 1) - 1
    this.fresh.push(id)
    return true
  }

  pending(account: number): number {
    return this.counts[account] ?? 0
  }

  /** Pending ids of the account above `after`, ascending. */
  page(account: number, after: number, limit: number): ReadonlyArray<number> {
    const found: Array<number> = []
    for (const at of [...this.chunks.keys()].filter((at) => at >= Math.floor(after / size)).sort((a, b) => a - b)) {
      const accounts = this.chunks.get(at)?.accounts
      for (let i = 0; accounts !== undefined && i < size; i++) {
        const id = at * size + i
        if (accounts[i] !== account || id <= after) continue
        if (found.length >= limit) return found
        found.push(id)
      }
    }
    return found
  }

  /** Merges what was settled since the last call into the intervals. */
  takeChanges(): Changes {
    const ids = this.fresh
    this.fresh = []
    const removed: Array<number> = []
    const written = new Set<Interval>()
    if (!areAscending(ids)) ids.sort((a, b) => a - b)
    for (let i = 0; i < ids.length; ) {
      const first = ids[i] ?? 0
      let last = first
      i++
      while (ids[i] === last + 1) {
        last++
        i++
      }
      written.add(this.merge(first, last, removed, written))
    }
    return { removed, written: [...written] }
  }

  private merge(first: number, last: number, removed: Array<number>, written: Set<Interval>): Interval {
    const at = this.after(first)
    const left = this.intervals[at - 1]
    const right = this.intervals[at]
    const end = right !== undefined && right.first === last + 1 ? right.last : last
    if (right !== undefined && end !== last) {
      removed.push(right.first)
      written.delete(right)
      this.intervals.splice(at, 1)
    }
    if (left !== undefined && left.last === first - 1) {
      left.last = end
      return left
    }
    const own = { first, last: end }
    this.intervals.splice(at, 0, own)
    return own
  }

  /** The index of the first interval that begins after `id`. */
  private after(id: number): number {
    let low = 0
    let high = this.intervals.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.intervals[middle]?.first ?? 0) > id) high = middle
      else low = middle + 1
    }
    return low
  }
}
