/**
 * Promise: no token, secret or stored credential in a log, an error, a span, a status, or a dump of any object.
 *
 * A whole life is lived, troubles included, with a secret that is easy to recognise and the tokens the platform issued;
 * then everything that was said is searched for them.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Redacted, Schedule, Schema, Tracer } from "effect"
import { Bot, Encryption, type Event } from "everbot"
import { Qq } from "everbot/qq"
import { type Fault, QqSimulator } from "everbot/simulator"
import { Sqlite } from "everbot/sqlite"
import { encryptionKey, marker, secret } from "../fixtures/secrets.ts"
import * as Child from "./support/Child.ts"
import { burst, fourChats, listening, say } from "./support/Crowd.ts"
import { portOf } from "./support/Mode.ts"
import * as World from "./support/World.ts"

const clientSecret = secret("client")

/** Everything that can be read off a value, nested and hidden parts included. */
const dump = (value: unknown): string =>
  [
    inspect(value, { depth: 12, showHidden: true, getters: true, maxArrayLength: 500, maxStringLength: 100_000 }),
    json(value),
    String(value)
  ].join("\n")

const json = (value: unknown): string => {
  const seen = new Set<unknown>()
  return (
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === "bigint") return String(part)
      if (typeof part !== "object" || part === null) return part
      if (seen.has(part)) return undefined
      seen.add(part)
      return part
    }) ?? ""
  )
}

/** Reads the tokens off the requests, before the bot sees an answer: the only witness of what was issued. */
const listenIn = (tokens: Set<string>): (() => void) => {
  const take = (token: unknown) => {
    if (typeof token === "string" && token !== "") tokens.add(token)
  }
  const parse = JSON.parse
  JSON.parse = (text: string, ...rest) => {
    const value = parse(text, ...rest)
    if (typeof value === "object" && value !== null && "access_token" in value) take(value.access_token)
    return value
  }
  return () => {
    JSON.parse = parse
  }
}

describe("keeps secrets", () => {
  it.live("a whole life with every kind of trouble says neither secret nor token", () =>
    Effect.gen(function* () {
      const tokens = new Set<string>()
      yield* Effect.acquireRelease(
        Effect.sync(() => listenIn(tokens)),
        (stop) => Effect.sync(stop)
      )
      const simulator: QqSimulator.QqSimulator = yield* World.platform({ clientSecret })
      const filename = yield* World.database
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const seen: Array<unknown> = []
      const errors: Array<unknown> = []
      const Nosy = Bot.on("MessageReceived", (event: Event) =>
        Effect.gen(function* () {
          const api = yield* Qq.QqApi
          seen.push(event, api, yield* Qq.QqRest, yield* Bot.status, yield* Effect.context<never>())
          yield* Effect.ignore(
            Effect.tapError(api.messages.get("500", "no-such"), (error) => Effect.sync(() => errors.push(error)))
          )
          if ("text" in event && event.text === "fail") return yield* Effect.die(new Error("the handler died"))
          yield* Bot.reply(event, "x".repeat("text" in event && event.text === "long" ? 6000 : 3))
        })
      )
      const app = Nosy.pipe(Layer.provideMerge(World.account(simulator, { maxAttempts: 3 })))
      const bot = yield* World.run(app, { store: Sqlite.layer({ filename }) }).pipe(Effect.withTracer(tracer))
      yield* listening(simulator)
      const troubles: ReadonlyArray<Fault> = [
        { kind: "cut", by: "rst" },
        { kind: "expireToken" },
        { kind: "serverError", times: 2 },
        { kind: "htmlError", times: 1 },
        { kind: "lostAnswer", times: 1 },
        { kind: "malformedFrame", form: "text" },
        { kind: "tokenServerError", times: 1 },
        { kind: "expireToken" },
        { kind: "tokenServerError", times: 1, form: "html" },
        { kind: "revokeToken" }
      ]
      for (const fault of troubles) {
        yield* simulator.fault(fault)
        yield* burst(simulator, fourChats, 4)
        yield* simulator.settled.pipe(World.within(20_000, `every answer after ${fault.kind}`))
      }
      yield* simulator.until(({ sessions }) => sessions.length === 2).pipe(World.within(20_000, "a second session"))
      say(simulator, { kind: "direct", id: "user-1" }, "fail")
      say(simulator, { kind: "direct", id: "user-2" }, "long")
      yield* bot
        .until((news) => ["EventDeadLettered", "MessageSettled"].every((tag) => news.some((it) => it._tag === tag)))
        .pipe(World.within(20_000, "dead letters"))
      const status = yield* bot.status
      // The last act: the secret is refused, and the account ends.
      yield* simulator.fault({ kind: "wrongSecret" })
      yield* simulator.fault({ kind: "close", code: 4004 })
      const exit = yield* bot.ended.pipe(World.within(20_000, "the end"))
      const error = Exit.isFailure(exit) ? [exit.cause, Cause.squash(exit.cause), Cause.pretty(exit.cause)] : []
      const account = `qq:${simulator.appId}`
      const kept = yield* World.inStore(filename, (store) =>
        Effect.all([store.deadLetters(account, { limit: 100 }), store.gaps(account), store.positions(account)])
      )

      assert.isAbove(tokens.size, 2, "no token was seen: this test would find nothing")
      assert.isAbove(spans.length, 20)
      assert.isAbove(bot.log.length, 50)
      assert.isAbove(errors.length, 5)
      assert.isAbove(seen.length, 20)
      assert.isAbove(error.length, 0)
      const said = {
        log: bot.log.join("\n"),
        news: dump(bot.news),
        spans: spans
          .map((span) =>
            dump([span.name, [...span.attributes], ...("events" in span ? [span.events] : []), span.status])
          )
          .join("\n"),
        errors: dump(errors),
        end: error.map(dump).join("\n"),
        status: dump(status),
        objects: seen.slice(0, 12).map(dump).join("\n"),
        kept: dump(kept)
      }
      for (const [where, text] of Object.entries(said)) {
        assert.notInclude(text, clientSecret, `the secret in: ${where}`)
        for (const token of tokens) assert.isFalse(text.includes(token), `a token in: ${where}`)
      }
      // The file may know the session, which is worth nothing without a token, and nothing else.
      for (const file of [filename, `${filename}-wal`]) {
        const bytes = Effect.try(() => readFileSync(file).toString("latin1")).pipe(Effect.orElseSucceed(() => ""))
        const text = yield* bytes
        for (const secret of [clientSecret, ...tokens]) assert.isFalse(text.includes(secret), `in ${file}`)
      }
    })
  )

  it.live("a webhook says nothing of its secret, whoever asks and however", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ clientSecret }, "webhook")
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const app = Layer.mergeAll(World.Echo, World.account(simulator))
      const bot = yield* World.run(app, { store: Sqlite.layer({ filename: yield* World.database }) }).pipe(
        Effect.withTracer(tracer)
      )
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 8)
      yield* simulator.settled
      yield* simulator.fault({ kind: "webhookForged", times: 5 })
      yield* simulator.fault({ kind: "webhookReplayed", times: 5 })
      const url = `http://127.0.0.1:${portOf(simulator)}/qq`
      const challenge = { op: 13, d: { event_ts: "1725442341", plain_token: "Arq0D5A61EgUu4OxUvOp" } }
      const answers: Array<string> = []
      for (const body of [
        JSON.stringify(challenge),
        "",
        "[]",
        "{",
        JSON.stringify({ op: 13 }),
        JSON.stringify({ op: 0 })
      ]) {
        for (const signature of [undefined, "00", "0".repeat(128)]) {
          const headers: Record<string, string> = { "content-type": "application/json", "x-signature-timestamp": "1" }
          if (signature !== undefined) headers["x-signature-ed25519"] = signature
          const answer = yield* Effect.promise(() => fetch(url, { method: "POST", headers, body }))
          answers.push(dump([...answer.headers]), yield* Effect.promise(() => answer.text()))
        }
      }
      yield* simulator.until(({ hostile }) => hostile.length === 10).pipe(World.within(20_000, "the strangers"))
      const said = {
        answers: answers.join("\n"),
        log: bot.log.join("\n"),
        news: dump(bot.news),
        status: dump(yield* bot.status),
        spans: spans.map((span) => dump([span.name, [...span.attributes]])).join("\n")
      }
      assert.include(said.answers, "plain_token", "nothing was answered: this test would find nothing")
      // The secret itself, and the seed that is as good as it.
      const seed = Buffer.from(clientSecret.repeat(2)).subarray(0, 32)
      for (const [where, text] of Object.entries(said)) {
        for (const secret of [clientSecret, seed.toString("hex"), seed.toString("base64")]) {
          assert.isFalse(text.includes(secret), `in: ${where}`)
        }
      }
    })
  )

  it.live("with encryption on, the files of a bot at work hold neither its state nor its session", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const filename = yield* World.database
      const noted = Bot.userState({ name: "noted", schema: Schema.String, initial: "" })
      const heard: Array<string> = []
      const Remember = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          heard.push(yield* noted.get(event))
          yield* noted.set(event, secret("state"))
          yield* Bot.reply(event, "a reply that is not hidden")
        })
      )
      const keys = Redacted.make(encryptionKey("guarantee"))
      const store = Encryption.layer({ keys }).pipe(Layer.provide(Sqlite.layer({ filename })))
      const bot = yield* World.run(Remember.pipe(Layer.provideMerge(World.account(simulator))), { store })
      yield* listening(simulator)
      for (let round = 0; round < 3; round++) {
        yield* burst(simulator, fourChats, 8)
        yield* simulator.settled.pipe(World.within(20_000, "every answer"))
        yield* simulator.fault({ kind: "cut", by: "rst" })
      }
      const sessions = simulator.books.identifies.flatMap(({ session }) => session ?? [])
      assert.isAbove(sessions.length, 0)
      assert.include(heard, secret("state"), "the state was never read back")
      const inFiles = () => [filename, `${filename}-wal`].map((file) => readFileSync(file).toString("latin1")).join("")
      const atWork = inFiles()
      yield* bot.stop
      for (const text of [atWork, readFileSync(filename).toString("latin1")]) {
        for (const hidden of [marker, ...sessions]) assert.isFalse(text.includes(hidden), "it is in the file")
        assert.include(text, "a reply that is not hidden", "the search finds nothing at all")
      }
    })
  )

  it.live("a diagnostic report of a bot holds neither secret nor token", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ clientSecret })
      const directory = yield* World.directory
      const options = ["--report-on-signal", "--report-filename=report.json", `--report-directory=${directory}`]
      const child = yield* Child.start(simulator, join(directory, "bot.db"), { NODE_OPTIONS: options.join(" ") })
      yield* listening(simulator).pipe(World.within(20_000, "a session"))
      yield* child.signal("SIGUSR2")
      // Node says on standard error when it has written it.
      yield* Effect.sync(() => child.output().includes("report completed")).pipe(
        Effect.repeat({ until: (isWritten) => isWritten, schedule: Schedule.spaced("20 millis") }),
        World.within(20_000, "a report")
      )
      const report = readFileSync(join(directory, "report.json"), "utf8")
      assert.include(report, '"javascriptStack"')
      for (const hidden of [clientSecret, QqSimulator.tokenPrefix]) assert.notInclude(report, hidden)
    })
  )

  it.live("settings that are refused are named without their values", () =>
    Effect.gen(function* () {
      const secret = "  \n"
      for (const options of [
        { appId: "not digits", clientSecret: Redacted.make(clientSecret) },
        { appId: "1", clientSecret: Redacted.make(clientSecret), apiUrl: `ftp://${clientSecret}` },
        { appId: "1", clientSecret: Redacted.make(clientSecret), tokenUrl: `${clientSecret}` },
        { appId: "1", clientSecret: Redacted.make(secret) }
      ]) {
        const exit = yield* Effect.exit(
          Bot.launch(Qq.layer(options)).pipe(Effect.provide(Sqlite.layer({ filename: yield* World.database })))
        )
        assert(Exit.isFailure(exit))
        const text = [dump(exit), dump(Cause.squash(exit.cause)), Cause.pretty(exit.cause), dump(options)].join("\n")
        assert.include(text, "ConfigError")
        // What we were given as an address is in the options themselves, so only what we say of it counts.
        assert.notInclude([dump(exit), Cause.pretty(exit.cause)].join("\n"), clientSecret)
      }
    })
  )
})
