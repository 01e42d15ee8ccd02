/**
 * What backups are called: `<database>-<time>-<digest>.db`, the time in UTC and the first half of the file's SHA-256.
 * So their order is that of the names, and a file that changed since does not belong to its name any more.
 */
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"

export interface Named {
  readonly path: string
  /** The database's file name, without its last extension. */
  readonly stem: string
  /** Epoch milliseconds. */
  readonly at: number
  /** 32 hexadecimal digits. */
  readonly digest: string
}

const pattern = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([0-9a-f]{32})\.db$/

export const stemOf = (filename: string): string => basename(filename).replace(/\.[^.]+$/, "")

/** `20261127T054227123Z` */
export const stamp = (at: number): string => new Date(at).toISOString().replace(/[-:.]/g, "")

export const nameOf = (stem: string, at: number, sha256: string): string =>
  `${stem}-${stamp(at)}-${sha256.slice(0, 32)}.db`

/** `undefined` for what is no backup by its name. */
export const parseName = (path: string): Named | undefined => {
  const found = pattern.exec(basename(path))
  if (found === null) return undefined
  const [, stem = "", year, month, day, hour, minute, second, millis, digest = ""] = found
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}Z`)
  return Number.isNaN(at) ? undefined : { path, stem, at, digest }
}

/** The backups of this database that are there, newest first; none where the directory is missing. */
export const listIn = (directory: string, filename: string): ReadonlyArray<Named> => {
  const stem = stemOf(filename)
  let names: ReadonlyArray<string> = []
  try {
    names = readdirSync(directory)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error
  }
  return names
    .map((name) => parseName(join(directory, name)))
    .filter((named) => named?.stem === stem)
    .filter((named) => named !== undefined)
    .sort((a, b) => b.at - a.at || (a.path < b.path ? 1 : -1))
}
