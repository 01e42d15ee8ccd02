/** acts-once, for state: every turn that counted was counted, once, and its answer says the number it made. */
import { laneKey } from "../../../src/domain/Conversation.ts"
import type { Evidence, Spoken, Violation } from "../Evidence.ts"
import type { Verb } from "../Plan.ts"
import { groupBy, isHandled, laneOf } from "./facts.ts"

const counting: ReadonlySet<Verb> = new Set(["count", "slow", "fail", "later"])

export const state = (evidence: Evidence): ReadonlyArray<Violation> => {
  if (evidence.quietAt === undefined) return []
  const handled = Array.from(evidence.spoken.values()).filter((spoken) => isHandled(evidence, spoken))
  const counted = handled.filter(({ say }) => counting.has(say.verb))
  const byRoom = groupBy(counted, (spoken) => `${keyOfRoom(spoken)}/count`)
  const byUser = groupBy(counted, ({ say, site }) => `${site.account}/user/${say.from}/count`)
  const observed = evidence.plan.setting.hasObserver
    ? groupBy(
        handled.filter(({ say }) => say.verb !== "skip"),
        (spoken) => `${keyOfRoom(spoken)}/observed`
      )
    : new Map<string, ReadonlyArray<Spoken>>()
  const putOff = groupBy(
    Array.from(evidence.spoken.values()).filter(({ say }) => say.verb === "later"),
    (spoken) => `${keyOfRoom(spoken)}/observed`
  )
  return [
    ...[byRoom, byUser].flatMap((groups) => Array.from(groups, ([key, all]) => compare(evidence, key, all.length))),
    // A turn that is put off commits what the other handler did before it, and both run again.
    ...Array.from(observed, ([key, all]) => compare(evidence, key, all.length, putOff.get(key)?.length ?? 0)),
    ...numbers(evidence, counted, laneOf, /room (\d+)/),
    ...numbers(evidence, counted, ({ say, site }) => `${site.account} ${say.from}`, /user (\d+)/)
  ].flatMap((violation) => violation ?? [])
}

const keyOfRoom = ({ say, site: { account } }: Spoken): string =>
  `${account}/conversation/${laneKey({ account, kind: say.place.kind, id: say.place.id })}`

const compare = ({ disk }: Evidence, key: string, count: number, more = 0): Violation | undefined => {
  const is = Number(disk.journal.state([key])[0]?.value ?? 0)
  return count <= is && is <= count + more
    ? undefined
    : { promise: "acts-once", detail: `the state ${key} is ${is} after ${count} turns that counted` }
}

/** The answers of a group say 1, 2, 3 and so on, each number once. */
const numbers = (
  { disk }: Evidence,
  counted: ReadonlyArray<Spoken>,
  groupOf: (spoken: Spoken) => string,
  pattern: RegExp
): ReadonlyArray<Violation | undefined> => {
  const texts = new Map<string, string>()
  for (const { message } of disk.ledger.rows.values()) {
    texts.set(message.content.text.split(" ", 1)[0] ?? "", message.content.text)
  }
  return Array.from(groupBy(counted, groupOf), ([group, all]): Violation | undefined => {
    const said = all.map(({ say }) => Number(pattern.exec(texts.get(`#${say.n}`) ?? "")?.[1])).sort((a, b) => a - b)
    const isWhole = said.every((number, index) => number === index + 1)
    return isWhole ? undefined : { promise: "acts-once", detail: `the answers to ${group} count ${said.join(", ")}` }
  })
}
