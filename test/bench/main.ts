/** `npm run bench -- dispatch | overhead | recover | memory [--json] [--frames N] [--rounds N]` */
import { parseArgs } from "node:util"
import { dispatch } from "./dispatch.ts"
import { memory } from "./memory.ts"
import { overhead } from "./overhead.ts"
import { recover } from "./recover.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    frames: { type: "string" },
    rounds: { type: "string", default: "5" }
  }
})
/** What is measured by the second needs some. */
const usual = positionals[0] === "overhead" ? 400_000 : 100_000
const options = { json: values.json, frames: Number(values.frames ?? usual), rounds: Number(values.rounds) }
const benchmarks = new Map([
  ["dispatch", dispatch],
  ["overhead", overhead],
  ["recover", recover],
  ["memory", memory]
])
const benchmark = benchmarks.get(positionals[0] ?? "")
if (benchmark === undefined) {
  console.error("usage: npm run bench -- dispatch|overhead|recover|memory [--json] [--frames N] [--rounds N]")
  process.exit(2)
}
await benchmark(options)
process.exit(0)
