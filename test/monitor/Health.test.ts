import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import { AccountBanned, ConnectionLost } from "../../src/domain/GatewayError.ts"
import type { CheckReport, HealthReport } from "../../src/domain/Health.ts"
import { Unavailable } from "../../src/domain/RestError.ts"
import { Full } from "../../src/domain/StoreError.ts"
import * as Health from "../../src/monitor/Health.ts"
import { type Delays, LoopDelay } from "../../src/monitor/health/LoopDelay.ts"
import { Memory } from "../../src/monitor/health/Memory.ts"
import { Events, FakePlatform, FakeStore, start } from "../../src/testing/index.ts"
import { news } from "../fixtures/runtime.ts"

/** A bot on a disk that can be hurt, with an event loop that is as slow as told. */
const bot = (options: Health.Options | false = {}, beats = false) => {
  const fake = FakePlatform.make()
  const disk = FakeStore.make()
  const loop: { delays: Delays } = { delays: { p99: 1, max: 1 } }
  const platform = { ...fake.platform, heartbeats: beats }
  const attached = Layer.effectDiscard(Effect.flatMap(Bot.Runtime, (runtime) => runtime.attach(platform)))
  const layer = attached.pipe(
    Layer.provideMerge(Bot.layerWith({ health: options })),
    Layer.provide(disk.layer),
    Layer.provide(Layer.succeed(Memory, Effect.succeed({ rss: 1, used: 1, limit: 100, of: "machine" as const }))),
    Layer.provide(
      Layer.succeed(
        LoopDelay,
        Effect.succeed(() => loop.delays)
      )
    )
  )
  return { fake, disk, loop, layer }
}

const found = (report: HealthReport, name: string): CheckReport => {
  const all = [...report.checks, ...report.accounts.flatMap(({ checks }) => checks)]
  const check = all.find((one) => one.name === name)
  if (check === undefined) throw new Error(`there is no check ${name}`)
  return check
}

const levelOf = (name: string) => Effect.map(Bot.health, (report) => found(report, name).level)
const reasonOf = (name: string) => Effect.map(Bot.health, (report) => found(report, name).reason)

/** Time passes in steps, so that the rounds due meanwhile come to their end. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

describe("Health", () => {
  it.effect("calls a connected bot healthy, whole and account", () => {
    const { layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(31)
      const { level, accounts, checks } = yield* Bot.health
      assert.deepStrictEqual(
        [level, accounts.map((one) => [one.account, one.level])],
        ["healthy", [["fake:1", "healthy"]]]
      )
      assert.deepStrictEqual(
        checks.map(({ name }) => name),
        ["store", "event loop", "memory"]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("measures at once when nothing was measured yet", () => {
    const { layer } = bot()
    return Effect.gen(function* () {
      assert.strictEqual((yield* Bot.health).at, 0)
      assert.strictEqual(yield* levelOf("connection"), "degraded")
    }).pipe(Effect.provide(layer))
  })

  it.effect("finds a connection that is deaf, cuts it so that it is dialled again, and is content afterwards", () => {
    const { fake, layer } = bot({}, true)
    return Effect.gen(function* () {
      const heard = yield* news
      yield* start
      yield* pass(120)
      assert.deepStrictEqual([yield* levelOf("heartbeat"), fake.counts().resumed], ["healthy", 0])
      yield* pass(30)
      assert.strictEqual(yield* levelOf("heartbeat"), "unhealthy")
      assert.include(yield* reasonOf("heartbeat"), "shard 0: no answered heartbeat for 2m")
      yield* pass(30)
      assert.strictEqual(yield* levelOf("heartbeat"), "healthy")
      assert.strictEqual(fake.counts().identified + fake.counts().resumed, 2)
      assert.strictEqual(heard.filter(({ _tag }) => _tag === "RepairStarted").length, 1)
      const causes = heard.flatMap((one) =>
        one._tag === "ConnectionChanged" && one.to._tag === "Reconnecting" ? [one.to.cause.reason._tag] : []
      )
      assert.deepStrictEqual(causes, ["HeartbeatMissed"])
      const changes = heard.flatMap((one) =>
        one._tag === "HealthChanged" && one.check === "heartbeat" ? [[one.from, one.to]] : []
      )
      assert.deepStrictEqual(changes, [
        ["healthy", "unhealthy"],
        ["unhealthy", "healthy"]
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("answers with the latest round while one is under way that hangs", () => {
    const { layer } = bot({ checks: [Health.check("hangs", Effect.never, { timeout: "20 seconds" })] })
    return Effect.gen(function* () {
      yield* start
      yield* pass(55)
      const before = (yield* Bot.health).at
      yield* pass(10)
      assert.deepStrictEqual([before, (yield* Bot.health).at], [50_000, 50_000])
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not judge the heartbeats of a platform that has none", () => {
    const { fake, layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(600)
      assert.strictEqual(yield* levelOf("heartbeat"), "healthy")
      assert.strictEqual(fake.counts().identified, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("repairs nothing when it is switched off, and measures when asked", () => {
    const { fake, layer } = bot(false, true)
    return Effect.gen(function* () {
      yield* start
      yield* pass(200)
      assert.strictEqual(yield* levelOf("heartbeat"), "unhealthy")
      yield* pass(100)
      assert.deepStrictEqual([fake.counts().identified, fake.counts().resumed], [1, 0])
    }).pipe(Effect.provide(layer))
  })

  it.effect("warns of silence, and takes it back with the next event", () => {
    const { fake, layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(331)
      assert.strictEqual(yield* levelOf("activity"), "degraded")
      assert.include(yield* reasonOf("activity"), "quiet")
      yield* fake.emit(Events.message({ text: "hello" }))
      yield* pass(31)
      assert.strictEqual(yield* levelOf("activity"), "healthy")
    }).pipe(Effect.provide(layer))
  })

  it.effect("says for how long and why an account is not connected", () => {
    const { fake, layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(1)
      const down = Array.from({ length: 8 }, () => new ConnectionLost({ network: true, detail: "no route" }))
      yield* fake.refuseConnections(...down)
      yield* fake.disconnect()
      yield* pass(35)
      assert.strictEqual(yield* levelOf("connection"), "degraded")
      yield* pass(60)
      assert.strictEqual(yield* levelOf("connection"), "unhealthy")
      assert.include(yield* reasonOf("connection"), "no route")
      yield* pass(3600)
      assert.deepStrictEqual([yield* levelOf("connection"), yield* reasonOf("connection")], ["healthy", undefined])
    }).pipe(Effect.provide(layer))
  })

  it.effect("passes on what a person should do about an account that gave up", () => {
    const { fake, layer } = bot()
    return Effect.gen(function* () {
      yield* fake.refuseConnections(new AccountBanned({ advice: "Ask the platform." }))
      yield* start
      yield* pass(31)
      assert.strictEqual(yield* levelOf("connection"), "unhealthy")
      assert.include(yield* reasonOf("connection"), "Ask the platform.")
    }).pipe(Effect.provide(layer))
  })

  it.effect("finds a store that hangs, and sees it come back", () => {
    const { disk, layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(1)
      yield* disk.hang
      yield* pass(40)
      assert.strictEqual(yield* levelOf("store"), "unhealthy")
      assert.include(yield* reasonOf("store"), "a read took longer than 5s")
      yield* disk.resume
      yield* pass(31)
      assert.strictEqual(yield* levelOf("store"), "healthy")
    }).pipe(Effect.provide(layer))
  })

  it.effect("finds a slow store by the commits under way", () => {
    const { fake, disk, layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(29)
      yield* disk.slow("2 seconds")
      yield* fake.emit(Events.message({ text: "hello" }))
      yield* pass(10)
      assert.strictEqual(yield* levelOf("store"), "degraded")
      yield* disk.slow(0)
      yield* pass(60)
      assert.strictEqual(yield* levelOf("store"), "healthy")
    }).pipe(Effect.provide(layer))
  })

  it.effect("finds commits that fail, with the store's own words", () => {
    const { fake, disk, layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(25)
      yield* disk.failNext(15, new Full({ detail: "0 bytes left" }))
      yield* fake.emit(Events.message({ text: "hello" }))
      yield* pass(10)
      assert.strictEqual(yield* levelOf("store"), "unhealthy")
      assert.include(yield* reasonOf("store"), "0 bytes left")
      yield* pass(120)
      assert.strictEqual(yield* levelOf("store"), "healthy")
    }).pipe(Effect.provide(layer))
  })

  it.effect("finds an event loop that is late or stood still", () => {
    const { loop, layer } = bot()
    return Effect.gen(function* () {
      loop.delays = { p99: 900, max: 1000 }
      yield* pass(31)
      assert.include(yield* reasonOf("event loop"), "900ms late")
      loop.delays = { p99: 3, max: 4000 }
      yield* pass(30)
      assert.include(yield* reasonOf("event loop"), "stood still for 4s")
      loop.delays = { p99: 3, max: 5 }
      yield* pass(30)
      assert.strictEqual(yield* levelOf("event loop"), "healthy")
    }).pipe(Effect.provide(layer))
  })

  it.effect("finds a message that cannot leave, but not one that was put off on purpose", () => {
    const { fake, layer } = bot()
    const ann = { account: "fake:1", kind: "direct", id: "ann" } as const
    return Effect.gen(function* () {
      yield* start
      yield* Bot.send(ann, "tomorrow", { after: "1 day" })
      yield* pass(100)
      assert.strictEqual(yield* levelOf("outbox"), "healthy")
      yield* fake.failSends(...Array.from({ length: 40 }, () => new Unavailable({ reached: false })))
      yield* Bot.send(ann, "now")
      yield* pass(95)
      assert.strictEqual(yield* levelOf("outbox"), "degraded")
      assert.include(yield* reasonOf("outbox"), "2 messages wait, the oldest for 1m")
      yield* pass(1200)
      assert.strictEqual(yield* levelOf("outbox"), "healthy")
    }).pipe(Effect.provide(layer))
  })

  it.effect("lets a check fail, die, hang or refuse to be stopped for itself alone", () => {
    const checks = [
      Health.check("fails", Effect.fail(new Error("no answer from redis"))),
      Health.check("dies", Effect.die("a bug")),
      Health.check("hangs", Effect.never),
      Health.check("stuck", Effect.uninterruptible(Effect.never)),
      Health.check("sulks", Effect.succeed(Health.degraded("slow today"))),
      Health.check("works", Effect.succeed("PONG"))
    ]
    const { layer } = bot({ checks })
    return Effect.gen(function* () {
      yield* start
      yield* pass(36)
      const { checks: reports } = yield* Bot.health
      assert.deepStrictEqual(
        reports.map(({ name, level, reason }) => [name, level, reason]),
        [
          ["store", "healthy", undefined],
          ["event loop", "healthy", undefined],
          ["memory", "healthy", undefined],
          ["fails", "unhealthy", "no answer from redis"],
          ["dies", "unhealthy", "a bug"],
          ["hangs", "unhealthy", "no answer within 5s"],
          ["stuck", "unhealthy", "no answer within 5s"],
          ["sulks", "degraded", "slow today"],
          ["works", "healthy", undefined]
        ]
      )
      yield* pass(40)
      assert.include(yield* reasonOf("stuck"), "has not ended")
      assert.include(yield* reasonOf("hangs"), "no answer within 5s")
    }).pipe(Effect.provide(layer))
  })

  it.effect("repairs what a check of one's own found, keeps since when, and follows it when it is well", () => {
    let isWell = true
    let repairs = 0
    const ping = Effect.suspend(() => (isWell ? Effect.void : Effect.fail(new Error("gone"))))
    const repair = Effect.sync(() => void repairs++)
    const { layer } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* pass(31)
      isWell = false
      yield* pass(60)
      const report = yield* Bot.health
      assert.deepStrictEqual([report.level, found(report, "redis").since, report.at], ["unhealthy", 60_000, 90_000])
      assert.strictEqual(repairs, 2)
      isWell = true
      yield* pass(30)
      assert.strictEqual((yield* Bot.health).level, "healthy")
    }).pipe(Effect.provide(Bot.check("redis", ping, { repair }).pipe(Layer.provideMerge(layer))))
  })
})
