/** How the machine and the platform treat a bot, as its health tells: in virtual time, each put right again. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../../src/Bot.ts"
import { CredentialError, Refused, Unreachable } from "../../../src/domain/CredentialError.ts"
import { RateLimited, type Reason, RestError, Unauthorized, Unavailable } from "../../../src/domain/RestError.ts"
import { Disk } from "../../../src/monitor/health/Disk.ts"
import { Memory } from "../../../src/monitor/health/Memory.ts"
import type { ClockView, CredentialsView } from "../../../src/ports/Platform.ts"
import { Store } from "../../../src/ports/Store.ts"
import { FakePlatform, FakeStore, start } from "../../../src/testing/index.ts"

const MiB = 1024 ** 2
const account = "fake:1"
const ann = { account, kind: "direct", id: "ann" } as const

/** A bot whose surroundings are as told. */
const bot = () => {
  const fake = FakePlatform.make()
  const world = {
    probes: 0,
    probe: undefined as Reason | undefined,
    credentials: { usableUntil: 1e12, failure: undefined } as CredentialsView,
    clock: undefined as ClockView | undefined,
    memory: 10,
    free: 5000 * MiB,
    diskHangs: false
  }
  const platform = {
    ...fake.platform,
    credentials: () => world.credentials,
    probe: Effect.suspend(() => {
      world.probes++
      return world.probe === undefined ? Effect.void : Effect.fail(new RestError({ account, reason: world.probe }))
    }),
    clock: Effect.sync(() => world.clock)
  }
  const measured = Effect.sync(() => ({
    rss: 5 * MiB,
    used: world.memory * MiB,
    limit: 100 * MiB,
    of: "container" as const
  }))
  const look = () =>
    Effect.suspend(() => (world.diskHangs ? Effect.never : Effect.succeed({ free: world.free, size: 9000 * MiB })))
  const layer = Layer.effectDiscard(Effect.flatMap(Bot.Runtime, (runtime) => runtime.attach(platform))).pipe(
    Layer.provideMerge(Bot.layer),
    Layer.provide(
      Layer.effect(
        Store,
        Effect.map(Store, (store) => Store.of({ ...store, file: "/data/bot.db" }))
      ).pipe(Layer.provide(FakeStore.layer))
    ),
    Layer.provide([Layer.succeed(Memory, measured), Layer.succeed(Disk, look)])
  )
  return { fake, world, layer }
}

const told = (name: string) =>
  Effect.map(Bot.health, ({ accounts, checks }) => {
    const found = [...checks, ...accounts.flatMap((one) => one.checks)].find((check) => check.name === name)
    return [found?.level, found?.reason] as const
  })

const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

/** One interval between rounds, and a moment for the round. */
const interval = pass(31)

const well = Effect.fnUntraced(function* (name: string) {
  yield* interval
  assert.strictEqual((yield* told(name))[0], "healthy")
})

describe("health within one interval", () => {
  it.effect("says how full the container's memory is, and takes it back", () => {
    const { layer, world } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* well("memory")
      world.memory = 90
      yield* interval
      assert.deepStrictEqual(yield* told("memory"), [
        "degraded",
        "90 % of the container's 100 MiB are in use, 5 MiB by this process"
      ])
      world.memory = 96
      yield* interval
      assert.strictEqual((yield* told("memory"))[0], "unhealthy")
      world.memory = 50
      yield* well("memory")
    }).pipe(Effect.provide(layer))
  })

  it.effect("says that the disk of the database fills up, before it is full", () => {
    const { layer, world } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* well("disk")
      world.free = 500 * MiB
      yield* interval
      assert.deepStrictEqual(yield* told("disk"), [
        "degraded",
        "500 MiB of 8.8 GiB are left on the disk of /data/bot.db"
      ])
      world.free = 0
      yield* interval
      assert.strictEqual((yield* told("disk"))[0], "unhealthy")
      world.free = 5000 * MiB
      yield* well("disk")
    }).pipe(Effect.provide(layer))
  })

  it.effect("says that a disk does not answer, and all else goes on being measured", () => {
    const { layer, world } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* interval
      world.diskHangs = true
      world.memory = 90
      yield* pass(36)
      assert.deepStrictEqual(yield* told("disk"), ["unhealthy", "no answer within 5s"])
      assert.strictEqual((yield* told("memory"))[0], "degraded")
      world.diskHangs = false
      yield* well("disk")
    }).pipe(Effect.provide(layer))
  })

  it.effect("says that the bot is throttled, since when and for how long, and asks nothing meanwhile", () => {
    const { fake, layer, world } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* interval
      yield* fake.failSends(new RateLimited({ retryAfter: Duration.minutes(2) }))
      yield* Bot.send(ann, "hello")
      yield* interval
      const asked = world.probes
      const [level, reason] = yield* told("platform")
      assert.strictEqual(level, "degraded")
      assert.match(reason ?? "", /^throttled for \d+s, nothing is tried for 1m \d+s: the platform limits the rate$/)
      yield* interval
      assert.strictEqual(world.probes, asked)
      yield* pass(60)
      assert.strictEqual(fake.sent().length, 1)
      yield* well("platform")
      assert.isAbove(world.probes, asked)
    }).pipe(Effect.provide(layer))
  })

  it.effect("says that the bot is logged out, although nobody sends anything", () => {
    const { layer, world } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* well("platform")
      world.probe = new Unauthorized({ detail: "the bot is banned" })
      yield* interval
      assert.deepStrictEqual(yield* told("platform"), [
        "unhealthy",
        "logged out: the platform refused the credentials: the bot is banned"
      ])
      world.probe = new Unavailable({ reached: true })
      yield* interval
      assert.deepStrictEqual(yield* told("platform"), ["degraded", "the platform is unavailable"])
      world.probe = undefined
      yield* well("platform")
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells a token that cannot be renewed from one that can, and refused credentials from both", () => {
    const { layer, world } = bot()
    const fail = (reason: Refused | Unreachable) => new CredentialError({ account, reason })
    return Effect.gen(function* () {
      yield* start
      yield* well("credentials")
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const down = fail(new Unreachable({ detail: "no route" }))
      world.credentials = { usableUntil: now + 50_000, failure: down }
      yield* interval
      assert.match(
        (yield* told("credentials")).join(" "),
        /^degraded not renewed, (19|20|21)s left: .* unavailable: no route$/
      )
      yield* interval
      assert.match((yield* told("credentials")).join(" "), /^unhealthy none to be had: /)
      world.credentials = {
        usableUntil: now + 1e9,
        failure: fail(new Refused({ code: 100016, detail: "no", advice: "Ask." }))
      }
      yield* interval
      assert.match((yield* told("credentials")).join(" "), /^unhealthy logged out: .*\(code 100016\)/)
      world.credentials = { usableUntil: now + 1e9, failure: undefined }
      yield* well("credentials")
    }).pipe(Effect.provide(layer))
  })

  it.effect("says that our clock is off, when it is by more than the measurement may be", () => {
    const { layer, world } = bot()
    return Effect.gen(function* () {
      yield* start
      yield* interval
      assert.deepStrictEqual(yield* told("clock"), ["healthy", "the platform was not heard yet"])
      world.clock = { skew: -90_000, uncertainty: 600, measuredAt: 1000 }
      yield* interval
      assert.deepStrictEqual(yield* told("clock"), [
        "degraded",
        "this machine's clock is 1m 30s slow, by the platform's"
      ])
      world.clock = { skew: 9000, uncertainty: 5000, measuredAt: 1000 }
      yield* well("clock")
    }).pipe(Effect.provide(layer))
  })
})
