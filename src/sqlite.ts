/** `everbot/sqlite`: the store in one SQLite file. */
export * as Sqlite from "./stores/Sqlite.ts"
