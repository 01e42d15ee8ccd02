/**
 * A copy of a database that is in use: one read transaction of SQLite's backup interface, which no writer waits for and
 * which sees the database as it was at one moment. Nobody finds a copy under its name before it was checked and is on
 * the disk. Older ones go only after that. Runs in the sidecar.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync
} from "node:fs"
import { join } from "node:path"
import { backup, DatabaseSync } from "node:sqlite"
import { check } from "./check.ts"
import { listIn, nameOf, stamp, stemOf } from "./names.ts"
import type { BackupFile, CopyTask } from "./protocol.ts"

/** Milliseconds after which a draft was left behind by a process that died. */
const stale = 24 * 60 * 60_000
/** More than a database can have. */
const allPages = 0x7fffffff
const suffix = ".partial"

export const sync = (path: string): void => {
  const file = openSync(path, "r")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** What killed processes left in the directory. */
const sweep = (directory: string, stem: string, now: number): void => {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`.${stem}-`) || !name.includes(suffix)) continue
    const path = join(directory, name)
    if (now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > stale) rmSync(path, { force: true })
  }
}

const copyTo = async (filename: string, draft: string): Promise<void> => {
  // May not write: the last connection to close would move the log into the database, which is the bot's affair.
  const source = new DatabaseSync(filename, { readOnly: true, timeout: 5000 })
  try {
    // All pages in one step: between two steps a writer would make it begin again, and with a busy bot for ever.
    await backup(source, draft, { rate: allPages })
  } finally {
    source.close()
  }
  chmodSync(draft, 0o600)
  const copied = new DatabaseSync(draft)
  try {
    // One file, without a log beside it that could be forgotten. The store goes back to WAL when it opens it.
    copied.exec("PRAGMA journal_mode = DELETE")
  } finally {
    copied.close()
  }
}

export const copy = async ({ at, directory, filename, keep }: CopyTask): Promise<BackupFile> => {
  if (!existsSync(filename)) throw new Error("there is no such database")
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const stem = stemOf(filename)
  sweep(directory, stem, at)
  const draft = join(directory, `.${stem}-${stamp(at)}-${process.pid}${suffix}`)
  try {
    await copyTo(filename, draft)
    const checked = check(draft)
    sync(draft)
    const path = join(directory, nameOf(stem, at, checked.sha256))
    renameSync(draft, path)
    sync(directory)
    const old = listIn(directory, filename)
      .filter((named) => named.path !== path)
      .slice(Math.max(0, keep - 1))
    for (const { path } of old) rmSync(path, { force: true })
    return { ...checked, path, at, deleted: old.length }
  } finally {
    for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${draft}${end}`, { force: true })
  }
}
