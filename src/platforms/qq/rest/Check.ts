/**
 * Looks at what is about to be sent, where the platform's limits are known. A rule names the first field that breaks
 * it, what kind of value it holds (never the value itself: it may be private) and the mend.
 */
import { isJson } from "../Message.ts"

export interface Problem {
  /** Path of the field, e.g. `keyboard.content.rows`. */
  readonly field: string
  readonly problem: string
  readonly mend: string
}

/** Why `value` cannot stand in `field`, if so. Pure, and takes anything. */
export type Rule = (value: unknown, field: string) => Problem | undefined

const kindOf = (value: unknown): string => {
  if (value === undefined) return "is missing"
  if (value === null) return "is null"
  if (Array.isArray(value)) return `is a list of ${value.length}`
  if (value === "") return "is an empty text"
  if (typeof value === "string") return `is a text of ${value.length} characters`
  if (typeof value === "number") return Number.isInteger(value) ? "is a number out of range" : "is not a whole number"
  return typeof value === "object" ? "is an object" : `is a ${typeof value}`
}

const wants =
  (isFine: (value: unknown) => boolean, mend: string): Rule =>
  (value, field) =>
    isFine(value) ? undefined : { field, problem: kindOf(value), mend }

/** A text that is not empty. @param max in characters */
export const text = (max?: number): Rule =>
  wants(
    (value) => typeof value === "string" && value !== "" && (max === undefined || Array.from(value).length <= max),
    max === undefined ? "Give a text." : `Give a text of 1 to ${max} characters.`
  )

/** An id of the platform: a text without white space around it. */
export const id: Rule = wants(
  (value) => typeof value === "string" && value !== "" && value.trim() === value,
  "Give the id as the platform wrote it, as a text."
)

/** A whole number, both ends included. */
export const whole = (min: number, max: number): Rule =>
  wants(
    (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
    `Give a whole number from ${min} to ${max}.`
  )

/** A whole number written as a text, as the platform wants large ones. */
export const digits: Rule = wants(
  (value) => typeof value === "string" && /^\d{1,20}$/.test(value),
  'Give a whole number as a text, like "60".'
)

export const flag: Rule = wants((value) => typeof value === "boolean", "Give true or false.")

export const oneOf = (...values: ReadonlyArray<string | number>): Rule =>
  wants(
    (value) => values.some((one) => one === value),
    `Give one of ${values.map((one) => JSON.stringify(one)).join(", ")}.`
  )

/** An address of the web. */
export const url: Rule = wants(
  (value) => typeof value === "string" && /^https?:\/\/\S+$/i.test(value),
  "Give an address that begins with https:// or http://."
)

/** A list with at least one entry, each of which holds to `rule`. */
export const list =
  (max: number, rule?: Rule): Rule =>
  (value, field) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > max) {
      return { field, problem: kindOf(value), mend: `Give a list of 1 to ${max}.` }
    }
    return first(value.map((one, at) => () => rule?.(one, `${field}[${at}]`)))
  }

/** Absent, or as the rule wants it. */
export const optional =
  (rule: Rule): Rule =>
  (value, field) =>
    value === undefined ? undefined : rule(value, field)

/** An object whose fields hold to their rules; fields without one are free. */
export const fields =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value, field) => {
    if (!isJson(value)) return { field: field || "body", problem: kindOf(value), mend: "Give an object." }
    return first(
      Object.entries(rules).map(
        ([name, rule]) =>
          () =>
            rule(value[name], field === "" ? name : `${field}.${name}`)
      )
    )
  }

/** Every one of the rules. */
export const all =
  (...rules: ReadonlyArray<Rule>): Rule =>
  (value, field) =>
    first(rules.map((rule) => () => rule(value, field)))

const given = (value: unknown, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  isJson(value) ? names.filter((name) => value[name] !== undefined) : []

const inWords = (names: ReadonlyArray<string>): string => names.map((name) => `\`${name}\``).join(", ")

/** At least one of these fields is there. */
export const someOf =
  (...names: ReadonlyArray<string>): Rule =>
  (value, field) =>
    given(value, names).length > 0
      ? undefined
      : { field: field || "body", problem: "says nothing", mend: `Give at least one of ${inWords(names)}.` }

/** Of these fields there is at most one. */
export const atMostOneOf =
  (...names: ReadonlyArray<string>): Rule =>
  (value, field) => {
    const there = given(value, names)
    return there.length <= 1
      ? undefined
      : { field: field || "body", problem: `has both ${inWords(there)}`, mend: "Keep one of them." }
  }

const first = (looks: ReadonlyArray<() => Problem | undefined>): Problem | undefined => {
  for (const look of looks) {
    const problem = look()
    if (problem !== undefined) return problem
  }
  return undefined
}
