/** The watch for secrets is able to fail: a leak planted at each outlet, in each encoding, is found and not repeated. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { createServer, get } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Data, Effect, Layer, Logger, Metric, Redacted } from "effect"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { tokenPath } from "../../src/platforms/qq/Protocol.ts"
import { tokenPrefix } from "../../src/simulator/qq/Tokens.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { encryptionKey, marker, qqClientSecret, secret } from "../fixtures/secrets.ts"
import { commit, event } from "../stores/StoreSuite.ts"
import { find } from "./needles.ts"
import { metrics } from "./taps.ts"
import { describeFindings, type Finding, type Outlet, planted } from "./Watch.ts"

const leak = secret("4711-tail")

/** Something went out there, was found there, and is not shown by what is said about it. */
const assertFound = (found: ReadonlyArray<Finding>, outlet: Outlet): void => {
  assert.include(
    found.map((it) => it.outlet),
    outlet
  )
  const said = describeFindings("suite.test.ts", found)
  assert.include(said, `\n  ${outlet}`)
  for (const hidden of [marker, "4711-tail", qqClientSecret]) assert.notInclude(said, hidden)
}

const quiet = Logger.layer([])

class Leaky extends Data.TaggedError("Leaky")<{ readonly hint: string }> {
  override get message() {
    return `it was ${this.hint}`
  }
}

const getWhole = async (url: string) => {
  const [response] = await once(get(url), "response")
  response.resume()
  await once(response, "end")
}

/** Answers `body` to one request for `path`. */
const serve = async (
  path: string,
  body: string,
  headers: Record<string, string> = {},
  ask: (url: string) => Promise<unknown> = getWhole
) => {
  const server = createServer((_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.write(body.slice(0, 1))
    response.end(body)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  await ask(`http://127.0.0.1:${port}${path}`)
  server.close()
}

const directory = () => mkdtempSync(join(tmpdir(), "planted-"))
const withFile = (remove: (file: string, folder: string) => unknown) => async () => {
  const folder = directory()
  mkdirSync(join(folder, "inner"))
  const file = join(folder, "inner", "state.json")
  writeFileSync(file, `{"token":"${leak}"}`)
  await remove(file, folder)
  rmSync(folder, { recursive: true, force: true })
}

/** A leak at each outlet, as it would happen. */
const leaks: ReadonlyArray<readonly [name: string, outlet: Outlet, plant: () => unknown]> = [
  ["a line on standard error", "output", () => process.stderr.write(`\r${leak}\r\u001b[2K`)],
  ["a console line", "output", () => console.debug("connecting with %o", { token: leak })],
  ["a message in the log", "log", () => run(Effect.logInfo(`the token is ${leak}`))],
  [
    "a value in the log",
    "log",
    () => run(Effect.logInfo("connecting", { headers: { authorization: `QQBot ${leak}` } }))
  ],
  ["an annotation of the log", "log", () => run(Effect.annotateLogs(Effect.logInfo("connecting"), { token: leak }))],
  ["a cause in the log", "log", () => run(Effect.logWarning("failed", Cause.fail(new Leaky({ hint: leak }))))],
  ["an attribute of a span", "span", () => run(Effect.withSpan(Effect.void, "ask", { attributes: { token: leak } }))],
  ["the name of a span", "span", () => run(Effect.withSpan(Effect.void, `ask ${leak}`))],
  ["a span that ends in an error", "span", () => run(Effect.withSpan(Effect.fail(new Leaky({ hint: leak })), "ask"))],
  ["an error that ends a fiber", "error", () => run(Effect.fail(new Leaky({ hint: leak })))],
  ["the cause of an error", "error", () => run(Effect.fail(new Error("it failed", { cause: new Error(leak) })))],
  [
    "a hidden part of an error",
    "error",
    () => run(Effect.fail(Object.defineProperty(new Error("x"), "request", { value: { headers: [leak] } })))
  ],
  ["a bug", "error", () => run(Effect.die(`bad ${leak}`))],
  [
    "a status",
    "status",
    () =>
      run(
        StatusStream.use((stream) =>
          Effect.sync(() => stream.publish({ _tag: "DrainStarted", account: leak } as never))
        ).pipe(Effect.provide(StatusStream.layer))
      )
  ],
  ["an HTTP answer", "HTTP answer", () => serve("/healthz", `{"secret":"${leak}"}`)],
  ["a header of an HTTP answer", "HTTP answer", () => serve("/healthz", "ok", { "x-debug": leak })],
  [
    "the client secret where tokens are given out",
    "HTTP answer",
    () => serve(tokenPath, `{"message":"not ${qqClientSecret}"}`)
  ],
  [
    "a token elsewhere than where tokens are given out",
    "HTTP answer",
    () => serve("/status", `{"t":"${tokenPrefix}abc"}`)
  ],
  ["an address with a token in its query", "request line", () => serve(`/x?access_token=${leak}`, "ok")],
  [
    "the same by fetch",
    "request line",
    () => serve("/", "ok", {}, (url) => fetch(`${url}?access_token=${leak}`).then((it) => it.text()))
  ],
  [
    "a label of a metric",
    "metrics",
    () => {
      const registry = Context.get(Context.empty(), Metric.MetricRegistry)
      const before = new Set(registry.keys())
      Effect.runSync(Metric.update(Metric.withAttributes(Metric.counter("planted_total"), { token: leak }), 1))
      metrics()
      for (const key of registry.keys()) if (!before.has(key)) registry.delete(key)
    }
  ],
  ["a file that is removed", "file", withFile((file) => unlinkSync(file))],
  ["a file in a directory that is removed", "file", withFile((_, folder) => rmSync(folder, { recursive: true }))],
  ["a file that is removed later", "file", withFile((_, folder) => rm(folder, { recursive: true }))],
  [
    "a database",
    "file",
    () => {
      const folder = directory()
      const db = new DatabaseSync(join(folder, "bot.db"))
      db.exec(`CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('${leak}')`)
      db.close()
      rmSync(folder, { recursive: true })
    }
  ],
  [
    "an event in a journal, which is compressed",
    "file",
    async () => {
      const filename = join(directory(), "bot.db")
      const raw = (n: number) =>
        new TextEncoder().encode(JSON.stringify({ n: n ** 3, token: leak, text: "words ".repeat(n) }))
      const events = Array.from({ length: 300 }, (_, n) => event(`k${n}`, { raw: raw(n) }))
      const stored = Effect.provide(commit({ events }), Sqlite.layer({ filename }))
      await Effect.runPromise(stored)
      assert.isFalse(readFileSync(filename).includes(leak), "it is not compressed")
      rmSync(filename)
    }
  ],
  [
    "what a child prints",
    "output of a child",
    () => child(`process.stdout.write(Buffer.from("${Buffer.from(leak).toString("hex")}", "hex"))`)
  ],
  ["what a child prints as an error", "output of a child", () => child(`console.error(process.env.LEAK)`)],
  ["an argument of a child", "arguments of a child", () => child("0", leak)]
]

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromiseExit(Effect.provide(effect, quiet))

const child = async (program: string, ...args: ReadonlyArray<string>) => {
  const started = spawn(process.execPath, ["-e", program, ...args], { env: { LEAK: leak }, stdio: "pipe" })
  started.stdout.resume()
  started.stderr.resume()
  await once(started, "close")
}

describe("a leak is planted:", () => {
  it.each(leaks)("%s is found", async (_, outlet, plant) => {
    assertFound(await planted(plant), outlet)
  })

  it("a file that stays is found at the end", async () => {
    const folder = directory()
    writeFileSync(join(folder, "left"), Buffer.concat([Buffer.alloc(17 * 1024 * 1024), Buffer.from(leak)]))
    const { lookAtFiles } = await import("./files.ts")
    assertFound(await planted(() => lookAtFiles(folder)), "file")
    await planted(() => rmSync(folder, { recursive: true }))
  })

  it("what belongs there is not: a token where tokens are given out, and a secret that is redacted", async () => {
    const found = await planted(async () => {
      await serve(tokenPath, `{"access_token":"${tokenPrefix}abc"}`)
      await run(Effect.logInfo("redacted", { secret: Redacted.make(leak), at: Redacted.make(leak) }))
      await run(Effect.fail({ secret: Redacted.make(leak) }))
      await run(Effect.fail("harmless").pipe(Effect.withSpan("ask"), Effect.provide(Layer.empty)))
    })
    assert.deepStrictEqual(found, [])
  })
})

describe("a secret is recognised", () => {
  const around = (text: string) => `{"before":"äöü","it":"${text}","after":1}`
  const bytes = Buffer.from(leak)
  it.each([
    ["as it is", leak],
    ["in a URL", encodeURIComponent(`a&b/${leak}?`)],
    ["in JSON in JSON", JSON.stringify(JSON.stringify({ [leak]: "\n" }))],
    ["in base64, at any place of a longer text", Buffer.from(`QQBot ${leak}`).toString("base64")],
    ["one further", Buffer.from(`Basic x${leak}`).toString("base64")],
    ["two further", Buffer.from(`Basic xy${leak}`).toString("base64url")],
    ["in hex", bytes.toString("hex")],
    ["in capital hex", bytes.toString("hex").toUpperCase()],
    ["as a printed buffer", String(Buffer.from(leak).toString("hex").match(/../g)?.join(" "))],
    ["as a buffer in JSON", JSON.stringify(bytes)],
    ["in UTF-16", bytes.toString("latin1").split("").join("\0")],
    ["as an encryption key, which is base64", encryptionKey("planted")],
    ["as an encryption key in hex", Buffer.from(encryptionKey("planted"), "base64").toString("hex")]
  ])("%s", (_, text) => {
    for (const found of [find(around(text)), find(Buffer.from(around(text)))]) {
      assert.isAbove(found.length, 0)
      for (const { excerpt } of found) {
        assert.notInclude(excerpt, text)
        assert.include(excerpt, "‹hidden›")
      }
    }
  })
})

describe("a run of suites", () => {
  it("fails when one of them leaks, names suite, test and outlet, and does not repeat the secret", async () => {
    const config = fileURLToPath(new URL("./planted/vitest.config.ts", import.meta.url))
    const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url))
    let said = ""
    const found = await planted(async () => {
      const { EVERBOT_TAINT_BOOK: _, ...env } = process.env
      const args = [vitest, "run", "--config", config]
      const started = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] })
      for (const stream of [started.stdout, started.stderr]) stream.setEncoding("utf8").on("data", (it) => (said += it))
      const [code] = await once(started, "close")
      assert.strictEqual(code, 1, said)
    })
    assert.include(said, "2 passed")
    assert.include(said, "secrets left the code")
    assert.include(
      said,
      "planted/leaky.ts > its tests pass > and it says too much\n  log: a secret of the tests, plain"
    )
    assert.include(said, "planted/leaky.ts > its tests pass > and it leaves a file\n  file ")
    assert.deepStrictEqual(found, [])
  })
})
