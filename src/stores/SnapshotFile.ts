/**
 * A {@link SnapshotStore} of plain files: `<name>.<generation>.snapshot` in one directory, one file for each generation.
 *
 * A save writes a temporary file, syncs it, renames it into place and syncs the directory, so that a crash at any
 * instant leaves every earlier generation as it was. `<name>.newest` remembers the newest generation, so that a file
 * that vanished is missed. One process at a time may write a directory.
 */
import * as fs from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect, Layer, Result, Semaphore } from "effect"
import { Busy, Full, Inaccessible, StoreError } from "../domain/StoreError.ts"
import { type Damaged, type Loaded, type Snapshot, SnapshotStore } from "../ports/SnapshotStore.ts"
import { byName, checkName, defaultGenerations, seal, unseal } from "./SnapshotSeal.ts"

export interface Options {
  /** Created when it does not exist. */
  readonly directory: string
  /** How many generations of each name are kept. @defaultValue 5 */
  readonly generations?: number | undefined
}

const toError = (operation: string) => (cause: unknown) => {
  const { code, message } = cause as NodeJS.ErrnoException
  const Reason = code === "ENOSPC" || code === "EDQUOT" ? Full : code === "EBUSY" ? Busy : Inaccessible
  return new StoreError({ operation, reason: new Reason({ detail: message }) })
}

const attempt = <A>(operation: string, run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: toError(operation) })

/** Makes a rename survive the machine. Windows cannot sync a directory and needs no such call. */
const syncDirectory = async (directory: string) => {
  if (process.platform === "win32") return
  const handle = await fs.open(directory, "r")
  await handle.sync().finally(() => handle.close())
}

const replaceFile = async (directory: string, file: string, bytes: Uint8Array) => {
  const temporary = join(directory, `${file}.tmp`)
  const handle = await fs.open(temporary, "w", 0o600)
  await handle
    .writeFile(bytes)
    .then(() => handle.sync())
    .finally(() => handle.close())
  await fs.rename(temporary, join(directory, file))
  await syncDirectory(directory)
}

/** The bytes of a file, or `undefined` when it is not there. */
const read = (path: string) =>
  fs
    .readFile(path)
    .catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error)))

const make = (options: Options) => {
  const { directory } = options
  const keep = Math.max(1, options.generations ?? defaultGenerations)
  const fileOf = (name: string, generation: number) => `${name}.${generation}.snapshot`

  /** Newest first. */
  const list = async () => {
    const files = await fs.readdir(directory)
    const named = files.flatMap((file) => {
      const [, name, digits] = /^(.+)\.([1-9]\d{0,14})\.snapshot$/.exec(file) ?? []
      return name === undefined ? [] : [{ name, generation: Number(digits) }]
    })
    return byName(named.sort((left, right) => right.generation - left.generation))
  }
  const generationsOf = async (name: string) => (await list()).find((one) => one.name === name)?.generations ?? []

  /** What `<name>.newest` says; 0 when there is none or it is damaged: it only serves to miss what vanished. */
  const newestOf = async (name: string) => {
    const bytes = await read(join(directory, `${name}.newest`))
    if (bytes === undefined) return 0
    const newest = Result.match(unseal(name, 0, bytes), { onFailure: () => 0, onSuccess: ({ body }) => Number(body) })
    return Number.isSafeInteger(newest) ? newest : 0
  }

  const write = async (name: string, savedAt: number, body: string): Promise<Snapshot> => {
    const existing = await generationsOf(name)
    const generation = Math.max(existing[0] ?? 0, await newestOf(name)) + 1
    const snapshot = { generation, savedAt, body }
    await replaceFile(directory, fileOf(name, generation), seal(name, snapshot))
    const newest = { generation: 0, savedAt, body: String(generation) }
    await replaceFile(directory, `${name}.newest`, seal(name, newest))
    // Only now that the new one is safe may an old one go.
    await Promise.all(existing.slice(keep - 1).map((old) => fs.rm(join(directory, fileOf(name, old)), { force: true })))
    return snapshot
  }

  const find = async (name: string): Promise<Loaded> => {
    const existing = await generationsOf(name)
    const newest = await newestOf(name)
    const damaged: Array<Damaged> = []
    if (newest > (existing[0] ?? 0)) {
      damaged.push({ where: join(directory, fileOf(name, newest)), why: "it is missing" })
    }
    for (const generation of existing) {
      const where = join(directory, fileOf(name, generation))
      const bytes = await read(where)
      const snapshot = bytes === undefined ? Result.fail("it is missing") : unseal(name, generation, bytes)
      if (Result.isSuccess(snapshot)) return { snapshot: snapshot.success, damaged }
      damaged.push({ where, why: snapshot.failure })
    }
    return { snapshot: undefined, damaged }
  }

  return Effect.gen(function* () {
    yield* attempt("open the snapshots", () => fs.mkdir(directory, { recursive: true }))
    const lock = yield* Semaphore.make(1)
    return SnapshotStore.of({
      save: Effect.fnUntraced(function* (name, body) {
        const bad = checkName("save a snapshot", name)
        if (bad !== undefined) return yield* bad
        const savedAt = yield* Clock.currentTimeMillis
        // A promise cannot be interrupted: to let go of the lock early would let two saves write one file.
        const save = Effect.uninterruptible(attempt("save a snapshot", () => write(name, savedAt, body)))
        return yield* Semaphore.withPermit(lock, save)
      }),
      load: Effect.fnUntraced(function* (name) {
        const bad = checkName("load a snapshot", name)
        if (bad !== undefined) return yield* bad
        return yield* Semaphore.withPermit(
          lock,
          attempt("load a snapshot", () => find(name))
        )
      }),
      list: Semaphore.withPermit(lock, attempt("list the snapshots", list))
    })
  })
}

/** Snapshots as files in a directory. */
export const layer = (options: Options): Layer.Layer<SnapshotStore, StoreError> =>
  Layer.effect(SnapshotStore, make(options))
