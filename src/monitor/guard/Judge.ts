/** Decides from what was measured, look after look, whether the process has to end. One bad moment is no reason. */
import { size } from "../health/ProcessChecks.ts"
import { span } from "../health/Span.ts"
import type { Limits } from "./Options.ts"
import type { Cause } from "./RestartBook.ts"

/** One look. */
export interface Vitals {
  /** Epoch milliseconds. */
  readonly now: number
  /** Milliseconds. */
  readonly uptime: number
  /** Bytes. */
  readonly rss: number
  readonly memoryLimit: number
  /** Part of one processor since the last look. */
  readonly cpu: number
  /** Milliseconds, 99th percentile since the last look. */
  readonly loopDelay: number
}

export interface Verdict {
  readonly cause: Cause
  readonly detail: string
}

/** Whether an hour is among the quiet ones, which may go over midnight. */
export const isQuiet = (hour: number, [from, until]: Limits["quietHours"]): boolean =>
  from <= until ? hour >= from && hour < until : hour >= from || hour < until

const percent = (part: number): string => `${Math.round(part * 100)} %`

export class Judge {
  private readonly limits: Limits
  /** Uptimes since which each figure is beyond its limit. */
  private readonly since = new Map<Cause, number>()

  constructor(limits: Limits) {
    this.limits = limits
  }

  look(vitals: Vitals): Verdict | undefined {
    const { limits } = this
    const { cpu, loopDelay, memoryLimit, now, rss, uptime } = vitals
    const part = rss / memoryLimit
    const memory = this.lasts("memory", uptime, part > (limits.memory ?? Infinity), limits.memoryWindow)
    const busy = this.lasts("cpu", uptime, cpu > (limits.cpu ?? Infinity), limits.cpuWindow)
    const late = this.lasts("event loop", uptime, loopDelay > (limits.loopDelay ?? Infinity), limits.loopWindow)
    if (memory !== undefined) {
      const detail = `${size(rss)}, ${percent(part)} of ${size(memoryLimit)}, for ${span(memory)}`
      return { cause: "memory", detail }
    }
    if (late !== undefined) return { cause: "event loop", detail: `timers ${span(loopDelay)} late for ${span(late)}` }
    if (busy !== undefined) return { cause: "cpu", detail: `${percent(cpu)} of a processor for ${span(busy)}` }
    if (uptime > (limits.maxUptime ?? Infinity) && isQuiet(new Date(now).getHours(), limits.quietHours)) {
      return { cause: "uptime", detail: `up for ${span(uptime)}, and it is a quiet hour` }
    }
    return undefined
  }

  /** For how long it has been bad without a break, if that is as long as the window. */
  private lasts(cause: Cause, uptime: number, isBad: boolean, window: number): number | undefined {
    if (!isBad) {
      this.since.delete(cause)
      return undefined
    }
    const since = this.since.get(cause) ?? uptime
    this.since.set(cause, since)
    return uptime - since >= window ? uptime - since : undefined
  }
}
