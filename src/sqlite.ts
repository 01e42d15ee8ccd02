/** `everbot/sqlite`: the store in one SQLite file, and snapshots in another. */

export * as SnapshotSqlite from "./stores/SnapshotSqlite.ts"
export * as Sqlite from "./stores/Sqlite.ts"
