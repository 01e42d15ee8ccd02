/** The figures of the bot as metrics of Effect, read when they are exported, beside those that the user's program keeps. */
import type { Metric } from "effect"
import type { OtlpSerialization } from "effect/observability"
import { type Figure, type Row, type Scene, table } from "../metrics/Table.ts"

type Registry = Metric.MetricRegistry
type Metadata = Registry extends Map<string, infer M> ? M : never

const ignore = (): void => {}

const metadataOf = ({ help, name, type, unit }: Row, { labels, value }: Figure): Metadata => ({
  id: name,
  type: type === "counter" ? "Counter" : "Gauge",
  description: help,
  // The exporter knows the unit from here only; `layerSerialization` takes it out again.
  attributes: { ...labels, unit },
  hooks: {
    get: () => (type === "counter" ? { count: value, incremental: true } : { value }),
    update: ignore,
    modify: ignore
  }
})

/** A registry that answers with these figures as they are now, and what is in `others`. */
export const registry = (scene: () => Scene, others: Registry): Registry => {
  const all: Registry = new Map()
  all.values = () => {
    const now = scene()
    const ours = table.flatMap((row) => row.values(now).map((figure) => metadataOf(row, figure)))
    return new Map([...others.values(), ...ours].entries()).values()
  }
  return all
}

const names: ReadonlySet<string> = new Set(table.map(({ name }) => name))

type Metrics = Parameters<OtlpSerialization.OtlpSerialization["Service"]["metrics"]>[0]

/** Takes the unit out of the labels of our figures: these are the same as those of `/metrics`. */
export const withoutUnits = (data: Metrics): Metrics => {
  for (const { scopeMetrics } of data.resourceMetrics) {
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) {
        if (!names.has(metric.name)) continue
        for (const point of (metric.sum ?? metric.gauge)?.dataPoints ?? []) {
          point.attributes = point.attributes.filter(({ key }) => key !== "unit")
        }
      }
    }
  }
  return data
}
