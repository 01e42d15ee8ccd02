/** Disks that are full, files that must not be written, and files that somebody else holds. */
import { execFileSync, spawn } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { nobody, type Scenario, type Stage } from "../Stage.ts"

/** Fills a disk and makes room again. */
interface Disk {
  readonly filename: string
  readonly fill: Effect.Effect<void>
  readonly free: Effect.Effect<void>
}

/** A small disk of its own, which only a superuser may make. */
const mounted = (stage: Stage): Effect.Effect<Disk | undefined, never, Scope.Scope> => {
  const place = join(stage.folder, "small")
  const ballast = join(place, "ballast")
  return Effect.acquireRelease(
    Effect.sync((): Disk | undefined => {
      mkdirSync(place)
      try {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", place], { stdio: "ignore" })
      } catch {
        return undefined
      }
      return {
        filename: join(place, "bot.db"),
        fill: Effect.sync(() => {
          // To the last byte: tmpfs gives out whole pages.
          for (const size of [4096 * 64, 4096]) {
            try {
              for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: "a" })
            } catch {}
          }
        }),
        free: Effect.sync(() => rmSync(ballast, { force: true }))
      }
    }),
    (disk) => Effect.sync(() => disk && execFileSync("umount", ["--lazy", place]))
  )
}

/** A quota of pages, and a table that uses it up: what anybody can do. */
const quota = (stage: Stage): Disk => {
  const sql = (text: string) =>
    Effect.sync(() => {
      const db = new DatabaseSync(stage.filename, { timeout: 5000 })
      db.exec(text)
      db.close()
    })
  return {
    filename: stage.filename,
    fill: sql("CREATE TABLE IF NOT EXISTS ballast (x BLOB); INSERT INTO ballast VALUES (zeroblob(3000000))"),
    free: sql("DELETE FROM ballast")
  }
}

export const full: Scenario = {
  name: "full",
  title: "the disk is full, while the bot runs and when it starts",
  run: Effect.fnUntraced(function* (stage) {
    const { simulator } = stage
    const mount = yield* mounted(stage)
    const disk = mount ?? quota(stage)
    stage.note(mount === undefined ? "a quota of pages: no tmpfs could be mounted" : "a tmpfs of 64 MiB")
    const env = { EVERBOT_DB: disk.filename, ...(mount === undefined ? { TORTURE_PAGES: "160" } : {}) }
    const bot = yield* stage.bot({ env })
    yield* Effect.gen(function* () {
      yield* Effect.sleep(500)
      yield* disk.fill
      yield* stage.hear(bot, "the disk is full")
      stage.progress("the disk is full")
      yield* stage.hear(bot, "intake paused: the store does not take events")
      yield* disk.free
      yield* stage.hear(bot, "the store works again")
      stage.progress("there is room again")
      yield* disk.fill
      yield* stage.hear(bot, "the disk is full")
      stage.progress("killed on a full disk")
      yield* bot.kill
      stage.killed()
      yield* Effect.sleep(1500)
      yield* disk.free
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.expect(simulator.books.identifies.length === 1, "the session was lost")
    stage.expect(bot.ends.length <= 2, `${bot.ends.length} processes ended: it did not wait for room`)
  })
}

export const readOnly: Scenario = {
  name: "readOnly",
  title: "the database and its directory become read-only",
  run: Effect.fnUntraced(function* (stage) {
    const place = join(stage.folder, "data")
    mkdirSync(place)
    if (nobody !== undefined) chownSync(place, nobody, nobody)
    const filename = join(place, "bot.db")
    const mode = (file: number, directory: number) =>
      Effect.sync(() => {
        for (const part of ["", "-wal", "-shm", "-lock", "-pid"])
          if (existsSync(filename + part)) chmodSync(filename + part, file)
        chmodSync(place, directory)
      })
    yield* Effect.addFinalizer(() => mode(0o644, 0o755))
    const bot = yield* stage.bot({ env: { EVERBOT_DB: filename }, uid: nobody })
    yield* Effect.gen(function* () {
      yield* Effect.sleep(300)
      yield* mode(0o444, 0o555)
      const { answered } = stage.simulator.books
      // Files that are open stay writable.
      yield* stage.simulator.until((it) => it.answered > answered + 20).pipe(Effect.timeoutOption(5000))
      yield* bot.kill
      stage.killed()
      stage.progress("killed on a read-only file")
      yield* stage.hear(bot, "it is read-only for this user")
      yield* stage.hear(bot, "trying again for up to 15 s")
      yield* Effect.sleep(stage.isBrief ? 100 : 3000)
      yield* mode(0o644, 0o755)
      stage.progress("writable again")
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.expect(bot.ends.length === 1, `${bot.ends.length} processes ended: it did not wait`)
  })
}

/** Another process locks the file while `what` goes on. */
const lockedWhile =
  (filename: string) =>
  <A, E, R>(what: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.callback<() => void>((resume) => {
        const program = fileURLToPath(new URL("../../guarantees/support/lock.ts", import.meta.url))
        const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, filename], {
          stdio: ["pipe", "pipe", "inherit"]
        })
        child.stdout.once("data", () => resume(Effect.succeed(() => void child.stdin.end())))
        child.once("exit", () => resume(Effect.die(new Error("the database could not be locked"))))
      }),
      () => what,
      (unlock) => Effect.sync(unlock)
    )

export const locked: Scenario = {
  name: "locked",
  title: "another process locks the database, while the bot runs and when it starts",
  run: Effect.fnUntraced(function* (stage) {
    const bot = yield* stage.bot({ env: { TORTURE_BUSY: "200" } })
    const wait = Effect.sleep(stage.isBrief ? 500 : 4000)
    yield* Effect.gen(function* () {
      yield* Effect.sleep(300)
      yield* Effect.gen(function* () {
        yield* stage.hear(bot, "the database is locked by another process")
        stage.progress("locked under the bot")
        yield* wait
      }).pipe(lockedWhile(stage.filename))
      yield* stage.hear(bot, "the store works again")
      yield* Effect.gen(function* () {
        yield* bot.kill
        stage.killed()
        stage.progress("locked at its start")
        yield* stage.hear(bot, "the database is locked by another process")
        yield* wait
      }).pipe(lockedWhile(stage.filename))
      yield* Effect.sleep(500)
    }).pipe((what) => stage.talking(what))
    yield* stage.settled()
    stage.expect(bot.ends.length === 1, `${bot.ends.length} processes ended: it did not wait`)
  })
}
