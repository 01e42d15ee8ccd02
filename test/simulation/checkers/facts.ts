/** What several checkers ask of the evidence. */
import { laneKey } from "../../../src/domain/Conversation.ts"
import type { Sent } from "../../../src/simulator/Books.ts"
import { sentence } from "../App.ts"
import type { Evidence, Spoken } from "../Evidence.ts"
import type { OutboxRow, StoredEvent } from "../Ledger.ts"

export const keyOf = ({ offered }: Spoken): string => `m:${offered.id}`

export const quote = ({ at, say, site }: Spoken): string =>
  `"${sentence(say)}" (${say.place.kind} of ${site.setting.appId}, at ${(at / 1000).toFixed(1)} s)`

export const laneOf = ({ say, site }: Spoken): string =>
  `${site.account} ${laneKey({ account: site.account, kind: say.place.kind, id: say.place.id })}`

export const storedOf = ({ disk }: Evidence, spoken: Spoken): StoredEvent | undefined =>
  disk.ledger.event(spoken.site.account, keyOf(spoken))

/** Whether the event was handled, and not given up on. */
export const isHandled = (evidence: Evidence, spoken: Spoken): boolean => {
  const stored = storedOf(evidence, spoken)
  return stored?.settledAt !== undefined && stored.dead === undefined
}

/** Whether the platform recognises a repeat of the row. */
export const isIdempotent = ({ message: { conversation, replyTo } }: OutboxRow): boolean =>
  (conversation.kind === "group" || conversation.kind === "direct") && replyTo !== undefined

/** Things by what they have in common, in order. */
export const groupBy = <A>(
  all: Iterable<A>,
  keyOf: (one: A) => string | undefined
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const one of all) {
    const key = keyOf(one)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}

/** Everything the platform was asked to say, by account and text; every text is said by one row only. */
export const sendsByText = ({ sites }: Evidence): ReadonlyMap<string, ReadonlyArray<Sent>> =>
  new Map(sites.flatMap(({ account, books }) => Array.from(groupBy(books.sent, ({ text }) => `${account} ${text}`))))

export const rowsByEvent = ({ disk }: Evidence): ReadonlyMap<string, ReadonlyArray<OutboxRow>> =>
  groupBy(disk.ledger.rows.values(), ({ message: { conversation, replyTo } }) =>
    replyTo?.messageId === undefined ? undefined : `${conversation.account} m:${replyTo.messageId}`
  )
