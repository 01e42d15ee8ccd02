/** `npm run soak`: a bot under faults all the while, whose memory, handles and files must stay where they are. */
import { parseArgs } from "node:util"
import { Duration, Option } from "effect"
import { soak } from "./run.ts"

const usage = `npm run soak -- [options]

  --for TIME        how long: 10m, 90s, 8h (default 10m); the first two fifths, at most 5 minutes, are warm-up
  --rate N          messages a second (default 100)
  --seed N          the faults of an earlier run
  --json            print one line of JSON at the end
  --help

A platform in a process of its own is talked on and breaks every four seconds, in every way that a bot should survive. Exits
with 1 if a figure of the bot grows, by its least-squares slope, by more than it may, or if a message was lost or said twice.`

const { values } = parseArgs({
  options: {
    for: { type: "string", default: "10m" },
    rate: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})

const units: Readonly<Record<string, Duration.Unit>> = { s: "seconds", m: "minutes", h: "hours" }
const [, amount = "", unit = ""] = /^(\d+)([smh])$/.exec(values.for) ?? []
const time = Option.getOrUndefined(Duration.fromInput(`${Number(amount)} ${units[unit] ?? "seconds"}`))
const perSecond = Number(values.rate)
const isWrong =
  amount === "" || time === undefined || !(perSecond > 0 && perSecond <= 1000) || !/^\d+$/.test(values.seed)
if (values.help || isWrong || time === undefined) {
  if (!values.help)
    console.error("--for takes a time like 10m, --rate a number from 1 to 1000, --seed a whole number\n")
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const seconds = Duration.toSeconds(time)
const warmUp = Math.min(300, seconds * 0.4)
const every = Math.max(1, Math.min(30, seconds / 60))
const { lines, samples, verdict, violations } = await soak({
  seconds,
  warmUp,
  every,
  perSecond,
  seed: values.seed,
  onSample: ({ at, backlog, database, files, handled, heap, lanes, log, rss }) =>
    console.error(
      `${String(at).padStart(6)} s  ${handled} handled, rss ${rss} MB, heap ${heap} MB, database ${database} + ${log} MB, ${files} files, ${lanes} lanes, backlog ${backlog}`
    )
})
const columns = ["first", "last", "mean", "max", "growth", "allowed"] as const
console.error(`\n${"after warm-up".padEnd(14)}${columns.map((name) => name.padStart(10)).join("")}`)
for (const line of lines) {
  const cells = columns.map((name) => String(line[name]).padStart(10)).join("")
  console.error(`${line.figure.padEnd(14)}${cells}  ${line.isFlat ? "flat" : "NOT FLAT"}`)
}
const { _tag: _, ...judged } = verdict
console.error(
  Object.entries(judged)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")
)
for (const violation of violations) console.error(`! ${violation}`)
if (values.json) {
  const figures = Object.fromEntries(lines.map(({ figure, ...line }) => [figure, line]))
  console.log(JSON.stringify({ seconds, samples: samples.length, ...judged, figures, violations }))
}
process.exit(violations.length > 0 ? 1 : 0)
