/**
 * The files that suites write: everything under a directory that is the temporary one of this suite. Looked at before
 * it is deleted, by whomever, and at the end.
 */
import fs from "node:fs"
import promises from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"
import { look } from "./Watch.ts"

/** Files up to this are read whole, larger ones piece by piece. */
const piece = 16 * 1024 * 1024
const overlap = 1024

const short = (path: string) => path.replace(/^.*\/everbot-taint-[^/]*\//, "")

const lookAtFile = (path: string): void => {
  const file = fs.openSync(path, "r")
  try {
    const { size } = fs.fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, piece))
    for (let from = 0; from < size; from += piece - overlap) {
      const read = fs.readSync(file, bytes, 0, bytes.length, from)
      look("file", bytes.subarray(0, read), { where: short(path) })
    }
  } finally {
    fs.closeSync(file)
  }
}

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Journals keep events compressed: what is in them shows only when they are unpacked. */
const lookIntoDatabase = (path: string, where: string): void => {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    for (const { name } of tables) {
      for (const row of db.prepare(`SELECT * FROM "${name}"`).iterate()) {
        for (const value of Object.values(row)) {
          if (!(value instanceof Uint8Array)) continue
          const at = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, 64)).indexOf(zstdMagic)
          if (at >= 0) look("file", zstdDecompressSync(value.subarray(at)), { where: `${where}, ${name}` })
        }
      }
    }
  } finally {
    db.close()
  }
}

const isDatabase = (path: string): boolean => {
  const file = fs.openSync(path, "r")
  const head = Buffer.alloc(16)
  try {
    return fs.readSync(file, head, 0, 16, 0) === 16 && head.toString("latin1") === "SQLite format 3\0"
  } finally {
    fs.closeSync(file)
  }
}

/** Looks at a file, or at all files under a directory. What is gone, damaged, or may not be read, is passed over. */
export const lookAtFiles = (path: string): void => {
  try {
    const facts = fs.lstatSync(path)
    if (facts.isDirectory()) for (const name of fs.readdirSync(path)) lookAtFiles(join(path, name))
    else if (facts.isFile()) lookAtFile(path)
    if (facts.isFile() && isDatabase(path)) lookIntoDatabase(path, short(path))
  } catch {}
}

/** tsx keeps what it compiled in the temporary directory. That is source, and cold it would cost every child a second. */
const shareCompiled = (outer: string, root: string): void => {
  const name = `tsx-${userInfo().uid}`
  fs.mkdirSync(join(outer, name), { recursive: true })
  // Not followed by the watch.
  fs.symlinkSync(join(outer, name), join(root, name))
}

/** Gives the suite a temporary directory of its own and watches what is deleted in it. Returns the way to end that. */
export const watch = (): (() => void) => {
  const outer = tmpdir()
  const root = fs.mkdtempSync(join(outer, "everbot-taint-"))
  process.env["TMPDIR"] = root
  shareCompiled(outer, root)
  const remove = fs.rmSync
  const isOurs = (path: unknown): path is string => typeof path === "string" && path.startsWith(root)
  const undo: Array<() => void> = []
  for (const [owner, name] of [
    [fs, "rmSync"],
    [fs, "unlinkSync"],
    [promises, "rm"],
    [promises, "unlink"]
  ] as const) {
    const original: (...args: never) => unknown = Reflect.get(owner, name)
    undo.push(() => Reflect.set(owner, name, original))
    Reflect.set(owner, name, (...args: ReadonlyArray<unknown>) => {
      if (isOurs(args[0])) lookAtFiles(args[0])
      return Reflect.apply(original, owner, args)
    })
  }
  syncBuiltinESMExports()
  return () => {
    lookAtFiles(root)
    for (const restore of undo) restore()
    syncBuiltinESMExports()
    process.env["TMPDIR"] = outer
    remove(root, { recursive: true, force: true })
  }
}
