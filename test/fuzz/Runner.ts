/**
 * Runs inputs of one target, one after the other, and says what failed: the input made small, and how to see it again.
 * Three things are failures besides a broken rule: a crash, a promise nobody caught, and taking too long for the size.
 */
import { Chance } from "./Chance.ts"
import type { Input } from "./Input.ts"
import { sizeOf } from "./Input.ts"
import { stackOf, Violation } from "./Oracle.ts"
import { isTorn } from "./Secrets.ts"
import { shrink } from "./Shrink.ts"
import type { Subject, Target } from "./Target.ts"

export interface Failure {
  readonly target: string
  readonly seed: string
  /** -1 for an input of the corpus. */
  readonly index: number
  readonly rule: string
  readonly detail: string
  readonly input: Input
}

/** The input that a seed makes. */
export const inputOf = (target: Target, seed: string, index: number): Input =>
  target.generate(new Chance(seed, target.name, index))

/** Milliseconds that no input of a usual size takes, and what each character more may add. */
const patience = 250
const perCharacter = 0.002

const allowance = (target: Target, input: Input): number => (target.patience ?? patience) + perCharacter * sizeOf(input)

/** Milliseconds this thread has worked: how busy the machine is otherwise does not count. Who waits for ever is the fleet's. */
const worked = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** What an input broke, if anything. */
interface Verdict {
  readonly rule: string
  readonly detail: string
}

export class Runner {
  readonly #target: Target
  readonly #seed: string
  #subject: Subject | undefined
  #used = 0
  /** What was thrown outside of any call. */
  #stray: unknown

  constructor(target: Target, seed: string) {
    this.#target = target
    this.#seed = seed
  }

  /** Takes what the process would have died of; the input under way is to blame. */
  strayed(error: unknown): void {
    this.#stray ??= error ?? new Error("nothing was thrown")
  }

  /** Runs the input; a failure comes shrunk. */
  async run(index: number, input: Input): Promise<Failure | undefined> {
    const verdict = await this.#try(input)
    if (verdict === undefined) return undefined
    const fails = async (smaller: Input) => {
      await this.#renew()
      return (await this.#try(smaller))?.rule === verdict.rule
    }
    // What depended on the inputs before it does not fail alone, and is shown as it is.
    const small = (await fails(input)) ? await shrink(input, fails, { tries: 3000, millis: 20_000 }) : input
    await this.#renew()
    const detail = ((await this.#try(small)) ?? verdict).detail
    await this.#renew()
    return { target: this.#target.name, seed: this.#seed, index, rule: verdict.rule, detail, input: small }
  }

  async #try(input: Input): Promise<Verdict | undefined> {
    if (this.#subject === undefined || this.#used++ >= this.#target.renew) await this.#renew()
    const verdict = await this.#once(input)
    if (verdict?.rule !== "time") return verdict
    // A collection of garbage may have come in between: what is slow is slow each time.
    for (let n = 0; n < 3; n++) {
      const again = await this.#once(input)
      if (again?.rule !== "time") return again
    }
    return verdict
  }

  async #once(input: Input): Promise<Verdict | undefined> {
    this.#subject ??= await this.#target.open()
    this.#stray = undefined
    const began = worked()
    try {
      await this.#subject.run(input)
    } catch (error) {
      await this.#renew()
      if (error instanceof Violation && error.rule === "secrets" && isTorn(JSON.stringify(input))) return undefined
      return error instanceof Violation
        ? { rule: error.rule, detail: error.message }
        : { rule: "no crash", detail: stackOf(error) }
    }
    const took = worked() - began
    if (this.#stray !== undefined) {
      const detail = stackOf(this.#stray)
      await this.#renew()
      return { rule: "no stray errors", detail }
    }
    const limit = allowance(this.#target, input)
    if (took <= limit) return undefined
    return {
      rule: "time",
      detail: `took ${Math.round(took)} ms for ${sizeOf(input)} characters; ${Math.round(limit)} are fair`
    }
  }

  async #renew(): Promise<void> {
    const old = this.#subject
    this.#subject = undefined
    this.#used = 0
    // What is broken may not close any more; that is not what is looked for here.
    await old?.close().catch(() => {})
    this.#stray = undefined
  }

  async close(): Promise<void> {
    const old = this.#subject
    this.#subject = undefined
    await old?.close()
  }
}

/** What a person needs to see it again. */
export const report = ({ detail, index, input, rule, seed, target }: Failure): string =>
  [
    `${target}: "${rule}" does not hold`,
    `  ${detail.replaceAll("\n", "\n  ")}`,
    `  target ${target}, seed ${seed}, ${index < 0 ? "from the corpus" : `input ${index}`}`,
    `  the input, made small: ${JSON.stringify(input).slice(0, 1500)}`,
    index < 0
      ? `  again: npm run fuzz -- --only ${target} --inputs 0`
      : `  again: npm run fuzz -- --only ${target} --seed ${seed} --at ${index}`
  ].join("\n")
