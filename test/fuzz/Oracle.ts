/** What must hold whatever came in. A broken rule is a {@link Violation}; its `rule` tells violations apart. */
import { Cause, Exit } from "effect"
import * as Secrets from "./Secrets.ts"

export class Violation extends Error {
  readonly rule: string

  constructor(rule: string, detail: string) {
    super(detail)
    this.name = "Violation"
    this.rule = rule
  }
}

export const must = (rule: string, holds: boolean, detail: () => string): void => {
  if (!holds) throw new Violation(rule, detail())
}

/** What a terminal obeys, what breaks a line in two, what writes backwards, and half a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u

/** A line that reaches a log or a terminal: one line, of a length that can be read, that says no secret. */
export const sayable = (where: string, line: string): void => {
  secretless(where, line)
  const found = unprintable.exec(line)
  if (found !== null) {
    const code = found[0].charCodeAt(0).toString(16).padStart(4, "0")
    throw new Violation("plain words", `${where} holds U+${code}: ${JSON.stringify(line.slice(0, 300))}`)
  }
  if (line.length > 8000)
    throw new Violation("short words", `${where} has ${line.length} characters: ${line.slice(0, 100)}`)
}

export const secretless = (where: string, text: string): void => {
  const leak = Secrets.leakIn(text)
  if (leak === undefined) return
  const at = text.indexOf(leak)
  throw new Violation("secrets", `${where} holds "${leak}": ${text.slice(Math.max(0, at - 60), at + 80)}`)
}

const isTagged = (error: unknown): error is { readonly _tag: string; readonly message: string } =>
  typeof error === "object" && error !== null && "_tag" in error && "message" in error

/** A typed error with words a person can use. */
export const typed = (where: string, error: unknown, deep = false): void => {
  if (!isTagged(error)) throw new Violation("typed errors", `${where} failed with ${Secrets.dump(error).slice(0, 300)}`)
  const { message } = error
  must(
    "typed errors",
    typeof message === "string" && message.length > 10,
    () => `${where}: ${error._tag} says "${message}"`
  )
  sayable(`${where}: the message of ${error._tag}`, message)
  if (deep) secretless(`${where}: a dump of ${error._tag}`, Secrets.dump(error))
}

/** Success, or a typed failure; never a defect. Answers what it succeeded with, if it did. */
export const judged = <A, E>(where: string, exit: Exit.Exit<A, E>, deep = false): A | undefined => {
  if (Exit.isSuccess(exit)) return exit.value
  const defect = exit.cause.reasons.find(Cause.isDieReason)
  if (defect?.defect instanceof Violation) throw defect.defect
  if (defect !== undefined) throw new Violation("no defects", `${where} died: ${stackOf(defect.defect)}`)
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") throw new Violation("no defects", `${where} was interrupted`)
  typed(where, error.value, deep)
  return undefined
}

export const stackOf = (defect: unknown): string =>
  defect instanceof Error ? (defect.stack ?? defect.message).slice(0, 1200) : Secrets.dump(defect).slice(0, 600)
