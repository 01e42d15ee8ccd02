/** Inputs that once failed, one file each: they run first, always. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { hash } from "./Chance.ts"
import type { Input } from "./Input.ts"

export interface Remembered {
  readonly target: string
  /** What went wrong with it. */
  readonly why: string
  readonly input: Input
}

const folder = fileURLToPath(new URL("./corpus", import.meta.url))

export const load = (target?: string): ReadonlyArray<Remembered> =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file): Remembered => JSON.parse(readFileSync(join(folder, file), "utf8")))
    .filter((one) => target === undefined || one.target === target)

/** Writes a failure down; answers the name of its file. */
export const save = (one: Remembered, directory = folder): string => {
  mkdirSync(directory, { recursive: true })
  const file = `${one.target}-${hash(JSON.stringify(one.input)).toString(16)}.json`
  writeFileSync(join(directory, file), `${JSON.stringify(one, null, 2)}\n`)
  return file
}
