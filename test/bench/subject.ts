/**
 * One client of one benchmark run, in its own process: receives the sender's frames and tells how long it took from
 * the first frame to the last one done.
 */
import { Effect, Layer, Redacted } from "effect"
import { Bot, Inbox } from "everbot"
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

const everbot = (isDurable: boolean) => {
  let seen = 0
  let startedAt = 0
  let cpu = process.cpuUsage()
  let finish = (): void => {}
  const all = new Promise<void>((resolve) => {
    finish = resolve
  })
  const Count = Bot.on("MessageReceived", () =>
    Effect.sync(() => {
      if (seen === warmUp) {
        startedAt = performance.now()
        cpu = process.cpuUsage()
      }
      if (++seen === frames) finish()
    })
  )
  const account = Qq.layer({
    appId: "1",
    clientSecret: Redacted.make("bench"),
    apiUrl: base,
    tokenUrl: `${base}/app/getAppAccessToken`
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
  return Layer.mergeAll(Count, account, done).pipe(
    Bot.launchWith(isDurable ? {} : { inbox: Inbox.layerVolatile }),
    Effect.provide(Sqlite.layer({ filename: file }))
  )
}

if (subject === "floor") floor()
else Effect.runFork(everbot(subject === "durable"))
process.on("disconnect", () => process.exit(0))
