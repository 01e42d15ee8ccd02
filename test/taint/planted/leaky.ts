/** A suite that leaks though its tests pass; run by Taint.test.ts only. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { secret } from "../../fixtures/secrets.ts"

describe("its tests pass", () => {
  it.effect("and it says too much", () =>
    Effect.logInfo(`connecting with ${secret("of-the-suite")}`).pipe(Effect.provide(Logger.layer([])))
  )

  it("and it leaves a file", () => {
    writeFileSync(join(mkdtempSync(join(tmpdir(), "leaky-")), "state.json"), secret("in-a-file"))
  })
})
