/** What the SQLite store does when its file, its disk, its thread or its process fails. */

import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { createInterface } from "node:readline"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll } from "vitest"
import type { StoreError } from "../../src/domain/StoreError.ts"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { open } from "../../src/stores/sqlite/Link.ts"
import { onLink } from "../../src/stores/sqlite/onLink.ts"
import { version } from "../../src/stores/sqlite/schema.ts"
import { programAt } from "../fixtures/program.ts"
import { forge, keysIn } from "./blocks.ts"
import { account, commit, event, message, pending, turn } from "./StoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-faults-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : undefined))

/** Opens the file, does this, and closes it. */
const using = <A, E>(options: Sqlite.Options, effect: Effect.Effect<A, E, Store>) =>
  Effect.provide(effect, Layer.fresh(Sqlite.layer(options)))

const raw = <A>(filename: string, use: (db: DatabaseSync) => A) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => use(db)),
    (db) => Effect.sync(() => db.close())
  )

/** Nothing that a codec could make small. */
const large = (key: string) => event(key, { raw: randomBytes(10_000) })

describe("Sqlite, when it fails", () => {
  it.effect("while another process writes a commit is Busy, and afterwards it works again", () => {
    const filename = newFile()
    return using(
      { filename, busyTimeout: 10 },
      Effect.gen(function* () {
        yield* commit({ events: [event("a")] })
        yield* Effect.acquireUseRelease(
          Effect.sync(() => {
            const db = new DatabaseSync(filename)
            db.exec("BEGIN IMMEDIATE")
            return db
          }),
          () => Effect.map(reasonOf(commit({ events: [event("b")] })), (reason) => expect(reason?._tag).toBe("Busy")),
          (db) => Effect.sync(() => db.close())
        )
        expect((yield* commit({ events: [event("b")] })).eventIds).toEqual([2])
      })
    )
  })

  it.effect("two processes on one file see each other's events and hand out no id twice", () => {
    const filename = newFile()
    return using(
      { filename },
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b")] })
        const other = using({ filename, exclusive: false }, commit({ events: [event("b"), event("c")], settled: [1] }))
        expect((yield* other).eventIds).toEqual([0, 3])
        expect(yield* pending).toEqual([2, 3])
        expect((yield* commit({ events: [event("c"), event("d")] })).eventIds).toEqual([0, 4])
        expect((yield* commit({ turns: [turn(1, { messages: [message("twice")] })] })).turns).toEqual([
          { _tag: "Committed", messageIds: [], versions: [] }
        ])
      })
    )
  })

  it.effect("a directory in the place of the file is Inaccessible, at once", () =>
    Effect.gen(function* () {
      const filename = newFile()
      mkdirSync(filename)
      // In virtual time a second attempt would never come.
      expect((yield* reasonOf(using({ filename }, pending)))?._tag).toBe("Inaccessible")
    })
  )

  it.effect("a missing directory is Inaccessible and named", () =>
    Effect.gen(function* () {
      const filename = join(folder, "missing", "x.db")
      const reason = yield* reasonOf(using({ filename }, pending))
      expect(reason?._tag).toBe("Inaccessible")
      expect(reason?.message).toContain(filename)
      mkdirSync(join(folder, "missing"))
      expect(yield* using({ filename }, pending)).toEqual([])
    })
  )

  it.effect("a file that is no database is Corrupt, named, and left as it was", () =>
    Effect.gen(function* () {
      const filename = newFile()
      writeFileSync(filename, "this is not a database ".repeat(1000))
      const reason = yield* reasonOf(using({ filename }, pending))
      expect(reason?._tag).toBe("Corrupt")
      expect(reason?.message).toContain(filename)
      expect(readFileSync(filename, "utf8").startsWith("this is not")).toBe(true)
    })
  )

  it.effect("damaged pages are Corrupt", () =>
    Effect.gen(function* () {
      const filename = newFile()
      yield* using({ filename }, commit({ events: Array.from({ length: 200 }, (_, i) => large(`k${i}`)) }))
      const bytes = readFileSync(filename)
      bytes.fill(0xff, 16_384)
      writeFileSync(filename, bytes)
      expect((yield* reasonOf(using({ filename }, pending)))?._tag).toBe("Corrupt")
    })
  )

  it.effect("a file of a newer version is Unusable and left as it was", () =>
    Effect.gen(function* () {
      const filename = newFile()
      yield* using({ filename }, commit({ events: [event("a")] }))
      yield* raw(filename, (db) => db.exec("PRAGMA user_version = 99"))
      const reason = yield* reasonOf(using({ filename }, pending))
      expect(reason?._tag).toBe("Unusable")
      expect(reason?.message).toContain("schema 99")
      yield* raw(filename, (db) => db.exec(`PRAGMA user_version = ${version}`))
      expect(yield* using({ filename }, pending)).toEqual([1])
    })
  )

  it.effect("a full disk fails commits with Full, keeps what was stored, and takes more once there is room", () => {
    const filename = newFile()
    return Effect.gen(function* () {
      const stored = yield* using(
        { filename, maxPages: 60 },
        Effect.gen(function* () {
          let ids = 0
          for (let i = 0; ; i++) {
            const result = yield* Effect.result(commit({ events: [large(`a${i}`), large(`b${i}`)] }))
            if (Result.isFailure(result)) {
              expect(result.failure.reason._tag).toBe("Full")
              break
            }
            ids += result.success.eventIds.length
          }
          expect(ids).toBeGreaterThan(10)
          expect((yield* pending).length).toBe(ids)
          return ids
        })
      )
      const more = yield* using({ filename }, commit({ events: [event("room")] }))
      expect(more.eventIds).toEqual([stored + 1])
    })
  })

  it.effect("two keys with the same hash are both stored, and found again after a prune", () => {
    const filename = newFile()
    const all = { after: 0, limit: 10 }
    return using(
      { filename },
      Effect.gen(function* () {
        yield* commit({ events: [event("a", { receivedAt: 1 })] })
        // From now on another key seems to have the hash of "a".
        yield* raw(filename, (db) => forge(db, "a", "z"))
        expect((yield* commit({ events: [event("a", { receivedAt: 9 })] })).eventIds).toEqual([2])
        expect((yield* commit({ events: [event("a")] })).eventIds).toEqual([0])
        yield* commit({ settled: [1, 2] })
        yield* Store.use((store) => store.prune({ events: 5 }))
        expect((yield* commit({ events: [event("a")] })).eventIds).toEqual([0])
        expect(yield* Store.use((store) => store.pendingEvents(account, all))).toEqual([])
      })
    )
  })

  it.effect("a gap that cannot be read any more does not keep the others from being pruned, and goes with them", () => {
    const filename = newFile()
    const gap = (until: number) => ({ account, stream: "s", from: 1, to: 2, since: 1, until, why: "down" })
    return using(
      { filename },
      Effect.gen(function* () {
        yield* commit({ gaps: [gap(10), gap(20), gap(30)] })
        yield* raw(filename, (db) => void db.exec("UPDATE gaps SET gap = '{\"until' WHERE id = 1"))
        expect((yield* Store.use((store) => store.prune({ gaps: 25 }))).gaps).toBe(2)
        expect((yield* Store.use((store) => store.gaps(account))).map(({ until }) => until)).toEqual([30])
      })
    )
  })

  it.effect("among a hundred thousand keys every one is known again, also after reopening and after pruning", () => {
    const filename = newFile()
    const events = Array.from({ length: 100_000 }, (_, i) => event(`key ${i}`, { receivedAt: i }))
    const isNew = ({ eventIds }: { readonly eventIds: ReadonlyArray<number> }) =>
      eventIds.filter((id) => id !== 0).length
    return Effect.gen(function* () {
      yield* using(
        { filename, synchronous: "NORMAL" },
        Effect.gen(function* () {
          expect(isNew(yield* commit({ events }))).toBe(100_000)
          expect(isNew(yield* commit({ events: [...events.slice(0, 500), event("new")] }))).toBe(1)
          yield* commit({ settled: events.map((_, i) => i + 1) })
        })
      )
      yield* using(
        { filename, synchronous: "NORMAL" },
        Effect.gen(function* () {
          expect(isNew(yield* commit({ events: events.filter((_, i) => i % 50 === 0) }))).toBe(0)
          expect((yield* Store.use((store) => store.prune({ events: 60_000 }))).events).toBeGreaterThan(59_900)
          expect(isNew(yield* commit({ events: events.slice(60_000, 60_500) }))).toBe(0)
          expect(isNew(yield* commit({ events: events.slice(0, 500) }))).toBeGreaterThan(495)
        })
      )
    })
  })

  it.effect("when the thread dies, what is under way is Inaccessible, and the next commit finds a new one", () => {
    const filename = newFile()
    const options = {
      filename,
      synchronous: "FULL",
      busyTimeout: 100,
      cacheSize: 1000,
      checkpointPages: 1000,
      maxPages: undefined
    } as const
    const body: Effect.Effect<void, StoreError, Scope.Scope> = Effect.gen(function* () {
      const link = yield* open(options)
      const write = (key: string) => link.commit({ ...emptyCommit, events: [event(key)] })
      yield* write("a")
      const events = Array.from({ length: 50_000 }, (_, i) => event(`k${i}`))
      const under = yield* Effect.forkChild(reasonOf(link.commit({ ...emptyCommit, events })), {
        startImmediately: true
      })
      yield* link.terminate
      expect((yield* Fiber.join(under))?._tag).toBe("Inaccessible")
      expect(Array.from((yield* write("b")).eventIds)).toEqual([2])
    })
    return body
  })

  it.live(
    "however often its thread is killed, repeated commits store every event and message once, with one answer",
    () =>
      Effect.gen(function* () {
        const seed = Math.floor(Math.random() * 1e9)
        const filename = newFile()
        const link = yield* open({
          filename,
          synchronous: "NORMAL",
          busyTimeout: 1000,
          cacheSize: 4096,
          checkpointPages: 100,
          maxPages: undefined
        })
        const store = onLink(link)
        const ids: Array<ReadonlyArray<number>> = []
        const said: Array<ReadonlyArray<number>> = []
        const rounds = 12
        for (let round = 0; round < rounds; round++) {
          const both = [2 * round, 2 * round + 1].map((seq) =>
            store.commit({
              ...emptyCommit,
              token: { run: "run", seq },
              events: Array.from({ length: 1 + ((seed >> (seq % 16)) % 300) }, (_, i) => event(`${seq}/${i}`)),
              turns: [turn(undefined, { messages: [message(`${seq}`)] })]
            })
          )
          const under = yield* Effect.forkChild(
            Effect.forEach(both, (each) => Effect.result(each), { concurrency: 2 }),
            { startImmediately: true }
          )
          // Somewhere before, in or after the commits: the thread runs while this one looks at the clock.
          const until = performance.now() + ((seed >> round) % 64) / 10
          while (performance.now() < until);
          yield* link.terminate
          yield* Fiber.join(under)
          for (const each of both) {
            const { eventIds, turns } = yield* each
            ids.push(Array.from(eventIds))
            said.push(turns[0]?._tag === "Committed" ? turns[0].messageIds : [])
          }
        }
        const flat = ids.flat()
        expect(flat, `seed ${seed}`).toEqual(flat.map((_, i) => i + 1))
        expect(said, `seed ${seed}`).toEqual(Array.from({ length: 2 * rounds }, (_, i) => [i + 1]))
        const stored = yield* raw(filename, (db) => [
          keysIn(db).length,
          Number(db.prepare("SELECT count(*) AS n FROM outbox").get()?.["n"])
        ])
        expect(stored, `seed ${seed}`).toEqual([flat.length, 2 * rounds])
      })
  )

  it.effect("counts follow messages that are stored, sent, requeued and pruned, as a new process counts them", () => {
    const filename = newFile()
    const at = 100
    const counts = Store.use((store) => Effect.map(store.counts(account), ({ messages }) => messages))
    return using(
      { filename },
      Effect.gen(function* () {
        const same = Effect.gen(function* () {
          const own = yield* counts
          expect(own).toEqual(yield* using({ filename, exclusive: false }, counts))
          return own
        })
        yield* same
        const store = yield* Store
        yield* commit({ turns: [turn(undefined, { messages: ["a", "b", "c", "d"].map((text) => message(text)) })] })
        expect((yield* same).queued).toBe(4)
        const to = (id: number, status: "sending" | "sent" | "dead") => ({ id, status, attempts: 1, at })
        yield* commit({ messages: [to(1, "sending"), to(2, "sending"), to(3, "dead"), to(9, "sent")] })
        yield* commit({ messages: [to(1, "sent"), to(1, "sent")] })
        expect(yield* same).toMatchObject({ queued: 1, sending: 1, sent: 1, dead: 1 })
        yield* store.requeue({ _tag: "DeadMessage", id: 3 })
        expect(yield* store.requeue({ _tag: "DeadMessage", id: 3 })).toBeUndefined()
        expect(yield* same).toMatchObject({ queued: 2, dead: 0 })
        yield* store.prune({ events: at + 1, sent: at + 1 })
        expect(yield* same).toMatchObject({ queued: 2, sending: 1, sent: 0 })
        yield* using({ filename, exclusive: false }, commit({ messages: [to(2, "sent")] }))
        expect(yield* same).toMatchObject({ queued: 2, sending: 0, sent: 1 })
      })
    )
  })

  it.live("a process that is killed leaves whole commits, and none is missing that was acknowledged", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const seed = Math.floor(Math.random() * 1e9)
      const rounds = 4
      for (let round = 0; round < rounds; round++) {
        const after = 5 + ((seed >> (round * 5)) % 60)
        const acknowledged = yield* Effect.promise(() => killed(filename, `${round}`, after))
        expect(acknowledged, `seed ${seed}`).toBeGreaterThanOrEqual(after - 1)
        const seen = yield* raw(filename, (db) => ({
          events: keysIn(db),
          messages: db
            .prepare("SELECT content FROM outbox ORDER BY id")
            .all()
            .map((row) => String(row["content"])),
          state: Number(db.prepare("SELECT count(*) AS n FROM state").get()?.["n"]),
          check: db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]
        }))
        const own = seen.events.filter((key) => key.startsWith(`${round}/`))
        const commits = own.length / 3
        expect(own, `seed ${seed}`).toEqual(
          Array.from({ length: commits }, (_, n) => [0, 1, 2].map((i) => `${round}/${n}/${i}`)).flat()
        )
        expect(commits, `seed ${seed}`).toBeGreaterThan(acknowledged)
        expect([seen.messages.length, seen.state, seen.check]).toEqual([
          seen.events.length / 3,
          seen.events.length / 3,
          "ok"
        ])
      }
    })
  )

  it.live("while a large commit is written the event loop goes on", () =>
    using(
      { filename: newFile() },
      Effect.gen(function* () {
        const frame = new Uint8Array(700).fill(120)
        const events = Array.from({ length: 100_000 }, (_, i) => event(`key-${i * 7919}-${i}`, { raw: frame }))
        const delay = monitorEventLoopDelay({ resolution: 1 })
        delay.enable()
        const start = performance.now()
        yield* commit({ events })
        const took = performance.now() - start
        delay.disable()
        // Copying the frames takes a share of the main thread; writing them takes none.
        expect(delay.max / 1e6, `of ${took} ms`).toBeLessThan(took / 2)
      })
    )
  )
})

describe("Sqlite.layerSqlClient", () => {
  it.effect("reads and writes beside the store, with typed errors, transactions and all column names", () => {
    const filename = newFile()
    return Effect.gen(function* () {
      yield* using({ filename }, commit({ turns: [turn(undefined, { messages: [message("a"), message("b")] })] }))
      const sql = yield* SqlClient.SqlClient
      expect(yield* sql`SELECT status FROM outbox WHERE id = ${2}`).toEqual([{ status: "queued" }])
      expect(yield* sql`SELECT a.id, b.id FROM outbox a, outbox b WHERE a.id < b.id`.values).toEqual([[1, 2]])
      yield* sql`CREATE TABLE notes (text TEXT UNIQUE)`
      const insert = sql`INSERT INTO notes ${sql.insert({ text: "x" })}`
      yield* insert
      expect(yield* insert.pipe(Effect.catchReason("SqlError", "UniqueViolation", () => Effect.succeed("taken")))).toBe(
        "taken"
      )
      const undone = sql`INSERT INTO notes (text) VALUES ('y')`.pipe(
        Effect.andThen(Effect.fail("no")),
        sql.withTransaction
      )
      yield* Effect.ignore(undone)
      expect(yield* sql`SELECT count(*) AS n FROM notes`).toEqual([{ n: 1 }])
    }).pipe(Effect.provide(Sqlite.layerSqlClient({ filename })))
  })
})

/** Starts the writer, kills it after this many acknowledgements; the highest number it acknowledged. */
const killed = (filename: string, round: string, after: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const writer = programAt("./writer.ts", import.meta.url)
    const child = spawn(process.execPath, [writer, filename, round], { stdio: ["ignore", "pipe", "pipe"] })
    let errors = ""
    let lines = 0
    let last = -1
    child.stderr.on("data", (chunk) => {
      errors += String(chunk)
    })
    createInterface(child.stdout).on("line", (line) => {
      last = Math.max(last, Number(line))
      if (++lines === after) child.kill("SIGKILL")
    })
    child.on("close", (_code, signal) => (signal === "SIGKILL" ? resolve(last) : reject(new Error(errors))))
  })
