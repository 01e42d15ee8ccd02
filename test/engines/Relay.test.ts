import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, type Fiber, FiberSet } from "effect"
import { TestClock } from "effect/testing"
import type { MessageStatus, OutboxMessage, Receipt } from "../../src/domain/Message.ts"
import * as Rest from "../../src/domain/RestError.ts"
import * as Alarm from "../../src/engines/Alarm.ts"
import * as Breaker from "../../src/engines/Breaker.ts"
import { Holds } from "../../src/engines/Holds.ts"
import { Relay, type RelayOptions } from "../../src/engines/Relay.ts"
import * as Schedules from "../../src/engines/Schedules.ts"
import type { Platform } from "../../src/ports/Platform.ts"
import type { MessageWrite } from "../../src/ports/Store.ts"
import { FakePlatform } from "../../src/testing/index.ts"
import { messageTo, prng, settle } from "../fixtures/runtime.ts"

const options: RelayOptions = {
  concurrency: 16,
  maxAttempts: 5,
  resend: Schedules.resend({ jitter: 0 }),
  maxQueued: 10_000,
  onUnknown: "hold"
}

interface Settings {
  readonly options?: Partial<RelayOptions>
  readonly isIdempotent?: boolean
  readonly send?: (message: OutboxMessage) => Effect.Effect<Receipt, Rest.RestError>
  readonly prepare?: Platform["prepare"]
  /** Answers what is recorded; by default a moment later. */
  readonly hold?: boolean
}

const receipt: Receipt = { messageId: "m", status: "sent" }

const make = Effect.fnUntraced(function* (settings: Settings = {}) {
  const fake = FakePlatform.make()
  const alarm = yield* Alarm.make
  const fork = yield* FiberSet.runtime(yield* FiberSet.make<unknown, unknown>())<never>()
  const breaker = yield* Breaker.make(Schedules.backoff({ cap: "15 seconds", jitter: 0 }))
  const tried: Array<{ readonly id: number; readonly at: number }> = []
  const writes: Array<MessageWrite> = []
  const held: Array<() => void> = []
  const ends: Array<{ readonly id: number; readonly status: MessageStatus }> = []
  const world = { drained: 0, refreshed: 0 }
  const platform: Platform = {
    ...fake.platform,
    isIdempotent: () => settings.isIdempotent ?? true,
    prepare: settings.prepare,
    refreshCredentials: Effect.sync(() => void world.refreshed++),
    send: (message) =>
      Effect.suspend(() => {
        tried.push({ id: message.id, at: alarm.now() })
        return settings.send?.(message) ?? Effect.succeed(receipt)
      })
  }
  const holds = new Holds()
  const relay = new Relay(
    { ...options, ...settings.options },
    {
      platform,
      send: platform.send,
      alarm,
      breaker,
      holds,
      fork: fork as <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>,
      record: (write, done) => {
        const apply = () => {
          writes.push(write)
          done?.()
        }
        if (settings.hold) held.push(apply)
        else queueMicrotask(apply)
      },
      settled: ({ id }, status) => void ends.push({ id, status }),
      drained: () => void world.drained++
    }
  )
  return { relay, holds, tried, writes, held, ends, world, alarm, breaker, ids: () => tried.map(({ id }) => id) }
})

const row = (id: number, where = "ann", more: Partial<OutboxMessage> = {}): OutboxMessage => ({
  ...messageTo(where, `${id}`),
  id,
  status: "queued",
  attempts: 0,
  ...more
})
const fail = (reason: Rest.Reason) => Effect.fail(new Rest.RestError({ account: "fake:1", reason }))
/** Fails for these reasons, one for each try, then succeeds. */
const failing = (...reasons: ReadonlyArray<Rest.Reason>) => {
  const left = [...reasons]
  return () => {
    const reason = left.shift()
    return reason === undefined ? Effect.succeed(receipt) : fail(reason)
  }
}

const unavailable = new Rest.Unavailable({ reached: true })
const unreached = new Rest.Unavailable({ reached: false })

describe("the relay", () => {
  it.effect("does not mark what is only made ready as being sent, and judges that as it judges a send", () =>
    Effect.gen(function* () {
      const uploaded = yield* Deferred.make<void>()
      const ready = failing(unavailable)
      const { relay, tried, writes } = yield* make({
        isIdempotent: false,
        prepare: () => Effect.andThen(Deferred.await(uploaded), Effect.asVoid(ready()))
      })
      const statuses = () => writes.map(({ status }) => status)
      relay.take(row(1))
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([tried.length, statuses()], [0, []])
      yield* Deferred.succeed(uploaded, undefined)
      yield* settle
      assert.deepStrictEqual([tried.length, statuses()], [0, ["queued"]])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([tried.length, statuses()], [1, ["queued", "sending", "sent"]])
    })
  )

  it.effect("lets thousands of conversations wait out an outage for next to nothing, and sends them all after it", () =>
    Effect.gen(function* () {
      let isUp = false
      const { relay, tried, writes, ids } = yield* make({
        send: () => (isUp ? Effect.succeed(receipt) : fail(unavailable))
      })
      const count = 4000
      for (let id = 1; id <= count; id++) relay.take(row(id, `chat-${id}`))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(relay.depth, count)
      assert.isBelow(tried.length, 60)
      assert.isBelow(writes.length, 1000)
      isUp = true
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(relay.depth, 0)
      assert.strictEqual(new Set(ids()).size, count)
    })
  )

  it.effect("sends a conversation's messages in order, one at a time, and conversations side by side", () =>
    Effect.gen(function* () {
      const underWay = new Set<string>()
      let most = 0
      const { relay, ids } = yield* make({
        send: ({ conversation }) =>
          Effect.gen(function* () {
            assert.isFalse(underWay.has(conversation.id))
            underWay.add(conversation.id)
            most = Math.max(most, underWay.size)
            yield* Effect.sleep(10)
            underWay.delete(conversation.id)
            return receipt
          })
      })
      for (let id = 1; id <= 20; id++) relay.take(row(id, id % 2 === 0 ? "even" : "odd"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(most, 2)
      assert.deepStrictEqual(
        ids().filter((id) => id % 2 === 0),
        [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]
      )
      assert.deepStrictEqual([relay.sent, relay.depth], [20, 0])
    })
  )

  it.effect("has no more under way than it may", () =>
    Effect.gen(function* () {
      let underWay = 0
      let most = 0
      const { relay } = yield* make({
        options: { concurrency: 3 },
        send: () =>
          Effect.gen(function* () {
            most = Math.max(most, ++underWay)
            yield* Effect.sleep(10)
            underWay--
            return receipt
          })
      })
      for (let id = 1; id <= 30; id++) relay.take(row(id, `room ${id}`))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([most, relay.sent], [3, 30])
    })
  )

  it.effect("sends what is urgent before what is not, but never before what is on its way", () =>
    Effect.gen(function* () {
      const { relay, ids } = yield* make({ send: () => Effect.as(Effect.sleep(10), receipt) })
      relay.take(row(1, "ann", { priority: "low" }))
      yield* settle
      relay.take(row(2, "ann", { priority: "low" }))
      relay.take(row(3, "ann"))
      relay.take(row(4, "ann", { priority: "high" }))
      relay.take(row(5, "ann", { priority: "high" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(ids(), [1, 4, 5, 3, 2])
    })
  )

  it.effect("does not touch the wire before the mark `sending` is durable", () =>
    Effect.gen(function* () {
      const { relay, tried, held, writes } = yield* make({ hold: true })
      relay.take(row(1))
      yield* settle
      assert.deepStrictEqual([tried.length, held.length], [0, 1])
      held.shift()?.()
      yield* settle
      assert.deepStrictEqual([tried.length, writes[0]?.status], [1, "sending"])
      held.shift()?.()
      yield* settle
      assert.deepStrictEqual(
        writes.map(({ status, attempts, receipt: proof }) => [status, attempts, proof?.messageId]),
        [
          ["sending", 0, undefined],
          ["sent", 1, "m"]
        ]
      )
    })
  )

  it.effect.each([
    [new Rest.Unauthorized({}), "refused"],
    [new Rest.Forbidden({}), "refused"],
    [new Rest.NotFound({}), "refused"],
    [new Rest.Rejected({}), "refused"],
    [new Rest.ReplyWindowClosed({}), "refused"],
    [new Rest.QuotaExhausted({}), "refused"],
    [new Rest.OutcomeUnknown({}), "unknown"]
  ] as const)("brings a message to rest for %s", ([reason, status]) =>
    Effect.gen(function* () {
      const { relay, ends, writes, tried } = yield* make({ isIdempotent: false, send: failing(reason) })
      relay.take(row(1))
      relay.take(row(2))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ends, [
        { id: 1, status },
        { id: 2, status: "sent" }
      ])
      const last = writes.filter(({ id }) => id === 1).at(-1)
      assert.deepStrictEqual([last?.status, last?.attempts, last?.reason], [status, 1, reason.message])
      assert.strictEqual(tried.length, 2)
      assert.deepStrictEqual([relay.sent, relay.unsent], [1, 1])
    })
  )

  it.effect.each([
    unavailable,
    unreached,
    new Rest.RateLimited({}),
    new Rest.TimedOut({ limit: Duration.seconds(1) }),
    new Rest.CredentialsExpired({})
  ] as const)("tries a message again after %s, before anything behind it", (reason) =>
    Effect.gen(function* () {
      const { relay, ids, world } = yield* make({ send: failing(reason) })
      relay.take(row(1))
      relay.take(row(2))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ids(), [1, 1, 2])
      assert.strictEqual(world.refreshed, reason._tag === "CredentialsExpired" ? 1 : 0)
    })
  )

  it.effect("gives a message up after five attempts that count, and says so many", () =>
    Effect.gen(function* () {
      const { relay, tried, ends, writes } = yield* make({ send: () => fail(unavailable) })
      relay.take(row(1))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(tried.length, 5)
      assert.deepStrictEqual(ends, [{ id: 1, status: "dead" }])
      assert.strictEqual(writes.at(-1)?.attempts, 5)
    })
  )

  it.effect("goes on counting where an earlier process stopped", () =>
    Effect.gen(function* () {
      const { relay, tried, ends } = yield* make({ send: () => fail(unavailable) })
      relay.take(row(1, "ann", { attempts: 3 }))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(tried.length, 2)
      assert.deepStrictEqual(ends, [{ id: 1, status: "dead" }])
    })
  )

  it.effect.each([new Rest.RateLimited({}), new Rest.CredentialsExpired({}), unreached] as const)(
    "does not count %s against a message",
    (reason) =>
      Effect.gen(function* () {
        const { relay, tried, ends, writes } = yield* make({
          send: failing(...Array.from({ length: 30 }, () => reason))
        })
        relay.take(row(1))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(tried.length, 31)
        assert.deepStrictEqual(ends, [{ id: 1, status: "sent" }])
        assert.strictEqual(writes.at(-1)?.attempts, 1)
      })
  )

  it.effect("stays away as long as the platform asked, also when its schedule gave up before", () =>
    Effect.gen(function* () {
      const limited = new Rest.RateLimited({ retryAfter: Duration.minutes(7) })
      const { relay, tried } = yield* make({ send: failing(...Array.from({ length: 13 }, () => limited)) })
      relay.take(row(1))
      for (let i = 0; i < 14; i++) yield* TestClock.adjust("7 minutes")
      const gaps = tried.slice(1).map(({ at }, index) => at - (tried[index]?.at ?? 0))
      assert.deepStrictEqual(new Set(gaps), new Set([420_000]))
      assert.strictEqual(tried.length, 14)
    })
  )

  it.effect("lets a message expire that could not be sent in its time", () =>
    Effect.gen(function* () {
      const { relay, tried, ends } = yield* make({ send: failing(unreached) })
      relay.take(row(1, "ann", { expiresAt: 100 }))
      relay.take(row(2, "bob", { expiresAt: 100_000 }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ends, [
        { id: 2, status: "sent" },
        { id: 1, status: "expired" }
      ])
      assert.strictEqual(tried.length, 2)
    })
  )

  it.effect("keeps a message for later aside: nothing waits behind it", () =>
    Effect.gen(function* () {
      const { relay, tried, ids } = yield* make()
      relay.take(row(1, "ann", { notBefore: 60_000 }))
      relay.take(row(2))
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(ids(), [2])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        tried.map(({ at }) => at),
        [0, 60_000]
      )
    })
  )

  it.effect(
    "sends again what was being sent when the process ended, under the same id, if repeats are recognised",
    () =>
      Effect.gen(function* () {
        const { relay, ids, ends } = yield* make({ isIdempotent: true })
        relay.take(row(7, "ann", { status: "sending", attempts: 1 }))
        yield* settle
        assert.deepStrictEqual(ids(), [7])
        assert.deepStrictEqual(ends, [{ id: 7, status: "sent" }])
      })
  )

  it.effect("does not send again what was being sent when the process ended, if it could be said twice", () =>
    Effect.gen(function* () {
      const { relay, tried, ends, writes } = yield* make({ isIdempotent: false })
      relay.take(row(7, "ann", { status: "sending", attempts: 1 }))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([tried.length, writes.at(-1)?.status, writes.at(-1)?.attempts], [0, "unknown", 1])
      assert.deepStrictEqual(ends, [{ id: 7, status: "unknown" }])
      assert.strictEqual(relay.depth, 0)
    })
  )

  it.effect("sends again what may have been said, when told to", () =>
    Effect.gen(function* () {
      const { relay, ids, ends } = yield* make({
        isIdempotent: false,
        options: { onUnknown: "resend" },
        send: failing(new Rest.OutcomeUnknown({}))
      })
      relay.take(row(7, "ann", { status: "sending" }))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(ids(), [7, 7])
      assert.deepStrictEqual(ends, [{ id: 7, status: "sent" }])
    })
  )

  it.effect("tries a message with an unknown outcome again where repeats are recognised, five times at most", () =>
    Effect.gen(function* () {
      const { relay, tried, ends } = yield* make({ send: () => fail(new Rest.OutcomeUnknown({})) })
      relay.take(row(1))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(tried.length, 5)
      assert.deepStrictEqual(ends, [{ id: 1, status: "dead" }])
    })
  )

  it.effect("makes a message whose sending dies a dead letter, and goes on", () =>
    Effect.gen(function* () {
      const { relay, ends } = yield* make({
        send: ({ id }) => (id === 1 ? Effect.die("bug") : Effect.succeed(receipt))
      })
      relay.take(row(1))
      relay.take(row(2))
      yield* settle
      assert.deepStrictEqual(ends, [
        { id: 1, status: "dead" },
        { id: 2, status: "sent" }
      ])
    })
  )

  it.effect("leaves the platform alone after five failures in a row, keeps the messages, and comes back", () =>
    Effect.gen(function* () {
      let isDown = true
      const { relay, tried, ends, writes } = yield* make({
        send: () => (isDown ? fail(unreached) : Effect.succeed(receipt))
      })
      for (let id = 1; id <= 12; id++) relay.take(row(id, `room ${id}`))
      yield* TestClock.adjust("10 minutes")
      const asked = tried.length
      assert.isBelow(asked, 12 + 10 * 60, "at most the first round and one probe a second")
      assert.deepStrictEqual(ends, [])
      assert.strictEqual(relay.depth, 12)
      const marks = writes.filter(({ status }) => status === "sending").length
      assert.strictEqual(marks, asked, "only what goes to the wire is marked as sending")
      isDown = false
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([ends.length, relay.sent, relay.depth], [12, 12, 0])
    })
  )

  it.effect("waits without spinning for a free place when a message's time has come", () =>
    Effect.gen(function* () {
      let isFirst = true
      const { relay, ids } = yield* make({
        options: { concurrency: 1 },
        send: () => {
          if (!isFirst) return Effect.as(Effect.sleep("1 minute"), receipt)
          isFirst = false
          return fail(unreached)
        }
      })
      relay.take(row(1))
      yield* settle
      relay.take(row(2, "bob"))
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(ids(), [1, 2])
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(ids(), [1, 2, 1])
      assert.strictEqual(relay.sent, 2)
    })
  )

  it.effect("does not blame the platform for messages that it refuses", () =>
    Effect.gen(function* () {
      const { relay, tried } = yield* make({ send: () => fail(new Rest.Rejected({})) })
      for (let id = 1; id <= 50; id++) relay.take(row(id, `room ${id}`))
      yield* settle
      assert.strictEqual(tried.length, 50)
      assert.strictEqual(relay.unsent, 50)
    })
  )

  it.effect("is full at its limit, and says once that it has room again", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { relay, world } = yield* make({
        options: { maxQueued: 10 },
        send: () => Effect.as(Deferred.await(gate), receipt)
      })
      for (let id = 1; id <= 9; id++) relay.take(row(id))
      assert.isFalse(relay.isFull)
      relay.take(row(10))
      assert.isTrue(relay.isFull)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual([relay.isFull, world.drained, relay.depth], [false, 1, 0])
    })
  )

  it.effect("is idle when what is left waits for a later time, and sends nothing once it was stopped", () =>
    Effect.gen(function* () {
      const { relay, tried } = yield* make({ send: failing(unreached) })
      yield* relay.idle
      relay.take(row(1))
      yield* relay.idle
      assert.strictEqual(relay.depth, 1)
      relay.stop()
      relay.take(row(2, "bob"))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([tried.length, relay.depth], [1, 2])
    })
  )

  it.effect.each(Array.from({ length: 25 }, (_, i) => i + 1))(
    "brings every message to exactly one end, in order, whatever happens (seed %i)",
    (seed) =>
      Effect.gen(function* () {
        const random = prng(seed)
        const reasons = [
          unavailable,
          unreached,
          new Rest.RateLimited({}),
          new Rest.Rejected({}),
          new Rest.OutcomeUnknown({})
        ]
        const { relay, ends, tried } = yield* make({
          options: { concurrency: 1 + Math.floor(random() * 5) },
          send: () =>
            Effect.gen(function* () {
              if (random() < 0.5) yield* Effect.sleep(Math.floor(random() * 500))
              const reason = random() < 0.4 ? reasons[Math.floor(random() * reasons.length)] : undefined
              return reason === undefined ? receipt : yield* fail(reason)
            })
        })
        for (let id = 1; id <= 100; id++) {
          relay.take(row(id, `room ${Math.floor(random() * 6)}`, { notBefore: random() < 0.1 ? 5000 : 0 }))
          if (random() < 0.3) yield* TestClock.adjust(Math.floor(random() * 400))
        }
        for (let i = 0; i < 60; i++) yield* TestClock.adjust("1 minute")
        assert.strictEqual(new Set(ends.map(({ id }) => id)).size, 100)
        assert.strictEqual(ends.length, 100)
        assert.deepStrictEqual([relay.depth, relay.sent + relay.unsent], [0, 100])
        assert.isAtLeast(tried.length, 100)
      })
  )
})
