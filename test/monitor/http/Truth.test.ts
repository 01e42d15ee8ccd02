/**
 * What `/api/health` says while something is wrong: on a simulated QQ, real sockets and a real disk, within one interval
 * of checks; and that it says nothing of it any more when it is over.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Redacted } from "effect"
import { Monitor } from "everbot/monitor"
import { Sqlite } from "everbot/sqlite"
import * as Bot from "../../../src/Bot.ts"
import type * as Health from "../../../src/monitor/Health.ts"
import * as World from "../../guarantees/support/World.ts"
import { call, eventually, token } from "./served.ts"

/** Milliseconds between two rounds of checks; and what a loaded machine may need on top. */
const interval = 250
const slack = 1000

interface Setup {
  readonly health?: Partial<Health.Options>
  readonly maxPages?: number
  readonly options?: Parameters<typeof World.platform>[0]
}

/** A bot on a simulator with its monitor; `use` gets the simulator. */
const bot = Effect.fnUntraced(function* ({ health, maxPages, options }: Setup = {}) {
  const simulator = yield* World.platform(options)
  const filename = yield* World.database
  const app = Layer.mergeAll(
    World.Echo,
    World.account(simulator, { drainTimeout: Duration.millis(300) }),
    monitor
  ).pipe(
    Layer.provideMerge(Bot.layerWith({ health: { interval, ...health }, startsWhenQuiet: false })),
    Layer.provideMerge(Sqlite.layer({ filename, maxPages }))
  )
  const context = yield* Layer.build(app)
  const provided = Effect.provideContext(context)
  yield* Effect.addFinalizer(() => provided(Bot.Runtime.use((runtime) => runtime.drain)))
  yield* provided(Bot.Runtime.use((runtime) => runtime.start))
  return { simulator, provided }
})

const monitor = Monitor.layer({ port: 0, token: Redacted.make(token), restartProcess: false })

interface Report {
  readonly level: string
  readonly at: number
  readonly checks: ReadonlyArray<Found>
  readonly accounts: ReadonlyArray<{ readonly checks: ReadonlyArray<Found> }>
}
interface Found {
  readonly name: string
  readonly level: string
  readonly reason: string | null
}

const asked = Effect.map(call("/api/health"), ({ json, status }) => {
  const report = json() as Report
  const all = [...report.checks, ...report.accounts.flatMap(({ checks }) => checks)]
  const bad = all.filter(({ level }) => level !== "healthy").map(({ name, reason }) => `${name}: ${reason ?? ""}`)
  return { status, level: report.level, bad: bad.join("\n") }
})

const well = eventually(asked, ({ status, bad }) => status === 200 && bad === "")

/** Waits for health to say so; fails when that takes longer than an interval, beyond what it takes to show at all. */
const says = Effect.fnUntraced(function* (pattern: RegExp, shows: Duration.Input = 0) {
  const since = yield* Clock.currentTimeMillis
  const answer = yield* eventually(asked, ({ bad }) => pattern.test(bad))
  const took = (yield* Clock.currentTimeMillis) - since
  assert.isAtMost(took, interval + Duration.toMillis(shows) + slack, answer.bad)
  return answer
})

describe("/api/health", () => {
  it.live("says that the bot is deaf, and is content again when it hears", () =>
    Effect.gen(function* () {
      const { provided, simulator } = yield* bot({
        health: { heartbeatLimit: "300 millis", connectionLimit: "100 millis" },
        options: { heartbeatInterval: "20 millis" }
      })
      yield* provided(
        Effect.gen(function* () {
          yield* well
          yield* simulator.fault({ kind: "refuseConnections", ms: 1500 })
          yield* simulator.fault({ kind: "silence", of: "acks" })
          const { bad } = yield* says(/connection|heartbeat/, "2 seconds")
          assert.match(bad, /not connected for|no answered heartbeat for/)
          yield* well
        })
      )
    })
  )

  it.live("says that the bot is throttled, and since when", () =>
    Effect.gen(function* () {
      const { provided, simulator } = yield* bot()
      yield* provided(
        Effect.gen(function* () {
          yield* well
          yield* simulator.fault({ kind: "rateLimited", times: 1, retryAfter: 2 })
          const said = yield* simulator.say({ in: { kind: "group", id: "g" }, text: "hello" })
          const { status } = yield* says(/platform: throttled for \d+.*nothing is tried for/)
          assert.strictEqual(status, 200)
          yield* simulator.until(() => said.replies.length > 0)
          yield* well
        })
      )
    })
  )

  it.live("says that the disk is full, with what the store says", () =>
    Effect.gen(function* () {
      const { provided, simulator } = yield* bot({ maxPages: 24 })
      yield* provided(
        Effect.gen(function* () {
          yield* well
          for (let n = 0; n < 40; n++) {
            yield* simulator.say({ in: { kind: "group", id: `g${n}` }, text: "x".repeat(20_000) })
          }
          const { status } = yield* says(/store: nothing can be stored: .*full/, "3 seconds")
          assert.strictEqual(status, 503)
        })
      )
    })
  )

  it.live("says that the bot is logged out, although its connection still stands", () =>
    Effect.gen(function* () {
      const { provided, simulator } = yield* bot()
      yield* provided(
        Effect.gen(function* () {
          yield* well
          yield* simulator.fault({ kind: "wrongSecret" })
          yield* simulator.fault({ kind: "expireToken" })
          const { bad, status } = yield* says(/platform: logged out/)
          assert.strictEqual(status, 503)
          assert.notInclude(bad, simulator.clientSecret)
          assert.notMatch(bad, /^connection/m)
          yield* says(/credentials: logged out/)
          yield* simulator.fault({ kind: "wrongSecret", on: false })
          yield* well
        })
      )
    })
  )
})
