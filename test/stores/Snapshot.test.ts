import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { afterAll } from "vitest"
import { SnapshotStore } from "../../src/ports/SnapshotStore.ts"
import * as SnapshotFile from "../../src/stores/SnapshotFile.ts"
import * as SnapshotMemory from "../../src/stores/SnapshotMemory.ts"
import { unseal } from "../../src/stores/SnapshotSeal.ts"
import * as SnapshotSqlite from "../../src/stores/SnapshotSqlite.ts"
import { snapshotSuite } from "./SnapshotSuite.ts"

const root = mkdtempSync(join(tmpdir(), "everbot-snapshots-"))
afterAll(() => rmSync(root, { recursive: true }))
let places = 0
const place = () => join(root, String(++places))

snapshotSuite({ name: "memory", open: () => SnapshotMemory.layer, isDurable: false })
snapshotSuite({ name: "files", open: () => SnapshotFile.layer({ directory: place() }), isDurable: true })
snapshotSuite({ name: "sqlite", open: () => SnapshotSqlite.layer({ filename: place() }), isDurable: true })

describe("snapshots: files", () => {
  it.effect("keeps the newest five generations and nothing temporary", () =>
    Effect.gen(function* () {
      const directory = place()
      yield* SnapshotStore.use((store) => Effect.forEach([1, 2, 3, 4, 5, 6, 7], (n) => store.save("bot", `${n}`))).pipe(
        Effect.provide(SnapshotFile.layer({ directory }))
      )
      const kept = [3, 4, 5, 6, 7].map((n) => `bot.${n}.snapshot`)
      assert.deepStrictEqual(readdirSync(directory).sort(), [...kept, "bot.newest"])
    })
  )

  it.effect("says which directory it cannot write", () =>
    Effect.gen(function* () {
      const build = Effect.provide(
        SnapshotStore.use(Effect.succeed),
        SnapshotFile.layer({ directory: "/dev/null/state" })
      )
      const error = yield* Effect.flip(build)
      assert.strictEqual(error.reason._tag, "Inaccessible")
      assert.include(error.message, "/dev/null/state")
    })
  )
})

describe("snapshots: what another program left under a good checksum", () => {
  for (const content of [
    "",
    "null\n{}",
    '{"name":"bot"}\n{}',
    '{"name":"bot","generation":7,"savedAt":"yesterday"}\n{}',
    '{"name":"bot","generation":1e400,"savedAt":1}\n{}',
    '{"name":"bot\\nINFO forged","generation":7,"savedAt":1}\n{}',
    "{my secret state}\n{}",
    "7\n"
  ]) {
    it(`${JSON.stringify(content)} is damaged like any other, and not repeated`, () => {
      const checksum = createHash("sha256").update(content).digest("hex")
      const found = unseal("bot", 7, Buffer.from(`everbot-snapshot 1 ${checksum}\n${content}`))
      assert(Result.isFailure(found))
      assert.match(found.failure, /^it (does not say which|is generation 7 of bot\\nINFO forged: somebody)/)
    })
  }
})
