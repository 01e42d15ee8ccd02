/** Numbers, times and sizes for people. */
import { language, t } from "./words.ts"

const units: ReadonlyArray<readonly [number, "d" | "h" | "min" | "s"]> = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"]
]

/** A time span of milliseconds by its two largest units, e.g. `3 min 20 s`. */
export const span = (millis: number): string => {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))} ${t("ms")}`
  const at = units.findIndex(([size]) => millis >= size)
  const [size = 1000, name = "s"] = units[at] ?? []
  const whole = Math.floor(millis / size)
  const [smaller = 0, smallName = "s"] = units[at + 1] ?? []
  const rest = smaller === 0 ? 0 : Math.floor((millis % size) / smaller)
  return `${whole} ${t(name)}${rest === 0 ? "" : ` ${rest} ${t(smallName)}`}`
}

export const clock = (at: number): string =>
  new Date(at).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })

export const moment = (at: number): string =>
  new Date(at).toLocaleString(language(), { dateStyle: "short", timeStyle: "medium", hour12: false })

export const count = (value: number): string => value.toLocaleString(language())

/** A figure with as many digits as it deserves. */
export const figure = (value: number): string =>
  value.toLocaleString(language(), { maximumFractionDigits: value < 10 ? 1 : 0 })

export const mebibytes = (bytes: number): string => `${figure(bytes / 1_048_576)} MiB`

export const percent = (part: number): string => `${figure(part * 100)} %`
