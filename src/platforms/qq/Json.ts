/** Reads single values of payloads of which nothing is certain: what has the wrong type is absent, nothing throws. */

/** A JSON object of which nothing is known. */
export type Json = { readonly [key: string]: unknown }

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An id: a text that is not empty; numbers have been seen and are taken too. */
export const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== ""
    ? value
    : typeof value === "number" && Number.isFinite(value)
      ? String(value)
      : undefined

/** A text that is not empty. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

/** A number that counts something; digits in a text are taken too. */
export const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value)
    ? value
    : typeof value === "string" && /^\d{1,15}$/.test(value)
      ? Number(value)
      : undefined

/** `2026-11-02 09:15:04.123456789 +0800 CST m=+12.3`: Go's default form, seen in place of RFC 3339. */
const goTime = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? ([+-]\d\d)(\d\d)/

/**
 * Epoch milliseconds from what the platform calls a timestamp: RFC 3339, Go's form, or Unix seconds or milliseconds
 * as a number or as digits. `undefined` for anything else.
 */
export const timeOf = (value: unknown): number | undefined => {
  // 8.64e15 ms is as far as a date reaches; what lies before 1970 or beyond is no time of a message.
  if (typeof value === "number")
    return value >= 0 && value <= 8.64e15 ? (value < 1e11 ? value * 1000 : value) : undefined
  if (typeof value !== "string" || value === "") return undefined
  if (/^\d{1,16}$/.test(value)) return timeOf(Number(value))
  const go = goTime.exec(value)
  const time = Date.parse(go === null ? value : `${go[1]}T${go[2]}${(go[3] ?? "").slice(0, 4)}${go[4]}:${go[5]}`)
  return Number.isNaN(time) ? undefined : time
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" }

/** The text of a message as it was typed: QQ escapes `&`, `<` and `>`, and nothing else. Undone once. */
export const unescaped = (text: string): string =>
  text.includes("&") ? text.replace(/&(amp|lt|gt);/g, (_, name: string) => entities[name] ?? "") : text
