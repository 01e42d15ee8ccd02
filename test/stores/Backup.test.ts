/** That a backup is whole, is made while the bot writes, and goes back in its place without anything being lost unasked. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Logger, Queue, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { afterAll } from "vitest"
import { Store } from "../../src/ports/Store.ts"
import * as Backup from "../../src/stores/Backup.ts"
import * as Encryption from "../../src/stores/Encryption.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { migrate } from "../../src/stores/sqlite/schema.ts"
import { encryptionKey } from "../fixtures/secrets.ts"
import { commit, event, message, pending, turn } from "./StoreSuite.ts"

const root = mkdtempSync(join(tmpdir(), "everbot-backup-"))
afterAll(() => rmSync(root, { recursive: true }))
let places = 0
/** A directory of its own for each test. */
const place = () => {
  const directory = join(root, String(++places))
  mkdirSync(directory)
  return { filename: join(directory, "bot.db"), directory: join(directory, "backups") }
}

const using = <A, E>(filename: string, effect: Effect.Effect<A, E, Store>) =>
  Effect.provide(effect, Layer.fresh(Sqlite.layer({ filename, lockTimeout: 0 })))

const failure = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure : undefined))

const write = (key: string) =>
  Effect.gen(function* () {
    const { eventIds } = yield* commit({ events: [event(key)] })
    const [eventId] = eventIds
    const state = [{ key, value: `"${key}"`, expected: 0 }]
    return yield* commit({ turns: [turn(eventId, { state, messages: [message(key)] })] })
  })

/** A database with these in it, closed. */
const filled = (filename: string, ...keys: ReadonlyArray<string>) => using(filename, Effect.forEach(keys, write))

const stateOf = (key: string) => Store.use((store) => Effect.map(store.state([key]), ([entry]) => entry?.value))

describe("a backup", () => {
  it.effect("is made while a bot has the file open, and holds what was committed until then", () => {
    const { directory, filename } = place()
    return using(
      filename,
      Effect.gen(function* () {
        yield* write("a")
        yield* commit({ events: [event("waits")] })
        const file = yield* Backup.create({ filename, directory })
        yield* write("later")
        assert.deepInclude(file, { events: 2, pendingEvents: 1, messages: 1, queuedMessages: 1, states: 1 })
        assert.deepInclude(yield* Backup.check(file.path), { sha256: file.sha256, events: 2 })
      })
    )
  })

  it.effect("never holds half a commit, however busy the bot is", () => {
    const { directory, filename } = place()
    return using(
      filename,
      Effect.gen(function* () {
        let n = 0
        const round = Effect.suspend(() => {
          const key = `k${++n}`
          return commit({
            events: [event(key, { raw: new Uint8Array(2000).fill(n) })],
            turns: [turn(undefined, { messages: [message(key)], state: [{ key, value: "1", expected: 0 }] })]
          })
        })
        yield* Effect.repeat(round, { times: 200 })
        const busy = yield* Effect.forkChild(Effect.forever(round))
        for (let i = 0; i < 4; i++) {
          const before = n
          const file = yield* Backup.create({ filename, directory })
          assert.strictEqual(file.events, file.messages)
          assert.strictEqual(file.events, file.states)
          assert.isAtLeast(file.events, before - 1)
          // Commits went on meanwhile.
          assert.isAbove(n, before)
        }
        yield* Fiber.interrupt(busy)
      })
    )
  })

  it.effect("is one file that only its owner may read, and leaves nothing else in the directory", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      yield* filled(filename, "a")
      const { path } = yield* Backup.create({ filename, directory })
      assert.deepStrictEqual(readdirSync(directory), [basename(path)])
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      yield* Backup.check(path)
      assert.deepStrictEqual(readdirSync(directory), [basename(path)])
    })
  })

  it.effect("pushes out the oldest beyond those that are kept, and nothing of another database", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      yield* filled(filename, "a")
      const other = filename.replace("bot.db", "other.db")
      copyFileSync(filename, other)
      yield* Backup.create({ filename: other, directory })
      const made: Array<string> = []
      for (let i = 0; i < 4; i++) {
        yield* TestClock.adjust("1 hour")
        made.push((yield* Backup.create({ filename, directory, keep: 2 })).path)
      }
      const left = yield* Backup.list({ filename, directory })
      assert.deepStrictEqual(
        left.map(({ path }) => path),
        [made[3], made[2]]
      )
      assert.strictEqual((yield* Backup.list({ filename: other, directory })).length, 1)
    })
  })

  it.effect("that cannot be made says why, and takes no older one with it", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      yield* filled(filename, "a")
      yield* Backup.create({ filename, directory, keep: 1 })
      yield* TestClock.adjust("1 hour")
      const db = new DatabaseSync(filename)
      db.exec("UPDATE blocks SET body = zeroblob(40)")
      db.close()
      const error = yield* failure(Backup.create({ filename, directory, keep: 1 }))
      assert.strictEqual(error?.reason._tag, "Corrupt")
      assert.include(error?.message, "put the last backup in their place")
      assert.strictEqual(readdirSync(directory).length, 1)
      const missing = yield* failure(Backup.create({ filename: join(root, "no.db"), directory }))
      assert.include(missing?.message, "there is no such database")
      assert.include((yield* failure(Backup.create({ filename: ":memory:" })))?.message, "in memory")
      assert.include((yield* failure(Backup.create({ filename, keep: 0 })))?.message, "keep is no number above 0")
    })
  })

  it.effect("of an encrypted database is as encrypted, and opens with the same key", () => {
    const { directory, filename } = place()
    const key = Redacted.make(encryptionKey("backup"))
    const sealed = (file: string) =>
      Encryption.layer({ keys: key, requireEncrypted: true }).pipe(
        Layer.provide(Layer.fresh(Sqlite.layer({ filename: file })))
      )
    const value = JSON.stringify("what nobody else may read")
    return Effect.gen(function* () {
      yield* commit({ turns: [turn(undefined, { state: [{ key: "s", value, expected: 0 }] })] }).pipe(
        Effect.provide(sealed(filename))
      )
      const { path } = yield* Backup.create({ filename, directory })
      const bytes = readFileSync(path)
      assert.isFalse(bytes.includes("what nobody else may read"))
      assert.isTrue(bytes.includes("everbot:sealed:1:"))
      const back = filename.replace("bot.db", "back.db")
      yield* Backup.restore({ backup: path, filename: back })
      assert.strictEqual(yield* Effect.provide(stateOf("s"), sealed(back)), value)
    })
  })
})

describe("a restore", () => {
  it.effect("brings back what the backup holds, and keeps what was there under another name", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      yield* filled(filename, "a")
      const { path } = yield* Backup.create({ filename, directory })
      yield* filled(filename, "b")
      const { kept = "", messages } = yield* Backup.restore({ backup: path, filename, overwrite: true })
      assert.strictEqual(messages, 1)
      assert.deepStrictEqual(yield* using(filename, Effect.all([stateOf("a"), stateOf("b")])), [`"a"`, undefined])
      assert.deepStrictEqual(yield* using(kept, Effect.all([stateOf("a"), stateOf("b")])), [`"a"`, `"b"`])
      assert.deepStrictEqual(yield* using(filename, pending), [])
    })
  })

  it.effect("refuses to overwrite a database unless that was said, and then changed nothing", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      yield* filled(filename, "a")
      const { path } = yield* Backup.create({ filename, directory })
      yield* filled(filename, "b")
      const before = readFileSync(filename)
      const error = yield* failure(Backup.restore({ backup: path, filename }))
      assert.include(error?.message, `${filename} is there already`)
      assert.include(error?.message, "--overwrite")
      assert.isTrue(readFileSync(filename).equals(before))
    })
  })

  it.effect("refuses while a bot runs on the file, however it was asked", () => {
    const { directory, filename } = place()
    return using(
      filename,
      Effect.gen(function* () {
        yield* write("a")
        const { path } = yield* Backup.create({ filename, directory })
        const error = yield* failure(Backup.restore({ backup: path, filename, overwrite: true }))
        assert.include(error?.message, `in use by another store of this process (pid ${process.pid}`)
        assert.strictEqual(yield* stateOf("a"), `"a"`)
      })
    )
  })

  it.effect(
    "keeps the log of a database whose bot was killed, so that nothing of it is read into the restored one",
    () => {
      const { directory, filename } = place()
      return Effect.gen(function* () {
        yield* filled(filename, "a")
        const { path } = yield* Backup.create({ filename, directory })
        // What a killed process leaves: a log that was never moved into the database.
        const copy = filename.replace("bot.db", "killed.db")
        yield* using(
          filename,
          Effect.andThen(
            write("b"),
            Effect.sync(() => {
              for (const end of ["", "-wal", "-shm"]) copyFileSync(`${filename}${end}`, `${copy}${end}`)
            })
          )
        )
        assert.isAbove(statSync(`${copy}-wal`).size, 0)
        const { kept = "" } = yield* Backup.restore({ backup: path, filename: copy, overwrite: true })
        assert.strictEqual(yield* using(copy, stateOf("b")), undefined)
        assert.strictEqual(yield* using(kept, stateOf("b")), `"b"`)
      })
    }
  )

  it.effect("takes no backup that is damaged, was changed, or is none", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      yield* filled(filename, "a")
      const { path } = yield* Backup.create({ filename, directory })
      const target = filename.replace("bot.db", "back.db")
      const refused = (backup: string) => failure(Backup.restore({ backup, filename: target }))
      const bytes = readFileSync(path)
      const changed = join(directory, "changed", basename(path))
      mkdirSync(join(directory, "changed"))
      const flipped = Buffer.from(bytes)
      // In the free space of a page, where SQLite itself looks for nothing.
      flipped[flipped.length - 8000] = (flipped[flipped.length - 8000] ?? 0) ^ 1
      writeFileSync(changed, flipped)
      const error = yield* refused(changed)
      assert.strictEqual(error?.reason._tag, "Corrupt")
      assert.include(error?.message, "Use another backup")
      const cut = join(directory, "cut.db")
      writeFileSync(cut, bytes.subarray(0, bytes.length - 20_000))
      assert.strictEqual((yield* refused(cut))?.reason._tag, "Corrupt")
      const text = join(directory, "text.db")
      writeFileSync(text, "no database at all".repeat(100))
      assert.strictEqual((yield* refused(text))?.reason._tag, "Corrupt")
      const foreign = join(directory, "foreign.db")
      const db = new DatabaseSync(foreign)
      db.exec("CREATE TABLE t (a); PRAGMA user_version = 2")
      db.close()
      assert.include((yield* refused(foreign))?.message, "no database of everbot")
      const newer = join(directory, "newer.db")
      const next = new DatabaseSync(newer)
      next.exec("PRAGMA user_version = 999")
      next.close()
      assert.include((yield* refused(newer))?.message, "written by a newer everbot")
      assert.include((yield* refused(join(directory, "none.db")))?.message, "there is no such file")
      assert.isUndefined(statSync(target, { throwIfNoEntry: false }))
    })
  })

  it.effect("brings back a backup of an older version, and the store migrates it", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      const old = new DatabaseSync(filename)
      migrate(old, 3)
      old.exec("INSERT INTO state VALUES ('a', '1', 1)")
      old.close()
      const { path, schema } = yield* Backup.create({ filename, directory })
      assert.strictEqual(schema, 3)
      yield* Backup.restore({ backup: path, filename, overwrite: true })
      assert.strictEqual(yield* using(filename, stateOf("a")), "1")
    })
  })
})

describe("the schedule", () => {
  it.effect("makes one soon after the start and then every six hours, and a restart does not begin anew", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      const lines = yield* Queue.bounded<string>(16)
      const logger = Logger.make<unknown, void>(({ message }) => void Queue.offerUnsafe(lines, String(message)))
      const running = <A, E>(effect: Effect.Effect<A, E, Backup.Backup>) =>
        effect.pipe(
          Effect.provide(Layer.fresh(Backup.layer({ filename, directory }))),
          Effect.provide(Logger.layer([logger]))
        )
      const times = Effect.map(Backup.list({ filename, directory }), (all) => all.map(({ at }) => at / 60_000))
      yield* filled(filename, "a")
      yield* running(
        Effect.gen(function* () {
          yield* TestClock.adjust("1 minute")
          assert.include(yield* Queue.take(lines), "backup made and checked")
          yield* TestClock.adjust("6 hours")
          yield* Queue.take(lines)
          assert.deepStrictEqual(yield* times, [361, 1])
        })
      )
      yield* TestClock.adjust("1 hour")
      yield* running(
        Effect.gen(function* () {
          yield* TestClock.adjust("299 minutes")
          assert.deepStrictEqual(yield* times, [361, 1])
          yield* TestClock.adjust("1 minute")
          yield* Queue.take(lines)
          assert.deepStrictEqual(yield* times, [721, 361, 1])
          const { create, last } = yield* Backup.Backup
          assert.deepInclude(last(), { _tag: "Made", at: 721 * 60_000 })
          yield* TestClock.adjust("1 minute")
          yield* create
          assert.deepStrictEqual(yield* times, [722, 721, 361, 1])
        })
      )
    })
  })

  it.effect("goes on after a failure, and says so", () => {
    const { directory, filename } = place()
    return Effect.gen(function* () {
      const lines = yield* Queue.bounded<string>(16)
      const logger = Logger.make<unknown, void>(({ message }) => void Queue.offerUnsafe(lines, String(message)))
      yield* Effect.gen(function* () {
        const { last } = yield* Backup.Backup
        yield* TestClock.adjust("1 minute")
        assert.include(yield* Queue.take(lines), "no backup was made")
        assert.strictEqual(last()?._tag, "Failed")
        yield* TestClock.withLive(filled(filename, "a"))
        yield* TestClock.adjust("11 minutes")
        assert.include(yield* Queue.take(lines), "backup made")
        assert.strictEqual(last()?._tag, "Made")
      }).pipe(Effect.provide(Backup.layer({ filename, directory })), Effect.provide(Logger.layer([logger])))
    })
  })

  it.effect("reads its settings from the environment, and names the one that is wrong", () => {
    const read = (env: Readonly<Record<string, string>>) =>
      Effect.provide(Backup.config, ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
    return Effect.gen(function* () {
      assert.deepInclude(yield* read({}), { filename: "everbot.db" })
      assert.strictEqual((yield* read({ EVERBOT_BACKUP_KEEP: "3" })).keep, 3)
      assert.include((yield* failure(read({ EVERBOT_BACKUP_KEEP: "0" })))?.message, "EVERBOT_BACKUP_KEEP is no number")
      assert.include((yield* failure(read({ EVERBOT_BACKUP_EVERY: "often" })))?.message, "EVERBOT_BACKUP_EVERY")
    })
  })
})
