/** Files that are damaged while nobody looks: the database, its log, the saved state. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Random } from "effect"
import type { Scenario, Stage } from "../Stage.ts"

const parts = ["", "-wal"]

/** Copies of the files as they are, and the way back: the backup of a person. */
const backup = (filename: string) => {
  for (const part of parts) if (existsSync(filename + part)) copyFileSync(filename + part, `${filename}.good${part}`)
  return () => {
    for (const part of [...parts, "-shm"]) rmSync(filename + part, { force: true })
    for (const part of parts) {
      if (existsSync(`${filename}.good${part}`)) copyFileSync(`${filename}.good${part}`, filename + part)
    }
  }
}

const overwrite = Effect.fnUntraced(function* (path: string, from: number, length: number) {
  const bytes = readFileSync(path)
  const to = Math.min(bytes.length, from + length)
  for (let at = from; at < to; at++) bytes[at] = yield* Random.nextIntBetween(0, 255)
  writeFileSync(path, bytes)
})

/** Moves all of the log into the file, while nothing runs. */
const emptyLog = (filename: string) =>
  Effect.sync(() => {
    const db = new DatabaseSync(filename)
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
  })

/** Starts the bot on what is there and waits until it refuses; then the backup is put in place by a person. */
const refusedThenRestored = Effect.fnUntraced(function* (
  stage: Stage,
  bot: Effect.Success<ReturnType<Stage["bot"]>>,
  restore: () => void
) {
  const { books } = stage.simulator
  const dials = books.dials.length
  const ends = bot.ends.length
  yield* stage.hear(bot, "the database is damaged")
  yield* stage.hear(bot, `move ${stage.filename} and its -wal and -shm away together`)
  yield* Effect.repeat(Effect.sleep(10), { until: () => bot.ends.length > ends })
  stage.expect(bot.ends.at(-1)?.code === 1, `it ended with ${JSON.stringify(bot.ends.at(-1))} instead of 1`)
  stage.expect(books.dials.length === dials, "it connected with a damaged database")
  yield* bot.whileDead(Effect.sync(restore))
})

export const database: Scenario = {
  name: "database",
  title: "pages of the database are damaged after a crash: it is refused, and a backup brings it back",
  run: Effect.fnUntraced(function* (stage) {
    const bot = yield* stage.bot()
    const page = 16_384
    const rounds: ReadonlyArray<readonly [name: string, from: (size: number) => number, length: number]> = [
      ["the header", () => 0, 64],
      ["a page in the middle", (size) => Math.floor(size / page / 2) * page, 512],
      ["the last page", (size) => size - page, 512],
      ["every page but the first", () => page, Number.POSITIVE_INFINITY]
    ]
    yield* Effect.gen(function* () {
      for (const [name, from, length] of stage.isBrief ? rounds.slice(1, 2) : rounds) {
        yield* Effect.sleep(700)
        let restore = () => {}
        yield* bot.whileDead(
          Effect.gen(function* () {
            stage.killed()
            restore = backup(stage.filename)
            // Everything into the file, so that the log does not hide its pages; then a little log, as a crash leaves it.
            yield* emptyLog(stage.filename)
            const size = readFileSync(stage.filename).length
            yield* overwrite(stage.filename, from(size), Math.min(length, size))
            writeFileSync(`${stage.filename}-wal`, Buffer.alloc(32))
          })
        )
        stage.progress(`damaged: ${name}`)
        yield* refusedThenRestored(stage, bot, restore)
      }
      yield* Effect.sleep(500)
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
  })
}

export const log: Scenario = {
  name: "log",
  title: "the write-ahead log is cut off or garbled after a crash",
  run: Effect.fnUntraced(function* (stage) {
    const bot = yield* stage.bot()
    const wal = `${stage.filename}-wal`
    const rounds = stage.isBrief ? 2 : 12
    let refusals = 0
    yield* Effect.gen(function* () {
      // What was replayed needs its session. A log that lost the beginning of all, session and tables, leaves a bot that
      // never was: nobody can know what it forgot. So the file holds the session before its log is damaged.
      yield* bot.whileDead(emptyLog(stage.filename))
      stage.killed()
      yield* stage.simulator.until((books) => books.resumes.length > 0)
      for (let n = 0; n < rounds; n++) {
        yield* Effect.sleep(yield* Random.nextIntBetween(300, 900))
        let restore = () => {}
        const told = bot.log().length
        yield* bot.whileDead(
          Effect.gen(function* () {
            stage.killed()
            restore = backup(stage.filename)
            const size = readFileSync(wal).length
            const at = yield* Random.nextIntBetween(0, size)
            if (n % 2 === 0) truncateSync(wal, at)
            else yield* overwrite(wal, at, 1 + (yield* Random.nextIntBetween(0, 4096)))
            stage.progress(`the log of ${size} bytes was ${n % 2 === 0 ? "cut off" : "garbled"} at ${at}`)
          })
        )
        const resumes = stage.simulator.books.resumes.length
        const isBack = () => stage.simulator.books.resumes.length > resumes
        const isRefused = () => bot.log().slice(told).includes("the database is damaged")
        yield* Effect.repeat(Effect.sleep(20), { until: () => isBack() || isRefused() }).pipe(
          Effect.timeoutOption(60_000)
        )
        if (isBack()) continue
        // The next backup would be one of damage.
        if (!isRefused()) return stage.expect(false, "it neither resumed nor refused the database")
        refusals++
        yield* bot.whileDead(Effect.sync(restore))
      }
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.note(`${refusals} of ${rounds} damaged logs left a database that was refused`)
  })
}

export const state: Scenario = {
  name: "state",
  title: "the saved state is damaged: an older generation is used and named, and without a good one it is refused",
  run: Effect.fnUntraced(function* (stage) {
    const env = { TORTURE_STATE: stage.stateDirectory }
    const bot = yield* stage.bot({ env })
    const snapshots = () =>
      readdirSync(stage.stateDirectory)
        .filter((file) => file.endsWith(".snapshot"))
        .sort((a, b) => Number(b.split(".")[1]) - Number(a.split(".")[1]))
        .map((file) => join(stage.stateDirectory, file))
    const saved = (count: number) =>
      Effect.repeat(Effect.sleep(20), { until: () => snapshots().length >= count }).pipe(Effect.timeoutOption(10_000))
    yield* Effect.gen(function* () {
      yield* saved(1)
      yield* bot.kill
      yield* saved(2)
      stage.killed(2)
      yield* stage.hear(bot, "start number 2")
      yield* bot.whileDead(Effect.sync(() => truncateSync(snapshots()[0] ?? "", 20)))
      stage.progress("the newest generation was cut off")
      yield* stage.hear(bot, "start number 2")
      const whole = new Map(snapshots().map((path) => [path, readFileSync(path)]))
      stage.killed()
      yield* bot.whileDead(
        Effect.sync(() => {
          for (const path of snapshots()) whole.set(path, readFileSync(path))
          for (const path of whole.keys()) writeFileSync(path, "not a snapshot")
        })
      )
      stage.progress("all generations were damaged")
      yield* stage.hear(bot, "no generation is good")
      yield* stage.hear(bot, "Restore one from a backup, or delete them to begin anew")
      yield* bot.whileDead(
        Effect.sync(() => {
          for (const [path, bytes] of whole) writeFileSync(path, bytes)
        })
      )
      yield* stage.hear(bot, "start number")
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
  })
}
