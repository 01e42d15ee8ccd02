/** Renders the page of the metrics from the table that they are read from. */
import { fileURLToPath } from "node:url"
import { table } from "../../src/monitor/metrics/Table.ts"

export const file = fileURLToPath(new URL("../../src/monitor/metrics/METRICS.md", import.meta.url))

export const render = (): string =>
  `${[
    "# Metrics",
    "",
    "Made by `npm run docs` from the code; a test fails when it is stale.",
    "",
    "The same names and labels at `/metrics` (Prometheus), at `/api/metrics` (JSON), in the rules of alerts and over OTLP, where",
    "the unit is given as well (UCUM: `s` seconds, `By` bytes, `1` a ratio; in braces what is counted). Counters begin at 0",
    "with the process. A figure that there is none of, e.g. the latency of replies before the first, is left out. Metrics",
    "that a program keeps in Effect (`Metric.counter` and so on) are beside them.",
    "",
    "| metric | kind | unit | labels | meaning |",
    "|---|---|---|---|---|",
    ...table.map(
      ({ help, labels, name, type, unit }) =>
        `| \`${name}\` | ${type} | \`${unit}\` | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`
    )
  ].join("\n")}\n`
