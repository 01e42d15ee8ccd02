import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as State from "../../src/domain/ConnectionState.ts"
import type { Position } from "../../src/domain/Event.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import type { Status } from "../../src/domain/Status.ts"
import * as Ladder from "../../src/engines/Ladder.ts"
import * as Renewal from "../../src/engines/Renewal.ts"
import * as Schedules from "../../src/engines/Schedules.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import * as Supervisor from "../../src/engines/Supervisor.ts"
import type { GatewayLink, Platform } from "../../src/ports/Platform.ts"
import { FakePlatform } from "../../src/testing/index.ts"

const options: Supervisor.Options = {
  reconnect: Schedules.reconnect({ jitter: 0, stableAfter: "30 seconds" }),
  identify: Schedules.identify({ jitter: 0 }),
  stableAfter: Duration.seconds(30),
  ladder: Ladder.defaults,
  ...Renewal.never
}
const ready = State.Ready({ session: "s", resumed: false })
const fail = (reason: Gateway.Reason) => Effect.fail(new Gateway.GatewayError({ account: "fake:1", reason }))
const lost = fail(new Gateway.ConnectionLost({ network: false }))
const unreachable = fail(new Gateway.ConnectionLost({ network: true }))
const invalidated = fail(new Gateway.SessionInvalidated({ resumable: false, dropCredentials: false }))
const banned = fail(new Gateway.AccountBanned({ advice: "Ask the platform." }))

type Connect = (link: GatewayLink, attempt: number) => ReturnType<Platform["connect"]>

/** Supervises `connect` in the background; the link insists on legal edges as the real one does. */
const run = Effect.fnUntraced(function* (connect: Connect, given: Partial<Supervisor.Options> = {}) {
  const clock = yield* Effect.clockWith(Effect.succeed)
  const states: Array<State.ConnectionState> = []
  const dials: Array<number> = []
  const status: Array<Status> = []
  const world: { position: Position | undefined; refreshed: number; forgotten: number } = {
    position: { stream: "gateway/0", session: "s", seq: 1, startedAt: 0 },
    refreshed: 0,
    forgotten: 0
  }
  let state: State.ConnectionState = State.Disconnected()
  const link: Supervisor.Watched = {
    shard: 0,
    shards: 1,
    deliver: () => {},
    advance: () => {},
    forget: () => {
      world.forgotten++
      world.position = undefined
    },
    resumeFrom: Effect.sync(() => world.position),
    onPressure: () => Effect.void,
    transition: (to) => {
      if (!State.isLegal(state._tag, to._tag)) throw new Error(`illegal: ${state._tag} to ${to._tag}`)
      state = to
      states.push(to)
    },
    ignored: () => {},
    beat: () => {},
    view: () => ({ position: world.position })
  }
  const platform: Platform = {
    ...FakePlatform.make().platform,
    refreshCredentials: Effect.sync(() => void world.refreshed++),
    connect: (watched) =>
      Effect.suspend(() => {
        dials.push(clock.currentTimeMillisUnsafe())
        return connect(watched, dials.length)
      })
  }
  const fiber = yield* Effect.forkChild(
    Effect.gen(function* () {
      yield* (yield* StatusStream).listen((news) => void status.push(news))
      return yield* Supervisor.supervise(platform, link, { ...options, ...given })
    }).pipe(Effect.scoped, Effect.provide(StatusStream.layer)),
    { startImmediately: true }
  )
  const gaps = () => dials.slice(1).map((at, index) => at - (dials[index] ?? 0))
  return { fiber, states, dials, gaps, status, world, tags: () => states.map(({ _tag }) => _tag) }
})

/** Connects, stays for a while, and ends. */
const session = (link: GatewayLink, stay: Duration.Input, end: ReturnType<Platform["connect"]>) =>
  Effect.gen(function* () {
    link.transition(State.Identifying())
    link.transition(ready)
    yield* Effect.sleep(stay)
    return yield* end
  })

describe("supervision of a gateway", () => {
  it.effect("dials again after growing waits while nobody is reached, and for as long as it takes", () =>
    Effect.gen(function* () {
      const { gaps, fiber, tags } = yield* run(() => unreachable)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(gaps().slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
      assert.isAbove(gaps().length, 100)
      assert.isUndefined(fiber.pollUnsafe())
      assert.deepStrictEqual(tags().slice(0, 4), ["Connecting", "Reconnecting", "Connecting", "Reconnecting"])
    })
  )

  it.effect("dials at once after a session that was stable, and counts its attempts from the start", () =>
    Effect.gen(function* () {
      const { gaps, states } = yield* run((link, n) => (n === 4 ? session(link, "1 minute", lost) : unreachable))
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(gaps().slice(0, 6), [1000, 2000, 4000, 60_000, 1000, 2000])
      const attempts = states.flatMap((state) => (state._tag === "Connecting" ? [state.attempt] : []))
      assert.deepStrictEqual(attempts.slice(0, 6), [1, 2, 3, 4, 1, 2])
    })
  )

  it.effect("does not hurry back to a peer that accepts and drops", () =>
    Effect.gen(function* () {
      const { dials } = yield* run((link) => session(link, "1 second", lost))
      yield* TestClock.adjust("10 minutes")
      assert.isAtMost(dials.length, 30)
    })
  )

  // QQ sends RESUMED behind the replay, and a bot that is full reads no further than the first event of it.
  it.effect("keeps a session whose replay had begun each time, though the end of it was never read", () =>
    Effect.gen(function* () {
      const { world, dials } = yield* run((link) =>
        Effect.gen(function* () {
          link.transition(State.Resuming({ session: "s", seq: 1 }))
          world.position = { stream: "gateway/0", session: "s", seq: (world.position?.seq ?? 0) + 1, startedAt: 0 }
          return yield* lost
        })
      )
      yield* TestClock.adjust("1 minute")
      assert.isAbove(dials.length, 4)
      assert.strictEqual(world.forgotten, 0)
    })
  )

  it.effect("waits for session starts by their own pace", () =>
    Effect.gen(function* () {
      const { gaps, world } = yield* run(() => invalidated)
      world.position = undefined
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(gaps().slice(0, 4), [5000, 10_000, 20_000, 40_000])
    })
  )

  it.effect("waits as long as the platform asked", () =>
    Effect.gen(function* () {
      const { gaps } = yield* run((_, n) =>
        n === 1 ? fail(new Gateway.Throttled({ retryAfter: Duration.minutes(3) })) : Effect.never
      )
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(gaps(), [180_000])
    })
  )

  it.effect("reports every rung that it climbs, and does what the rung asks", () =>
    Effect.gen(function* () {
      const { status, world } = yield* run(() => invalidated)
      yield* TestClock.adjust("1 day")
      const rungs = status.flatMap((news) => (news._tag === "RungClimbed" ? [news.rung] : []))
      assert.deepStrictEqual(rungs, ["identify", "refreshCredentials", "restartAccount", "awaitOperator"])
      assert.strictEqual(world.forgotten, 2)
      assert.strictEqual(world.refreshed, 2)
    })
  )

  it.effect("stops at a reason that cannot heal, says so, and fails with it", () =>
    Effect.gen(function* () {
      const { fiber, tags, dials } = yield* run((link, n) => (n < 3 ? unreachable : session(link, "1 second", banned)))
      yield* TestClock.adjust("1 day")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error.reason._tag, "AccountBanned")
      assert.strictEqual(dials.length, 3)
      assert.strictEqual(tags().at(-1), "Failed")
    })
  )

  for (const [where, connect] of [
    ["dialling", () => Effect.never],
    ["connected", (link: GatewayLink) => session(link, "1 day", lost)],
    ["waiting", () => unreachable]
  ] as const) {
    it.effect(`ends closed when it is interrupted while ${where}`, () =>
      Effect.gen(function* () {
        const { fiber, tags, dials } = yield* run(connect)
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
        assert.strictEqual(tags().at(-1), "Closed")
        assert.strictEqual(tags().filter((tag) => tag === "Closed").length, 1)
        const before = dials.length
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(dials.length, before)
      })
    )
  }

  it.effect.each([
    ["dies", Effect.die("a bug")],
    ["interrupts itself", Effect.interrupt]
  ] as const)("takes a gateway that %s for a lost connection", ([, end]) =>
    Effect.gen(function* () {
      const { fiber, tags, dials } = yield* run((link, n) => (n === 1 ? session(link, 0, end) : Effect.never))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(fiber.pollUnsafe())
      assert.strictEqual(dials.length, 2)
      assert.deepStrictEqual(tags(), ["Connecting", "Identifying", "Ready", "Reconnecting", "Connecting"])
    })
  )

  it.effect("closes what a connection opened before it dials again", () =>
    Effect.gen(function* () {
      let open = 0
      let most = 0
      yield* run(() =>
        Effect.andThen(
          Effect.acquireRelease(
            Effect.sync(() => {
              most = Math.max(most, ++open)
            }),
            () => Effect.sync(() => void open--)
          ),
          unreachable
        )
      )
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([open, most], [0, 1])
    })
  )
})
