import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { ConfigError } from "../../src/domain/ConfigError.ts"
import { StoreError } from "../../src/domain/StoreError.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-config-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const refusal = (EVERBOT_DB: string) =>
  Effect.scoped(
    Layer.build(
      Sqlite.layerConfig.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({ EVERBOT_DB }))))
    )
  ).pipe(Effect.flip)

describe("EVERBOT_DB", () => {
  it.live("that names a directory, or a file in none, fails by its name and with a mend", () =>
    Effect.gen(function* () {
      const path = yield* directory
      for (const value of [path, join(path, "none", "bot.db")]) {
        const error = yield* refusal(value)
        assert.instanceOf(error, ConfigError)
        assert.match(error.message, /^EVERBOT_DB names .*directory.*\. [A-Z].*file.*\.$/)
        assert.notInclude(error.message, path)
      }
    })
  )

  it.live("that is blank is as good as not set: the database is a file and outlives the process", () =>
    Effect.gen(function* () {
      const load = `import("${new URL("../../src/stores/Sqlite.ts", import.meta.url).href}")`
      const open = `const [{ Effect, Layer }, { layerConfig }] = await Promise.all([import("${import.meta.resolve("effect")}"), ${load}])
        await Effect.runPromise(Effect.scoped(Layer.build(layerConfig)))`
      const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", open]
      for (const EVERBOT_DB of ["", "  "]) {
        const path = yield* directory
        const { status, stderr } = spawnSync(process.execPath, args, {
          cwd: path,
          env: { EVERBOT_DB },
          encoding: "utf8"
        })
        assert.strictEqual(status, 0, stderr)
        assert.deepStrictEqual(
          readdirSync(path).filter((name) => !/-(lock|wal|shm)$/.test(name)),
          ["everbot.db"]
        )
      }
    })
  )

  it.live("is not asked by a layer whose filename is empty: it fails instead of forgetting everything", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Sqlite.layer({ filename: "" }))))
      assert.instanceOf(error, StoreError)
      assert.strictEqual(error.reason._tag, "Unusable")
      assert.match(error.message, /name a file/)
    })
  )
})
