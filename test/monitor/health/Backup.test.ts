/** Health knows of the backups that an app makes, wherever in it they are made. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { resolve } from "../../../src/monitor/health/Options.ts"
import { backup } from "../../../src/monitor/health/ProcessChecks.ts"
import * as Backup from "../../../src/stores/Backup.ts"
import * as Sqlite from "../../../src/stores/Sqlite.ts"
import { call, served } from "../http/served.ts"

const hours = 3_600_000

describe("the check of the backups", () => {
  it.effect("is degraded when the last one failed, or the newest is older than two intervals", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(100 * hours)
      const facts = { filename: "bot.db", every: 6 * hours, since: 80 * hours, newestAt: undefined, failure: undefined }
      const find = (given: Partial<Parameters<typeof backup>[0]>) =>
        Effect.map(backup({ ...facts, ...given }, resolve({})).run, (found) => {
          const { level, reason } = found as { readonly level: string; readonly reason: string | undefined }
          return [level, reason]
        })
      assert.deepStrictEqual(yield* find({ since: 99 * hours }), ["healthy", "there is none yet"])
      assert.deepStrictEqual(yield* find({ newestAt: 88 * hours }), ["healthy", undefined])
      assert.deepStrictEqual(yield* find({ newestAt: 87 * hours }), [
        "degraded",
        "the newest is 13h old; one is due every 6h"
      ])
      assert.deepStrictEqual(yield* find({}), ["degraded", "there is none yet; one is due every 6h"])
      assert.deepStrictEqual(yield* find({ newestAt: 99 * hours, failure: "the disk is full" }), [
        "degraded",
        "the last backup failed, the newest is 1h old: the disk is full"
      ])
    })
  )

  it.live("is there for every schedule of the app, and the newest one's age among the metrics", () => {
    const directory = mkdtempSync(join(tmpdir(), "everbot-backups-"))
    const filename = join(directory, "bot.db")
    const layer = Layer.mergeAll(served().layer, Backup.layer({ filename, every: false }), Backup.layer({ filename }))
    const checkOf = Effect.map(call("/api/health"), (answer) => {
      const { checks } = answer.json() as { readonly checks: ReadonlyArray<{ name: string; reason: string | null }> }
      return checks.filter(({ name }) => name === "backup").map(({ reason }) => reason)
    })
    const ages = Effect.map(call("/metrics"), ({ text }) => text.match(/^everbot_backup_age_seconds.*$/gm) ?? [])
    return Effect.gen(function* () {
      yield* Effect.scoped(Layer.build(Sqlite.layer({ filename })))
      assert.deepStrictEqual([yield* checkOf, yield* ages], [["there is none yet"], []])
      yield* Backup.Backup.use(({ create }) => create)
      const [age = "", ...others] = yield* ages
      assert.match(age, /^everbot_backup_age_seconds\{database="bot\.db"\} [\d.e-]+$/)
      assert.deepStrictEqual(others, [])
    }).pipe(Effect.provide(layer), Effect.ensuring(Effect.sync(() => rmSync(directory, { recursive: true }))))
  })
})
