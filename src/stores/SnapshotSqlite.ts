/**
 * A {@link SnapshotStore} in a table of a SQLite database, with its own connection: synced fully at every save.
 *
 * Each generation is a row that carries its own checksum, as the files of `SnapshotFile` do. A database that SQLite
 * itself cannot read is `Corrupt`: its rows share one file, so there is nothing to fall back to but a backup.
 */
import { DatabaseSync } from "node:sqlite"
import { Clock, Effect, Layer, Result } from "effect"
import { Busy, Corrupt, Full, Inaccessible, StoreError } from "../domain/StoreError.ts"
import { type Damaged, type Listed, type Loaded, type Snapshot, SnapshotStore } from "../ports/SnapshotStore.ts"
import { byName, checkName, defaultGenerations, seal, unseal } from "./SnapshotSeal.ts"

export interface Options {
  readonly filename: string
  /** How many generations of each name are kept. @defaultValue 5 */
  readonly generations?: number | undefined
}

// `newest` outlives its row, so that a row that vanished is missed.
const schema = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS everbot_snapshots (
    name TEXT NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (name, generation)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS everbot_snapshot_newest (name TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
`

// Primary result codes: https://www.sqlite.org/rescode.html
const reasons: Readonly<Record<number, typeof Busy | typeof Full | typeof Corrupt>> = {
  5: Busy,
  6: Busy,
  11: Corrupt,
  13: Full,
  26: Corrupt
}

const toError = (operation: string) => (cause: unknown) => {
  const { errcode, message } = cause as Error & { readonly errcode?: number }
  const Reason = reasons[(errcode ?? 0) & 0xff] ?? Inaccessible
  return new StoreError({ operation, reason: new Reason({ detail: message }) })
}

const attempt = <A>(operation: string, run: () => A) => Effect.try({ try: run, catch: toError(operation) })

const make = Effect.fnUntraced(function* (options: Options) {
  const keep = Math.max(1, options.generations ?? defaultGenerations)
  const db = yield* Effect.acquireRelease(
    attempt("open the snapshots", () => new DatabaseSync(options.filename, { timeout: 5000 })),
    (db) => Effect.sync(() => db.close())
  )
  yield* attempt("open the snapshots", () => db.exec(schema))
  const sql = yield* attempt("open the snapshots", () => ({
    newest: db.prepare(`SELECT max(generation) AS generation FROM (
      SELECT generation FROM everbot_snapshots WHERE name = ?1
      UNION ALL SELECT generation FROM everbot_snapshot_newest WHERE name = ?1)`),
    rows: db.prepare("SELECT generation, sealed FROM everbot_snapshots WHERE name = ? ORDER BY generation DESC"),
    insert: db.prepare("INSERT INTO everbot_snapshots (name, generation, sealed) VALUES (?, ?, ?)"),
    remember: db.prepare("INSERT OR REPLACE INTO everbot_snapshot_newest (name, generation) VALUES (?, ?)"),
    all: db.prepare("SELECT name, generation FROM everbot_snapshots ORDER BY name, generation DESC"),
    prune: db.prepare(`DELETE FROM everbot_snapshots WHERE name = ?1 AND generation NOT IN (
      SELECT generation FROM everbot_snapshots WHERE name = ?1 ORDER BY generation DESC LIMIT ?2)`)
  }))
  const newestOf = (name: string) => Number(sql.newest.get(name)?.["generation"] ?? 0)

  const write = (name: string, savedAt: number, body: string): Snapshot => {
    db.exec("BEGIN IMMEDIATE")
    try {
      const snapshot = { generation: newestOf(name) + 1, savedAt, body }
      sql.insert.run(name, snapshot.generation, seal(name, snapshot))
      sql.remember.run(name, snapshot.generation)
      sql.prune.run(name, keep)
      db.exec("COMMIT")
      return snapshot
    } finally {
      if (db.isTransaction) db.exec("ROLLBACK")
    }
  }

  const find = (name: string): Loaded => {
    const damaged: Array<Damaged> = []
    const where = (generation: number) => `${options.filename}, generation ${generation} of ${name}`
    let expected = newestOf(name)
    for (const row of sql.rows.iterate(name)) {
      const generation = Number(row["generation"])
      const sealed = row["sealed"]
      if (damaged.length === 0 && generation < expected) {
        damaged.push({ where: where(expected), why: "it is missing" })
      }
      const snapshot = unseal(name, generation, sealed instanceof Uint8Array ? sealed : new Uint8Array())
      if (Result.isSuccess(snapshot)) return { snapshot: snapshot.success, damaged }
      damaged.push({ where: where(generation), why: snapshot.failure })
      expected = 0
    }
    if (expected > 0) damaged.push({ where: where(expected), why: "it is missing" })
    return { snapshot: undefined, damaged }
  }

  const list = (): ReadonlyArray<Listed> =>
    byName(sql.all.all().map((row) => ({ name: String(row["name"]), generation: Number(row["generation"]) })))

  return SnapshotStore.of({
    save: Effect.fnUntraced(function* (name, body) {
      const bad = checkName("save a snapshot", name)
      if (bad !== undefined) return yield* bad
      const savedAt = yield* Clock.currentTimeMillis
      return yield* attempt("save a snapshot", () => write(name, savedAt, body))
    }),
    load: Effect.fnUntraced(function* (name) {
      const bad = checkName("load a snapshot", name)
      return bad === undefined ? yield* attempt("load a snapshot", () => find(name)) : yield* bad
    }),
    list: attempt("list the snapshots", list)
  })
})

/** Snapshots as rows of a database. `filename` may be the database of the Sqlite store. */
export const layer = (options: Options): Layer.Layer<SnapshotStore, StoreError> =>
  Layer.effect(SnapshotStore, make(options))
