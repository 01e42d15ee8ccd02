/** That no commit of the SQLite store is answered before the disk has it, and what happens when the disk refuses. */
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Queue, Schedule } from "effect"
import { afterAll } from "vitest"
import type { StoreError } from "../../src/domain/StoreError.ts"
import { Journal } from "../../src/engines/Journal.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { type CommitResult, emptyCommit, Store } from "../../src/ports/Store.ts"
import { open } from "../../src/stores/sqlite/Link.ts"
import { type OpenLog, openLog, type Told } from "../../src/stores/sqlite/LogSync.ts"
import { onLink } from "../../src/stores/sqlite/onLink.ts"
import { keysIn } from "./blocks.ts"
import { account, event, message, turn } from "./StoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-sync-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

const refused = new Error("EIO: i/o error, fdatasync")

/** A store on a disk whose syncs wait until the test ends them. */
const onDisk = Effect.fnUntraced(function* (synchronous: "FULL" | "NORMAL" = "FULL") {
  const filename = newFile()
  const syncs = yield* Queue.unbounded<Told>()
  const paths: Array<string> = []
  const log: OpenLog = (path, told) => {
    paths.push(path)
    told(null, { sync: (told) => Queue.offerUnsafe(syncs, told), close: (told) => told() })
  }
  const options = { busyTimeout: 1000, cacheSize: 4096, checkpointPages: 2000, maxPages: undefined }
  const link = yield* open({ ...options, filename, synchronous }, log)
  const store = onLink(link)
  const answered: Array<string> = []
  let seq = 0
  const repeat = (key: string, seq: number) =>
    store
      .commit({
        ...emptyCommit,
        token: { run: "run", seq },
        events: [event(key)],
        turns: [turn(undefined, { messages: [message(key)] })]
      })
      .pipe(
        Effect.onExit((exit) => Effect.sync(() => answered.push(`${key} ${outcome(exit)}`))),
        Effect.exit,
        Effect.forkChild({ startImmediately: true })
      )
  return {
    filename,
    store,
    paths,
    answered,
    repeat,
    commit: (key: string) => repeat(key, ++seq),
    sync: Queue.take(syncs),
    syncs: Queue.size(syncs),
    /** The worker has answered everything that it was asked before, and the answers have arrived. */
    arrived: store.counts(account)
  }
})

const outcome = (exit: Exit.Exit<CommitResult, StoreError>): string => {
  if (Exit.isSuccess(exit)) return Array.from(exit.value.eventIds).join()
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error.reason._tag : "Died"
}

const read = <A>(filename: string, use: (db: DatabaseSync) => A): A => {
  const db = new DatabaseSync(filename)
  const found = use(db)
  db.close()
  return found
}
const keys = (filename: string) => read(filename, keysIn)
const messages = (filename: string) =>
  read(filename, (db) => db.prepare("SELECT count(*) AS n FROM outbox").get()?.["n"])

describe("Sqlite, and what the disk has", () => {
  it.effect("a commit is answered after a sync that began when it was written, and one sync serves many", () =>
    Effect.gen(function* () {
      const disk = yield* onDisk()
      const a = yield* disk.commit("a")
      const first = yield* disk.sync
      const b = yield* disk.commit("b")
      const c = yield* disk.commit("c")
      expect(yield* disk.arrived).toMatchObject({ pendingEvents: 3 })
      expect(keys(disk.filename)).toEqual(["a", "b", "c"])
      expect(disk.answered).toEqual([])
      first()
      yield* Fiber.join(a)
      const second = yield* disk.sync
      yield* disk.arrived
      expect(disk.answered).toEqual(["a 1"])
      second()
      yield* Fiber.join(b)
      yield* Fiber.join(c)
      expect(disk.answered).toEqual(["a 1", "b 2", "c 3"])
      expect(yield* disk.syncs).toBe(0)
      expect(disk.paths).toEqual([`${disk.filename}-wal`])
    })
  )

  it.effect("a failed sync fails what waits, in order, and a repeat gets its answer once the disk has it", () =>
    Effect.gen(function* () {
      const disk = yield* onDisk()
      const a = yield* disk.commit("a")
      const first = yield* disk.sync
      const b = yield* disk.commit("b")
      yield* disk.arrived
      const c = yield* disk.commit("c")
      first(refused)
      for (const each of [a, b, c]) yield* Fiber.join(each)
      expect(disk.answered).toEqual(["a Inaccessible", "b Superseded", "c Superseded"])

      const again = yield* Effect.forEach(["a", "b", "c"], (key, at) => disk.repeat(key, at + 1))
      const second = yield* disk.sync
      yield* disk.arrived
      expect(disk.answered.length).toBe(3)
      // A sync of the log proves nothing any more: what it held is in the database itself.
      const copy = newFile()
      copyFileSync(disk.filename, copy)
      expect(keys(copy)).toContain("a")
      second()
      const rest = yield* Effect.forkChild(Effect.forever(Effect.map(disk.sync, (told) => told())))
      for (const each of again) yield* Fiber.join(each)
      yield* Fiber.interrupt(rest)
      expect(disk.answered.slice(3)).toEqual(["a 1", "b 2", "c 3"])
      expect(keys(disk.filename)).toEqual(["a", "b", "c"])
      expect(messages(disk.filename)).toBe(3)
    })
  )

  it.effect("with NORMAL nothing waits for the disk", () =>
    Effect.gen(function* () {
      const disk = yield* onDisk("NORMAL")
      yield* Fiber.join(yield* disk.commit("a"))
      expect(disk.answered).toEqual(["a 1"])
      expect(disk.paths).toEqual([])
    })
  )

  it.live("the log stays one file through checkpoints, and each thread's log is opened anew", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const inodes: Array<number> = []
      const paths: Array<string> = []
      const watched: OpenLog = (path, told) => {
        paths.push(path)
        openLog(path, (error, file) =>
          told(error, {
            ...file,
            sync: (told) => {
              inodes.push(statSync(path).ino)
              file.sync(told)
            }
          })
        )
      }
      const options = { busyTimeout: 1000, cacheSize: 4096, checkpointPages: 4, maxPages: undefined }
      const link = yield* open({ ...options, filename, synchronous: "FULL" }, watched)
      const write = (key: string) =>
        link.commit({ ...emptyCommit, events: [event(key, { raw: new Uint8Array(20_000) })] })
      for (let i = 0; i < 40; i++) yield* write(`${i}`)
      expect(inodes.length).toBe(40)
      expect(new Set(inodes).size).toBe(1)
      expect(paths.length).toBe(1)
      yield* link.terminate
      yield* write("another thread")
      expect(paths.length).toBe(2)
    })
  )

  it.live("on a disk that keeps failing to sync, every event is stored once and every message queued once", () => {
    const seed = Math.floor(Math.random() * 1e9)
    const filename = newFile()
    let state = seed
    const chance = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 0x7fffffff
    }
    let failed = 0
    const flaky: OpenLog = (path, told) =>
      openLog(path, (error, file) =>
        told(error, {
          ...file,
          sync: (told) =>
            file.sync((error) => {
              if (chance() > 0.4) return told(error)
              failed++
              told(refused)
            })
        })
      )
    const options = { busyTimeout: 1000, cacheSize: 4096, checkpointPages: 20, maxPages: undefined }
    const store = Layer.effect(Store, Effect.map(open({ ...options, filename, synchronous: "FULL" }, flaky), onLink))
    const layer = Journal.layer({ maxBatch: 9, retry: Schedule.forever }).pipe(
      Layer.provide([store, StatusStream.layer])
    )
    const count = 400
    const ids: Array<number> = []
    const stream = { account, stream: "gateway/0" }
    return Effect.gen(function* () {
      const journal = yield* Journal
      for (let i = 0; i < count; i++) {
        const position = { stream: stream.stream, session: "s", seq: i, startedAt: 0 }
        journal.append({ ...event(`${i}`), stored: (id) => void ids.push(id) }, stream, position)
        if (i % 10 === 0) journal.turn(turn(undefined, { messages: [message(`${i}`)] }), () => {})
        if (i % 25 === 0) yield* Effect.sleep("1 millis")
      }
      yield* journal.flush
      const all = Array.from({ length: count }, (_, i) => i)
      expect(ids, `seed ${seed}`).toEqual(all.map((i) => i + 1))
      expect(keys(filename), `seed ${seed}`).toEqual(all.map(String))
      expect(messages(filename), `seed ${seed}`).toBe(count / 10)
      expect(failed, `seed ${seed}`).toBeGreaterThan(0)
    }).pipe(Effect.provide(layer))
  })
})
