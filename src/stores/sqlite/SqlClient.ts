/**
 * An Effect `SqlClient` over `node:sqlite`, for ad-hoc queries beside the store: reports, repairs, your own tables.
 *
 * One connection in the calling thread: a long query blocks the event loop, and a transaction holds up all others.
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { Array as Arr, Context, Effect, Layer, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"

export interface SqlOptions {
  readonly filename: string
  /** @defaultValue false */
  readonly readOnly?: boolean | undefined
  /** @defaultValue "FULL" */
  readonly synchronous?: "FULL" | "NORMAL" | undefined
  /**
   * Milliseconds to wait for another connection.
   * @defaultValue 5000
   */
  readonly busyTimeout?: number | undefined
}

const maxStatements = 500

const input = (value: unknown): SQLInputValue => {
  if (value === undefined || value === null) return null
  if (typeof value === "boolean") return value ? 1 : 0
  if (value instanceof Date) return value.toISOString()
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw new TypeError(`a value of type ${typeof value} cannot be stored in SQLite: convert it to text, number or bytes`)
}

const sqlError = (operation: string, cause: unknown): SqlError.SqlError => {
  const errno = typeof cause === "object" && cause !== null && "errcode" in cause ? cause.errcode : undefined
  const facts = cause instanceof Error ? Object.assign(cause, { errno }) : cause
  return new SqlError.SqlError({
    reason: SqlError.classifySqliteError(facts, { message: `sqlite ${operation}`, operation })
  })
}

const attempt = <A>(operation: string, run: () => A): Effect.Effect<A, SqlError.SqlError> =>
  Effect.try({ try: run, catch: (cause) => sqlError(operation, cause) })

class Statements {
  private readonly db: DatabaseSync
  private readonly prepared = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.db = db
  }

  get(sql: string): StatementSync {
    const known = this.prepared.get(sql)
    if (known !== undefined) return known
    if (this.prepared.size >= maxStatements) this.prepared.clear()
    const statement = this.db.prepare(sql)
    this.prepared.set(sql, statement)
    return statement
  }
}

const rows = (statement: StatementSync, params: ReadonlyArray<unknown>): ReadonlyArray<object> => {
  if (statement.columns().length > 0) return statement.all(...params.map(input))
  statement.run(...params.map(input))
  return []
}

const values = (statement: StatementSync, params: ReadonlyArray<unknown>): ReadonlyArray<ReadonlyArray<unknown>> => {
  // As arrays, because columns of a join may share a name.
  statement.setReturnArrays(true)
  try {
    return rows(statement, params).map((row) => Object.values(row))
  } finally {
    statement.setReturnArrays(false)
  }
}

type Transform = (rows: ReadonlyArray<object>) => ReadonlyArray<object>

/** A stream's chunks are never empty, and a transform keeps the number of rows. */
const transformChunk = (transform: Transform) => (chunk: Arr.NonEmptyReadonlyArray<object>) => {
  const transformed = transform(chunk)
  return Arr.isReadonlyArrayNonEmpty(transformed) ? transformed : chunk
}

const connect = (db: DatabaseSync): SqlConnection.Connection => {
  const statements = new Statements(db)
  return {
    execute: (sql, params, transform) =>
      attempt("execute", () => {
        const found = rows(statements.get(sql), params)
        return transform ? transform(found) : found
      }),
    executeRaw: (sql, params) =>
      attempt("execute", () => {
        const statement = statements.get(sql)
        const bound = params.map(input)
        return statement.columns().length > 0 ? statement.all(...bound) : statement.run(...bound)
      }),
    executeValues: (sql, params) => attempt("execute", () => values(statements.get(sql), params)),
    executeValuesUnprepared: (sql, params) => attempt("execute", () => values(db.prepare(sql), params)),
    executeUnprepared: (sql, params, transform) =>
      attempt("execute", () => {
        const found = rows(db.prepare(sql), params)
        return transform ? transform(found) : found
      }),
    executeStream: (sql, params, transform) =>
      Stream.suspend(() => {
        const found = Stream.fromIterable(db.prepare(sql).iterate(...params.map(input)))
        return transform ? Stream.mapArray(found, transformChunk(transform)) : found
      })
  }
}

const make = Effect.fnUntraced(function* (options: SqlOptions) {
  const db = yield* Effect.acquireRelease(
    attempt("open", () => {
      const { filename, readOnly = false, busyTimeout = 5000 } = options
      return new DatabaseSync(filename, { timeout: busyTimeout, readOnly })
    }),
    (db) => Effect.sync(() => db.close())
  )
  yield* attempt("configure", () => {
    if (options.readOnly !== true) db.exec("PRAGMA journal_mode = WAL")
    db.exec(`PRAGMA synchronous = ${options.synchronous ?? "FULL"}; PRAGMA foreign_keys = ON`)
  })
  const acquirers = SqlClient.makeSqliteAcquirers({
    connection: Effect.succeed(connect(db)),
    semaphore: Semaphore.makeUnsafe(1),
    isTransaction: () => db.isTransaction
  })
  const client = yield* SqlClient.make({
    ...acquirers,
    compiler: Statement.makeCompilerSqlite(),
    driver: "node:sqlite",
    spanAttributes: [["db.system.name", "sqlite"]],
    beginTransaction: "BEGIN IMMEDIATE"
  })
  return Context.make(SqlClient.SqlClient, client)
})

/** A `SqlClient` on this file; it may be the store's own, as SQLite lets both in. */
export const layerSqlClient = (options: SqlOptions): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.effectContext(make(options)).pipe(Layer.provide(Reactivity.layer))
