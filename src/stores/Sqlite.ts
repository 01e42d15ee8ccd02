/**
 * A {@link Store} in one SQLite file, for one machine. A worker thread owns the database, so a slow disk never stalls
 * a heartbeat. Needs nothing but Node: `node:sqlite`.
 */
import { Config, Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { StoreError } from "../domain/StoreError.ts"
import { Store } from "../ports/Store.ts"
import { open } from "./sqlite/Link.ts"
import { hold } from "./sqlite/Lock.ts"
import { onLink } from "./sqlite/onLink.ts"
import type { OpenOptions } from "./sqlite/protocol.ts"
import type { SqlOptions } from "./sqlite/SqlClient.ts"

export type { SqlOptions } from "./sqlite/SqlClient.ts"

export interface Options {
  /** Path of the database; its directory must exist. `-wal`, `-shm`, `-lock` and `-pid` files live beside it. */
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
}

const complete = (options: Options): OpenOptions => ({
  filename: options.filename,
  synchronous: options.synchronous ?? "FULL",
  busyTimeout: options.busyTimeout ?? 5000,
  cacheSize: options.cacheSize ?? 16_384,
  checkpointPages: options.checkpointPages ?? 2000,
  maxPages: options.maxPages
})

const make = Effect.fnUntraced(function* (options: Options) {
  // Held by this thread: the worker may die and come back under it.
  if (options.exclusive ?? true) yield* hold(options.filename, options.lockTimeout ?? 15_000)
  return onLink(yield* open(complete(options)))
})

/**
 * Opens, or creates, the database of these options. Fails with a `StoreError` when it cannot be used, or when another
 * bot uses it.
 */
export const layer = (options: Options): Layer.Layer<Store, StoreError> => Layer.effect(Store, make(options))

/** The same, in the file that the environment variable `EVERBOT_DB` names. Defaults to `everbot.db`. */
export const layerConfig: Layer.Layer<Store, StoreError | Config.ConfigError> = Layer.unwrap(
  Effect.map(Config.String("EVERBOT_DB").pipe(Config.withDefault("everbot.db")), (filename) => layer({ filename }))
)

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
