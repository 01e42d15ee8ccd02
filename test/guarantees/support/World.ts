/**
 * What every guarantee runs in: a directory that goes with the test, a simulated QQ, and everbot on real sockets and
 * a real SQLite file, in this process, with its news and logs at hand.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Cause, Effect, type Exit, Fiber, Layer, Logger, Redacted, References, type Scope } from "effect"
import { Bot, type Status, Store } from "everbot"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { Sqlite } from "everbot/sqlite"
import { assert } from "vitest"
import { fastBot, fastPlatform } from "./Fast.ts"
import * as Mode from "./Mode.ts"

export { modes } from "./Mode.ts"

/** A directory that is removed with the scope. */
export const directory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-guarantee-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The path of a database that does not exist yet. */
export const database = Effect.map(directory, (path) => join(path, "bot.db"))

/** A simulated QQ with a quick heart, which the bot dials or which calls the bot. */
export const platform = Effect.fnUntraced(function* (
  options: QqSimulator.Options = {},
  mode: Mode.Mode = "WebSocket"
): Effect.fn.Return<QqSimulator.QqSimulator, never, Scope.Scope> {
  if (mode === "WebSocket") return yield* QqSimulator.make({ ...fastPlatform, ...options })
  const port = yield* Mode.freePort
  const webhook = { ...Mode.patient(port), ...options.webhook }
  const simulator = yield* QqSimulator.make({ ...fastPlatform, ...options, webhook })
  Mode.remember(simulator, port)
  return simulator
})

/** The account of a simulated QQ, with quick retries; it dials or listens, as its platform wants it. */
export const account = (
  simulator: QqSimulator.QqSimulator,
  given: Partial<Qq.Options> = {},
  webhook: Partial<Qq.WebhookOptions["webhook"]> = {}
) => {
  const port = Mode.portOf(simulator)
  const options: Qq.Options = {
    appId: simulator.appId,
    clientSecret: Redacted.make(simulator.clientSecret),
    apiUrl: simulator.apiUrl,
    tokenUrl: simulator.tokenUrl,
    requestTimeout: "2 seconds",
    ...fastBot,
    ...given
  }
  return port === undefined ? Qq.layer(options) : Qq.layerWebhook({ ...options, webhook: { port, ...webhook } })
}

/** Answers every message with its own text. */
export const Echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

export interface Running {
  /** Everything the runtime said about itself, in order. */
  readonly news: ReadonlyArray<Status>
  /** Waits until the news, now or later, satisfy the condition. */
  readonly until: (condition: (news: ReadonlyArray<Status>) => boolean) => Effect.Effect<void>
  readonly status: Effect.Effect<ReadonlyArray<Bot.AccountStatus>>
  /** Lines of the log, at every level. */
  readonly log: ReadonlyArray<string>
  /** How the bot ended, once it did. */
  readonly ended: Effect.Effect<Exit.Exit<unknown, unknown>>
  /** Stops it as SIGTERM would. */
  readonly stop: Effect.Effect<void>
}

export interface Setup {
  readonly store: Layer.Layer<Store.Store, unknown>
  readonly options?: Parameters<typeof Bot.launchWith>[0] | undefined
}

/** Runs features and accounts until the scope closes. */
export const run = <A, E>(
  app: Layer.Layer<A, E, Bot.Runtime>,
  { store, options = {} }: Setup
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.gen(function* () {
    const news: Array<Status> = []
    const log: Array<string> = []
    const waiting = new Set<() => void>()
    let runtime: Bot.Runtime["Service"] | undefined
    const probe = Layer.mergeAll(
      Bot.onStatus((status) =>
        Effect.sync(() => {
          news.push(status)
          for (const look of waiting) look()
        })
      ),
      Layer.effectDiscard(
        Effect.map(Bot.Runtime, (it) => {
          runtime = it
        })
      )
    )
    const capture = Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
      const notes = JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))
      log.push(`${logLevel} ${String(message)} ${cause.reasons.length > 0 ? Cause.pretty(cause) : ""} ${notes}`)
    })
    const fiber = yield* Layer.mergeAll(app, probe).pipe(
      Bot.launchWith(options),
      Effect.provide(store, { local: true }),
      Effect.provide(Logger.layer([capture])),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.forkScoped
    )
    return {
      news,
      log,
      until: (condition) =>
        Effect.callback<void>((resume) => {
          const look = () => {
            if (!condition(news)) return
            waiting.delete(look)
            resume(Effect.void)
          }
          waiting.add(look)
          look()
          return Effect.sync(() => waiting.delete(look))
        }),
      status: Effect.suspend(() =>
        runtime === undefined ? Effect.succeed([]) : Effect.provideService(Bot.status, Bot.Runtime, runtime)
      ),
      ended: Fiber.await(fiber),
      stop: Fiber.interrupt(fiber)
    }
  })

/** {@link run} on a SQLite file. */
export const runOn = <A, E>(filename: string, app: Layer.Layer<A, E, Bot.Runtime>, options?: Setup["options"]) =>
  run(app, { store: Sqlite.layer({ filename }), options })

/** Asks the store of a bot that has ended. */
export const inStore = <A, E>(filename: string, use: (store: Store.Store["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Store.Store.use(use), Sqlite.layer({ filename, exclusive: false }), { local: true })

/** Fails when it takes longer than this: a bot that hangs must not hang the suite. */
export const within =
  (limit: number, what: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.timeoutOrElse(self, {
      duration: limit,
      orElse: () => Effect.die(new Error(`not within ${limit} ms: ${what}`))
    })

/** The platform's verdict: all that was heard is answered once and in order. `story` helps to repeat a failure. */
export const assertFair = ({ books }: QqSimulator.QqSimulator, story = "") => {
  const { duplicated, excessStarts, lost, outOfOrder, refused, repeated } = books.judge()
  const none = { lost: [], duplicated: [], repeated: [], outOfOrder: [], refused: [], excessStarts: [] }
  assert.deepStrictEqual({ lost, duplicated, repeated, outOfOrder, refused, excessStarts }, none, story)
}

/** A seed to be printed: `SEED` of the environment, or a fresh one. */
export const seed = Effect.sync(() => process.env["SEED"] ?? String(process.hrtime.bigint() % 1_000_000n))
