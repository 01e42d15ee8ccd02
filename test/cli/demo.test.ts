/** `npm start` is what a newcomer sees first, and what a script may check: both as a child process. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { start, startByTsx } from "./child.ts"

const demo = (...flags: ReadonlyArray<string>) => start(["src/cli/demo/main.ts", ...flags])

const Count = Schema.Int.pipe(Schema.check(Schema.isGreaterThanOrEqualTo(0)))
const Summary = Schema.Struct({
  platform: Schema.Literal("qq"),
  offered: Count,
  handled: Count,
  replied: Count,
  lost: Count,
  duplicated: Count,
  outOfOrder: Count,
  unheard: Count,
  reconnects: Count,
  faults: Count,
  faultKinds: Count,
  p50Ms: Count,
  p99Ms: Count,
  evidence: Schema.Record(Schema.String, Count)
})
const decode = Schema.decodeEffect(Schema.fromJsonString(Summary))
const lastLine = (output: string) => output.trimEnd().split("\n").at(-1) ?? ""

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe.concurrent("the demo", () => {
  it.live("keeps its promises under faults that the platform's books confirm, and says so in one line of JSON", () =>
    Effect.gen(function* () {
      const seed = Math.floor(Math.random() * 1_000_000)
      const child = yield* demo("--for", "20s", "--json", "--seed", String(seed))
      const code = yield* child.exit
      const told = `seed ${seed}\n${child.output()}`
      const summary = yield* decode(lastLine(child.output())).pipe(Effect.mapError((error) => `${error}\n${told}`))
      const { duplicated, evidence, lost, outOfOrder } = summary
      assert.deepStrictEqual(
        { code, lost, duplicated, outOfOrder },
        { code: 0, lost: 0, duplicated: 0, outOfOrder: 0 },
        told
      )
      assert.isAbove(summary.offered, 500, told)
      assert.strictEqual(summary.replied + summary.unheard, summary.offered, told)
      assert.strictEqual(summary.handled, summary.replied, told)
      assert.isAtLeast(summary.faults, 15, told)
      assert.isAtLeast(summary.faultKinds, 8, told)
      assert.isAtLeast(summary.reconnects, 5, told)
      assert.isAtLeast(summary.p99Ms, summary.p50Ms, told)
      // The faults did strike: sockets were lost, and calls were refused.
      assert.isAtLeast(evidence["dials"] ?? 0, summary.reconnects + 1, told)
      assert.isAbove((evidence["http429"] ?? 0) + (evidence["http5xx"] ?? 0) + (evidence["answersLost"] ?? 0), 0, told)
    })
  )

  it.live("keeps them by webhook too: calls are lost, repeated and forged, and nothing is missing or said twice", () =>
    Effect.gen(function* () {
      const seed = Math.floor(Math.random() * 1_000_000)
      const child = yield* demo("--webhook", "--for", "8s", "--json", "--seed", String(seed))
      const code = yield* child.exit
      const told = `seed ${seed}\n${child.output()}`
      const summary = yield* decode(lastLine(child.output())).pipe(Effect.mapError((error) => `${error}\n${told}`))
      const { duplicated, evidence, lost, outOfOrder } = summary
      assert.deepStrictEqual(
        { code, lost, duplicated, outOfOrder },
        { code: 0, lost: 0, duplicated: 0, outOfOrder: 0 },
        told
      )
      assert.isAbove(summary.offered, 200, told)
      assert.deepStrictEqual([summary.replied, summary.handled, summary.unheard], [summary.offered, summary.offered, 0])
      assert.isAtLeast(summary.faultKinds, 6, told)
      assert.isAtLeast(evidence["webhookCalls"] ?? 0, summary.offered, told)
      assert.deepStrictEqual([evidence["dials"], evidence["webhookForgeriesAccepted"]], [0, 0], told)
    })
  )

  it.live("prints plain lines, and no escape sequence, where there is no terminal", () =>
    Effect.gen(function* () {
      const child = yield* demo("--for", "4s", "--seed", "1")
      assert.strictEqual(yield* child.exit, 0, child.output())
      const output = child.output()
      assert.notInclude(output, "\u001b")
      assert.match(output, /^ +\d+\.\d s {2}note {6}connected, new session$/m)
      assert.match(output, /^ +\d+\.\d s {2}fault {5}\S/m)
      assert.match(output, /^ +\d+\.\d s {2}note {6}\w+; \d+ events\/s, said \d+/m)
      assert.strictEqual(lastLine(output), "PASSED: 0 lost, 0 duplicated, 0 out of order")
    })
  )

  it.live("ends with its verdict when it is interrupted", () =>
    Effect.gen(function* () {
      const child = yield* demo()
      yield* child.printed("fault")
      yield* child.signal("SIGINT")
      assert.strictEqual(yield* child.exit, 0, child.output())
      assert.strictEqual(lastLine(child.output()), "PASSED: 0 lost, 0 duplicated, 0 out of order")
    })
  )

  it.live("keeps the database where it is told to", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const child = yield* demo("--for", "1s", "--db", join(path, "kept.db"))
      assert.strictEqual(yield* child.exit, 0, child.output())
      assert.include(readdirSync(path), "kept.db")
    })
  )

  it.live("ends with 1 and the reason when the database cannot be opened", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const child = yield* demo("--for", "1s", "--db", join(path, "missing", "kept.db"))
      assert.strictEqual(yield* child.exit, 1, child.output())
      assert.include(child.output(), "StoreError")
    })
  )

  it.live("refuses a duration it cannot read", () =>
    Effect.gen(function* () {
      // As `npm start` does it.
      const child = yield* startByTsx(["src/cli/demo/main.ts", "--for", "soon"])
      assert.strictEqual(yield* child.exit, 1, child.output())
      assert.include(child.output(), `"soon" is no duration`)
    })
  )
})
