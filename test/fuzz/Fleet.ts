/**
 * Runs a campaign: spreads the inputs over threads, watches that none of them stands still, and gathers what failed.
 *
 * A thread cannot tell that it hangs, so each writes down which input it took and beats with every input; who does not
 * beat is ended, and the input is the failure. So is a thread that ran out of memory.
 */
import { Worker } from "node:worker_threads"
import * as Corpus from "./Corpus.ts"
import { type Failure, inputOf } from "./Runner.ts"
import type { Target } from "./Target.ts"
import { targets } from "./targets/index.ts"

export interface Campaign {
  readonly inputs: number
  readonly seed: string
  /** Names of targets. @defaultValue all */
  readonly only?: ReadonlyArray<string> | undefined
  /** This input alone. */
  readonly at?: number | undefined
  /** @defaultValue 2 */
  readonly threads?: number | undefined
  /** Milliseconds without an input before a thread counts as hung. @defaultValue 30 seconds */
  readonly patience?: number | undefined
  /** Megabytes a thread may hold. @defaultValue 768 */
  readonly memory?: number | undefined
  /** The module that lists the targets, for tests of the fuzzer itself. @defaultValue `targets/index.ts` */
  readonly module?: string | undefined
  readonly onProgress?: ((done: number) => void) | undefined
}

export interface Outcome {
  readonly seed: string
  readonly inputs: number
  readonly failures: ReadonlyArray<Failure>
  readonly byTarget: Readonly<Record<string, number>>
  /** Milliseconds. */
  readonly took: number
  /** Megabytes in use after a full collection: the most of any thread, soon after its start and at its end. */
  readonly heap: { readonly early: number; readonly late: number }
}

/** What a thread does: some inputs of some targets. */
export interface Order {
  readonly seed: string
  readonly module: string
  /** For each target the indexes from `from` up to `to`, every `step`-th; and whether to run its corpus before. */
  readonly parts: ReadonlyArray<{
    readonly target: string
    readonly from: number
    readonly to: number
    readonly step: number
    readonly corpus: boolean
  }>
  /** `[inputs done, target's place, index]`. */
  readonly pulse: Int32Array
}

export type News =
  /** Everything is loaded: from now on it has a pulse. */
  | { readonly _tag: "Begun" }
  | { readonly _tag: "Failed"; readonly failure: Failure }
  | { readonly _tag: "Done"; readonly early: number; readonly late: number }

const standard = new URL("./targets/index.ts", import.meta.url).href

/** How many inputs each target gets: its share, and never none. */
const portions = (chosen: ReadonlyArray<Target>, inputs: number): ReadonlyArray<number> => {
  const whole = chosen.reduce((sum, { share }) => sum + share, 0)
  const parts = chosen.map(({ share }) => (inputs === 0 ? 0 : Math.max(1, Math.floor((inputs * share) / whole))))
  // What rounding left goes to the first, so that the sum is what was asked for.
  return parts.map((part, i) => (i === 0 ? Math.max(0, part + inputs - parts.reduce((sum, n) => sum + n, 0)) : part))
}

export const run = async (campaign: Campaign): Promise<Outcome> => {
  const began = performance.now()
  const module = campaign.module ?? standard
  const all: ReadonlyArray<Target> = module === standard ? targets : (await import(module)).targets
  const chosen = all.filter(({ name }) => campaign.only === undefined || campaign.only.includes(name))
  const counts = portions(chosen, campaign.at === undefined ? campaign.inputs : 0)
  const threads = campaign.at === undefined ? (campaign.threads ?? 2) : 1
  const orders = Array.from({ length: threads }, (_, thread): Order => {
    const parts = chosen.map(({ name }, i) =>
      campaign.at === undefined
        ? { target: name, from: thread, to: counts[i] ?? 0, step: threads, corpus: thread === i % threads }
        : { target: name, from: campaign.at, to: campaign.at + 1, step: 1, corpus: false }
    )
    return { seed: campaign.seed, module, parts, pulse: new Int32Array(new SharedArrayBuffer(12)) }
  })
  const failures: Array<Failure> = []
  const heap = { early: 0, late: 0 }
  const crew = orders.map((order) => watch(order, chosen, campaign, failures, heap))
  const timer = setInterval(
    () => campaign.onProgress?.(orders.reduce((sum, { pulse }) => sum + Atomics.load(pulse, 0), 0)),
    2000
  )
  await Promise.all(crew).finally(() => clearInterval(timer))
  const done = orders.reduce((sum, { pulse }) => sum + Atomics.load(pulse, 0), 0)
  const byTarget = Object.fromEntries(chosen.map(({ name }, i) => [name, counts[i] ?? 0]))
  return { seed: campaign.seed, inputs: done, failures, byTarget, took: performance.now() - began, heap }
}

/** One thread from its start to its end, of whatever kind. */
const watch = (
  order: Order,
  chosen: ReadonlyArray<Target>,
  { memory = 768, patience = 30_000 }: Campaign,
  failures: Array<Failure>,
  heap: { early: number; late: number }
): Promise<void> =>
  new Promise((resolve) => {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), {
      workerData: order,
      // None of the loaders of a test runner: Node reads TypeScript by itself.
      execArgv: ["--disable-warning=ExperimentalWarning"],
      resourceLimits: { maxOldGenerationSizeMb: memory },
      name: "everbot-fuzz"
    })
    let last = 0
    let beatAt = Number.POSITIVE_INFINITY
    let isDone = false
    const blame = (rule: string, detail: string) => {
      const target = chosen[Atomics.load(order.pulse, 1)]
      const index = Atomics.load(order.pulse, 2)
      if (target === undefined) return
      const input =
        index < 0 ? (Corpus.load(target.name)[-index - 1]?.input ?? null) : inputOf(target, order.seed, index)
      failures.push({ target: target.name, seed: order.seed, index: Math.max(-1, index), rule, detail, input })
    }
    const timer = setInterval(() => {
      const done = Atomics.load(order.pulse, 0)
      if (done !== last) beatAt = performance.now()
      last = done
      if (performance.now() - beatAt < patience) return
      blame("no hang", `nothing came of it within ${patience / 1000} s`)
      isDone = true
      void worker.terminate()
    }, patience / 4)
    worker.on("message", (news: News) => {
      if (news._tag === "Failed") failures.push(news.failure)
      else if (news._tag === "Begun") beatAt = performance.now()
      else {
        heap.early = Math.max(heap.early, news.early)
        heap.late = Math.max(heap.late, news.late)
        isDone = true
      }
    })
    worker.on("error", (error) => {
      if (!isDone) blame("no crash", error instanceof Error ? `${error.name}: ${error.message}` : String(error))
      isDone = true
    })
    worker.on("exit", (code) => {
      clearInterval(timer)
      if (!isDone) blame("no crash", `the thread ended with code ${code}`)
      resolve()
    })
  })
