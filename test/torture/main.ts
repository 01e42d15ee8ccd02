/** `npm run torture`: every scenario on real processes, files and sockets, judged by the platform's books. */
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { type Figures, run } from "./Stage.ts"
import { scenarios } from "./scenarios/index.ts"

const usage = `npm run torture -- [options]

  --kills N         SIGKILLs of the scenario "kill" (default 100)
  --only NAME       run this scenario only; may be given more than once
  --seed TEXT       repeat the random choices of an earlier run (signals meet the process where they meet it)
  --brief           the short version of everything
  --json            print one line of JSON at the end
  --help

Scenarios:
${scenarios.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join("\n")}

Exits with 1 if anything was lost, said twice or out of order, or if a bot did not come back or did not say why. Then the
folder with its database and log is kept, and named.`

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    only: { type: "string", multiple: true, default: [] },
    seed: { type: "string" },
    brief: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const kills = Number(values.kills)
const unknown = values.only.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (values.help || unknown.length > 0 || !(Number.isInteger(kills) && kills > 0)) {
  if (unknown.length > 0) console.error(`there is no scenario ${unknown.join(", ")}\n`)
  else if (!values.help) console.error(`--kills takes a whole number above 0\n`)
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const seed = values.seed ?? String(process.hrtime.bigint() % 1_000_000n)
const chosen = scenarios.filter(({ name }) => values.only.length === 0 || values.only.includes(name))
const results: Record<string, Figures> = {}
console.error(`seed ${seed}`)
for (const [n, scenario] of chosen.entries()) {
  const { name, title } = scenario
  console.error(`[${n + 1}/${chosen.length}] ${name}: ${title}`)
  const progress = (line: string) => console.error(`      ${line}`)
  const figures = await Effect.runPromise(run(scenario, { seed, kills, isBrief: values.brief, progress }))
  results[name] = figures
  const { folder, notes, said, seconds, starts, violations } = figures
  console.error(
    `   ${violations.length === 0 ? "ok" : "FAILED"}: ${said} messages, ${starts} processes, ${seconds} s${notes.map((note) => `; ${note}`).join("")}`
  )
  for (const violation of violations) console.error(`   ! ${violation}`)
  if (folder !== undefined) console.error(`   ! kept for a look: ${folder}`)
}

const all = Object.values(results)
const total = (of: (figures: Figures) => number) => all.reduce((sum, figures) => sum + of(figures), 0)
const failed = all.filter(({ violations }) => violations.length > 0).length
const summary = {
  kills: total((it) => it.kills),
  lost: total((it) => it.lost),
  duplicated: total((it) => it.duplicated),
  outOfOrder: total((it) => it.outOfOrder),
  said: total((it) => it.said),
  failed,
  seed
}
if (values.json) console.log(JSON.stringify({ ...summary, scenarios: results }))
else
  console.log(
    Object.entries(summary)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n")
  )
process.exit(failed > 0 ? 1 : 0)
