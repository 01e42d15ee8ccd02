/** What `npm run simulate` does: one seed, many seeds, all mutants. Each answers the exit code. */
import type { Outcome, Violation } from "./Evidence.ts"
import * as Fleet from "./fleet.ts"
import { type Mutant, mutants } from "./mutants.ts"
import { simulation } from "./sabotage.ts"
import { shrink } from "./shrink.ts"

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** One line that is written over again, on a terminal only. */
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
}

const command = (seed: number, mutant: string | undefined): string =>
  `npm run simulate -- --seed ${seed}${mutant === undefined ? "" : ` --break ${mutant}`}`

const hours = (millis: number): number => Math.round(millis / 36_000) / 100

/** Lines of a trace that are shown; of a longer one, the beginning and the end. */
const shown = 160

const show = (lines: ReadonlyArray<string>): void => {
  if (lines.length <= shown) return lines.forEach(say)
  lines.slice(0, shown / 2).forEach(say)
  say(`           … ${lines.length - shown} lines …`)
  lines.slice(-shown / 2).forEach(say)
}

const list = (violations: ReadonlyArray<Violation>): void => {
  for (const { detail, promise } of violations.slice(0, 5)) say(`  ${promise}: ${detail}`)
  if (violations.length > 5) say(`  and ${violations.length - 5} more`)
}

const explain = async (seed: number, mutant: string | undefined): Promise<void> => {
  const { planOf, run } = await simulation(mutant)
  const plan = planOf(seed)
  const [violation] = run(plan).violations
  if (violation === undefined) return say(`seed ${seed} passes when it is run again: please report that`)
  progress(`seed ${seed}: looking for the shortest script`)
  const short = shrink({ run }, plan, violation)
  progress("")
  const { lines, violations } = run(short, { isTraced: true })
  say(
    `\nseed ${seed} breaks ${violation.promise}; of ${plan.events.length} events these ${short.events.length} are enough:\n`
  )
  show(lines)
  say("")
  list(violations)
  say(`\n  ${command(seed, mutant)}\n`)
}

export const one = async (options: {
  readonly seed: number
  readonly json: boolean
  readonly trace: boolean
  readonly mutant: string | undefined
}): Promise<number> => {
  const { json, mutant, seed, trace } = options
  const { planOf, run } = await simulation(mutant)
  const first = run(planOf(seed), { isTraced: trace })
  const again = run(planOf(seed))
  const { crashes, faults, hash, said, violations, virtual } = first
  const isSame = hash === again.hash
  if (json) {
    const figures = { crashes, faults, said, virtualHours: hours(virtual), hash, again: again.hash }
    say(JSON.stringify({ seed, violations: violations.length, ...figures, found: violations.slice(0, 5) }))
  } else {
    if (trace) first.lines.forEach(say)
    say(
      `seed ${seed}: ${said} messages, ${faults} faults, ${crashes} crashes in ${(virtual / 60_000).toFixed(1)} minutes`
    )
    say(`trace ${hash}, and again ${again.hash}${isSame ? "" : ": NOT the same, the simulation is not deterministic"}`)
    if (violations.length === 0) say("every promise was kept")
    else await explain(seed, mutant)
  }
  return violations.length === 0 && isSame ? 0 : 1
}

export const many = async (options: {
  readonly seeds: number
  readonly from: number
  readonly json: boolean
  readonly mutant: string | undefined
}): Promise<number> => {
  const { from, json, mutant, seeds } = options
  const total = { done: 0, crashes: 0, faults: 0, said: 0, virtual: 0 }
  const failed: Array<Outcome> = []
  let given = 0
  await Fleet.sail(() => ({
    next: () => (given < seeds ? { seed: from + given++, mutant } : undefined),
    onOutcome: (outcome) => {
      total.done++
      total.crashes += outcome.crashes
      total.faults += outcome.faults
      total.said += outcome.said
      total.virtual += outcome.virtual
      if (outcome.violations.length > 0) failed.push(outcome)
      progress(`${total.done} of ${seeds} seeds, ${failed.length} failed, ${hours(total.virtual)} hours simulated`)
    }
  }))
  progress("")
  const { crashes, faults, said, virtual } = total
  const violations = failed.reduce((sum, outcome) => sum + outcome.violations.length, 0)
  failed.sort((a, b) => a.seed - b.seed)
  if (json) {
    const more = failed.length === 0 ? {} : { failed: failed.map(({ seed }) => seed) }
    say(JSON.stringify({ seeds, violations, crashes, faults, messages: said, virtualHours: hours(virtual), ...more }))
  } else {
    for (const outcome of failed) {
      say(`seed ${outcome.seed}`)
      list(outcome.violations)
    }
    if (failed[0] !== undefined) await explain(failed[0].seed, mutant)
    say(
      `${seeds} seeds, ${hours(virtual)} hours: ${said} messages, ${faults} faults, ${crashes} crashes, ${violations} violations`
    )
  }
  return violations === 0 ? 0 : 1
}

interface Find {
  readonly mutant: string
  readonly seeds: number | undefined
  readonly violation: Violation | undefined
}

export const all = async (options: {
  readonly cap: number
  readonly from: number
  readonly json: boolean
  /** Whether the seed that found a bug last goes before the others. */
  readonly isKnown: boolean
}): Promise<number> => {
  const { cap, from, json } = options
  const known = new Map(
    Object.entries<Mutant>(options.isKnown ? mutants : {}).map(([name, { seed = 1 }]) => [name, seed])
  )
  const names = Object.keys(mutants)
  const finds: Array<Find> = []
  const waiting = [...names]
  await Fleet.sail(() => {
    let mutant = waiting.shift()
    let seeds = 0
    const conclude = (find: Find): void => {
      finds.push(find)
      progress(`${finds.length} of ${names.length} mutants`)
      if (!json) say(describe(find))
      mutant = waiting.shift()
      seeds = 0
    }
    return {
      next: () => {
        if (mutant === undefined) return undefined
        const first = seeds === 0 ? known.get(mutant) : undefined
        const seed = first ?? from + seeds - (known.size > 0 ? 1 : 0)
        seeds++
        return { seed, mutant }
      },
      onOutcome: ({ violations: [violation] }, job) => {
        if (violation === undefined && seeds < cap) return
        conclude({ mutant: job.mutant ?? "", seeds: violation && seeds, violation })
      }
    }
  })
  progress("")
  const survivors = finds.filter(({ seeds }) => seeds === undefined).map(({ mutant }) => mutant)
  if (json) {
    const needed = Object.fromEntries(finds.map(({ mutant, seeds }) => [mutant, seeds ?? null]))
    say(JSON.stringify({ mutants: names.length, found: names.length - survivors.length, survivors, seeds: needed }))
  } else say(`${names.length - survivors.length} of ${names.length} mutants found`)
  return survivors.length === 0 ? 0 : 1
}

const describe = ({ mutant, seeds, violation }: Find): string =>
  seeds === undefined
    ? `${mutant.padEnd(26)} SURVIVED`
    : `${mutant.padEnd(26)} after ${String(seeds).padStart(3)} seeds: ${violation?.promise}: ${violation?.detail}`.slice(
        0,
        200
      )
