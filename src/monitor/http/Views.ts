/** The bot as the API tells it: pure functions from what runs to the shapes of Schemas.ts. */
import { createRequire } from "node:module"
import type { DeadLetter } from "../../domain/DeadLetter.ts"
import type { HealthReport } from "../../domain/Health.ts"
import { restingStatuses } from "../../domain/Message.ts"
import type { Account } from "../../engines/Account.ts"
import type { HoldView } from "../../engines/account/Holding.ts"
import type { Counts } from "../../ports/Store.ts"
import type { Summary } from "../ErrorMonitor.ts"
import type { RestartBook } from "../guard/RestartBook.ts"
import type { Recorder } from "../Recorder.ts"
import type * as Commands from "./Commands.ts"
import type * as Schemas from "./Schemas.ts"

export const idOf = ({ platform }: Account): string => platform.account

const isReady = ({ state }: { readonly state: { readonly _tag: string } }): boolean => state._tag === "Ready"

export const account = (running: Account): typeof Schemas.Account.Type => {
  const { dispatcher, intake, platform, relay } = running
  const shards = running.shards()
  const ready = shards.filter(isReady).length
  return {
    account: platform.account,
    platform: platform.name,
    isConnected: shards.length > 0 && ready === shards.length,
    shards: shards.length,
    shardsReady: ready,
    failure: running.failure()?.reason.message ?? null,
    isPaused: intake.isPaused,
    pausedBecause: intake.pauseReason ?? null,
    holds: running.holding.all().length,
    startedAt: running.startedAt,
    eventsReceived: dispatcher.counters.received,
    eventsHandled: dispatcher.counters.handled,
    eventsWaiting: dispatcher.lanes.backlog,
    eventsDead: dispatcher.counters.dead,
    turnsFailed: dispatcher.counters.failedTurns,
    messagesSent: relay.sent,
    messagesUnsent: relay.unsent,
    messagesWaiting: relay.depth
  }
}

export const connections = (
  running: Account,
  recorder: Recorder["Service"]
): ReadonlyArray<typeof Schemas.Connection.Type> =>
  running.shards().map((view) => {
    const history = recorder.connections.of(idOf(running), view.shard)
    return {
      account: idOf(running),
      shard: view.shard,
      state: view.state._tag,
      since: history?.since ?? running.startedAt,
      why: history?.why ?? null,
      dials: view.dials,
      sessions: view.sessions,
      lastHeartbeatAt: view.lastHeartbeatAt ?? null,
      heartbeatRoundTrip: view.heartbeatRoundTrip ?? null,
      lastEventAt: view.lastFrameAt ?? null,
      history: history?.transitions ?? []
    }
  })

export const health = (report: HealthReport): typeof Schemas.Health.Type => {
  const check = ({ account, reason, ...rest }: HealthReport["checks"][number]) => ({
    ...rest,
    account: account ?? null,
    reason: reason ?? null
  })
  return {
    level: report.level,
    since: report.since,
    at: report.at,
    checks: report.checks.map(check),
    accounts: report.accounts.map(({ account, checks, level }) => ({ account, level, checks: checks.map(check) }))
  }
}

/** The bot takes events when it has started and somebody can tell it something. */
export const readiness = (hasStarted: boolean, accounts: ReadonlyArray<Account>): typeof Schemas.Readiness.Type => {
  if (!hasStarted) return { ready: false, reasons: ["the bot is still starting"] }
  if (accounts.some((one) => one.shards().some(isReady))) return { ready: true, reasons: [] }
  const reasons = accounts.map(
    (one) => `${idOf(one)} is not connected${one.failure() ? `: ${one.failure()?.reason.message}` : ""}`
  )
  return { ready: false, reasons: reasons.length === 0 ? ["there is no account"] : reasons }
}

export const version: string = createRequire(import.meta.url)("../../../package.json").version

export const processFigures = (recorder: Recorder["Service"], now: number): typeof Schemas.Process.Type => {
  const { heapUsed, rss } = process.memoryUsage()
  const limit = process.constrainedMemory()
  const uptime = Math.round(process.uptime() * 1000)
  return {
    pid: process.pid,
    node: process.version,
    everbot: version,
    startedAt: now - uptime,
    uptime,
    rss,
    heapUsed,
    // Node says 0, or a number beyond any machine, where there is no limit.
    memoryLimit: limit > 0 && limit < 2 ** 50 ? limit : null,
    cpu: recorder.series.last?.cpu ?? 0,
    loopDelay: recorder.series.last?.loopDelay ?? 0
  }
}

export const errors = (summary: Summary, recorder: Recorder["Service"]): typeof Schemas.Errors.Type => ({
  total: summary.total,
  perMinute: summary.perMinute,
  reasons: Object.entries(summary.byReason)
    .map(([reason, tally]) => ({ reason, ...tally }))
    .sort((a, b) => b.count - a.count),
  trend: recorder.series.all().map(({ at, errors }) => ({ at, errors })),
  latest: recorder.errors().toReversed()
})

export const restarts = (book: RestartBook["Service"], now: number): typeof Schemas.Restarts.Type => {
  const { budget, startedAt, withheld = null } = book
  return {
    startedAt,
    budget: budget === undefined ? null : { ...budget, used: book.used(budget.window, now) },
    withheld,
    history: book.history()
  }
}

const dead = ({ deadEvents, messages }: Counts): number =>
  restingStatuses.reduce((sum, status) => sum + messages[status], deadEvents)

export const queue = (running: Account, counts: Counts, now: number): typeof Commands.Queue.Type => ({
  account: idOf(running),
  events: {
    pending: counts.pendingEvents,
    waiting: running.dispatcher.lanes.backlog,
    dead: counts.deadEvents
  },
  messages: counts.messages,
  oldestQueuedAt: counts.oldestQueuedAt ?? null,
  oldestAge: counts.oldestQueuedAt === undefined ? 0 : Math.max(0, now - counts.oldestQueuedAt),
  deadLetters: dead(counts)
})

export const hold = ({ account, conversation, ...rest }: HoldView): typeof Commands.Hold.Type => ({
  ...rest,
  account,
  conversation: conversation === undefined ? null : { kind: conversation.kind, id: conversation.id }
})

export const deadLetter = (account: string, letter: DeadLetter): typeof Commands.DeadLetter.Type => {
  const { at, id, reason } = letter
  if (letter._tag === "DeadEvent") {
    const { attempts, conversation, key } = letter
    const { kind, id: place } = conversation
    return {
      ...{ kind: "event", id, account, reason, attempts, at, key },
      conversation: { kind, id: place },
      text: null,
      status: null
    }
  }
  const { attempts, content, conversation, status } = letter.message
  return {
    ...{ kind: "message", id, account, reason, attempts, at, status },
    conversation: { kind: conversation.kind, id: conversation.id },
    text: content.text,
    key: null
  }
}
