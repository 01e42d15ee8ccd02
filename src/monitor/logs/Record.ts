/**
 * A line of the log as data: what it says, how severe it is, which field it belongs to, and what it is about. Every value
 * in it is plain JSON: a `Redacted` is there by its label only, however deep it was, and no text has a line of its own.
 */
import { type LogLevel, Redacted } from "effect"
import * as Logger from "effect/Logger"
import { oneLine } from "../../domain/Line.ts"

/**
 * - `business`: what the bot is for: events, turns, messages, states, gaps
 * - `performance`: whether it keeps up: pauses, breakers, health, backups
 * - `security`: who may do what: credentials, tokens, changes made by operators
 */
export type Category = "business" | "performance" | "security"

/** The annotation that carries it; what has none is `business`. */
export const categoryKey = "category"

/** What a line is about; each stands by its name in the line, and not under `more`. */
const subjects = ["account", "shard", "conversation", "event", "turn"] as const
type Subject = (typeof subjects)[number]

export interface Record extends Partial<Readonly<{ [K in Subject]: string | number }>> {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly level: LogLevel.LogLevel
  readonly category: Category
  readonly message: string
  readonly cause?: string
  /** Other annotations. */
  readonly more?: Readonly<{ [key: string]: unknown }>
  /** Milliseconds in each log span. */
  readonly spans?: Readonly<{ [key: string]: number }>
  /** Lines like this one that were left out since the last. */
  readonly suppressed?: number
}

const maxText = 4000
const maxCause = 8000
const maxDepth = 4
const maxItems = 50

/** As JSON can say it, in bounds. */
export const plain = (value: unknown, depth = 0): unknown => {
  if (Redacted.isRedacted(value)) return String(value)
  if (typeof value === "string") return oneLine(value, maxText)
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (typeof value === "boolean" || value === null || value === undefined) return value
  if (typeof value !== "object") return oneLine(String(value), maxText)
  if (value instanceof Error) return oneLine(`${value.name}: ${value.message}`, maxText)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString()
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (depth >= maxDepth) return "…"
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].slice(0, maxItems).map((item) => plain(item, depth + 1))
  }
  const entries: ReadonlyArray<readonly [unknown, unknown]> = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(entries.slice(0, maxItems).map(([key, item]) => [String(key), plain(item, depth + 1)]))
}

const isCategory = (value: unknown): value is Category =>
  value === "business" || value === "performance" || value === "security"

const isSubject = (key: string): key is Subject => subjects.some((subject) => subject === key)

const textOf = (part: unknown): string => {
  const shown = plain(part)
  return typeof shown === "string" ? shown : (JSON.stringify(shown) ?? String(shown))
}

const causeLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => oneLine(line, 500))
    .join(" | ")
    .slice(0, maxCause)

/** A record of each line. */
export const logger: Logger.Logger<unknown, Record> = Logger.make((options) => {
  const { annotations, cause, spans } = Logger.formatStructured.log(options)
  const { logLevel, message } = options
  const said = Array.isArray(message) ? message : [message]
  const about: { [key: string]: string | number } = {}
  const more: { [key: string]: unknown } = {}
  let category: Category = "business"
  for (const [key, value] of Object.entries(annotations)) {
    if (key === categoryKey && isCategory(value)) category = value
    else if (isSubject(key)) about[key] = typeof value === "number" ? value : textOf(value)
    else more[key] = plain(value)
  }
  return {
    time: options.date.toISOString(),
    level: logLevel,
    category,
    ...about,
    message: said.map(textOf).join(" "),
    ...(cause !== undefined && { cause: causeLines(cause) }),
    ...(Object.keys(more).length > 0 && { more }),
    ...(Object.keys(spans).length > 0 && { spans })
  }
})
