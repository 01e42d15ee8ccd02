/** `npm run simulate`: see {@link help}. */
import { parseArgs } from "node:util"
import { mutants } from "./mutants.ts"
import { isMutant, troubles } from "./sabotage.ts"

const help = `npm run simulate -- [options]

Runs the whole bot in a world of its own, in which time, network, disk and chance are those of a seed, breaks it in every
way, and judges every promise from books that the bot cannot see.

  --seeds N       how many seeds (default 200)
  --from N        the first of them (default 1)
  --seed N        one seed, twice: its trace hash, and when it fails the shortest script and its trace
  --trace         with --seed: the whole trace, also of a run that passes
  --break NAME    plants a deliberate bug first
  --mutants       plants every deliberate bug and says after how many seeds it was found
  --known         with --mutants: tries the seed first that found the bug the last time
  --cap N         with --mutants: seeds that a bug may take (default 500)
  --json          one line of JSON instead of prose
  --help          this

Deliberate bugs:
${Object.entries(mutants)
  .map(([name, { what }]) => `  ${name.padEnd(26)} ${what}`)
  .join("\n")}
`

const fail = (why: string): never => {
  process.stderr.write(`${why}\nSee npm run simulate -- --help\n`)
  process.exit(2)
}

const parsed = () => {
  try {
    return parseArgs({
      options: {
        seeds: { type: "string", default: "200" },
        from: { type: "string", default: "1" },
        seed: { type: "string" },
        cap: { type: "string", default: "500" },
        break: { type: "string" },
        trace: { type: "boolean", default: false },
        mutants: { type: "boolean", default: false },
        known: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const whole = (name: string, text: string): number => {
  const number = Number(text)
  return Number.isSafeInteger(number) && number >= 0 ? number : fail(`--${name} is not a whole number`)
}

const values = parsed()
if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}
const mutant = values.break
if (mutant !== undefined && !isMutant(mutant)) fail(`there is no deliberate bug called ${mutant}`)
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19))
  fail(`needs Node 22.19 or newer, this is ${process.versions.node}; npm run uses the right one`)
const planted = values.mutants ? Object.keys(mutants) : mutant === undefined ? [] : [mutant]
const stale = troubles(planted.filter(isMutant))
if (stale.length > 0) fail(stale.join("\n"))

const { one, many, all } = await import("./commands.ts")
const from = whole("from", values.from)
const code = await (values.seed !== undefined
  ? one({ seed: whole("seed", values.seed), json: values.json, trace: values.trace, mutant })
  : values.mutants
    ? all({ cap: whole("cap", values.cap), from, json: values.json, isKnown: values.known })
    : many({ seeds: whole("seeds", values.seeds), from, json: values.json, mutant }))
// A promise of JavaScript's own may outlive its world, and what waits behind it sets a real timer then.
process.exit(code)
