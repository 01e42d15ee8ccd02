/**
 * Lines of one kind beyond so many a second are left out, and counted: a flood of one error must neither fill the disk nor
 * push out what else is said. Two lines are of one kind when they differ in numbers and ids only. What ends the process
 * is never left out.
 */
import type { Record } from "./Record.ts"

/** Kinds that are remembered: with more, the one that was silent longest is forgotten. */
const maxKinds = 1000

interface Bucket {
  /** Epoch milliseconds at which the second began. */
  since: number
  count: number
  suppressed: number
}

/** Digits, and words with digits in them, are what differs between two lines of a kind. */
const kindOf = ({ category, level, message }: Record): string =>
  `${level} ${category} ${message.slice(0, 200).replace(/[\w-]*\d[\w-]*/g, "#")}`

/** Answers the line to write, or nothing. `perSecond` lines of a kind pass; the next that passes says how many did not. */
export const make = (perSecond: number): ((record: Record, now: number) => Record | undefined) => {
  const buckets = new Map<string, Bucket>()
  return (record, now) => {
    if (record.level === "Fatal") return record
    const kind = kindOf(record)
    const bucket = buckets.get(kind) ?? { since: now, count: 0, suppressed: 0 }
    // To the end, so that the first of the map is the one that was silent longest.
    buckets.delete(kind)
    buckets.set(kind, bucket)
    if (buckets.size > maxKinds) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break
    if (now - bucket.since >= 1000 || now < bucket.since) {
      bucket.since = now
      bucket.count = 0
    }
    if (++bucket.count > perSecond) {
      bucket.suppressed++
      return undefined
    }
    const { suppressed } = bucket
    bucket.suppressed = 0
    return suppressed === 0 ? record : { ...record, suppressed }
  }
}
