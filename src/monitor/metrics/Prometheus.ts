/**
 * The figures in Prometheus' text format, version 0.0.4, together with whatever metrics of their own the user's program
 * keeps in Effect.
 */
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { collect, type Figure, type Scene } from "./Table.ts"

const escape = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

const line = (name: string, { labels, value }: Figure): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`)
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
}

export const prometheus = (scene: Scene): Effect.Effect<string> =>
  Effect.map(PrometheusMetrics.format(), (others) => {
    const ours = collect(scene).filter(({ values }) => values.length > 0)
    const text = ours.map(
      ({ help, name, type, values }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${values.map((figure) => line(name, figure)).join("\n")}\n`
    )
    return text.join("") + others
  })
