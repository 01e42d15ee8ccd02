/**
 * A {@link Store} in one SQLite file, for one machine. A worker thread owns the database, so a slow disk never stalls
 * a heartbeat. Needs nothing but Node: `node:sqlite`.
 */
import { Config, Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { StoreError } from "../domain/StoreError.ts"
import { Store } from "../ports/Store.ts"
import { open } from "./sqlite/Link.ts"
import { onLink } from "./sqlite/onLink.ts"
import type { OpenOptions } from "./sqlite/protocol.ts"
import type { SqlOptions } from "./sqlite/SqlClient.ts"

export type { SqlOptions } from "./sqlite/SqlClient.ts"

export interface Options {
  /** Path of the database; its directory must exist. `-wal` and `-shm` files live beside it. */
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
}

const complete = (options: Options): OpenOptions => ({
  filename: options.filename,
  synchronous: options.synchronous ?? "FULL",
  busyTimeout: options.busyTimeout ?? 5000,
  cacheSize: options.cacheSize ?? 16_384,
  checkpointPages: options.checkpointPages ?? 2000,
  maxPages: options.maxPages
})

/** Opens, or creates, the database of these options. Fails with a `StoreError` when it cannot be used. */
export const layer = (options: Options): Layer.Layer<Store, StoreError> =>
  Layer.effect(Store, Effect.map(open(complete(options)), onLink))

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
