/**
 * Promise heals, for the store: when it cannot be written, intake pauses and says so, nothing is lost, and it goes on by
 * itself as soon as it can.
 */
import { spawn } from "node:child_process"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Sqlite } from "everbot/sqlite"
import { burst, fourChats, listening, talkingWhile } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

/** Locks the database from another process while `what` goes on. */
const lockedWhile =
  (filename: string) =>
  <A, E, R>(what: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.callback<() => void>((resume) => {
        const program = fileURLToPath(new URL("./support/lock.ts", import.meta.url))
        const child = spawn(process.execPath, [program, filename], { stdio: ["pipe", "pipe", "inherit"] })
        child.stdout.once("data", () => resume(Effect.succeed(() => void child.stdin.end())))
        child.once("exit", () => resume(Effect.die(new Error("the database could not be locked"))))
      }),
      () => what,
      (unlock) => Effect.sync(unlock)
    )

const tags = (bot: World.Running) => bot.news.map(({ _tag }) => _tag)
const failing = (bot: World.Running) =>
  bot
    .until((news) => news.some(({ _tag }) => _tag === "StoreFailed"))
    .pipe(World.within(20_000, "news of the store's failure"))
const pausing = (bot: World.Running) =>
  bot
    .until((news) => news.some(({ _tag }) => _tag === "IntakePaused"))
    .pipe(World.within(20_000, "a pause of the intake"))

describe.each(World.modes)("heals the store, by %s", (mode) => {
  it.live("a database that another process holds for a while costs patience and nothing else", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const { books } = simulator
      const filename = yield* World.database
      const bot = yield* World.run(Layer.mergeAll(World.Echo, World.account(simulator)), {
        store: Sqlite.layer({ filename, busyTimeout: 100 })
      })
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 8)
      yield* simulator.settled
      yield* Effect.gen(function* () {
        yield* burst(simulator, fourChats, 40)
        yield* Effect.all([failing(bot), pausing(bot)])
        const [paused] = yield* bot.status
        assert.strictEqual(paused?.isIntakePaused, true)
        if (mode === "WebSocket") {
          // Heartbeats do not wait for the disk.
          const beats = books.heartbeats.length
          yield* simulator
            .until(({ heartbeats }) => heartbeats.length > beats)
            .pipe(World.within(20_000, "a heartbeat"))
        } else {
          // Calls are told to come again while nothing can be stored, and none is taken on trust.
          const isToldSo = simulator.until(({ pushes }) => pushes.some(({ status }) => status === 503))
          yield* isToldSo.pipe(World.within(20_000, "a call that is to come again"))
        }
        assert.strictEqual(books.answered, 8)
      }).pipe(talkingWhile(simulator, fourChats, 50), lockedWhile(filename))
      yield* simulator.settled.pipe(World.within(20_000, `every answer\n${bot.log.slice(-20).join("\n")}`))
      World.assertFair(simulator)
      assert.strictEqual(books.answered, books.said)
      const dialled = mode === "WebSocket" ? [1, 1] : [0, 0]
      assert.deepStrictEqual([books.identifies.length, books.dials.length], dialled)
      yield* bot
        .until((news) => news.some(({ _tag }) => _tag === "IntakeResumed"))
        .pipe(World.within(20_000, "the intake to go on"))
      assert.include(tags(bot), "StoreRecovered")
      assert.isTrue(bot.news.some((it) => it._tag === "StoreFailed" && it.error.reason._tag === "Busy"))
    })
  )

  it.live("a full disk pauses the intake until there is room again", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const { books } = simulator
      const filename = yield* World.database
      // A table of ballast fills the database up to its last pages; deleting it makes room.
      const ballast = (sql: string) =>
        Effect.sync(() => {
          const db = new DatabaseSync(filename, { timeout: 5000 })
          db.exec(sql)
          db.close()
        })
      const bot = yield* World.run(Layer.mergeAll(World.Echo, World.account(simulator)), {
        store: Sqlite.layer({ filename, maxPages: 100 })
      })
      yield* listening(simulator)
      yield* ballast("CREATE TABLE ballast (x BLOB); INSERT INTO ballast VALUES (zeroblob(1600000))")
      yield* Effect.gen(function* () {
        yield* failing(bot)
        yield* pausing(bot)
      }).pipe(talkingWhile(simulator, fourChats, 10))
      const { answered } = books
      yield* ballast("DELETE FROM ballast")
      yield* simulator.settled.pipe(World.within(20_000, `every answer\n${bot.log.slice(-20).join("\n")}`))
      World.assertFair(simulator)
      assert.strictEqual(books.answered, books.said)
      assert.isAbove(books.answered, answered)
      assert.isTrue(bot.news.some((it) => it._tag === "StoreFailed" && it.error.reason._tag === "Full"))
      assert.include(tags(bot), "StoreRecovered")
      assert.strictEqual(books.identifies.length, mode === "WebSocket" ? 1 : 0)
    })
  )
})
