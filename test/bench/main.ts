/** `npm run bench -- dispatch | recover | memory [--json] [--frames N] [--rounds N]` */
import { parseArgs } from "node:util"
import { dispatch } from "./dispatch.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    frames: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" }
  }
})
const options = { json: values.json, frames: Number(values.frames), rounds: Number(values.rounds) }

switch (positionals[0]) {
  case "dispatch":
    await dispatch(options)
    break
  default:
    console.error("usage: npm run bench -- dispatch|recover|memory [--json] [--frames N] [--rounds N]")
    process.exitCode = 2
}
