/** One thread of a campaign: takes its inputs one after the other, and tells what failed. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { parentPort, workerData } from "node:worker_threads"
import * as Corpus from "./Corpus.ts"
import type { News, Order } from "./Fleet.ts"
import { type Failure, inputOf, Runner } from "./Runner.ts"
import type { Target } from "./Target.ts"

const { module, parts, pulse, seed } = workerData as Order
const { targets }: { readonly targets: ReadonlyArray<Target> } = await import(module)
const chosen = parts.flatMap((part) => targets.filter(({ name }) => name === part.target))
/** One and the same trouble is told a few times, not ten thousand. */
const most = 3

let runner: Runner | undefined
process.on("uncaughtException", (error) => runner?.strayed(error))
process.on("unhandledRejection", (error) => runner?.strayed(error))
// Half of all errors here are made to be thrown away: their stacks would be most of the work.
Error.stackTraceLimit = 6

const tell = (news: News): void => parentPort?.postMessage(news)
setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")
const megabytes = (): number => {
  collect()
  return Math.round(process.memoryUsage().heapUsed / 1e6)
}

tell({ _tag: "Begun" })
let early = 0
for (const [place, part] of parts.entries()) {
  const target = chosen[place]
  if (target === undefined) continue
  runner = new Runner(target, seed)
  const told = new Map<string, number>()
  const take = async (index: number, run: () => Promise<Failure | undefined>) => {
    Atomics.store(pulse, 1, place)
    Atomics.store(pulse, 2, index)
    const failure = await run()
    Atomics.add(pulse, 0, 1)
    if (failure === undefined) return
    const count = (told.get(failure.rule) ?? 0) + 1
    told.set(failure.rule, count)
    if (count <= most) tell({ _tag: "Failed", failure })
  }
  const it = runner
  // Of what failed once, the place in the corpus stands where the index would, below zero.
  const past = part.corpus ? Corpus.load(target.name) : []
  for (const [n, { input }] of past.entries()) await take(-n - 1, () => it.run(-1, input))
  for (let index = part.from; index < part.to; index += part.step) {
    await take(index, () => it.run(index, inputOf(target, seed, index)))
    // Enough is enough: whatever is broken is known by now.
    if ([...told.values()].some((count) => count >= most)) break
  }
  await it.close()
  if (place === 0) early = megabytes()
}
tell({ _tag: "Done", early, late: megabytes() })
// What a target left open must not keep the thread.
process.exit(0)
