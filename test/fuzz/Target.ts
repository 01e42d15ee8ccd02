/** What is fuzzed: where inputs come from, and what takes them. One file for each, listed in `targets/index.ts`. */
import type { Chance } from "./Chance.ts"
import type { Input } from "./Input.ts"

export interface Target {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
  /** Its part of all inputs, in thousandths. */
  readonly share: number
  readonly generate: (chance: Chance) => Input
  /** What takes the inputs; opened anew every `renew` inputs, and for every try while a failure is shrunk. */
  readonly open: () => Promise<Subject>
  readonly renew: number
  /** Milliseconds an input may take, whatever its size; what is above it is held against its size. @defaultValue 250 */
  readonly patience?: number | undefined
}

export interface Subject {
  /** Takes one input. Throws a `Violation` for what must not be; anything else it throws is a crash. */
  readonly run: (input: Input) => Promise<void> | void
  readonly close: () => Promise<void>
}
