/**
 * Damage is looked for before it is met: a bot that opens a broken file, answers half of what it holds and then dies of
 * the other half, again and again, is worse than one that refuses to start and says why. Runs in the worker thread.
 *
 * SQLite finds a broken page when it reads it. So the whole file is read after a process that did not close it, which
 * leaves a write-ahead log behind: half a second a gigabyte from the cache. Larger files are read only once damage was
 * met: then a note beside the file says so, until a check finds the file whole again. Nothing is moved or mended here:
 * what can be saved, and what may be lost, is for a person to decide.
 */
import { accessSync, constants, existsSync, rmSync, statSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { fileOf } from "./location.ts"
import { checkLog } from "./logCheck.ts"

/** Bytes of a file that is checked after every unclean stop. */
const affordable = 1024 ** 3

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const codes: ReadonlySet<number> = new Set([11, 26])

export const isDamage = (errcode: number | undefined): boolean => codes.has((errcode ?? 0) & 0xff)

const noteOf = (path: string) => `${path}-damaged`
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Checks that the file can be written and, if it may be damaged, that it is whole. Throws as SQLite does. Reads it by a connection of its own
 * that may not write, because every other moves the log into the file when it closes, and a damaged one is to stay as it is.
 * Returns what a person should know all the same.
 */
export const inspect = (filename: string): string | undefined => {
  const path = fileOf(filename)
  if (path === undefined || sizeOf(path) === 0) return undefined
  mustBeWritable(path)
  const log = checkLog(path)
  if (log._tag === "Mixed") throw damaged(log.why)
  const note = noteOf(path)
  const isSuspect = existsSync(note)
  const wasClosed = sizeOf(`${path}-wal`) === 0
  const warning = log._tag === "CutOff" ? log.why : undefined
  if (!isSuspect && (wasClosed || sizeOf(path) > affordable)) return warning
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    // The thorough check compares indexes too: it is for the file in which damage was met.
    const check = isSuspect ? "integrity_check" : "quick_check"
    const found = db.prepare(`PRAGMA ${check}(1)`).get()?.[check]
    if (found !== "ok") throw damaged(`${check}: ${String(found).replaceAll("\n", " ")}`)
  } finally {
    db.close()
  }
  if (isSuspect) rmSync(note, { force: true })
  return warning
}

/** SQLite opens a file that it may not write, and fails at the first commit: too late to wait for it. */
const mustBeWritable = (path: string): void => {
  try {
    accessSync(path, constants.W_OK)
  } catch {
    throw Object.assign(new Error("it is read-only for this user"), { errcode: 8 })
  }
}

const damaged = (message: string) => Object.assign(new Error(message), { errcode: 11 })

/** Notes that damage was met, so that the next start looks for it, however large the file. */
export const remember = (filename: string, message: string): void => {
  const path = fileOf(filename)
  if (path === undefined) return
  try {
    writeFileSync(noteOf(path), `${message}\n`)
  } catch {
    // On a full disk, say: the next start may meet it again.
  }
}
