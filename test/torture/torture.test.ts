/**
 * The short version of `npm run torture`: the scenarios that need no waiting, side by side, a few kills each. The long
 * one is a command of its own.
 */
import { rmSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run, type Scenario, type Settings } from "./Stage.ts"
import * as damage from "./scenarios/damage.ts"
import * as disk from "./scenarios/disk.ts"
import * as limits from "./scenarios/limits.ts"
import * as signals from "./scenarios/signals.ts"

const settings: Settings = {
  seed: process.env["SEED"] ?? String(process.hrtime.bigint() % 1_000_000n),
  kills: 4,
  isBrief: true,
  progress: () => {}
}

const scenarios: ReadonlyArray<Scenario> = [
  signals.kill,
  signals.poison,
  disk.full,
  disk.locked,
  damage.database,
  damage.log,
  limits.files
]

describe.concurrent("torture, in short", () => {
  for (const scenario of scenarios) {
    it.live(
      `nothing is lost, said twice or out of order, and service goes on: ${scenario.title}`,
      () =>
        Effect.gen(function* () {
          const { folder, kills, violations } = yield* run(scenario, settings)
          assert.deepStrictEqual(violations, [], `SEED=${settings.seed}, ${kills} kills, kept in ${folder}`)
        }),
      180_000
    )
  }

  it.live(
    "a bot that stores no event is found out",
    () =>
      Effect.gen(function* () {
        const patient = signals.killing({ TORTURE_BREAK: "volatile" })
        const { folder, lost } = yield* run(patient, { ...settings, settleWithin: 3000 })
        assert.isAbove(lost, 0)
        assert.isDefined(folder)
        if (folder !== undefined) rmSync(folder, { recursive: true })
      }),
    180_000
  )
})
