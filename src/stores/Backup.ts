/**
 * Backups of a {@link Sqlite} database while the bot runs, and the way back.
 *
 * ```ts
 * Layer.mergeAll(Ping, Qq.layerConfig, Backup.layerConfig).pipe(Bot.launch, …)
 * ```
 * A backup is one file, the database as it was at one moment, and has its name only after it was opened and read through:
 * structure, schema and every event. What is encrypted in the database is encrypted in it, under the same keys: without
 * those it is worth nothing, so keep them elsewhere. It holds what people said: guard it like the database. A directory on
 * another disk, or one that is copied to another machine, is worth more than one beside the database.
 *
 * To restore one is to go back in time. The session is older than what the platform still replays, so what came in between
 * is recorded as a gap; events and messages that were unfinished then are handled and sent (again): {@link check} says how
 * many there are.
 */
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { Clock, Context, Duration, Effect, Layer, Semaphore } from "effect"
import type { ConfigError } from "../domain/ConfigError.ts"
import { StoreError, Unusable } from "../domain/StoreError.ts"
import { Backups, type Scheduled } from "../ports/Backups.ts"
import * as Setting from "../ports/Setting.ts"
import { listIn, type Named, stamp } from "./sidecar/names.ts"
import type { BackupFile, Checked } from "./sidecar/protocol.ts"
import { run } from "./sidecar/Sidecar.ts"
import { storeError } from "./sqlite/errors.ts"
import { defaultFile, fileSetting } from "./sqlite/Filename.ts"
import { hold } from "./sqlite/Lock.ts"
import { fileOf } from "./sqlite/location.ts"

export type { Named } from "./sidecar/names.ts"
export type { BackupFile, Checked } from "./sidecar/protocol.ts"

export interface CreateOptions {
  /** The database. It may be in use. */
  readonly filename: string
  /** Made when it is missing, for its owner only. @defaultValue `backups` beside the database */
  readonly directory?: string | undefined
  /** Backups of this database that stay; the oldest go, once a new one is whole. @defaultValue 14 */
  readonly keep?: number | undefined
}

export interface Options extends CreateOptions {
  /**
   * From one backup to the next, also across restarts. `false`: only on demand.
   * @defaultValue 6 hours
   */
  readonly every?: Duration.Input | false | undefined
}

export const defaults = { keep: 14, every: "6 hours" } as const

const unusable = (operation: string, detail: string) => new StoreError({ operation, reason: new Unusable({ detail }) })

/** The database behind a name; one in memory has nothing to copy. */
const databaseOf = (operation: string, filename: string): Effect.Effect<string, StoreError> =>
  Effect.suspend(() => {
    const path = fileOf(filename)
    return path === undefined
      ? Effect.fail(unusable(operation, `${filename} is in memory: only a database in a file can be backed up`))
      : Effect.succeed(resolve(path))
  })

const directoryOf = (path: string, directory: string | undefined): string => directory ?? join(dirname(path), "backups")

/**
 * Makes a backup now, and deletes those beyond `keep`. Commits do not wait for it. Fails with `Full` when there is no room
 * and with `Corrupt` when the database is damaged; then nothing older was deleted.
 */
export const create = Effect.fn("Backup.create")(function* (options: CreateOptions) {
  const filename = yield* databaseOf("backup", options.filename)
  const keep = options.keep ?? defaults.keep
  if (!Number.isSafeInteger(keep) || keep < 1) return yield* unusable("backup", "keep is no number above 0")
  const directory = directoryOf(filename, options.directory)
  const at = yield* Clock.currentTimeMillis
  return yield* run("copy", { filename, directory, at, keep }, { operation: "backup", file: filename })
})

/** The backups of this database, newest first, by their names alone. */
export const list = Effect.fn("Backup.list")(function* (options: Omit<CreateOptions, "keep">) {
  const filename = yield* databaseOf("list backups", options.filename)
  const directory = directoryOf(filename, options.directory)
  return yield* Effect.try({
    try: () => listIn(directory, filename),
    catch: (cause) => {
      const message = cause instanceof Error ? cause.message : String(cause)
      return storeError(directory, "list backups", { errcode: 14, message, superseded: false })
    }
  })
})

const mend = "Use another backup: nothing was changed"

/**
 * Reads a backup through and says what is in it. Fails with `Corrupt` when it is damaged, or is not the file that was
 * written under its name; with `Unusable` when it is no database of everbot, or of a newer one.
 */
export const check = Effect.fn("Backup.check")((path: string) =>
  run("check", { path: resolve(path) }, { operation: "check backup", file: path, mend })
)

export interface RestoreOptions {
  readonly backup: string
  /** Where the database is to be. */
  readonly filename: string
  /** Needed where there is a database already. It is not deleted, but kept under another name. @defaultValue false */
  readonly overwrite?: boolean | undefined
}

export interface Restored extends Checked {
  readonly filename: string
  /** The database that was there before. */
  readonly kept: string | undefined
}

/**
 * Puts a backup in the place of the database. Fails, and changes nothing, when the backup is not whole, when a bot runs
 * on that file, and when there is one and `overwrite` was not said.
 */
export const restore = Effect.fn("Backup.restore")(function* (options: RestoreOptions) {
  const target = yield* databaseOf("restore", options.filename)
  const path = resolve(options.backup)
  if (path === target) return yield* unusable("restore", `${path} is the database itself`)
  if (!existsSync(dirname(target))) return yield* unusable("restore", `there is no directory ${dirname(target)}`)
  const found = yield* check(path)
  yield* hold(target, 0)
  if (existsSync(target) && options.overwrite !== true) {
    const detail = `${target} is there already. Say that it may be replaced (--overwrite): it is kept under another name`
    return yield* unusable("restore", detail)
  }
  const suffix = `-replaced-${stamp(yield* Clock.currentTimeMillis)}`
  const { kept } = yield* run("place", { path, suffix, target }, { operation: "restore", file: path, mend })
  return { ...found, filename: target, kept } satisfies Restored
}, Effect.scoped)

/** What the schedule last came to. */
export type Last =
  | { readonly _tag: "Made"; readonly at: number; readonly file: BackupFile }
  | { readonly _tag: "Failed"; readonly at: number; readonly error: StoreError }

export class Backup extends Context.Service<
  Backup,
  {
    /** Makes one now; a second call waits for the first and makes its own. */
    readonly create: Effect.Effect<BackupFile, StoreError>
    readonly list: Effect.Effect<ReadonlyArray<Named>, StoreError>
    readonly last: () => Last | undefined
  }
>()("everbot/stores/Backup") {}

const first = Duration.minutes(1)
const pause = Duration.minutes(10)

const inWords = ({ bytes, events, messages, path }: BackupFile): string =>
  `backup made and checked: ${path} (${Math.ceil(bytes / 1024)} KiB, ${events} events, ${messages} messages)`

/** Lets the health checks know of a schedule until the scope closes. */
const watched = Effect.fnUntraced(function* (filename: string, every: Duration.Duration) {
  const { scheduled } = yield* Backups
  const facts: Scheduled = {
    filename,
    every: Duration.toMillis(every),
    since: yield* Clock.currentTimeMillis,
    newestAt: undefined,
    failure: undefined
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => scheduled.add(facts)),
    () => Effect.sync(() => scheduled.delete(facts))
  )
  return facts
})

const make = Effect.fnUntraced(function* (options: Options) {
  const { every = defaults.every, filename } = options
  const interval = every === false ? undefined : Duration.fromInputUnsafe(every)
  const facts = interval === undefined ? undefined : yield* watched(filename, interval)
  const one = yield* Semaphore.make(1)
  let last: Last | undefined
  const note = (result: Last) => {
    last = result
    if (facts === undefined) return
    facts.failure = result._tag === "Failed" ? result.error.message : undefined
    if (result._tag === "Made") facts.newestAt = result.at
  }
  const createOne = one.withPermit(
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      return yield* create(options).pipe(
        Effect.tap((file) => Effect.sync(() => note({ _tag: "Made", at, file }))),
        Effect.tapError((error) => Effect.sync(() => note({ _tag: "Failed", at, error })))
      )
    })
  )
  const service = Backup.of({ create: createOne, list: list(options), last: () => last })
  if (interval === undefined || facts === undefined) return service
  const wait = Effect.gen(function* () {
    const [newest] = yield* service.list
    facts.newestAt = newest?.at
    const due = newest === undefined ? 0 : newest.at + Duration.toMillis(interval)
    return Duration.max(first, Duration.millis(due - (yield* Clock.currentTimeMillis)))
  })
  const untilDue = Effect.flatMap(
    Effect.catch(wait, () => Effect.succeed(first)),
    Effect.sleep
  )
  const attempt = createOne.pipe(
    Effect.tap((file) => Effect.logInfo(inWords(file))),
    // Whatever it was: the schedule goes on, and the last one is still there.
    Effect.catchCause((cause) =>
      Effect.andThen(
        Effect.logError("no backup was made; trying again", cause),
        Effect.sleep(Duration.min(pause, interval))
      )
    )
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(untilDue, attempt)))
  return service
})

/** Makes backups until the scope closes, and on demand. Failures are logged, and are in `last`. */
export const layer = (options: Options): Layer.Layer<Backup> =>
  Layer.effect(Backup, make(options)).pipe(Layer.provide(Backups.layer))

/** Where the environment says {@link Options}; the database is that of {@link Sqlite.layerConfig}. */
export const settings = {
  directory: Setting.text({ name: "EVERBOT_BACKUP_DIR", about: "Where backups are kept; else beside the database." }),
  every: Setting.orOff(
    Setting.duration({
      name: "EVERBOT_BACKUP_EVERY",
      about: "From one backup to the next; off makes none by itself.",
      fallback: defaults.every
    })
  ),
  keep: Setting.whole({ name: "EVERBOT_BACKUP_KEEP", about: "Backups that stay.", fallback: `${defaults.keep}` }, 1)
}

/** {@link Options} from `EVERBOT_DB`, and what the environment says ({@link settings}). */
export const config: Effect.Effect<Options, ConfigError> = Effect.gen(function* () {
  const filename = (yield* Setting.read(fileSetting)) ?? defaultFile
  return yield* Setting.over<Options>(settings, { filename })
})

/** {@link layer} with the settings of the environment. */
export const layerConfig: Layer.Layer<Backup, ConfigError> = Layer.unwrap(Effect.map(config, layer))
