/** That a damaged file is refused with the way out and left as it was, and that what passes by itself is waited for. */
import { execFileSync, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Result } from "effect"
import { afterAll } from "vitest"
import type { StoreError } from "../../src/domain/StoreError.ts"
import type { Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { commit, event, pending } from "./StoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-damage-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

const using = <A, E>(filename: string, effect: Effect.Effect<A, E, Store>, options: Partial<Sqlite.Options> = {}) =>
  Effect.provide(effect, Layer.fresh(Sqlite.layer({ filename, ...options })))
const errorOf = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure : undefined))

const page = 16_384
/** Bytes that no block makes smaller. */
const large = (key: string) => event(key, { raw: new Uint8Array(randomBytes(10_000)) })
/** A hundred events, by a small commit and a large one: what is cut off of the log is not all of it. */
const fill = Effect.andThen(
  commit({ events: [event("k0")] }),
  commit({ events: Array.from({ length: 99 }, (_, i) => large(`k${i + 1}`)) })
)

/** A database that its process did not close, as a crash leaves it. */
const unclosed = Effect.fnUntraced(function* (isAnew = true) {
  const own = newFile()
  const copy = newFile()
  yield* using(
    own,
    Effect.andThen(
      // The second begins the log anew: what the first wrote is in the database by then, and only there.
      Effect.andThen(fill, isAnew ? commit({ events: [event("last")] }) : Effect.void),
      Effect.sync(() => {
        for (const part of ["", "-wal", "-shm"]) copyFileSync(own + part, copy + part)
      })
    ),
    { checkpointPages: 10 }
  )
  return copy
})

const breakPage = (filename: string, number: number) => {
  const bytes = readFileSync(filename)
  bytes.fill(0xff, number * page, number * page + 200)
  writeFileSync(filename, bytes)
}

describe("Sqlite, when the file is damaged", () => {
  it.effect("after an unclean stop it is found at once, named with the way out, and nothing is changed", () =>
    Effect.gen(function* () {
      const filename = yield* unclosed()
      // The last page of a file is one that no opening reads by itself.
      breakPage(filename, readFileSync(filename).length / page - 2)
      const before = readFileSync(filename)
      const error = yield* errorOf(using(filename, pending))
      expect(error?.reason._tag).toBe("Corrupt")
      expect(error?.message).toContain(`open: the database is damaged: ${filename}: quick_check`)
      expect(error?.message).toContain(`move ${filename} and its -wal and -shm away together`)
      expect(readFileSync(filename).equals(before)).toBe(true)
      expect((yield* errorOf(using(filename, pending)))?.reason._tag).toBe("Corrupt")
    })
  )

  it.effect("a sound file of a process that crashed is opened, whatever its log holds", () =>
    Effect.gen(function* () {
      const filename = yield* unclosed()
      expect((yield* using(filename, pending)).length).toBe(101)
      expect(existsSync(`${filename}-damaged`)).toBe(false)
    })
  )

  it.effect(
    "what a running process met is noted, refused at the next start, and forgotten once the file is whole",
    () =>
      Effect.gen(function* () {
        const filename = newFile()
        yield* using(filename, fill)
        const sound = readFileSync(filename)
        // Closed in order: the check of an unclean stop does not look.
        breakPage(filename, sound.length / page - 2)
        const read = using(filename, Effect.andThen(commit({ settled: [1] }), commit({ events: [large("more")] })))
        yield* errorOf(Effect.andThen(read, using(filename, pending)))
        writeFileSync(`${filename}-damaged`, "as if it had been met")
        const refused = yield* errorOf(using(filename, pending))
        expect(refused?.message).toContain("integrity_check")
        for (const part of ["-wal", "-shm"]) rmSync(filename + part, { force: true })
        writeFileSync(filename, sound)
        expect((yield* using(filename, pending)).length).toBe(100)
        expect(existsSync(`${filename}-damaged`)).toBe(false)
      })
  )

  it.effect("damage that a read meets is noted beside the file", () =>
    Effect.gen(function* () {
      const filename = newFile()
      yield* using(filename, fill)
      const bytes = readFileSync(filename)
      bytes.fill(0xff, page)
      writeFileSync(filename, bytes)
      expect((yield* errorOf(using(filename, pending)))?.reason._tag).toBe("Corrupt")
      expect(readFileSync(`${filename}-damaged`, "utf8")).toMatch(/malformed|not a database/)
    })
  )

  it.effect(
    "a log that was cut off behind what the database holds is refused: old and new pages would mix unseen",
    () =>
      Effect.gen(function* () {
        const filename = yield* unclosed(false)
        const size = statSync(`${filename}-wal`).size
        truncateSync(`${filename}-wal`, Math.floor(size * 0.6))
        const error = yield* errorOf(using(filename, pending))
        expect(error?.reason._tag).toBe("Corrupt")
        expect(error?.message).toMatch(
          /the write-ahead log is damaged: \d+ of \d+ pages can be read, and the database holds/
        )
        // Nothing of it is needed, as all of it is in the database: then there is nothing to mix.
        truncateSync(`${filename}-wal`, 0)
        expect((yield* using(filename, pending)).length).toBe(100)
      })
  )

  it.effect("a log that lost its end only is opened, and that something is forgotten is said", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const capture = Logger.make<unknown, void>(({ message }) => void log.push(String(message)))
      const filename = yield* unclosed()
      const bytes = readFileSync(`${filename}-wal`)
      bytes.fill(7, 60, 100)
      writeFileSync(`${filename}-wal`, bytes)
      const left = yield* Effect.provide(using(filename, pending), Logger.layer([capture]))
      expect(left.length).toBe(100)
      expect(log.join()).toMatch(
        /the write-ahead log is damaged: 0 of \d+ pages .* what was committed last is forgotten/
      )
    })
  )

  /** Debian 12's sqlite3 fails to recover even a sound file. */
  const hasTool = (() => {
    const made = spawnSync("sqlite3", [newFile(), "CREATE TABLE probe (x)"])
    return made.status === 0 && spawnSync("sqlite3", [join(folder, `${files}.db`), ".recover"]).status === 0
  })()
  it.effect.skipIf(!hasTool)("the way out works: what sqlite3 recovers is a database of everbot", () =>
    Effect.gen(function* () {
      const filename = yield* unclosed()
      breakPage(filename, readFileSync(filename).length / page - 2)
      const saved = newFile()
      const sql = execFileSync("sqlite3", [filename, ".recover"], { maxBuffer: 1e8 })
      execFileSync("sqlite3", [saved], { input: sql })
      const left = (yield* using(saved, pending)).length
      expect(left).toBeGreaterThan(80)
      expect((yield* using(saved, commit({ events: [event("new"), event("k0")] }))).eventIds[0]).toBeGreaterThan(left)
    })
  )
})

describe("Sqlite, when the file cannot be opened now", () => {
  it.live("it waits, says so once, and opens it as soon as it can", () =>
    Effect.gen(function* () {
      const filename = newFile()
      // What is in the way is a directory in the place of its log: permissions mean nothing to a superuser.
      mkdirSync(`${filename}-wal`)
      const log: Array<string> = []
      const capture = Logger.make<unknown, void>(({ message }) => void log.push(String(message)))
      const opening = yield* Effect.forkChild(Effect.provide(using(filename, pending), Logger.layer([capture])), {
        startImmediately: true
      })
      yield* Effect.repeat(Effect.sleep(10), { until: () => log.length > 0 })
      rmdirSync(`${filename}-wal`)
      expect(yield* Fiber.join(opening)).toEqual([])
      expect(log.length).toBe(1)
      expect(log[0]).toContain(`the database is inaccessible: ${filename}`)
      expect(log[0]).toContain("trying again for up to 15 s")
    })
  )

  it.live("it gives up after `openTimeout`", () =>
    Effect.gen(function* () {
      const filename = newFile()
      mkdirSync(`${filename}-wal`)
      const error = yield* errorOf(using(filename, pending, { openTimeout: 600 }))
      expect(error?.reason._tag).toBe("Inaccessible")
    })
  )
})
