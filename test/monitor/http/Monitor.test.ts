import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger, Redacted } from "effect"
import { Monitor } from "everbot/monitor"
import * as Bot from "../../../src/Bot.ts"
import { ConfigError } from "../../../src/domain/ConfigError.ts"
import * as Memory from "../../../src/stores/Memory.ts"
import { token } from "./served.ts"

const bot = Bot.layer.pipe(Layer.provideMerge(Memory.layer))

/** The monitor of a bot without accounts, with this environment. */
const monitor = (options: Monitor.Options, environment: Readonly<Record<string, string>>) =>
  Layer.build(Monitor.layerConfigWith(options).pipe(Layer.provide(bot))).pipe(
    Effect.flatMap((context) => Effect.provideContext(Monitor.Monitor, context)),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment))
  )

const problem = (options: Monitor.Options, environment: Readonly<Record<string, string>> = {}) =>
  Effect.map(Effect.flip(monitor(options, environment)), (error) => {
    assert.instanceOf(error, ConfigError)
    return error.message
  })

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A port that somebody else listens on. */
const taken = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" ? (address?.port ?? 0) : 0
      resume(Effect.succeed({ port, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

describe("Monitor", () => {
  it.live("listens on loopback, with the token from the environment", () =>
    Effect.gen(function* () {
      const { token: used, tokenFile, url } = yield* monitor({ port: 0 }, { EVERBOT_MONITOR_TOKEN: token })
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.deepStrictEqual([Redacted.value(used), tokenFile], [token, undefined])
      const { status } = yield* Effect.promise(() =>
        fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${token}` } })
      )
      assert.strictEqual(status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("makes a token of its own where none is set, and logs where it is but not what it is", () => {
    const lines: Array<string> = []
    const capture = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
    return Effect.gen(function* () {
      const path = join(yield* directory, "token")
      const { token: made, tokenFile } = yield* monitor({ port: 0, tokenFile: path }, {})
      assert.deepStrictEqual([Redacted.value(made), tokenFile], [readFileSync(path, "utf8").trim(), path])
      const said = lines.join("\n")
      assert.include(said, `its token is in ${path}`)
      assert.notInclude(said, Redacted.value(made))
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([capture])))
  })

  it.live("says which setting is wrong, and what to do", () =>
    Effect.gen(function* () {
      assert.include(yield* problem({ port: 0 }, { EVERBOT_MONITOR_TOKEN: "short" }), "EVERBOT_MONITOR_TOKEN")
      const port = yield* problem({}, { EVERBOT_MONITOR_TOKEN: token, EVERBOT_MONITOR_PORT: "seven" })
      assert.include(port, "EVERBOT_MONITOR_PORT")
      const { port: used } = yield* taken
      const said = yield* problem({ port: used, token: Redacted.make(token) })
      assert.include(said, `127.0.0.1:${used} (EADDRINUSE)`)
      assert.include(said, "Choose another port")
      assert.notInclude(said, token)
    }).pipe(Effect.scoped)
  )
})
