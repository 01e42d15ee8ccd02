/** The bot's figures second by second, over the last minutes: what the charts draw. */
import type { Account } from "../../engines/Account.ts"
import type { Delays } from "../health/LoopDelay.ts"
import { Latencies } from "./Latencies.ts"
import { Ring } from "./Ring.ts"

/** One second. Rates are per second, times in milliseconds, memory in bytes. */
export interface Sample {
  /** Epoch milliseconds. */
  readonly at: number
  readonly received: number
  readonly handled: number
  readonly sent: number
  readonly failedTurns: number
  readonly errors: number
  readonly eventsWaiting: number
  readonly messagesWaiting: number
  /** Age of the message that could have left longest ago. */
  readonly oldestMessageAge: number
  /** Of replies, from the event to the platform's answer, over the last ten seconds. */
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly rss: number
  /** Part of one processor, 0..1 and above where there are more. */
  readonly cpu: number
  /** The 99th percentile of how late timers are. */
  readonly loopDelay: number
}

/** Five minutes. */
export const kept = 300

interface Totals {
  readonly received: number
  readonly handled: number
  readonly sent: number
  readonly failedTurns: number
}

const none: Totals = { received: 0, handled: 0, sent: 0, failedTurns: 0 }

const totalsOf = ({ dispatcher, relay }: Account): Totals => ({
  received: dispatcher.counters.received,
  handled: dispatcher.counters.handled,
  sent: relay.sent,
  failedTurns: dispatcher.counters.failedTurns
})

export class Series {
  readonly latencies = new Latencies()
  /** Errors since the last sample. */
  errors = 0
  private readonly samples = new Ring<Sample>(kept)
  private totals = new Map<Account, Totals>()
  private cpu = process.cpuUsage()
  private measuredAt: number | undefined

  all(): ReadonlyArray<Sample> {
    return this.samples.all()
  }
  get last(): Sample | undefined {
    return this.samples.last
  }

  /** Takes the sample of the second that ends `now`. */
  measure(now: number, accounts: ReadonlyArray<Account>, delays: Delays): Sample {
    const seconds = this.measuredAt === undefined ? 1 : Math.max(0.001, (now - this.measuredAt) / 1000)
    const sum = { ...none }
    const totals = new Map<Account, Totals>()
    let oldest: number | undefined
    for (const account of accounts) {
      const after = totalsOf(account)
      const before = this.totals.get(account) ?? (this.measuredAt === undefined ? after : none)
      totals.set(account, after)
      sum.received += after.received - before.received
      sum.handled += after.handled - before.handled
      sum.sent += after.sent - before.sent
      sum.failedTurns += after.failedTurns - before.failedTurns
      // What a person holds waits on purpose.
      const since = account.holding.isWhole() ? undefined : account.relay.queue.oldest()
      if (since !== undefined && (oldest === undefined || since < oldest)) oldest = since
    }
    const used = process.cpuUsage(this.cpu)
    const { p50, p95, p99 } = this.latencies.percentiles(now, 10)
    const sample: Sample = {
      at: now,
      received: sum.received / seconds,
      handled: sum.handled / seconds,
      sent: sum.sent / seconds,
      failedTurns: sum.failedTurns / seconds,
      errors: this.errors / seconds,
      eventsWaiting: total(accounts, ({ dispatcher }) => dispatcher.lanes.backlog),
      messagesWaiting: total(accounts, ({ relay }) => relay.depth),
      oldestMessageAge: oldest === undefined ? 0 : Math.max(0, now - oldest),
      p50: p50 ?? null,
      p95: p95 ?? null,
      p99: p99 ?? null,
      rss: process.memoryUsage.rss(),
      cpu: this.measuredAt === undefined ? 0 : (used.user + used.system) / 1e6 / seconds,
      loopDelay: delays.p99
    }
    this.totals = totals
    this.cpu = process.cpuUsage()
    this.errors = 0
    this.measuredAt = now
    this.samples.push(sample)
    return sample
  }
}

const total = (accounts: ReadonlyArray<Account>, figure: (account: Account) => number): number =>
  accounts.reduce((sum, account) => sum + figure(account), 0)
