/**
 * How long replies took, over the last minute: a histogram for each second, so that recording costs nothing and memory
 * stays the same however much is said. A percentile is exact to about 7 %.
 */
const growth = 1.15
const buckets = 160
const seconds = 60

const bucketOf = (millis: number): number =>
  millis < 1 ? 0 : Math.min(buckets - 1, 1 + Math.floor(Math.log(millis) / Math.log(growth)))

/** The middle of a bucket, in milliseconds. */
const valueOf = (bucket: number): number => (bucket === 0 ? 1 : Math.round(growth ** (bucket - 0.5)))

/** Milliseconds; `undefined` when nothing was recorded. */
export interface Percentiles {
  readonly count: number
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

export class Latencies {
  private readonly slots = Array.from({ length: seconds }, () => ({ second: -1, counts: new Uint32Array(buckets) }))

  record(now: number, millis: number): void {
    const second = Math.floor(now / 1000)
    const slot = this.slots[second % seconds]
    if (slot === undefined) return
    if (slot.second !== second) {
      slot.second = second
      slot.counts.fill(0)
    }
    const bucket = bucketOf(millis)
    slot.counts[bucket] = (slot.counts[bucket] ?? 0) + 1
  }

  /** Over the last `window` seconds, at most a minute. */
  percentiles(now: number, window = seconds): Percentiles {
    const newest = Math.floor(now / 1000)
    const sum = new Uint32Array(buckets)
    let count = 0
    for (const { second, counts } of this.slots) {
      if (second > newest || second <= newest - window) continue
      for (let bucket = 0; bucket < buckets; bucket++) {
        const here = counts[bucket] ?? 0
        sum[bucket] = (sum[bucket] ?? 0) + here
        count += here
      }
    }
    const at = (part: number): number | undefined => {
      if (count === 0) return undefined
      let left = Math.ceil(count * part)
      for (let bucket = 0; bucket < buckets; bucket++) {
        left -= sum[bucket] ?? 0
        if (left <= 0) return valueOf(bucket)
      }
      return undefined
    }
    return { count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
  }
}
