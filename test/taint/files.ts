/**
 * The files that suites write: everything under a directory that is the temporary one of this suite. Looked at before
 * it is deleted, by whomever, and at the end.
 */
import fs from "node:fs"
import promises from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { look } from "./Watch.ts"

/** Files up to this are read whole, larger ones piece by piece. */
const piece = 16 * 1024 * 1024
const overlap = 1024

const lookAtFile = (path: string): void => {
  const file = fs.openSync(path, "r")
  try {
    const { size } = fs.fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, piece))
    for (let from = 0; from < size; from += piece - overlap) {
      const read = fs.readSync(file, bytes, 0, bytes.length, from)
      look("file", bytes.subarray(0, read), { where: path.replace(/^.*\/everbot-taint-[^/]*\//, "") })
    }
  } finally {
    fs.closeSync(file)
  }
}

/** Looks at a file, or at all files under a directory. What is gone, or may not be read, is passed over. */
export const lookAtFiles = (path: string): void => {
  try {
    const facts = fs.lstatSync(path)
    if (facts.isDirectory()) for (const name of fs.readdirSync(path)) lookAtFiles(join(path, name))
    else if (facts.isFile()) lookAtFile(path)
  } catch {}
}

/** Gives the suite a temporary directory of its own and watches what is deleted in it. Returns the way to end that. */
export const watch = (): (() => void) => {
  const outer = tmpdir()
  const root = fs.mkdtempSync(join(outer, "everbot-taint-"))
  process.env["TMPDIR"] = root
  const remove = fs.rmSync
  const isOurs = (path: unknown): path is string => typeof path === "string" && path.startsWith(root)
  for (const [owner, name] of [
    [fs, "rmSync"],
    [fs, "unlinkSync"],
    [promises, "rm"],
    [promises, "unlink"]
  ] as const) {
    const original: (...args: never) => unknown = Reflect.get(owner, name)
    Reflect.set(owner, name, (...args: ReadonlyArray<unknown>) => {
      if (isOurs(args[0])) lookAtFiles(args[0])
      return Reflect.apply(original, owner, args)
    })
  }
  syncBuiltinESMExports()
  return () => {
    lookAtFiles(root)
    process.env["TMPDIR"] = outer
    remove(root, { recursive: true, force: true })
  }
}
