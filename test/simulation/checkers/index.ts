/** Every promise and who judges it. What can only be seen while the bot runs, {@link ../Watch.ts} has judged already. */
import type { Evidence, Violation } from "../Evidence.ts"
import { events } from "./Events.ts"
import { drains, heals, isolates } from "./Life.ts"
import { order } from "./Order.ts"
import { replies } from "./Replies.ts"
import { secrets } from "./Secrets.ts"
import { state } from "./State.ts"

export type Checker = (evidence: Evidence) => ReadonlyArray<Violation>

export const checkers: ReadonlyArray<Checker> = [events, replies, order, state, heals, isolates, drains, secrets]

export const judge = (evidence: Evidence): ReadonlyArray<Violation> => [
  ...evidence.violations,
  ...checkers.flatMap((checker) => checker(evidence))
]
