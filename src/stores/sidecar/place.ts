/**
 * Puts a checked backup where a database is, or was. What is there is kept under another name, with its log. The caller
 * holds the lock: no bot has the file. Runs in the sidecar.
 */
import { chmodSync, copyFileSync, existsSync, linkSync, renameSync, rmSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { checkLog } from "../sqlite/logCheck.ts"
import { check, damaged } from "./check.ts"
import { sync } from "./copy.ts"
import { parseName } from "./names.ts"
import type { Checked, Placed, PlaceTask } from "./protocol.ts"

/** What SQLite, and the store, keep beside a database. */
const companions = ["-wal", "-shm", "-damaged"]

/** {@link check}, and whether it is still the file that was written under this name. */
export const checkBackup = (path: string): Checked => {
  if (!existsSync(path)) throw new Error("there is no such file")
  const checked = check(path)
  const named = parseName(path)
  if (named !== undefined && !checked.sha256.startsWith(named.digest)) {
    throw damaged("it is not what was written under this name: its SHA-256 is another")
  }
  return checked
}

/** Moves the log into the database, so that one file holds all of it. Not where damage was met: that stays as it is. */
const gather = (path: string): void => {
  if (!existsSync(`${path}-wal`) || existsSync(`${path}-damaged`) || checkLog(path)._tag !== "Whole") return
  try {
    const db = new DatabaseSync(path)
    try {
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    } finally {
      db.close()
    }
  } catch {
    // What cannot be opened is kept as it is, with its log.
  }
}

export const place = ({ path, suffix, target }: PlaceTask): Placed => {
  const { sha256 } = checkBackup(path)
  const draft = `${target}-restoring`
  try {
    copyFileSync(path, draft)
    chmodSync(draft, 0o600)
    if (check(draft).sha256 !== sha256) throw damaged("it changed while it was copied")
    sync(draft)
    const isThere = existsSync(target)
    if (isThere) gather(target)
    const kept = `${target}${suffix}`
    // A second name, so that there is a database at every moment: a missing one would be made anew, empty.
    if (isThere) linkSync(target, kept)
    // A log that stayed would be read into the database it does not belong to.
    for (const end of companions) if (existsSync(`${target}${end}`)) renameSync(`${target}${end}`, `${kept}${end}`)
    renameSync(draft, target)
    sync(dirname(target))
    return { kept: isThere ? kept : undefined }
  } finally {
    rmSync(draft, { force: true })
  }
}
