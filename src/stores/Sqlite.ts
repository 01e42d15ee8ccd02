/**
 * A {@link Store} in one SQLite file, for one machine. A worker thread owns the database, so a slow disk never stalls
 * a heartbeat. Needs nothing but Node: `node:sqlite`.
 */
import { existsSync } from "node:fs"
import { dirname } from "node:path"
import { Effect, Layer, Schedule } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"
import { StoreError, Unusable } from "../domain/StoreError.ts"
import * as Setting from "../ports/Setting.ts"
import { Store } from "../ports/Store.ts"
import { defaultFile, fileSetting } from "./sqlite/Filename.ts"
import { open } from "./sqlite/Link.ts"
import { hold } from "./sqlite/Lock.ts"
import { openLog } from "./sqlite/LogSync.ts"
import { fileOf } from "./sqlite/location.ts"
import { onLink } from "./sqlite/onLink.ts"
import type { OpenOptions } from "./sqlite/protocol.ts"
import type { SqlOptions } from "./sqlite/SqlClient.ts"

export type { SqlOptions } from "./sqlite/SqlClient.ts"

export interface Options {
  /** Path of the database; its directory must exist. `-wal`, `-shm`, `-lock` and `-pid` files live beside it, and `-damaged` once damage was met. */
  readonly filename: string
  /**
   * `FULL`: a commit survives power loss: it succeeds after an `fdatasync` of the write-ahead log. `NORMAL`: it survives
   * the process; power loss may take the last ones, and leaves the others whole.
   * @defaultValue "FULL"
   */
  readonly synchronous?: "FULL" | "NORMAL" | undefined
  /**
   * Milliseconds to wait for another process that holds the database, before a commit fails with `Busy`.
   * @defaultValue 5000
   */
  readonly busyTimeout?: number | undefined
  /**
   * Kibibytes of pages kept in memory.
   * @defaultValue 16384
   */
  readonly cacheSize?: number | undefined
  /**
   * Pages of 16 KiB that the write-ahead log may hold before they are moved into the database.
   * @defaultValue 2000
   */
  readonly checkpointPages?: number | undefined
  /**
   * Pages of 16 KiB that the database may have; beyond it commits fail with `Full`.
   * @defaultValue no limit
   */
  readonly maxPages?: number | undefined
  /**
   * Only one store at a time may have the file: two bots would take each other's sessions and half-sent messages for
   * their own leftovers. The lock ends with the process, also with a killed one, and does not keep `sqlite3` or
   * {@link layerSqlClient} out. `false`: neither takes the lock nor heeds it, for tools.
   * @defaultValue true
   */
  readonly exclusive?: boolean | undefined
  /**
   * Milliseconds to wait at opening for another store to let go of the file: in a deployment the old process may still
   * be answering. Then opening fails with `Unusable`, which names the process.
   * @defaultValue 15000
   */
  readonly lockTimeout?: number | undefined
  /**
   * Milliseconds to go on trying to open a file that cannot be opened now: locked, read-only, on a full disk, out of file
   * descriptors. A process that waits here comes back by itself, and does not use up what its supervisor allows in
   * restarts. A missing directory or a damaged file fails at once.
   * @defaultValue 15000
   */
  readonly openTimeout?: number | undefined
}

const complete = (options: Options): OpenOptions => ({
  filename: options.filename,
  synchronous: options.synchronous ?? "FULL",
  busyTimeout: options.busyTimeout ?? 5000,
  cacheSize: options.cacheSize ?? 16_384,
  checkpointPages: options.checkpointPages ?? 2000,
  maxPages: options.maxPages
})

/** Milliseconds between two attempts to open the file. */
const pace = 500

/** Also false where nobody can look. */
const isDirectory = (path: string): boolean => existsSync(`${path}/`)

/** Tries again while there is hope that somebody else mends it, and says once what it waits for. */
const patient =
  (filename: string, timeout: number) =>
  <A, R>(attempt: Effect.Effect<A, StoreError, R>): Effect.Effect<A, StoreError, R> => {
    const path = fileOf(filename)
    const isHopeless = path === undefined || !existsSync(dirname(path)) || isDirectory(path)
    const again = (error: StoreError) =>
      Effect.logWarning(`${error.message}; trying again for up to ${timeout / 1000} s`).pipe(
        Effect.andThen(Effect.sleep(pace)),
        Effect.andThen(
          Effect.retry(attempt, {
            while: ({ isRetryable }) => isRetryable,
            schedule: Schedule.spaced(pace),
            times: Math.ceil(timeout / pace) - 1
          })
        )
      )
    return Effect.catch(attempt, (error) =>
      error.isRetryable && !isHopeless && timeout > 0 ? again(error) : Effect.fail(error)
    )
  }

const make = Effect.fnUntraced(function* (options: Options) {
  const { exclusive = true, filename, lockTimeout = 15_000, openTimeout = 15_000 } = options
  if (filename === "") {
    const detail = "its filename is empty, which is a database that is gone when the process ends: name a file"
    return yield* new StoreError({ operation: "open", reason: new Unusable({ detail }) })
  }
  const patience = patient(filename, openTimeout)
  // Held by this thread: the worker may die and come back under it.
  if (exclusive) yield* patience(hold(filename, lockTimeout))
  const store = onLink(yield* open(complete(options), openLog, patience))
  return Store.of({ ...store, file: fileOf(filename) })
})

/**
 * Opens, or creates, the database of these options. Fails with a `StoreError` when it cannot be used, or when another
 * bot uses it.
 */
export const layer = (options: Options): Layer.Layer<Store, StoreError> => Layer.effect(Store, make(options))

/** Where the environment says {@link Options}. */
export const settings = {
  filename: fileSetting,
  synchronous: Setting.oneOf(
    {
      name: "EVERBOT_DB_SYNCHRONOUS",
      about: "FULL: a commit survives power loss; NORMAL: it survives the process.",
      fallback: "FULL"
    },
    ["FULL", "NORMAL"]
  )
}

/** A blank one counts as not set: for SQLite it is a database that is gone when the process ends. */
const fromEnv = Effect.gen(function* () {
  const options = yield* Setting.over<Options>(settings, { filename: defaultFile })
  const path = fileOf(options.filename)
  const refuse = (problem: string, mend: string) =>
    Effect.fail(new ConfigError({ setting: fileSetting.name, reason: new Malformed({ problem }), mend }))
  if (path !== undefined && !existsSync(dirname(path))) {
    return yield* refuse(
      "names a file in a directory that does not exist",
      "Create the directory, or name another file."
    )
  }
  if (path !== undefined && isDirectory(path)) {
    return yield* refuse("names a directory", "Name a file in it, e.g. everbot.db.")
  }
  return options
})

/** The same with what the environment says ({@link settings}); without `EVERBOT_DB` the file is `everbot.db`. */
export const layerConfig: Layer.Layer<Store, StoreError | ConfigError> = Layer.unwrap(Effect.map(fromEnv, layer))

/**
 * An Effect `SqlClient` on a file, for ad-hoc queries and tables of your own; the store's file is fine, SQLite lets both
 * in. Runs in the calling thread: a long query blocks the event loop.
 */
export const layerSqlClient = (options: SqlOptions): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  // Loaded on demand: most bots never ask, and it brings all of effect/sql.
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./sqlite/SqlClient.ts")),
      (client) => client.layerSqlClient(options)
    )
  )
