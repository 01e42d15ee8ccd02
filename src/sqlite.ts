/** `everbot/sqlite`: the store in one SQLite file, and snapshots in another; backups, and a look into what is stored. */

export * as Backup from "./stores/Backup.ts"
export * as History from "./stores/History.ts"
export * as SnapshotSqlite from "./stores/SnapshotSqlite.ts"
export * as Sqlite from "./stores/Sqlite.ts"
