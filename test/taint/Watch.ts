/** Looks for secrets in what leaves the code, and keeps what it found until somebody answers for it. */
import { inspect } from "node:util"
import { Cause } from "effect"
import { expect } from "vitest"
import { find, type Kind, type Match } from "./needles.ts"
import { textsIn } from "./textsIn.ts"

/** Where something can leave the code. */
export type Outlet =
  | "output"
  | "log"
  | "span"
  | "error"
  | "failed test"
  | "status"
  | "HTTP answer"
  | "request line"
  | "metrics"
  | "file"
  | "output of a child"
  | "arguments of a child"

export interface Finding extends Match {
  readonly outlet: Outlet
  /** The test during which it left; empty between tests. */
  readonly test: string
  /** A file or the like, where that says more. */
  readonly where: string
}

let findings: Array<Finding> = []
const seen = new Map<Outlet, number>()

/** How often each outlet was looked at since the last call: a watch that saw nothing proves nothing. */
export const counts = (): Readonly<Record<string, number>> => {
  const counted = Object.fromEntries(seen)
  seen.clear()
  return counted
}

export interface Circumstances {
  readonly where?: string
  /** Kinds of secret that belong there. */
  readonly allowed?: ReadonlyArray<Kind>
}

/** Looks at a text, or at bytes. */
export const look = (
  outlet: Outlet,
  content: string | Uint8Array,
  { allowed = [], where = "" }: Circumstances = {}
): void => {
  seen.set(outlet, (seen.get(outlet) ?? 0) + 1)
  for (const match of find(content)) {
    if (allowed.includes(match.kind)) continue
    findings.push({ ...match, outlet, where, test: expect.getState().currentTestName ?? "" })
  }
}

/** Looks at everything that can be read off a value: every text in it, and what it makes of itself when printed. */
export const lookInto = (outlet: Outlet, value: unknown): void => {
  look(outlet, textsIn(value).join("\n"))
}

const attempt = (print: () => string | undefined): string => {
  try {
    return print() ?? ""
  } catch {
    // A value that cannot be printed this way does not leave this way.
    return ""
  }
}

/** Looks at a failure in every way that somebody may print it. */
export const lookAtCause = (outlet: Outlet, cause: Cause.Cause<unknown>): void => {
  lookInto(outlet, cause)
  const printed = [cause, Cause.squash(cause)].flatMap((it) => [
    attempt(() => String(it)),
    attempt(() => JSON.stringify(it)),
    attempt(() => inspect(it, { depth: 8, showHidden: true, maxArrayLength: 100, maxStringLength: 10_000 }))
  ])
  look(outlet, [...printed, attempt(() => Cause.pretty(cause))].join("\n"))
}

/** What was found since the last call. */
export const take = (): ReadonlyArray<Finding> => {
  const found = findings
  findings = []
  return found
}

/** Runs something that leaks on purpose and answers what was found; what was found before stays found. */
export const planted = async (leak: () => unknown): Promise<ReadonlyArray<Finding>> => {
  const before = take()
  try {
    await leak()
    return take()
  } finally {
    findings = [...before]
  }
}

/** One line for each, without repeats; never with the secret itself. */
export const describeFindings = (suite: string, found: ReadonlyArray<Finding>): string => {
  const lines = found.map(
    ({ encoding, excerpt, kind, outlet, test, where }) =>
      `${suite} > ${test || "(between tests)"}\n  ${outlet}${where === "" ? "" : ` ${where}`}: ${kind}, ${encoding}: ${excerpt}`
  )
  return Array.from(new Set(lines)).slice(0, 50).join("\n")
}
