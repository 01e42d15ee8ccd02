/** `npm run fuzz`: a campaign on the command line. Ends with 1 when something failed. */
import { randomInt } from "node:crypto"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Corpus from "./Corpus.ts"
import * as Fleet from "./Fleet.ts"
import { report } from "./Runner.ts"
import { targets } from "./targets/index.ts"

const help = `Fuzzes everything that comes from outside.

  npm run fuzz -- [options]

  --inputs N      how many inputs, over all targets                 (100000)
  --seed TEXT     where they come from; the same seed, the same inputs (random, printed)
  --only NAMES    these targets only, separated by commas
  --at N          only the input of this number; with --seed and --only
  --threads N     threads                                           (2)
  --json          one line of JSON at the end instead of words
  --help

Targets:
${targets.map(({ about, name }) => `  ${name.padEnd(14)}  ${about}`).join("\n")}
`

const fail = (problem: string): never => {
  process.stderr.write(`${problem} See npm run fuzz -- --help.\n`)
  process.exit(2)
}

const parsed = () => {
  try {
    return parseArgs({
      options: {
        inputs: { type: "string" },
        seed: { type: "string" },
        only: { type: "string" },
        at: { type: "string" },
        threads: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" }
      }
    }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const given = parsed()
const count = (name: string, text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise
  return /^\d{1,9}$/.test(text) ? Number(text) : fail(`--${name} wants a whole number.`)
}

if (given.help === true) {
  process.stdout.write(help)
  process.exit(0)
}
const only = given.only?.split(",").map((name) => name.trim())
const unknown = only?.find((name) => !targets.some((target) => target.name === name))
if (unknown !== undefined) fail(`There is no target "${unknown}".`)
const inputs = count("inputs", given.inputs, 100_000)
const seed = given.seed ?? String(randomInt(2 ** 31))
const isJson = given.json === true
const say = (text: string): void => {
  if (!isJson) process.stdout.write(text)
}

say(`seed ${seed}\n`)
const began = performance.now()
const outcome = await Fleet.run({
  inputs,
  seed,
  only,
  at: given.at === undefined ? undefined : count("at", given.at, 0),
  threads: Math.max(1, count("threads", given.threads, 2)),
  onProgress: (done) => {
    const seconds = (performance.now() - began) / 1000
    say(`${String(done).padStart(9)} of ${inputs}   ${Math.round(done / seconds)} a second\n`)
  }
})
const seconds = Math.round(outcome.took / 100) / 10
if (outcome.failures.length > 0) {
  const folder = mkdtempSync(join(tmpdir(), "everbot-fuzz-found-"))
  for (const failure of outcome.failures) {
    const { detail, input, rule, target } = failure
    const file = Corpus.save({ target, why: `${rule}: ${detail.split("\n")[0] ?? ""}`, input }, folder)
    process.stderr.write(
      `\n${report(failure)}\n  kept: ${join(folder, file)}; mended, it belongs into test/fuzz/corpus\n`
    )
  }
}
if (isJson) {
  const { byTarget, failures, heap } = outcome
  const figures = { inputs: outcome.inputs, crashes: failures.length, seconds, seed, heap, byTarget }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
} else {
  const { early, late } = outcome.heap
  say(
    `${outcome.inputs} inputs in ${seconds} s, ${outcome.failures.length} failures; heap ${early} MB early, ${late} MB late\n`
  )
}
process.exit(outcome.failures.length > 0 ? 1 : 0)
