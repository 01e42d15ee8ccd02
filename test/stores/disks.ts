/** Disks for the contract of the Store port: one for each implementation. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Fiber, Layer } from "effect"
import { afterAll } from "vitest"
import { Busy } from "../../src/domain/StoreError.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { type Link, open } from "../../src/stores/sqlite/Link.ts"
import { onLink } from "../../src/stores/sqlite/onLink.ts"
import type { Disk } from "./StoreSuite.ts"

export const memoryDisk = (): Disk => {
  const { layer, failNext, loseAnswers } = Memory.make()
  return {
    layer,
    whileBroken: (effect) => Effect.andThen(failNext(1, new Busy({ detail: "told to" })), effect),
    losingAnswers: (commits, effect) => Effect.andThen(loseAnswers(commits, new Busy({ detail: "told to" })), effect)
  }
}

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

/** How many commits with tokens the file holds. */
const applied = (filename: string): number => {
  const db = new DatabaseSync(filename)
  const rows = db.prepare("SELECT count(*) AS n FROM answers").get()
  db.close()
  return Number(rows?.["n"])
}

export const sqliteDisk = (): Disk => {
  const filename = newFile()
  const options = { filename, busyTimeout: 20, synchronous: "FULL", cacheSize: 4096, checkpointPages: 2000 } as const
  let current: Link | undefined
  const opened = Effect.tap(open({ ...options, maxPages: undefined }), (link) =>
    Effect.sync(() => {
      current = link
    })
  )
  return {
    layer: Layer.effect(Store, Effect.map(opened, onLink)),
    whileBroken: (effect) => locked(filename, effect),
    // The thread commits while this one does not read its answers, and then it ends.
    losingAnswers: (commits, effect) =>
      Effect.gen(function* () {
        const before = applied(filename)
        const under = yield* Effect.forkChild(effect, { startImmediately: true })
        const deadline = performance.now() + 4000
        while (applied(filename) < before + commits && performance.now() < deadline);
        if (current !== undefined) yield* current.terminate
        return yield* Fiber.join(under)
      })
  }
}
