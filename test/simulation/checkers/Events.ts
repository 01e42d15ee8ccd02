/** loses-nothing, closes-gaps: what the platform delivered, or would still replay, is handled; the rest is a recorded gap. */
import type { Delivery } from "../../../src/simulator/Books.ts"
import type { Evidence, Spoken, Violation } from "../Evidence.ts"
import type { Verb } from "../Plan.ts"
import { keyOf, quote } from "./facts.ts"

/** Handlers that are told to fail for good. */
const hopeless: ReadonlySet<Verb> = new Set(["failForEver", "die", "hang"])

/**
 * Milliseconds by which the bot may be off when it says when it heard from the platform last: what it reads after it
 * stood still is older than it looks.
 */
const tolerance = ({ plan }: Evidence): number =>
  30_000 + plan.events.reduce((all, event) => (event.kind === "stall" ? all + event.for : all), 0)

export const events = (evidence: Evidence): ReadonlyArray<Violation> =>
  Array.from(evidence.spoken.values()).flatMap((spoken) => fateOf(evidence, spoken))

const fateOf = (evidence: Evidence, spoken: Spoken): ReadonlyArray<Violation> => {
  const { disk, quietAt } = evidence
  const stored = disk.ledger.event(spoken.site.account, keyOf(spoken))
  const lost = (why: string): ReadonlyArray<Violation> => [
    { promise: "loses-nothing", detail: `${quote(spoken)} ${why}` }
  ]
  if (stored !== undefined) {
    const isPutOff = stored.deferredUntil !== undefined && evidence.clockChanged
    if (stored.settledAt === undefined)
      return quietAt === undefined || isPutOff ? [] : lost("was stored and never handled")
    if (stored.dead === undefined)
      return hopeless.has(spoken.say.verb) ? lost("was to fail and became no dead letter") : []
    return hopeless.has(spoken.say.verb) ? [] : lost(`became a dead letter: ${stored.dead}`)
  }
  if (spoken.offered.deliveries.length === 0) return covered(evidence, spoken, "while there was no session")
  const owing = spoken.offered.deliveries.find((delivery) => !isExcused(evidence, spoken, delivery))
  if (owing === undefined) return covered(evidence, spoken, "in a session that ended")
  const { abandoned, id } = owing.session
  return lost(`was never stored, though session ${id.slice(0, 8)} ${abandoned ? "could have been resumed" : "has it"}`)
}

/**
 * The platform ended the session, and the journal had not come so far: nobody can have it any more. Or the ladder of
 * recovery gave it up after as many failures as it says, which costs what it still held.
 */
const isExcused = (evidence: Evidence, { site }: Spoken, { s, session }: Delivery): boolean => {
  const mark = evidence.disk.ledger.sessions.get(`${site.account} ${session.id}`)
  if (mark !== undefined && mark.seq >= s) return false
  const isOver = session.endedAt !== undefined && session.endedBy === "platform"
  return isOver || (session.abandoned && hasClimbed(evidence, site.account))
}

const hasClimbed = ({ statuses }: Evidence, account: string): boolean =>
  statuses.some(({ status }) => status._tag === "RungClimbed" && status.account === account && status.failures >= 3)

/** What no replay covers must be named: from, to, why. */
const covered = (evidence: Evidence, spoken: Spoken, where: string): ReadonlyArray<Violation> => {
  const { disk, clockChanged } = evidence
  const { account } = spoken.site
  // Who never had a session on record cannot know that something is missing.
  const streams = Array.from({ length: spoken.site.setting.shards }, (_, shard) => `${account} gateway/${shard}`)
  const known = streams.map((stream) => disk.ledger.knownSince.get(stream) ?? Number.POSITIVE_INFINITY)
  if (spoken.at < Math.max(...known)) return []
  const gaps = disk.ledger.gaps.filter((gap) => gap.account === account)
  const { at } = spoken.offered
  const off = tolerance(evidence)
  const isNamed = gaps.some(({ since, until }) => clockChanged || (since - off <= at && at <= until + off))
  return isNamed
    ? []
    : [{ promise: "closes-gaps", detail: `${quote(spoken)} was said ${where}, and no gap is recorded that covers it` }]
}
