/** Options that several commands share, and how figures are written for a person. */
import { Option } from "effect"
import * as Flag from "effect/cli/Flag"
import { oneLine } from "../../domain/Line.ts"

export const db = Flag.String("db").pipe(
  Flag.withDescription("The bot's database (default: EVERBOT_DB, or everbot.db)"),
  Flag.optional
)

export const directory = Flag.String("to").pipe(
  Flag.withDescription("The directory of the backups (default: EVERBOT_BACKUP_DIR, or backups beside the database)"),
  Flag.optional
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print JSON, one value a line"),
  Flag.withDefault(false)
)

const whole = (low: number) => (value: number) => Number.isSafeInteger(value) && value >= low

/** A number from `low` on. */
export const atLeast = (name: string, low: number) =>
  Flag.Int(name).pipe(Flag.filter(whole(low), () => `a number from ${low} on`))

/** `2026-11-27`, `2026-11-27T05:42`, with or without a zone: epoch milliseconds. Without one it is the machine's time. */
export const parseTime = (text: string): Option.Option<number> => {
  const isDate = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)
  const at = isDate ? Date.parse(text.includes(":") ? text.replace(" ", "T") : `${text}T00:00`) : Number.NaN
  return Number.isNaN(at) ? Option.none() : Option.some(at)
}

export const time = (name: string, meaning: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(`${meaning}, e.g. 2026-11-27 or 2026-11-27T05:42Z`),
    Flag.filterMap(parseTime, (text) => `"${text}" is no time: write it like 2026-11-27 or 2026-11-27T05:42Z`),
    Flag.optional
  )

export const shown = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z")

/** Text of the outside world, for a terminal. */
export const line = (text: string): string => oneLine(text, 500)
