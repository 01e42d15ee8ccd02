import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { afterAll } from "vitest"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { suite } from "./StoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-store-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

/** Holds the write lock, as another process would. */
const locked = <A, E, R>(filename: string, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const db = new DatabaseSync(filename)
      db.exec("BEGIN IMMEDIATE")
      return db
    }),
    () => effect,
    (db) => Effect.sync(() => db.close())
  )

suite("Sqlite", () => {
  const filename = newFile()
  return {
    layer: Sqlite.layer({ filename, busyTimeout: 20 }),
    whileBroken: (effect) => locked(filename, effect)
  }
})
