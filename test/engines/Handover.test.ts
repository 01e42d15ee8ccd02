import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import type { Options } from "../../src/bot/Layer.ts"
import * as State from "../../src/domain/ConnectionState.ts"
import type { Event } from "../../src/domain/Event.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import type { Status } from "../../src/domain/Status.ts"
import type { GatewayLink, Platform } from "../../src/ports/Platform.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { news, settle, wholeLife } from "../fixtures/runtime.ts"

const account = "fake:1"
const encoder = new TextEncoder()

/** One connection as the platform sees it. */
class Wire {
  readonly ended = Deferred.makeUnsafe<never, Gateway.GatewayError>()
  isOpen = true
  seq = 1
  readonly link: GatewayLink
  readonly session: string
  private readonly startedAt: number
  constructor(link: GatewayLink, session: string, startedAt: number) {
    this.link = link
    this.session = session
    this.startedAt = startedAt
  }
  get position() {
    return { stream: `gateway/${this.link.shard}`, session: this.session, seq: this.seq, startedAt: this.startedAt }
  }
  say(event: Event) {
    this.seq++
    this.link.deliver(event, encoder.encode(JSON.stringify(event)), this.position)
  }
  end(reason: Gateway.Reason) {
    if (reason._tag === "SessionInvalidated") this.link.forget()
    return Deferred.fail(this.ended, new Gateway.GatewayError({ account, reason }))
  }
}

/** A platform on which the test holds every connection in its hands. */
const stage = (shards = 1) => {
  const fake = FakePlatform.make()
  const wires: Array<Wire> = []
  const times: Array<number> = []
  /** How fresh sessions are refused. */
  const refusals: Array<Gateway.Reason> = []
  /** Where fresh sessions wait that begin beside an old one. */
  const gate = Latch.makeUnsafe(true)
  let waiting = 0
  const connect: Platform["connect"] = Effect.fnUntraced(function* (link) {
    waiting++
    if (link.isSpare) yield* gate.await
    waiting--
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    times.push(now)
    const from = yield* link.resumeFrom
    if (from === undefined && refusals.length > 0) {
      const reason = refusals.shift()
      if (reason !== undefined) return yield* new Gateway.GatewayError({ account, reason })
    }
    const session = from?.session ?? `S${wires.length}`
    const wire = new Wire(link, session, from?.startedAt ?? now)
    wire.seq = from?.seq ?? 1
    yield* Effect.acquireRelease(
      Effect.sync(() => void wires.push(wire)),
      () =>
        Effect.sync(() => {
          wire.isOpen = false
        })
    )
    link.transition(from === undefined ? State.Identifying() : State.Resuming({ session, seq: from.seq }))
    link.transition(State.Ready({ session, resumed: from !== undefined }))
    link.advance(wire.position)
    return yield* Deferred.await(wire.ended)
  })
  const platform: Platform = { ...fake.platform, shards: Effect.succeed(shards), connect }
  return {
    fake: { ...fake, platform },
    wires,
    times,
    refusals,
    gate,
    waiting: () => waiting,
    open: () => wires.filter((wire) => wire.isOpen)
  }
}

interface Look {
  readonly handled: ReadonlyArray<string>
  readonly heard: ReadonlyArray<Status>
  readonly renewals: () => number
  readonly gaps: Effect.Effect<ReadonlyArray<string>, unknown, Store>
}

const daily: Options = { renewAfter: Duration.days(1) }
const hourly: Options = { deafAfter: Duration.hours(1) }

/** Runs an account that notes what it handles. */
const run = <A, E, R>(
  world: ReturnType<typeof stage>,
  options: Options,
  look: (look: Look) => Effect.Effect<A, E, R>,
  disk = Memory.layer
) => {
  const handled: Array<string> = []
  const note = (text: string) => Effect.sync(() => void handled.push(text))
  const features = Layer.mergeAll(
    Bot.on("MessageReceived", (event) => note(event.text)),
    Bot.on("PlatformEvent", (event) => note(event.type))
  )
  const body = Effect.scoped(
    Effect.gen(function* () {
      const heard = yield* news
      yield* settle
      return yield* look({
        handled,
        heard,
        renewals: () => heard.filter(({ _tag }) => _tag === "SessionRenewed").length,
        gaps: Store.use((store) => Effect.map(store.gaps(account), (gaps) => gaps.map(({ why }) => why)))
      })
    })
  )
  return wholeLife(disk, world.fake, features, body, { ...options, health: false })
}

const pass = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)
const say = (text: string, id?: string) => Events.message({ text, in: "ann", ...(id === undefined ? {} : { id }) })
const stored = Store.use((store) =>
  Effect.map(store.positions(account), ([position]) => [position?.session, position?.seq])
)

/** Lets time pass until something is true. */
const until = (isTrue: () => boolean, step: Duration.Input = "10 minutes") =>
  Effect.gen(function* () {
    for (let n = 0; n < 300 && !isTrue(); n++) yield* pass(step)
    assert.isTrue(isTrue())
  })

/** Lets a day pass, until a fresh session begins beside the old one. */
const bothOpen = (world: ReturnType<typeof stage>) =>
  Effect.gen(function* () {
    world.gate.closeUnsafe()
    yield* until(() => world.waiting() === 1)
    world.gate.openUnsafe()
    yield* settle
    assert.strictEqual(world.open().length, 2)
  })

describe("a session that lives on for a day", () => {
  it.effect("is replaced by a fresh one beside it: what both deliver is handled once, and there is no gap", () =>
    Effect.gen(function* () {
      const world = stage()
      yield* run(world, daily, ({ gaps, handled, heard, renewals }) =>
        Effect.gen(function* () {
          const [old] = world.wires
          old?.say(say("1"))
          yield* pass("23 hours")
          assert.strictEqual(world.wires.length, 1)
          yield* bothOpen(world)
          const fresh = world.wires[1]
          assert.isTrue(fresh?.link.isSpare)
          const both = [say("2"), say("3")]
          for (const event of both) old?.say(event)
          for (const event of both) fresh?.say(event)
          old?.say(say("4"))
          yield* settle
          // Until the old one has said all, a crash must resume that one.
          assert.deepStrictEqual(yield* stored, ["S0", 5])
          assert.isTrue(old?.isOpen)
          yield* pass("2 seconds")
          assert.deepStrictEqual([old?.isOpen, fresh?.isOpen, renewals()], [false, true, 1])
          fresh?.say(say("5"))
          yield* settle
          assert.deepStrictEqual(handled, ["1", "2", "3", "4", "5"])
          assert.deepStrictEqual(yield* stored, ["S1", 4])
          assert.deepStrictEqual(yield* gaps, [])
          assert.deepStrictEqual(
            (yield* Bot.shards(account)).map(({ state, session }) => [state, session?.session]),
            [["Ready", "S1"]]
          )
          assert.isFalse(heard.some((it) => it._tag === "ConnectionChanged" && it.to._tag === "Reconnecting"))
          // The fresh one has a day, too.
          yield* pass("23 hours")
          assert.strictEqual(world.wires.length, 2)
        })
      )
    })
  )

  it.effect("is also replaced when it lived on resumes, over a restart too", () =>
    Effect.gen(function* () {
      const world = stage()
      const disk = Memory.make()
      const resumeHourly = Effect.gen(function* () {
        for (let n = 0; n < 11; n++) {
          yield* pass("1 hour")
          yield* world.open()[0]?.end(new Gateway.ServerRequestedReconnect({})) ?? Effect.void
          yield* pass("1 second")
        }
      })
      yield* run(world, daily, () => resumeHourly, disk.layer)
      yield* run(
        world,
        daily,
        ({ renewals }) =>
          Effect.gen(function* () {
            yield* resumeHourly
            assert.strictEqual(renewals(), 0)
            yield* pass("7 hours")
            assert.strictEqual(renewals(), 1)
          }),
        disk.layer
      )
      assert.isTrue(world.wires.slice(0, -1).every(({ session }) => session === "S0"))
    })
  )

  it.effect("goes on when no fresh one can be had, and is replaced later", () =>
    Effect.gen(function* () {
      const world = stage()
      yield* run(world, daily, ({ gaps, handled, renewals }) =>
        Effect.gen(function* () {
          const busy = new Gateway.Throttled({ retryAfter: Duration.hours(9) })
          const lost = new Gateway.ConnectionLost({ network: true })
          world.refusals.push(busy, lost, busy, lost, busy, lost)
          yield* until(() => world.refusals.length < 3)
          world.wires[0]?.say(say("still here"))
          yield* pass(0)
          assert.deepStrictEqual([handled, renewals(), world.open().length], [["still here"], 0, 1])
          yield* until(() => renewals() === 1)
          assert.deepStrictEqual(yield* gaps, [])
        })
      )
    })
  )

  it.effect("is resumed when its connection ends while the fresh one begins: nothing is given up", () =>
    Effect.gen(function* () {
      const world = stage()
      yield* run(world, daily, ({ gaps, handled, renewals }) =>
        Effect.gen(function* () {
          yield* bothOpen(world)
          const [old, fresh] = world.wires
          fresh?.say(say("on the fresh one", "x"))
          yield* old?.end(new Gateway.ConnectionLost({ network: false })) ?? Effect.void
          yield* pass("1 second")
          assert.isFalse(fresh?.isOpen)
          const again = world.wires[2]
          assert.strictEqual(again?.session, "S0")
          again?.say(say("on the fresh one", "x"))
          again?.say(say("and more"))
          yield* until(() => renewals() === 1)
          assert.deepStrictEqual(handled, ["on the fresh one", "and more"])
          assert.deepStrictEqual(yield* gaps, [])
        })
      )
    })
  )

  it.effect("that the platform ends in favour of the fresh one leaves the field to it, and a gap on record", () =>
    Effect.gen(function* () {
      const world = stage()
      yield* run(world, daily, ({ gaps, renewals }) =>
        Effect.gen(function* () {
          yield* bothOpen(world)
          const reason = new Gateway.SessionInvalidated({ resumable: false, dropCredentials: false })
          yield* world.wires[0]?.end(reason) ?? Effect.void
          yield* pass("5 seconds")
          assert.deepStrictEqual([world.wires.length, world.wires[1]?.isOpen, renewals()], [2, true, 1])
          assert.strictEqual((yield* gaps).length, 1)
          assert.deepStrictEqual(yield* stored, ["S1", 1])
        })
      )
    })
  )

  it.effect("and its successor tell what has no identity of its own once, however often it happened", () =>
    Effect.gen(function* () {
      const world = stage()
      yield* run(world, daily, ({ handled }) =>
        Effect.gen(function* () {
          yield* bothOpen(world)
          const nameless = (wire: Wire | undefined, type: string) =>
            wire?.say({ ...Events.other({ type }), key: `${wire.session}:${wire.seq + 1}` })
          const [old, fresh] = world.wires
          nameless(old, "JOINED")
          nameless(old, "JOINED")
          nameless(fresh, "JOINED")
          nameless(fresh, "LEFT")
          nameless(fresh, "JOINED")
          nameless(old, "LEFT")
          nameless(fresh, "JOINED")
          yield* pass("5 seconds")
          nameless(fresh, "LEFT")
          yield* pass(0)
          assert.deepStrictEqual(handled.toSorted(), ["JOINED", "JOINED", "JOINED", "LEFT", "LEFT"])
        })
      )
    })
  )

  it.effect("shares its birthday with 15 others, and is not replaced together with them", () =>
    Effect.gen(function* () {
      const world = stage(16)
      yield* run(world, daily, ({ renewals }) =>
        Effect.gen(function* () {
          yield* until(() => renewals() === 16)
          const times = world.times.slice(16)
          assert.isAtLeast(new Set(times).size, 12)
          assert.isAbove(Math.max(...times) - Math.min(...times), Duration.toMillis(Duration.hours(1)))
          assert.isTrue(times.every((at) => at >= 86_400_000 && at <= 86_400_000 * 1.21))
        })
      )
    })
  )
})

describe("a session that beats and delivers nothing", () => {
  /** One event a minute for three hours. */
  const chatter = (world: ReturnType<typeof stage>) =>
    Effect.gen(function* () {
      for (let n = 0; n < 180; n++) {
        world.open()[0]?.say(say(`${n}`))
        yield* pass("1 minute")
      }
    })

  it.effect(
    "although it used to is resumed, then replaced, ever more rarely; and what it may have swallowed is on record",
    () =>
      Effect.gen(function* () {
        const world = stage()
        yield* run(world, hourly, ({ gaps, renewals }) =>
          Effect.gen(function* () {
            yield* chatter(world)
            yield* pass("55 minutes")
            assert.strictEqual(world.wires.length, 1)
            yield* pass("10 minutes")
            assert.deepStrictEqual(
              world.wires.map(({ session }) => session),
              ["S0", "S0"]
            )
            assert.deepStrictEqual([renewals(), yield* gaps], [0, []])
            yield* pass("10 minutes")
            assert.strictEqual(renewals(), 1)
            assert.match((yield* gaps)[0] ?? "", /delivered nothing/)
            yield* pass("110 minutes")
            assert.strictEqual(world.wires.length, 3)
            yield* pass("25 minutes")
            assert.deepStrictEqual(
              world.wires.map(({ session }) => session),
              ["S0", "S0", "S2", "S2", "S4"]
            )
            assert.strictEqual(renewals(), 2)
            yield* pass("3 hours")
            assert.strictEqual(renewals(), 2)
          })
        )
      })
  )

  it.effect("is left alone when it never said much", () =>
    Effect.gen(function* () {
      const quiet = stage()
      yield* run(quiet, hourly, () =>
        Effect.gen(function* () {
          for (let n = 0; n < 10; n++) quiet.open()[0]?.say(say(`${n}`))
          yield* pass("12 hours")
          for (let n = 0; n < 10; n++) quiet.open()[0]?.say(say(`later ${n}`))
          yield* pass("12 hours")
          assert.strictEqual(quiet.wires.length, 1)
        })
      )
    })
  )
})
