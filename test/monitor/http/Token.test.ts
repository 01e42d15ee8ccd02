import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Token from "../../../src/monitor/http/Token.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)
const problem = (path: string) => Effect.map(Effect.flip(Token.kept(path)), ({ message }) => message)

describe("Token", () => {
  it.live("makes a token in a file that only its owner can read, and finds it there again", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "token")
      const first = yield* Token.kept(path)
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      assert.strictEqual(readFileSync(path, "utf8").trim(), Redacted.value(first.value))
      assert.isAtLeast(Redacted.value(first.value).length, 43)
      assert.strictEqual(Redacted.value((yield* Token.kept(path)).value), Redacted.value(first.value))
    }).pipe(Effect.scoped)
  )

  it.live("refuses a file that others can read, with the command that mends it", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "token")
      yield* Token.kept(path)
      chmodSync(path, 0o644)
      const said = yield* problem(path)
      assert.include(said, `chmod 600 ${path}`)
      assert.notInclude(said, readFileSync(path, "utf8").trim())
    }).pipe(Effect.scoped)
  )

  it.live("refuses a link, an empty file and a directory that is not there", () =>
    Effect.gen(function* () {
      const at = yield* directory
      writeFileSync(join(at, "elsewhere"), "somebody else's token 0123456789", { mode: 0o600 })
      symlinkSync(join(at, "elsewhere"), join(at, "link"))
      assert.include(yield* problem(join(at, "link")), "is no plain file")
      writeFileSync(join(at, "empty"), "", { mode: 0o600 })
      assert.include(yield* problem(join(at, "empty")), "holds no token")
      assert.include(yield* problem(join(at, "missing", "token")), "ENOENT")
    }).pipe(Effect.scoped)
  )

  it.effect("refuses a token that is short or not plain, and does not repeat it", () =>
    Effect.gen(function* () {
      for (const text of ["", "short", "with spaces and enough of them", "not-plain-\u00e9-0123456789"]) {
        const { message } = yield* Effect.flip(Token.given(Redacted.make(text), "EVERBOT_MONITOR_TOKEN"))
        assert.include(message, "EVERBOT_MONITOR_TOKEN")
        if (text !== "") assert.notInclude(message, text)
      }
    })
  )
})
