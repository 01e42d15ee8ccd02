/** keeps-order: what a conversation said first is answered first. */
import type { Evidence, Spoken, Violation } from "../Evidence.ts"
import type { Verb } from "../Plan.ts"
import { laneOf, quote, rowsByEvent } from "./facts.ts"

/** Verbs whose answer takes its turn; the others ask to overtake or to be overtaken. */
const inTurn: ReadonlySet<Verb> = new Set(["echo", "count", "twice", "fail", "slow", "elsewhere", "save"])

export const order = (evidence: Evidence): ReadonlyArray<Violation> => {
  const byId = new Map<string, Spoken>()
  for (const spoken of evidence.spoken.values()) byId.set(`${spoken.site.account} ${spoken.offered.id}`, spoken)
  const rows = rowsByEvent(evidence)
  const newest = new Map<string, Spoken>()
  return evidence.sites.flatMap(({ account, books }) =>
    books.sent.flatMap((sent): ReadonlyArray<Violation> => {
      const spoken = byId.get(`${account} ${sent.msgId}`)
      if (!sent.accepted || spoken === undefined || !inTurn.has(spoken.say.verb)) return []
      // Only the first answer counts, and not one that was given up on while it was still on its way.
      if (spoken.offered.replies[0] !== sent || !wasSeenThrough(rows, account, sent.msgId)) return []
      const lane = laneOf(spoken)
      const before = newest.get(lane)
      if (before === undefined || before.offered.index < spoken.offered.index) {
        newest.set(lane, spoken)
        return []
      }
      return [{ promise: "keeps-order", detail: `${quote(spoken)} was answered after ${quote(before)}` }]
    })
  )
}

const wasSeenThrough = (
  rows: ReturnType<typeof rowsByEvent>,
  account: string,
  messageId: string | undefined
): boolean => (rows.get(`${account} m:${messageId}`) ?? []).every(({ status }) => status === "sent")
