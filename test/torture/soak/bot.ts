/** The bot of a soak: answers, counts people in its state, forgets old rows fast, and tells its figures when asked. */
import { readdirSync, statSync } from "node:fs"
import { Clock, Config, Effect, Layer, Random, Schema } from "effect"
import * as Bot from "../../../src/Bot.ts"
import * as Qq from "../../../src/platforms/qq/Qq.ts"
import * as Store from "../../../src/ports/Store.ts"
import * as Sqlite from "../../../src/stores/Sqlite.ts"
import { fastBot } from "../../guarantees/support/Fast.ts"

export interface Sample {
  /** Seconds since the start. */
  readonly at: number
  /** Megabytes; both after a full collection. */
  readonly rss: number
  readonly heap: number
  /** Buffers outside of the heap. */
  readonly buffers: number
  readonly files: number
  readonly timers: number
  readonly handles: number
  readonly lanes: number
  readonly backlog: number
  readonly database: number
  readonly log: number
  readonly handled: number
}

const heard = Bot.conversationState({ name: "heard", schema: Schema.Int, initial: 0 })

const Answer = Bot.on("MessageReceived", (event) =>
  Effect.gen(function* () {
    // State is the user's and is kept for ever, so only those who come again have some.
    if (event.conversation.kind === "group") yield* heard.update(event, (n) => n + 1)
    yield* Effect.sleep(yield* Random.nextIntBetween(0, 20))
    yield* Bot.reply(event, event.text)
  })
)

const megabytes = (bytes: number) => Math.round(bytes / 10_485.76) / 100
const sizeOf = (path: string) => megabytes(statSync(path, { throwIfNoEntry: false })?.size ?? 0)

const sample = (runtime: Bot.Runtime["Service"], filename: string): Sample => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { arrayBuffers, heapUsed, rss } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  const timers = resources.filter((name) => name === "Timeout").length
  const accounts = runtime.accounts()
  const sum = (of: (account: (typeof accounts)[number]) => number) =>
    accounts.reduce((total, account) => total + of(account), 0)
  return {
    at: Math.round(performance.now() / 1000),
    rss: megabytes(rss),
    heap: megabytes(heapUsed),
    buffers: megabytes(arrayBuffers),
    files: readdirSync("/proc/self/fd").length,
    timers,
    handles: resources.length - timers,
    lanes: sum(({ dispatcher }) => dispatcher.lanes.count),
    backlog: sum(({ dispatcher, relay }) => dispatcher.lanes.backlog + relay.depth),
    database: sizeOf(filename),
    log: sizeOf(`${filename}-wal`),
    handled: sum(({ dispatcher }) => dispatcher.counters.handled)
  }
}

const Figures = (filename: string) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const runtime = yield* Bot.Runtime
      const answer = () => void process.send?.(sample(runtime, filename))
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("message", answer)),
        () => Effect.sync(() => process.off("message", answer))
      )
    })
  )

/** In a bot nothing is kept for less than a day; a soak of minutes wants to see the files stop growing. */
const Prune = Layer.effectDiscard(
  Effect.gen(function* () {
    const store = yield* Store.Store
    const old = Effect.map(Clock.currentTimeMillis, (now) => now - 30_000)
    const prune = Effect.flatMap(old, (before) => store.prune({ events: before, sent: before }))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("10 seconds"), Effect.ignore(prune))))
  })
)

process.once("disconnect", () => process.exit(3))

Effect.gen(function* () {
  const filename = yield* Config.String("EVERBOT_DB")
  const app = Layer.mergeAll(Answer, Figures(filename), Prune, Qq.layerConfigWith(fastBot))
  return yield* app.pipe(Bot.launch, Effect.provide(Sqlite.layer({ filename, checkpointPages: 300 })))
}).pipe(Bot.runMain)
