/**
 * One bot for one file: a second one would take the first one's session and half-sent messages for its own leftovers.
 *
 * The lock is an exclusive transaction, never ended, on an empty database beside the file. The kernel drops it with the
 * process, however that dies, and SQLite keeps it between connections of one process; the file itself says nothing and
 * stays. Who holds it stands in a file of its own, for the message only: reading the locked one through another
 * descriptor of this process would drop the lock (POSIX). The store's file is not locked: `sqlite3` may look into it.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { DatabaseSync } from "node:sqlite"
import { Clock, Effect, Schedule, type Scope } from "effect"
import { StoreError, Unusable } from "../../domain/StoreError.ts"
import { storeError } from "./errors.ts"
import { fileOf } from "./location.ts"

/** Milliseconds between two attempts. */
const pace = 100
/** SQLITE_BUSY. */
const busy = 5

interface Holder {
  readonly pid: number
  readonly host: string
  readonly since: string
}

/** Nothing where the file is missing or half written: the lock does not depend on it. */
const readHolder = (path: string): Partial<Holder> => {
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"))
    return typeof found === "object" && found !== null ? found : {}
  } catch {
    return {}
  }
}

const describe = ({ pid, host, since }: Partial<Holder>): string => {
  if (pid === undefined) return "another everbot process"
  if (pid === process.pid && host === hostname()) return `another store of this process (pid ${pid} since ${since})`
  return `another everbot process (pid ${pid} on ${host} since ${since})`
}

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined

/**
 * Takes the lock of this database until the scope closes. Waits up to `timeout` milliseconds for another holder to go,
 * as the old process of a deployment may still drain, and says once that it waits; then fails with `Unusable`.
 */
export const hold = Effect.fnUntraced(function* (
  filename: string,
  timeout: number
): Effect.fn.Return<void, StoreError, Scope.Scope> {
  const path = fileOf(filename)
  if (path === undefined) return
  const holder = `${path}-pid`
  const failed = (cause: unknown) => {
    const message = `the lock beside it: ${cause instanceof Error ? cause.message : String(cause)}`
    return storeError(filename, "open", { errcode: codeOf(cause), message, superseded: false })
  }
  const db = yield* Effect.acquireRelease(
    Effect.try({ try: () => new DatabaseSync(`${path}-lock`, { timeout: 0 }), catch: failed }),
    (db) => Effect.sync(() => db.close())
  )
  const take = Effect.try({
    try: () => db.exec("BEGIN EXCLUSIVE"),
    catch: (cause) => (((codeOf(cause) ?? 0) & 0xff) === busy ? ("held" as const) : failed(cause))
  })
  const wait = Effect.gen(function* () {
    const whose = describe(readHolder(holder))
    yield* Effect.logWarning(`${filename} is in use by ${whose}: waiting up to ${timeout / 1000} s for it to end`)
    yield* Effect.sleep(pace)
    const times = Math.ceil(timeout / pace) - 1
    yield* Effect.retry(take, { while: (error) => error === "held", schedule: Schedule.spaced(pace), times })
  })
  const refuse = Effect.suspend(() => {
    const whose = describe(readHolder(holder))
    const detail = `${filename} is in use by ${whose}: stop it, or use another file`
    return Effect.fail(new StoreError({ operation: "open", reason: new Unusable({ detail }) }))
  })
  yield* take.pipe(
    Effect.catch((error) => (error === "held" && timeout > 0 ? wait : Effect.fail(error))),
    Effect.catch((error) => (error === "held" ? refuse : Effect.fail(error)))
  )
  const now = yield* Clock.currentTimeMillis
  const self: Holder = { pid: process.pid, host: hostname(), since: new Date(now).toISOString() }
  yield* Effect.acquireRelease(
    // Ignored: on a full disk, say, the lock holds all the same.
    Effect.ignore(Effect.try(() => writeFileSync(holder, JSON.stringify(self)))),
    () => Effect.ignore(Effect.try(() => rmSync(holder, { force: true })))
  )
})
