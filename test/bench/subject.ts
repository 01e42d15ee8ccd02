/**
 * One client of one benchmark run, in its own process: receives the sender's frames and tells how long it took from
 * the first frame to the last one done.
 */
import { dirname, join } from "node:path"
import { Duration, Effect, Layer, Redacted } from "effect"
import { Bot, Inbox } from "everbot"
import { Alerts, Logs, Monitor, ProcessGuard } from "everbot/monitor"
import { Qq } from "everbot/qq"
import { Sqlite } from "everbot/sqlite"
import { WebSocket } from "ws"
import * as StoreAsMade from "../../src/ports/Store.ts"

const [subject = "floor", port = "", measured = "100000", before = "0", file = ""] = process.argv.slice(2)
const warmUp = Number(before)
const frames = warmUp + Number(measured)
const base = `http://127.0.0.1:${port}`

const tell = (startedAt: number, cpu: NodeJS.CpuUsage, extra: object = {}): void => {
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ ms, cpuMs: (user + system) / 1000, rssMiB: process.memoryUsage().rss / 2 ** 20, ...extra })
}

/** The floor: what any client must do, and nothing else. */
const floor = (): void => {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/websocket`, { perMessageDeflate: false })
  let seq = 0
  let seen = 0
  let startedAt = 0
  let cpu = process.cpuUsage()
  ws.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { op: number; s?: number; t?: string }
    if (frame.op === 10) ws.send(JSON.stringify({ op: 2, d: { token: "QQBot bench", intents: 1, shard: [0, 1] } }))
    if (typeof frame.s === "number") seq = frame.s
    if (frame.op !== 0 || frame.t === "READY") return
    if (seen === warmUp) {
      startedAt = performance.now()
      cpu = process.cpuUsage()
    }
    if (++seen === frames) tell(startedAt, cpu, { seq })
  })
}

const account = () =>
  Qq.layer({
    appId: "1",
    clientSecret: Redacted.make("bench"),
    apiUrl: base,
    tokenUrl: `${base}/app/getAppAccessToken`
  })

const residentMiB = (): number => process.memoryUsage().rss / 2 ** 20

/** A bot whose handler never gets anywhere, while everything keeps coming. */
const sleeper = () => {
  const Sleep = Bot.on("MessageReceived", () => Effect.sleep("1 hour"))
  const watch = Layer.effectDiscard(
    Effect.gen(function* () {
      const store = yield* StoreAsMade.Store
      const runtime = yield* Bot.Runtime
      const look = Effect.gen(function* () {
        const [bot] = runtime.accounts()
        while (bot?.shards()[0]?.state._tag !== "Ready") yield* Effect.sleep("10 millis")
        yield* Effect.sleep("300 millis")
        const idleMiB = residentMiB()
        let peakMiB = idleMiB
        let stored = 0
        for (let still = 0; still < 100 && stored < frames; still++) {
          yield* Effect.sleep("100 millis")
          peakMiB = Math.max(peakMiB, residentMiB())
          stored = (yield* store.counts("qq:1")).pendingEvents
        }
        // A few more heartbeats while it sleeps.
        yield* Effect.sleep("3 seconds")
        process.send?.({ idleMiB, peakMiB: Math.max(peakMiB, residentMiB()), stored })
      })
      yield* Effect.forkScoped(look)
    })
  )
  return Layer.mergeAll(Sleep, account(), watch).pipe(
    Bot.launchWith({ handlerTimeout: Duration.hours(2) }),
    Effect.provide(Sqlite.layer({ filename: file }))
  )
}

const everbot = (isDurable: boolean) => {
  let seen = 0
  let startedAt = 0
  let cpu = process.cpuUsage()
  let finish = (): void => {}
  const all = new Promise<void>((resolve) => {
    finish = resolve
  })
  const count = (): void => {
    if (seen === warmUp) {
      startedAt = performance.now()
      cpu = process.cpuUsage()
    }
    if (++seen === frames) finish()
  }
  // Two handlers that do the same: one is done when it returns, one returns an effect that a fiber must run.
  const Count = Bot.on("MessageReceived", () => {
    if (subject === "volatileFiber") return Effect.sync(count)
    count()
    return Effect.void
  })
  const done = Layer.effectDiscard(
    Effect.gen(function* () {
      const store = yield* StoreAsMade.Store
      yield* Effect.forkScoped(
        Effect.gen(function* () {
          yield* Effect.promise(() => all)
          // Done is when every event is settled in the store, not when the last handler ran.
          while (isDurable && (yield* store.counts("qq:1")).pendingEvents > 0) yield* Effect.yieldNow
          tell(startedAt, cpu, { seen })
        })
      )
    })
  )
  const app = Layer.mergeAll(Count, account(), done)
  const bot =
    subject === "on"
      ? Layer.merge(app, watchers).pipe(
          Bot.launchWith({ health: { interval: "1 second" } }),
          Effect.provide(Logs.layer({ console: "none", level: "Debug", directory: join(dirname(file), "logs") }))
        )
      : app.pipe(
          Bot.launchWith({
            ...(isDurable ? {} : { inbox: Inbox.layerVolatile }),
            ...(subject === "off" && { health: false })
          })
        )
  return bot.pipe(Effect.provide(Sqlite.layer({ filename: file })))
}

/** Everything that can watch a bot; tells the parent where the monitor is. */
const watchers = Layer.effectDiscard(
  Effect.gen(function* () {
    const { token, url } = yield* Monitor.Monitor
    process.send?.({ url, token: Redacted.value(token) })
  })
).pipe(
  Layer.provide(Monitor.layer({ port: 0, token: Redacted.make("a-token-of-the-benchmark"), restartProcess: false })),
  Layer.merge(
    Alerts.layer({
      every: "1 second",
      rules: [...Alerts.defaultRules, Alerts.onMetric("everbot_inbox_depth", { above: 1e6 })]
    })
  ),
  Layer.merge(ProcessGuard.layer({ interval: "1 second" }))
)

if (subject === "floor") floor()
else if (subject === "sleeper") Effect.runFork(sleeper())
else Effect.runFork(everbot(!subject.startsWith("volatile")))
process.on("disconnect", () => process.exit(0))
