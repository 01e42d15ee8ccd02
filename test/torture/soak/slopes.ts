/** Whether figures stay where they are: the least-squares slope of each, and what it may be. */
import type { Sample } from "./bot.ts"

export type Figure = Exclude<keyof Sample, "at" | "handled">

/**
 * How much a figure may grow from warm-up to end by its slope: a share of its mean, or so much, whichever is more. What
 * leaks grows with the messages, which are tens of thousands: a hundred bytes each would show. Lanes and the heap have
 * the shape of a saw: idle lanes are kept up to 4096, then go all at once.
 */
export const bounds: Readonly<Record<Figure, { readonly share: number; readonly least: number }>> = {
  rss: { share: 0.1, least: 10 },
  heap: { share: 0.1, least: 4 },
  buffers: { share: 0.25, least: 4 },
  files: { share: 0.1, least: 3 },
  timers: { share: 0.25, least: 5 },
  handles: { share: 0.25, least: 4 },
  lanes: { share: 0.5, least: 2500 },
  backlog: { share: 0.25, least: 500 },
  database: { share: 0.15, least: 3 },
  log: { share: 0.25, least: 3 }
}

/** Per second. */
export const slopeOf = (points: ReadonlyArray<readonly [x: number, y: number]>): number => {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread
}

export interface Line {
  readonly figure: Figure
  readonly first: number
  readonly last: number
  readonly mean: number
  readonly max: number
  /** By the slope, over the time that was looked at. */
  readonly growth: number
  readonly allowed: number
  readonly isFlat: boolean
}

const round = (value: number) => Math.round(value * 100) / 100

/** Judges samples taken after the warm-up. */
export const judge = (samples: ReadonlyArray<Sample>): ReadonlyArray<Line> => {
  const span = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)
  return (Object.keys(bounds) as ReadonlyArray<Figure>).map((figure) => {
    const values = samples.map((sample) => sample[figure])
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
    const growth = slopeOf(samples.map((sample) => [sample.at, sample[figure]] as const)) * span
    const { least, share } = bounds[figure]
    const allowed = Math.max(least, share * mean)
    return {
      figure,
      first: values[0] ?? 0,
      last: values.at(-1) ?? 0,
      mean: round(mean),
      max: Math.max(...values),
      growth: round(growth),
      allowed: round(allowed),
      isFlat: growth <= allowed
    }
  })
}
