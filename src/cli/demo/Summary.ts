/** How the demo ended, from the books of the simulated platform: the bot is not asked. */
import type { Books } from "../../simulator/Books.ts"
import type { Fault } from "../../simulator/Faults.ts"
import type { Scoreboard } from "./Scoreboard.ts"
import { nameOf } from "./Timetable.ts"

/** Numbers throughout, so that a script can check them. */
export interface Summary {
  readonly platform: "qq"
  /** Messages that users said. */
  readonly offered: number
  /** Messages that reached a handler. */
  readonly handled: number
  /** Messages with an accepted reply. */
  readonly replied: number
  /** Owed a reply, and without one. */
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  /** Said while the platform had no session for the bot, or ended one before they could be received: nobody's fault. */
  readonly unheard: number
  readonly reconnects: number
  readonly faults: number
  readonly faultKinds: number
  /** Milliseconds from a message to its reply. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Traces that the faults left in the platform's books. */
  readonly evidence: Readonly<Record<string, number>>
}

/** What the books hold that an undisturbed run would not. */
const evidenceOf = (books: Books) => ({
  dials: books.dials.length,
  dialsRefused: books.dials.filter(({ outcome }) => outcome === "refused").length,
  identifies: books.identifies.length,
  resumes: books.resumes.length,
  resumesRefused: books.resumes.filter(({ refused }) => refused !== undefined).length,
  sessionsEnded: books.count("session:ended"),
  http401: books.count("status:401"),
  http429: books.count("status:429"),
  http5xx: books.count("status:500") + books.count("status:502"),
  answersLost: books.sent.filter(({ answerLost }) => answerLost === true).length,
  retriesRecognised: books.sent.filter(({ duplicate }) => duplicate).length,
  webhookCalls: books.pushes.length,
  webhookCallsRepeated: books.pushes.filter(({ attempt }) => attempt > 1).length + books.count("webhook:repeated"),
  webhookForgeries: books.hostile.filter(({ kind }) => kind === "forged").length,
  webhookForgeriesAccepted: books.hostile.filter(({ kind, status }) => kind === "forged" && status === 200).length,
  webhookReplays: books.hostile.filter(({ kind }) => kind === "replayed").length
})

export const summarize = (board: Scoreboard): Summary => {
  const { books, reconnects, tally } = board
  const verdict = books.judge()
  return {
    platform: "qq",
    offered: verdict.offered,
    handled: tally.handled,
    replied: verdict.answered,
    lost: verdict.lost.length,
    duplicated: verdict.duplicated.length,
    outOfOrder: verdict.outOfOrder.length,
    unheard: verdict.unheard.length + verdict.forfeited.length,
    reconnects,
    faults: books.faults.length,
    faultKinds: new Set(books.faults.map(({ fault }) => nameOf(fault as Fault))).size,
    p50Ms: verdict.latency.p50,
    p99Ms: verdict.latency.p99,
    evidence: evidenceOf(books)
  }
}

/** Whether every promise that the demo can check was kept. */
export const isKept = ({ duplicated, lost, outOfOrder }: Summary): boolean => lost + duplicated + outOfOrder === 0

export const toLines = (summary: Summary): ReadonlyArray<string> => {
  const { duplicated, faultKinds, faults, handled, lost, offered, outOfOrder, p50Ms, p99Ms, reconnects } = summary
  return [
    `${offered} messages said, ${handled} handled, ${summary.replied} answered; ${summary.unheard} said while QQ had no session for the bot`,
    `${faults} faults of ${faultKinds} kinds, ${reconnects} reconnects; an answer took ${p50Ms} ms (median), ${p99Ms} ms (99th percentile)`,
    `${isKept(summary) ? "PASSED" : "FAILED"}: ${lost} lost, ${duplicated} duplicated, ${outOfOrder} out of order`
  ]
}
