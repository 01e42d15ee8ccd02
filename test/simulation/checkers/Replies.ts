/** acts-once, keeps-every-reply: as many rows as the handler staged, each said once or resting with a reason that is true. */
import type { Sent } from "../../../src/simulator/Books.ts"
import type { Evidence, Violation } from "../Evidence.ts"
import type { OutboxRow } from "../Ledger.ts"
import type { Verb } from "../Plan.ts"
import { isHandled, isIdempotent, keyOf, quote, rowsByEvent, sendsByText } from "./facts.ts"

const none: ReadonlySet<Verb> = new Set(["skip", "die", "failForEver", "hang"])

/** How many replies a handled event leaves, at least and at most. */
const expected = (verb: Verb): readonly [number, number] => {
  if (none.has(verb)) return [0, 0]
  if (verb === "twice") return [2, 2]
  // It lives in memory only: a crash may end it before it said anything.
  return verb === "straggler" ? [0, 1] : [1, 1]
}

export const replies = (evidence: Evidence): ReadonlyArray<Violation> => {
  const rows = rowsByEvent(evidence)
  const sends = sendsByText(evidence)
  return [
    ...Array.from(evidence.spoken.values()).flatMap((spoken): ReadonlyArray<Violation> => {
      const own = rows.get(`${spoken.site.account} ${keyOf(spoken)}`) ?? []
      const [least, most] = isHandled(evidence, spoken) ? expected(spoken.say.verb) : [0, 2]
      if (own.length > most)
        return [found("acts-once", `${quote(spoken)} left ${own.length} replies instead of ${most}`)]
      if (own.length < least) {
        return [found("keeps-every-reply", `${quote(spoken)} left ${own.length} replies instead of ${least}`)]
      }
      return []
    }),
    ...Array.from(evidence.disk.ledger.rows.values()).flatMap((row) => judge(evidence, row, sends)),
    ...announcements(evidence),
    ...phantoms(evidence)
  ]
}

const found = (promise: string, detail: string): Violation => ({ promise, detail })

const judge = (
  evidence: Evidence,
  row: OutboxRow,
  sends: ReadonlyMap<string, ReadonlyArray<Sent>>
): ReadonlyArray<Violation> => {
  const { text } = row.message.content
  const tried = sends.get(`${row.message.conversation.account} ${text}`) ?? []
  const accepted = tried.filter((sent) => sent.accepted)
  const what = `message ${row.id} "${text}"`
  const wrong = (why: string) => [found("keeps-every-reply", `${what} ${why}`)]
  const lost = accepted.filter(({ answerLost }) => answerLost === true).length
  const allowed = isIdempotent(row) || evidence.plan.setting.onUnknown === "hold" ? 1 : 1 + lost
  if (accepted.length > allowed) return [found("acts-once", `${what} was said ${accepted.length} times`)]
  switch (row.status) {
    case "sent":
      return accepted.length === 0 ? wrong("counts as sent, and was never said") : []
    case "auditing":
      return accepted.length === 0
        ? wrong("counts as under review, and was never said")
        : isVerdictStored(evidence, row)
          ? wrong("waits for a verdict that is there")
          : []
    case "refused":
      return isRefusalTrue(evidence, row, tried) ? [] : wrong(`was refused without need: ${row.reason}`)
    case "expired":
      return row.message.expiresAt === undefined ? wrong("expired, and had all the time") : []
    case "unknown":
      return isIdempotent(row) || evidence.plan.setting.onUnknown === "resend"
        ? wrong("was given up as unknown, and could have been repeated")
        : []
    case "dead":
      return row.attempts >= evidence.plan.setting.maxAttempts ? [] : wrong(`was given up too early: ${row.reason}`)
    default:
      return evidence.quietAt === undefined || evidence.clockChanged
        ? []
        : wrong(`is still ${row.status}: ${row.reason}`)
  }
}

const windows = { group: 300_000, direct: 3_600_000, channel: 300_000, guildDirect: 300_000 } as const

const isRefusalTrue = (evidence: Evidence, row: OutboxRow, tried: ReadonlyArray<Sent>): boolean => {
  if (evidence.clockChanged || evidence.plan.setting.rates.ban > 0) return true
  if (tried.some((sent) => sent.audit === "reject" || (!sent.accepted && !sent.duplicate))) return true
  const { conversation, replyTo } = row.message
  const window = windows[conversation.kind as keyof typeof windows]
  const heard = replyTo?.receivedAt
  if (heard === undefined || window === undefined) return false
  const restedAt = evidence.disk.realm.trueTime - evidence.disk.realm.now + row.changedAt
  return restedAt - heard >= window
}

/** Whether the bot was told how the review of the row ended. */
const isVerdictStored = ({ disk, sites }: Evidence, { auditId, message }: OutboxRow): boolean => {
  const site = sites.find(({ account }) => account === message.conversation.account)
  return (site?.books.offered ?? []).some((offered) => {
    const data = offered.data as { readonly audit_id?: unknown } | undefined
    if (auditId === undefined || data?.audit_id !== auditId) return false
    return disk.ledger.event(message.conversation.account, offered.id)?.settledAt !== undefined
  })
}

/** What `Bot.send` came back from is kept. */
const announcements = ({ announced, disk }: Evidence): ReadonlyArray<Violation> => {
  const texts = new Set(Array.from(disk.ledger.rows.values(), ({ message }) => message.content.text))
  return announced
    .filter((text) => !texts.has(text))
    .map((text) => found("keeps-every-reply", `"${text}" was promised to be sent and is not stored`))
}

/** What a turn staged that came to nothing. */
const phantoms = ({ sites }: Evidence): ReadonlyArray<Violation> =>
  sites.flatMap(({ books }) =>
    books.sent
      .filter(({ text }) => text.includes("must not be said"))
      .map(({ text }) => found("acts-once", `a turn that failed or was skipped left "${text}"`))
  )
