/**
 * Promise: state is written atomically, checksummed, backed up; a damaged file falls back to the last good one and
 * says so.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Random } from "effect"
import { afterAll } from "vitest"
import type { StoreError } from "../../src/domain/StoreError.ts"
import { SnapshotStore } from "../../src/ports/SnapshotStore.ts"
import * as SnapshotFile from "../../src/stores/SnapshotFile.ts"
import * as SnapshotSqlite from "../../src/stores/SnapshotSqlite.ts"
import { programAt } from "../fixtures/program.ts"

const root = mkdtempSync(join(tmpdir(), "everbot-corruption-"))
afterAll(() => rmSync(root, { recursive: true }))
let places = 0
const place = () => join(root, String(++places))

/** One stored generation, and the ways to hurt it from outside. */
interface Place {
  readonly layer: Layer.Layer<SnapshotStore, StoreError>
  readonly change: (generation: number, edit: (bytes: Uint8Array) => Uint8Array) => void
  readonly remove: (generation: number) => void
}

const files = (): Place => {
  const directory = place()
  const path = (generation: number) => join(directory, `bot.${generation}.snapshot`)
  return {
    layer: SnapshotFile.layer({ directory }),
    change: (generation, edit) => {
      const bytes = edit(readFileSync(path(generation)))
      truncateSync(path(generation))
      writeFileSync(path(generation), bytes)
    },
    remove: (generation) => unlinkSync(path(generation))
  }
}

const sqlite = (): Place => {
  const filename = place()
  const open = (run: (db: DatabaseSync) => void) => {
    const db = new DatabaseSync(filename)
    run(db)
    db.close()
  }
  return {
    layer: SnapshotSqlite.layer({ filename }),
    change: (generation, edit) =>
      open((db) => {
        const row = db.prepare("SELECT sealed FROM everbot_snapshots WHERE generation = ?").get(generation)
        const sealed = row?.["sealed"]
        assert.instanceOf(sealed, Uint8Array)
        db.prepare("UPDATE everbot_snapshots SET sealed = ? WHERE generation = ?").run(edit(sealed), generation)
      }),
    remove: (generation) =>
      open((db) => db.prepare("DELETE FROM everbot_snapshots WHERE generation = ?").run(generation))
  }
}

const flip = (bytes: Uint8Array, at: number, mask: number) => {
  const changed = Uint8Array.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ mask
  return changed
}

/** Damages one generation in a random way and names what was done. */
const damage = Effect.fnUntraced(function* (target: Place, generation: number) {
  const chance = yield* Random.next
  const mask = yield* Random.nextIntBetween(1, 255)
  const what = yield* Random.nextIntBetween(0, 3)
  const at = (bytes: Uint8Array) => Math.floor(chance * bytes.length)
  if (what === 0) target.remove(generation)
  else if (what === 1) target.change(generation, (bytes) => bytes.slice(0, at(bytes)))
  else if (what === 2) target.change(generation, (bytes) => Uint8Array.from([...bytes, mask]))
  else target.change(generation, (bytes) => flip(bytes, at(bytes), mask))
  return ["removed", "truncated", "appended to", "flipped"][what]
})

for (const [name, make] of [
  ["files", files],
  ["sqlite", sqlite]
] as const) {
  describe(`snapshots in ${name} survive corruption`, () => {
    it.effect("whatever happens to the newest generations, the newest good one is found and the rest is named", () =>
      Effect.gen(function* () {
        const seed = process.env["SEED"] ?? String(yield* Effect.sync(() => process.hrtime.bigint()))
        yield* Effect.forEach(
          Array.from({ length: 25 }, (_, round) => round),
          Effect.fnUntraced(function* (round) {
            const target = make()
            const use = <A, E>(run: (store: SnapshotStore["Service"]) => Effect.Effect<A, E>) =>
              Effect.provide(SnapshotStore.use(run), target.layer, { local: true })
            yield* use((store) => Effect.forEach([1, 2, 3, 4, 5, 6, 7], (n) => store.save("bot", `state ${n}`)))
            const bad = yield* Random.nextIntBetween(1, 5)
            const done: Array<string | undefined> = []
            for (let n = 0; n < bad; n++) done.push(yield* damage(target, 7 - n))
            const story = `SEED=${seed}, round ${round}: ${done.join(", ")}`
            const { snapshot, damaged } = yield* use((store) => store.load("bot"))
            assert.strictEqual(snapshot?.body, bad < 5 ? `state ${7 - bad}` : undefined, story)
            // A removed one in the middle leaves no trace, but the newest is always missed.
            const left = done.filter((what, n) => n === 0 || what !== "removed")
            const named = damaged.map(({ where, why }) => `${where}: ${why}`)
            assert.isAtLeast(named.length, left.length, `${story}\n${named.join("\n")}`)
            // And it goes on: the next save is newer than all there ever was.
            const next = yield* use((store) => Effect.andThen(store.save("bot", "state 8"), store.load("bot")))
            assert.deepStrictEqual(
              [next.snapshot?.body, next.snapshot?.generation, next.damaged],
              ["state 8", 8, []],
              story
            )
          })
        ).pipe(Random.withSeed(seed))
      })
    )

    it.effect("every single bit of a snapshot is covered", () =>
      Effect.gen(function* () {
        const target = make()
        const use = <A, E>(run: (store: SnapshotStore["Service"]) => Effect.Effect<A, E>) =>
          Effect.provide(SnapshotStore.use(run), target.layer, { local: true })
        yield* use((store) => Effect.forEach(["old", "new"], (body) => store.save("bot", body)))
        let size = 1
        for (let at = 0; at < size; at++) {
          const edit = (bytes: Uint8Array) => {
            size = bytes.length
            return flip(bytes, at, 1 << (at % 8))
          }
          target.change(2, edit)
          const { snapshot, damaged } = yield* use((store) => store.load("bot"))
          assert.deepStrictEqual([snapshot?.body, damaged.length], ["old", 1], `byte ${at}`)
          target.change(2, edit)
        }
        assert.isAbove(size, 100)
        assert.strictEqual((yield* use((store) => store.load("bot"))).snapshot?.body, "new")
      })
    )

    it.live("SIGKILL in the middle of saving never leaves it without the generation it had promised", () =>
      Effect.gen(function* () {
        const path = place()
        const layer =
          name === "files" ? SnapshotFile.layer({ directory: path }) : SnapshotSqlite.layer({ filename: path })
        const writer = programAt("./snapshot-writer.ts", import.meta.url)
        let promised = 0
        for (const lines of [1, 7, 3, 12]) {
          promised = yield* Effect.promise(async () => {
            const child = spawn(process.execPath, [writer, name, path], { stdio: ["ignore", "pipe", "inherit"] })
            const ended = new Promise((resolve) => child.once("exit", resolve))
            let last = promised
            let seen = 0
            // What was printed before the end was promised, also when the signal was already on its way.
            for await (const line of createInterface({ input: child.stdout })) {
              last = Number(line)
              if (++seen === lines) child.kill("SIGKILL")
            }
            await ended
            assert.isAtLeast(seen, lines)
            return last
          })
          const { snapshot, damaged } = yield* Effect.provide(
            SnapshotStore.use((store) => store.load("bot")),
            layer,
            { local: true }
          )
          assert.isAtLeast(snapshot?.generation ?? 0, promised)
          assert.match(snapshot?.body ?? "", /^(state \d+ ){5000}$/)
          assert.deepStrictEqual(damaged, [])
        }
      })
    )
  })
}
