/** `npm run bench -- dispatch | recover | memory [--json] [--frames N] [--rounds N]` */
import { parseArgs } from "node:util"
import { dispatch } from "./dispatch.ts"
import { memory } from "./memory.ts"
import { recover } from "./recover.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    frames: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" }
  }
})
const options = { json: values.json, frames: Number(values.frames), rounds: Number(values.rounds) }
const benchmarks = new Map([
  ["dispatch", dispatch],
  ["recover", recover],
  ["memory", memory]
])
const benchmark = benchmarks.get(positionals[0] ?? "")
if (benchmark === undefined) {
  console.error("usage: npm run bench -- dispatch|recover|memory [--json] [--frames N] [--rounds N]")
  process.exit(2)
}
await benchmark(options)
process.exit(0)
