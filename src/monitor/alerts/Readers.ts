/** What a rule finds at the moment. Each keeps what its window needs and no more: memory is bounded throughout. */
import type { HealthReport } from "../../domain/Health.ts"
import type { Status } from "../../domain/Status.ts"
import { errorOf } from "../ErrorFeed.ts"
import { span } from "../health/Span.ts"
import type { Metric } from "../metrics/Table.ts"
import type { Rule } from "./Rules.ts"

/** Something that is wrong now. */
export interface Reading {
  readonly subject: string
  readonly text: string
  readonly value: number
  /** Epoch milliseconds. */
  readonly since: number
}

export interface Scene {
  readonly now: number
  readonly health: HealthReport
  readonly metrics: ReadonlyArray<Metric>
}

export interface Reader {
  readonly heard: (status: Status, now: number) => void
  readonly read: (scene: Scene) => ReadonlyArray<Reading>
}

type Of<Tag extends Rule["_tag"]> = Extract<Rule, { readonly _tag: Tag }>

/** Subjects that one rule tells apart. */
const maxSubjects = 200

const ignore = (): void => {}

const ofHealth = ({ account, check, level, window }: Of<"Health">): Reader => ({
  heard: ignore,
  read: ({ health, now }) =>
    [...health.checks, ...health.accounts.flatMap(({ checks }) => checks)]
      .filter((one) => one.level === "unhealthy" || one.level === level)
      .filter((one) => (check ?? one.name) === one.name && (account ?? one.account) === one.account)
      .filter(({ since }) => now - since >= window)
      .slice(0, maxSubjects)
      .map(({ account, level, name, reason, since }) => ({
        subject: account === undefined ? name : `${account} ${name}`,
        text: `${level} for ${span(now - since)}${reason === undefined ? "" : `: ${reason}`}`,
        value: now - since,
        since
      }))
})

/** The times of the latest errors of each reason: as many as it takes, and no more. */
const ofErrors = ({ reason, threshold, window }: Of<"Error">): Reader => {
  const recent = new Map<string, { readonly times: Array<number>; latest: string }>()
  const forget = (now: number) => {
    for (const [name, { times }] of recent) if ((times.at(-1) ?? 0) < now - window) recent.delete(name)
  }
  return {
    heard: (status, now) => {
      const error = errorOf(status)
      const name = error?._tag
      if (error === undefined || name === undefined || (reason ?? name) !== name) return
      if (!recent.has(name) && recent.size >= maxSubjects) {
        forget(now)
        if (recent.size >= maxSubjects) return
      }
      const known = recent.get(name) ?? { times: [], latest: "" }
      recent.set(name, known)
      known.latest = error.message
      if (known.times.push(now) > threshold) known.times.shift()
    },
    read: ({ now }) => {
      forget(now)
      return Array.from(recent).flatMap(([subject, { latest, times }]) => {
        const since = times[0] ?? now
        if (times.length < threshold || since < now - window) return []
        const text = `${times.length} or more errors within ${span(window)}, the latest: ${latest}`
        return [{ subject, text, value: times.length, since }]
      })
    }
  }
}

/** A counter's past is kept in so many steps. */
const steps = 60

interface Past {
  badSince: number | undefined
  figures: Array<{ readonly at: number; readonly value: number }>
}

const ofMetric = ({ above, below, labels, metric, window }: Of<"Metric">): Reader => {
  const pasts = new Map<string, Past>()

  /** The increase within the window; a counter that begins again at 0 forgets its past. */
  const grown = (past: Past, value: number, now: number): number => {
    const last = past.figures.at(-1)
    if (last !== undefined && value < last.value) past.figures = []
    if (last === undefined || now - last.at >= window / steps) past.figures.push({ at: now, value })
    while ((past.figures[1]?.at ?? now) <= now - window) past.figures.shift()
    return value - (past.figures[0]?.value ?? value)
  }

  return {
    heard: ignore,
    read: ({ metrics, now }) => {
      const found = metrics.find(({ name }) => name === metric)
      const figures = (found?.values ?? []).filter((figure) =>
        Object.entries(labels).every(([label, wanted]) => figure.labels[label] === wanted)
      )
      const seen = new Set<string>()
      const readings = figures.slice(0, maxSubjects).flatMap(({ labels, value }) => {
        const pairs = Object.entries(labels).map(([label, text]) => `${label}=${text}`)
        const subject = [metric, ...pairs].join(" ")
        seen.add(subject)
        const past = pasts.get(subject) ?? { badSince: undefined, figures: [] }
        pasts.set(subject, past)
        const figure = found?.type === "counter" ? grown(past, value, now) : value
        const isBad = figure > (above ?? Number.POSITIVE_INFINITY) || figure < (below ?? Number.NEGATIVE_INFINITY)
        past.badSince = isBad ? (past.badSince ?? now) : undefined
        if (past.badSince === undefined) return []
        if (found?.type === "gauge" && now - past.badSince < window) return []
        const text =
          found?.type === "counter"
            ? `grew by ${figure} within ${span(window)}`
            : `is ${figure} for ${span(now - past.badSince)}`
        return [{ subject, text, value: figure, since: past.badSince }]
      })
      for (const subject of pasts.keys()) if (!seen.has(subject)) pasts.delete(subject)
      return readings
    }
  }
}

export const make = (rule: Rule): Reader => {
  switch (rule._tag) {
    case "Health":
      return ofHealth(rule)
    case "Error":
      return ofErrors(rule)
    case "Metric":
      return ofMetric(rule)
  }
}
