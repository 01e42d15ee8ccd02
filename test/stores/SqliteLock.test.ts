/** That one file has one store at a time, that a dead holder is none, and that nobody else is kept out. */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Logger, Result, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { afterAll } from "vitest"
import type { StoreError } from "../../src/domain/StoreError.ts"
import { emptyCommit, type Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { open } from "../../src/stores/sqlite/Link.ts"
import { hold } from "../../src/stores/sqlite/Lock.ts"
import { commit, event, pending } from "./StoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-lock-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

const using = <A, E>(options: Sqlite.Options, effect: Effect.Effect<A, E, Store>) =>
  Effect.provide(effect, Layer.fresh(Sqlite.layer(options)))
const opening = (options: Sqlite.Options) => using(options, Effect.void)
const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : undefined))

interface Holder {
  readonly pid: number | undefined
  /** Ends it and waits until it is gone. */
  readonly end: (how: "SIGKILL" | "in order") => Effect.Effect<void>
}

/** Another process with this file open. */
const holder = (filename: string) =>
  Effect.acquireRelease(
    Effect.callback<Holder>((resume) => {
      const program = fileURLToPath(new URL("./holder.ts", import.meta.url))
      const child = spawn(process.execPath, [program, filename], { stdio: ["pipe", "pipe", "pipe"] })
      let errors = ""
      child.stderr.on("data", (chunk) => {
        errors += String(chunk)
      })
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
      child.once("close", () => resume(Effect.die(new Error(`the holder did not open the file: ${errors}`))))
      const end: Holder["end"] = (how) =>
        Effect.promise(() => {
          if (how === "SIGKILL") child.kill("SIGKILL")
          else child.stdin.end()
          return ended
        })
      child.stdout.once("data", () => resume(Effect.succeed({ pid: child.pid, end })))
    }),
    ({ end }) => end("SIGKILL")
  )

/** Collects log lines; `first` is done with the first one. */
const logged = Effect.gen(function* () {
  const first = yield* Deferred.make<void>()
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => {
    lines.push(String(message))
    Deferred.doneUnsafe(first, Exit.void)
  })
  return { lines, first: Deferred.await(first), layer: Logger.layer([logger]) }
})

describe("Sqlite, when the file is in use", () => {
  it.live("by another process, opening fails, names that process and says what to do", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const { pid } = yield* holder(filename)
      const reason = yield* reasonOf(opening({ filename, lockTimeout: 0 }))
      expect(reason?._tag).toBe("Unusable")
      expect(reason?.message).toContain(`${filename} is in use by another everbot process (pid ${pid} on `)
      expect(reason?.message).toContain("stop it, or use another file")
    })
  )

  it.live("a holder that is killed leaves it free at once", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const other = yield* holder(filename)
      expect((yield* reasonOf(opening({ filename, lockTimeout: 0 })))?._tag).toBe("Unusable")
      yield* other.end("SIGKILL")
      expect((yield* using({ filename, lockTimeout: 0 }, commit({ events: [event("a")] }))).eventIds).toEqual([1])
    })
  )

  it.live("opening waits for the other process to end, says so once, and succeeds", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const other = yield* holder(filename)
      const log = yield* logged
      const waiting = yield* Effect.forkChild(Effect.provide(using({ filename }, pending), log.layer))
      yield* log.first
      yield* other.end("in order")
      expect(yield* Fiber.join(waiting)).toEqual([])
      expect(log.lines).toEqual([expect.stringContaining(`(pid ${other.pid} on `)])
    })
  )

  it.effect("by another store of this process, opening fails after 15 seconds and not before", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const log = yield* logged
      yield* Effect.gen(function* () {
        const second = yield* Effect.forkChild(reasonOf(Effect.provide(opening({ filename }), log.layer)), {
          startImmediately: true
        })
        yield* log.first
        yield* TestClock.adjust("14900 millis")
        expect(second.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust("100 millis")
        const reason = yield* Fiber.join(second)
        expect(reason?._tag).toBe("Unusable")
        expect(reason?.message).toContain(`another store of this process (pid ${process.pid}`)
        expect(log.lines.length).toBe(1)
        // The refused one has taken nothing from the first.
        expect((yield* reasonOf(opening({ filename, lockTimeout: 0 })))?._tag).toBe("Unusable")
        expect((yield* commit({ events: [event("a")] })).eventIds).toEqual([1])
      }).pipe((first) => using({ filename }, first))
      expect(yield* using({ filename, lockTimeout: 0 }, pending)).toEqual([1])
    })
  )

  it.effect("a store that is closed lets the waiting one in", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const log = yield* logged
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(Layer.fresh(Sqlite.layer({ filename })), scope)
      expect(JSON.parse(readFileSync(`${filename}-pid`, "utf8"))).toMatchObject({ pid: process.pid })
      const second = yield* Effect.forkChild(Effect.provide(using({ filename }, pending), log.layer), {
        startImmediately: true
      })
      yield* log.first
      yield* TestClock.adjust("10 seconds")
      yield* Scope.close(scope, Exit.void)
      expect(existsSync(`${filename}-pid`)).toBe(false)
      yield* TestClock.adjust("100 millis")
      expect(yield* Fiber.join(second)).toEqual([])
    })
  )

  it.effect("the lock outlives the worker thread, and does not keep its successor out", () =>
    Effect.gen(function* () {
      const filename = newFile()
      yield* hold(filename, 0)
      const settings = { synchronous: "NORMAL", busyTimeout: 100, cacheSize: 1000, checkpointPages: 1000 } as const
      const link = yield* open({ filename, maxPages: undefined, ...settings })
      const write = (key: string) => link.commit({ ...emptyCommit, events: [event(key)] })
      yield* write("a")
      yield* link.terminate
      expect((yield* reasonOf(opening({ filename, lockTimeout: 0 })))?._tag).toBe("Unusable")
      expect(Array.from((yield* write("b")).eventIds)).toEqual([2])
    })
  )

  it.effect("by a symbolic link, it is the same file", () =>
    Effect.gen(function* () {
      const filename = newFile()
      yield* opening({ filename })
      const link = newFile()
      symlinkSync(filename, link)
      const second = reasonOf(opening({ filename: link, lockTimeout: 0 }))
      expect((yield* using({ filename }, second))?._tag).toBe("Unusable")
    })
  )

  it.effect("a SQL client and a store that is not exclusive get in", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const insiders = Effect.gen(function* () {
        yield* commit({ events: [event("a")] })
        const sql = yield* SqlClient.SqlClient
        expect(yield* sql`SELECT count FROM blocks`).toEqual([{ count: 1 }])
        yield* sql`CREATE TABLE notes (text TEXT)`
        expect(yield* using({ filename, exclusive: false }, pending)).toEqual([1])
      }).pipe(Effect.provide(Sqlite.layerSqlClient({ filename })))
      yield* Effect.provide(insiders, Layer.fresh(Sqlite.layer({ filename })))
    })
  )

  it.effect("databases in memory have no lock: each opener has its own", () =>
    Effect.gen(function* () {
      for (const filename of [":memory:", "file::memory:", "file:x?mode=memory"]) {
        const options = { filename, lockTimeout: 0 }
        expect(yield* using(options, using(options, pending))).toEqual([])
        expect(existsSync(`${filename}-lock`)).toBe(false)
      }
    })
  )
})
