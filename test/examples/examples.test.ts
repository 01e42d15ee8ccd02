/** The examples do what they say, on the simulator, as a newcomer runs them. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { start, startByTsx } from "../cli/child.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-examples-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

interface How {
  readonly env?: Readonly<Record<string, string>>
  /** @defaultValue {@link start} */
  readonly by?: typeof start
}

const example = Effect.fnUntraced(function* (name: string, path: string, { by = start, env }: How = {}) {
  const ours = { EVERBOT_DB: join(path, "bot.db"), EVERBOT_STATE: join(path, "state") }
  return yield* by([`examples/${name}.ts`], { ...ours, ...env })
})

describe.concurrent("10_echo", () => {
  it.live("answers its visitors, and drains on Ctrl-C", () =>
    Effect.gen(function* () {
      const child = yield* example("10_echo", yield* directory, { by: startByTsx })
      yield* child.printed("bot: You said: hello")
      yield* child.printed("bot: You said: is anybody there?")
      yield* child.signal("SIGINT")
      assert.strictEqual(yield* child.exit, 0, child.output())
      assert.include(child.output(), "drained; left: 0 events, 0 messages")
    })
  )
})

describe.concurrent("20_error_recovery", () => {
  it.live("shows each recovery, ends by itself, and counts on at the next start", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const first = yield* example("20_error_recovery", path)
      assert.strictEqual(yield* first.exit, 0, first.output())
      const said = first.output()
      assert.match(said, /!ping {3}bot: pong/)
      assert.match(said, /!test_error {3}bot: recovered from Rejected: .*304026/)
      assert.match(said, /error_test for us {3}bot: attempt 2 worked/)
      assert.include(said, "connection lost: the connection was lost")
      assert.include(said, "connection recovered, session resumed")
      assert.match(said, /!health {3}bot: connected, 1 reconnects, 0 to send/)
      assert.match(said, /bot: processed 6, errors 3, recovered 3, up \d+\.\d s, start number 1/)
      const second = yield* example("20_error_recovery", path)
      assert.strictEqual(yield* second.exit, 0, second.output())
      // It first tries the session of the first start, which the new simulator does not know: that counts as errors.
      assert.match(second.output(), /bot: processed 12, errors \d+, recovered \d+, up \d+\.\d s, start number 2/)
    })
  )
})

describe.concurrent("30_survive_a_crash", () => {
  it.live("kills its worker again and again, and proves from the books that nothing was lost or said twice", () =>
    Effect.gen(function* () {
      const child = yield* example("30_survive_a_crash", yield* directory, { env: { CRASHES: "3" } })
      assert.strictEqual(yield* child.exit, 0, child.output())
      const output = child.output()
      assert.strictEqual(output.match(/SIGKILL \d/g)?.length, 3, output)
      assert.match(output, /PASSED: [1-9]\d* messages, 0 lost, 0 answered twice, 0 out of order, 0 misnumbered/)
    })
  )

  it.live("ends, and says why, when its worker cannot start", () =>
    Effect.gen(function* () {
      const child = yield* example("30_survive_a_crash", yield* directory, { env: { EVERBOT_PRESET: "fastest" } })
      assert.strictEqual(yield* child.exit, 1, child.output())
      assert.match(child.output(), /^EVERBOT_PRESET is none of /m)
      assert.include(child.output(), "FAILED: the bot ended by itself, with 1")
    })
  )
})
