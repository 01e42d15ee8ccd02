/** What the store's thread tells of an error. Apart from errors.ts, so that the thread need not load Effect for it. */
import type { Fault } from "./protocol.ts"

/** SQLITE_MISMATCH. */
export const mismatch = 20

/** Of node:sqlite, about a parameter, before SQLite sees it; and of JavaScript, about a text too long. */
const refusals: ReadonlySet<unknown> = new Set(["ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_STRING_TOO_LONG"])

/** What is known of an error that was thrown, in whatever thread. */
export const toFault = (error: unknown): Fault => {
  const facts: { readonly errcode?: unknown; readonly code?: unknown; readonly message?: unknown } =
    error instanceof Error ? error : {}
  const errcode = typeof facts.errcode === "number" ? facts.errcode : refusals.has(facts.code) ? mismatch : undefined
  return { errcode, message: typeof facts.message === "string" ? facts.message : String(error), superseded: false }
}
