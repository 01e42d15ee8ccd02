/** Saved state on a disk: files and rows that were damaged, removed, or sealed by another program; then Autosave. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Layer, Schedule, Schema } from "effect"
import * as Autosave from "../../../src/engines/Autosave.ts"
import { SnapshotStore } from "../../../src/ports/SnapshotStore.ts"
import * as SnapshotFile from "../../../src/stores/SnapshotFile.ts"
import { seal } from "../../../src/stores/SnapshotSeal.ts"
import * as SnapshotSqlite from "../../../src/stores/SnapshotSqlite.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { Ears } from "../Ears.ts"
import { fieldsOf, fromBytes, type Input, listOf, numberOf, textOf, toBytes } from "../Input.ts"
import * as Oracle from "../Oracle.ts"
import type { Subject, Target } from "../Target.ts"
import { body, content, sealed } from "./seals.ts"

const State = Schema.Struct({ count: Schema.Number, note: Schema.String, when: Schema.String })
const initial = { count: 0, note: "", when: "" }
const good = (generation: number): string => fromBytes(seal("bot", { generation, savedAt: 1, body }))

const generate = (chance: Chance): Input => ({
  kind: chance.pick(["file", "row", "database"]),
  bytes: chance.oneIn(2)
    ? Bytes.damage(chance, good(2))
    : sealed(content(chance).replace('"generation":7', '"generation":2')),
  newest: chance.oneIn(3)
    ? Bytes.damage(chance, fromBytes(seal("bot", { generation: 0, savedAt: 1, body: "2" })))
    : null,
  generation: chance.pick([2, 2, 2, 0, -1, "9007199254740993", 2 ** 31]),
  flips: chance.times(1 + chance.below(8), () => [chance.below(1 << 20), chance.below(255) + 1])
})

/** Puts a good first generation and a bad second one into a directory. */
const spoilFile = (directory: string, given: ReturnType<typeof fieldsOf>): void => {
  writeFileSync(join(directory, "bot.1.snapshot"), toBytes(good(1)))
  writeFileSync(join(directory, "bot.2.snapshot"), toBytes(textOf(given["bytes"])))
  const newest = given["newest"]
  writeFileSync(
    join(directory, "bot.newest"),
    typeof newest === "string" ? toBytes(newest) : seal("bot", { generation: 0, savedAt: 1, body: "2" })
  )
}

const spoilDatabase = (filename: string, template: Uint8Array, given: ReturnType<typeof fieldsOf>): void => {
  const bytes = Buffer.from(template)
  if (given["kind"] === "database") {
    for (const flip of listOf(given["flips"])) {
      const [at, mask] = listOf(flip)
      const place = numberOf(at, 0) % bytes.length
      bytes[place] = (bytes[place] ?? 0) ^ numberOf(mask, 1)
    }
  }
  writeFileSync(filename, bytes)
  if (given["kind"] === "database") return
  const db = new DatabaseSync(filename)
  const generation = given["generation"]
  db.prepare("UPDATE everbot_snapshots SET sealed = ?, generation = ? WHERE generation = 2").run(
    toBytes(textOf(given["bytes"])),
    typeof generation === "string" && /^\d{1,18}$/.test(generation) ? BigInt(generation) : numberOf(generation, 2)
  )
  db.close()
}

const open = async (): Promise<Subject> => {
  const root = mkdtempSync(join(tmpdir(), "everbot-fuzz-"))
  const use = (name: string) => join(root, name)
  const two = SnapshotStore.use((store) => Effect.andThen(store.save("bot", body), store.save("bot", body)))
  await Effect.runPromise(Effect.provide(two, SnapshotSqlite.layer({ filename: use("template") }), { local: true }))
  const template = readFileSync(use("template"))
  const ears = new Ears()
  let n = 0

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const path = mkdtempSync(use(`${++n}-`))
    const isFile = textOf(given["kind"], "file") === "file"
    const filename = join(path, "state.db")
    if (isFile) spoilFile(path, given)
    else spoilDatabase(filename, template, given)
    const layer = isFile ? SnapshotFile.layer({ directory: path }) : SnapshotSqlite.layer({ filename })
    const heard: Array<Autosave.Report> = []
    const onReport = (report: Autosave.Report) => Effect.sync(() => void heard.push(report))
    const life = Effect.gen(function* () {
      const state = yield* Autosave.make({ name: "bot", schema: State, initial, retry: Schedule.recurs(0), onReport })
      const { count } = yield* state.get
      Oracle.must("state is whole", typeof count === "number", () => `a count of ${String(count)}`)
      yield* state.update((old) => ({ ...old, count: (Number.isFinite(old.count) ? old.count : 0) + 1 }))
      yield* state.save
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(layer, ears.layer), { local: true }))
    Oracle.judged("the state", await Effect.runPromiseExit(life), n % 8 === 0)
    ears.judge()
    for (const report of heard) {
      if (report._tag === "FellBack")
        Oracle.sayable("what is said of damage", `${report.damaged.where}: ${report.damaged.why}`)
      if (report._tag === "SaveFailed") Oracle.typed("a save", report.error)
    }
    rmSync(path, { recursive: true })
  }
  return { run, close: async () => rmSync(root, { recursive: true, force: true }) }
}

export const files: Target = {
  name: "files",
  about: "saved state in files and in SQLite, damaged on the disk",
  share: 2,
  renew: 500,
  patience: 2000,
  generate,
  open
}
