/** heals, isolates, drains: how the process and its connections fared. */
import type { Evidence, LifeEntry, Violation } from "../Evidence.ts"

const found = (promise: string, detail: string): Violation => ({ promise, detail })
const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

/** Connections tried, and sessions begun, in any minute. */
const dialBudget = 20
const identifyBudget = 13

/** The most that any window of a minute holds. */
const busiest = (times: ReadonlyArray<number>): number => {
  let most = 0
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) > 60_000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

export const heals = (evidence: Evidence): ReadonlyArray<Violation> => {
  const { calmAt, quietAt, restless, sites, statuses } = evidence
  const all: Array<Violation> = []
  if (quietAt === undefined && calmAt > 0) {
    all.push(found("heals", `20 minutes after the last fault it is not well: ${restless}`))
  }
  for (const { account, books, net, setting } of sites) {
    const lives = evidence.lives.length
    const dials = busiest(net.dials)
    const limit = dialBudget * setting.shards + 4 * lives
    if (dials > limit) all.push(found("heals", `${account} dialled ${dials} times in a minute`))
    const identifies = busiest(books.identifies.map(({ at }) => at))
    if (identifies > identifyBudget + 2 * lives) {
      all.push(found("heals", `${account} began ${identifies} sessions in a minute`))
    }
  }
  for (const life of evidence.lives) {
    const { how } = life
    if (how === undefined || ["crash", "power failure", "drained"].includes(how) || isExcused(evidence, how)) continue
    all.push(found("heals", `${life.name} ended by itself: ${how.split("\n", 3).join(" ")}`))
  }
  for (const { status } of statuses) {
    if (status._tag !== "ConnectionChanged" || status.to._tag !== "Failed") continue
    if (evidence.plan.setting.rates.ban > 0) continue
    all.push(found("heals", `${status.account} gave up: ${status.to.cause.message}`))
  }
  return all
}

const isExcused = ({ plan: { setting } }: Evidence, how: string): boolean =>
  (setting.rates.ban > 0 && how.includes("GatewayError")) || (setting.rates.disk > 0 && how.includes("load"))

/** Troubles that hit the whole process, and with it every account. */
const shared = ["disk", "crash", "drain", "stall", "clock"] as const

/** An account to which nothing is done has one session for each life of the process, whatever happens to the others. */
export const isolates = (evidence: Evidence): ReadonlyArray<Violation> => {
  const { lives, plan, quietAt, sites, spoken } = evidence
  const isShared = shared.some((trouble) => plan.setting.rates[trouble] > 0)
  // Packets that take longer than a heartbeat may take look like a dead line.
  const isLagging = plan.setting.netLatency * 25 > plan.setting.heartbeatInterval / 10
  if (isShared || isLagging || quietAt === undefined) return []
  return sites
    .filter(({ setting }) => setting.isCalm)
    .flatMap((site) => {
      const all: Array<Violation> = []
      const greetings = site.books.identifies.length + site.books.resumes.length
      if (greetings > lives.length * site.setting.shards) {
        all.push(found("isolates", `${site.account} lost its connection, and nothing had happened to it`))
      }
      for (const { at, offered, say, site: own } of spoken.values()) {
        const first = offered.replies[0]
        if (own !== site || first === undefined || say.verb !== "urgent" || plan.setting.concurrency < 256) continue
        const took = first.at - offered.at
        if (took > 90_000) all.push(found("isolates", `${site.account} waited ${seconds(took)} for #${say.n} of ${at}`))
      }
      return all
    })
}

export const drains = (evidence: Evidence): ReadonlyArray<Violation> =>
  evidence.lives.flatMap((life) => drain(evidence, life))

const drain = (evidence: Evidence, life: LifeEntry): ReadonlyArray<Violation> => {
  const { plan, endedAt } = evidence
  if (life.terminatedAt === undefined) return []
  const took = (life.endedAt ?? endedAt) - life.terminatedAt
  // The last saves may take ten seconds and five when the disk is stuck; who stands still is late for everything.
  const stalls = plan.events.reduce((all, event) => (event.kind === "stall" ? all + event.for : all), 0)
  const limit = plan.setting.drainTimeout + 3000 + (plan.setting.rates.disk > 0 ? 20_000 : 0) + stalls
  const all: Array<Violation> = []
  if (took > limit) all.push(found("drains", `${life.name} took ${seconds(took)} to stop`))
  const turns = life.left?.turns ?? 0
  const messages = life.left?.messages ?? 0
  if (turns > 0 && took < plan.setting.drainTimeout * 0.9) {
    all.push(found("drains", `${life.name} left ${turns} events and had time to finish them`))
  }
  if (life.wasQuiet && turns + messages > 0) {
    all.push(found("drains", `${life.name} left ${turns} events and ${messages} messages though all was quiet`))
  }
  return all
}
