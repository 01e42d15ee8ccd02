/** Every setting as it stands: its value, and where that comes from. Secrets are told by their being there, and no more. */
import { Effect } from "effect"
import type { ConfigError } from "../../domain/ConfigError.ts"
import { oneLine } from "../../domain/Line.ts"
import { type Found, find, preset, type Setting } from "../../ports/Setting.ts"
import { groups } from "./Catalogue.ts"

export interface Row {
  readonly group: string
  readonly name: string
  /** `null` where nothing is set. */
  readonly value: string | null
  /** `environment`, `option`, `preset <name>`, `default` or `unset`. */
  readonly from: string
  readonly isSecret: boolean
  readonly about: string
  readonly readBy: string
  /** What is wrong with the value, if something is. */
  readonly problem: string | null
}

/** What a program says of settings in code, as texts. */
export interface Given {
  /** The environment goes before these. */
  readonly options?: Readonly<Record<string, string>>
  /** Whatever the environment says. */
  readonly fixed?: Readonly<Record<string, string>>
}

/** A secret may also hide in an address, before its host or behind its path; also in one that is written badly. */
const withoutSecrets = (text: string): string =>
  text.includes("//")
    ? text.replace(/\/\/[^/?#]*@/, "//<redacted>@").replace(/([?#]).+$/s, "$1<redacted>")
    : text.replace(/^(file:[^?]*\?).+$/s, "$1<redacted>")

const shown = ({ isSecret }: Setting<unknown>, { text }: Found): string | null => {
  if (text === undefined) return null
  return isSecret ? "<redacted>" : oneLine(withoutSecrets(text), 200)
}

/** Reads all of them. Fails only where `EVERBOT_PRESET` names no preset: then nothing can be said of the others. */
export const read = (given: Given = {}): Effect.Effect<ReadonlyArray<Row>, ConfigError> =>
  Effect.gen(function* () {
    const chosen = yield* preset
    const rows: Array<Row> = []
    for (const { readBy, settings, title } of groups) {
      for (const setting of settings) {
        const { about, isSecret, name } = setting
        const fixed = given.fixed?.[name]
        const found = yield* fixed === undefined
          ? find(setting, given.options?.[name])
          : Effect.succeed<Found>({ text: fixed, source: "option", problem: undefined })
        const from = found.source === "preset" ? `preset ${chosen?.name}` : found.source
        const problem = found.problem ?? null
        rows.push({ group: title, name, value: shown(setting, found), from, isSecret, about, readBy, problem })
      }
    }
    return rows
  })

/** A table for a person. */
export const toText = (rows: ReadonlyArray<Row>): string => {
  const name = Math.max(...rows.map((row) => row.name.length))
  const value = Math.min(40, Math.max(...rows.map((row) => (row.value ?? "").length)))
  const from = Math.max(...rows.map((row) => row.from.length))
  const lines: Array<string> = []
  let group = ""
  for (const row of rows) {
    if (row.group !== group) lines.push(...(group === "" ? [] : [""]), `${row.group} (read by ${row.readBy})`)
    group = row.group
    lines.push(`  ${row.name.padEnd(name)}  ${(row.value ?? "").padEnd(value)}  ${row.from.padEnd(from)}  ${row.about}`)
    if (row.problem !== null) lines.push(`    ! ${row.problem}`)
  }
  return lines.join("\n")
}

export const toJson = (rows: ReadonlyArray<Row>): string => rows.map((row) => JSON.stringify(row)).join("\n")

/** Prints them, and answers whether all can be used. */
export const print = (
  json: boolean,
  given: Given,
  write: (text: string) => Effect.Effect<void, unknown>
): Effect.Effect<boolean, ConfigError> =>
  Effect.gen(function* () {
    const rows = yield* read(given)
    yield* Effect.orDie(write(json ? toJson(rows) : toText(rows)))
    return rows.every(({ problem }) => problem === null)
  })
