/**
 * Turns what a rule finds, time after time, into what a person is told: when it begins, now and then while it lasts, and when it is over. What
 * comes and goes is told of once in a cool-down; if it is there when that ends, it is told of then, and how often it came.
 */
import { span } from "../health/Span.ts"
import type { Alert } from "./Alert.ts"
import type { Reading } from "./Readers.ts"
import type { Rule } from "./Rules.ts"

interface Entry {
  /** What was found last; `undefined` while all is well. */
  reading: Reading | undefined
  /** Whether it was told that it is wrong, and not yet that it is over. */
  isTold: boolean
  toldAt: number
  suppressed: number
}

export class Tracker {
  private readonly entries = new Map<string, Entry>()
  private readonly rule: Rule
  private readonly coolDown: number
  private readonly remindAfter: number

  /** @param defaults milliseconds, for a rule that has none of its own */
  constructor(rule: Rule, defaults: { readonly coolDown: number; readonly remindAfter: number }) {
    this.rule = rule
    this.coolDown = rule.coolDown ?? defaults.coolDown
    this.remindAfter = rule.remindAfter ?? defaults.remindAfter
  }

  /** What is wrong now, told or not. */
  active(now: number): ReadonlyArray<Alert> {
    return Array.from(this.entries.values()).flatMap((entry) =>
      entry.reading === undefined ? [] : [this.alert("raised", entry.reading, entry, now)]
    )
  }

  /** Takes what is wrong now, and answers with what is to be told. */
  step(readings: ReadonlyArray<Reading>, now: number): ReadonlyArray<Alert> {
    const found = new Map(readings.map((reading) => [reading.subject, reading]))
    const alerts: Array<Alert> = []
    for (const [subject, reading] of found) {
      const raised = this.raise(subject, reading, now)
      if (raised !== undefined) alerts.push(raised)
    }
    for (const [subject, entry] of this.entries) {
      if (!found.has(subject)) {
        if (entry.reading !== undefined && entry.isTold) alerts.push(this.recovered(entry.reading, entry, now))
        entry.reading = undefined
        entry.isTold = false
        if (now - entry.toldAt >= this.coolDown) this.entries.delete(subject)
      }
    }
    return alerts
  }

  private raise(subject: string, reading: Reading, now: number): Alert | undefined {
    const entry = this.entries.get(subject) ?? {
      reading: undefined,
      isTold: false,
      toldAt: Number.NEGATIVE_INFINITY,
      suppressed: 0
    }
    this.entries.set(subject, entry)
    const isNew = entry.reading === undefined
    entry.reading = reading
    if (entry.isTold) return this.remind(reading, entry, now)
    if (now - entry.toldAt < this.coolDown) {
      if (isNew) entry.suppressed++
      return undefined
    }
    const alert = this.alert("raised", reading, entry, now)
    entry.isTold = true
    entry.toldAt = now
    entry.suppressed = 0
    return alert
  }

  private remind(reading: Reading, entry: Entry, now: number): Alert | undefined {
    if (now - entry.toldAt < this.remindAfter) return undefined
    entry.toldAt = now
    return this.alert("reminded", reading, entry, now)
  }

  private recovered(reading: Reading, entry: Entry, now: number): Alert {
    const text = `well again after ${span(now - reading.since)}`
    return { ...this.alert("recovered", reading, entry, now), text }
  }

  private alert(state: Alert["state"], { since, subject, text, value }: Reading, entry: Entry, at: number): Alert {
    const { name: rule, severity } = this.rule
    return { state, severity, rule, subject, text, value, since, at, suppressed: entry.suppressed }
  }
}
