import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Latch } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import type { Conversation } from "../../src/domain/Conversation.ts"
import type { Event } from "../../src/domain/Event.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import * as Rest from "../../src/domain/RestError.ts"
import type { History, Platform } from "../../src/ports/Platform.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { news, settle, wholeLife } from "../fixtures/runtime.ts"

const account = "fake:1"
const place: Conversation = { account, kind: "channel", id: "c" }
const other: Conversation = { account, kind: "channel", id: "d" }
const message = (number: number, where = place): Event => ({
  ...Events.message({ text: `${where.id}${number}`, in: where, id: `${where.id}${number}` }),
  data: { number }
})
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)
const names = (numbers: ReadonlyArray<number>, where = place) => numbers.map((number) => `${where.id}${number}`)

const markOf: History["markOf"] = (event) => {
  const number = (event.data as { readonly number?: number } | undefined)?.number
  return event._tag === "MessageReceived" && number !== undefined ? { id: event.messageId, number } : undefined
}

/** A platform with a history of these messages, two of them in an answer. */
const numbered = (past: () => ReadonlyArray<Event>, own: ReadonlySet<number> = new Set()) => {
  const fake = FakePlatform.make()
  const asked: Array<string> = []
  const failures: Array<Rest.Reason> = []
  const history: History = {
    markOf,
    after: (conversation, mark) =>
      Effect.suspend(() => {
        asked.push(mark.id)
        const reason = failures.shift()
        if (reason !== undefined) return Effect.fail(new Rest.RestError({ account, reason }))
        const found = past().flatMap((event) => {
          const at = markOf(event)
          if (at === undefined || event.conversation.id !== conversation.id || at.number <= mark.number) return []
          const raw = new TextEncoder().encode(JSON.stringify(event))
          return [{ event, raw, mark: at, isOwn: own.has(at.number) }]
        })
        return Effect.succeed(found.slice(0, 2))
      })
  }
  const platform: Platform = { ...fake.platform, history }
  return { fake: { ...fake, platform }, asked, failures, emit: fake.emit }
}

const pass = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)

/** Runs a bot that notes what it handles. */
const run = <A, E, R>(
  world: ReturnType<typeof numbered>,
  body: (handled: ReadonlyArray<string>) => Effect.Effect<A, E, R>,
  disk = Memory.layer
) => {
  const handled: Array<string> = []
  const feature = Bot.on("MessageReceived", (event) => Effect.sync(() => void handled.push(event.text)))
  const whole = Effect.scoped(Effect.suspend(() => Effect.andThen(settle, body(handled))))
  return wholeLife(disk, world.fake, feature, whole)
}

const gaps = Effect.map(Bot.gaps(account), (all) => all.map(({ from, stream, to }) => [stream, from, to]))

describe("a hole in the numbers of a conversation", () => {
  it.effect("is filled from the history, in order, before what came after it; other conversations do not wait", () =>
    Effect.gen(function* () {
      const world = numbered(() => range(1, 9).map((n) => message(n)))
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(2), message(8), message(9), message(1, other))
          yield* settle
          assert.deepStrictEqual(handled, ["c1", "c2", "d1"])
          yield* pass("3 seconds")
          assert.deepStrictEqual(handled, ["c1", "c2", "d1", ...names(range(3, 9))])
          assert.deepStrictEqual(world.asked, ["c2", "c4", "c6"])
          assert.deepStrictEqual(yield* gaps, [])
          // It is whole again: nothing is asked for what follows.
          yield* world.emit(message(10))
          yield* pass("10 seconds")
          assert.strictEqual(handled.at(-1), "c10")
          assert.strictEqual(world.asked.length, 3)
        })
      )
    })
  )

  it.effect("that closes by itself, because messages came out of order, asks nothing and keeps them in order", () =>
    Effect.gen(function* () {
      const world = numbered(() => [])
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(4), message(2))
          yield* pass("1 second")
          assert.deepStrictEqual(handled, ["c1", "c2"])
          yield* world.emit(message(3))
          yield* pass(0)
          assert.deepStrictEqual(handled, names(range(1, 4)))
          assert.deepStrictEqual([world.asked, yield* gaps], [[], []])
        })
      )
    })
  )

  it.effect("is closed in order, whatever came of it first: by itself, or by the history", () =>
    Effect.gen(function* () {
      const past: Array<Event> = []
      const world = numbered(() => past, new Set([7]))
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(5), message(4), message(3))
          yield* pass("1 second")
          assert.deepStrictEqual(handled, names([1]))
          yield* world.emit(message(2))
          yield* pass(0)
          assert.deepStrictEqual(handled, names(range(1, 5)))
          assert.deepStrictEqual(world.asked, [])
          // 7 is ours and 10 was never kept: what came after that waits for nobody who is not coming.
          past.push(...[6, 7, 8, 12].map((n) => message(n)))
          yield* world.emit(message(13), message(11), message(9))
          yield* pass("1 second")
          assert.deepStrictEqual(handled, names(range(1, 5)))
          yield* pass("3 seconds")
          assert.deepStrictEqual(handled, names([...range(1, 6), 8, 9, 11, 12, 13]))
          assert.deepStrictEqual(yield* gaps, [["channel:c", 9, 11]])
        })
      )
    })
  )

  it.effect("that the history does not have is on record, each run of numbers with its bounds", () =>
    Effect.gen(function* () {
      const world = numbered(() => [4, 7, 8].map((n) => message(n)))
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(8))
          yield* pass("3 seconds")
          assert.deepStrictEqual(handled, names([1, 4, 7, 8]))
          assert.deepStrictEqual(yield* gaps, [
            ["channel:c", 1, 4],
            ["channel:c", 4, 7]
          ])
        })
      )
    })
  )

  it.effect("behind another hole waits for both, and what the bot said itself is no gap", () =>
    Effect.gen(function* () {
      const world = numbered(() => range(1, 9).map((n) => message(n)), new Set([2, 6]))
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(3), message(4), message(7))
          yield* pass("10 seconds")
          assert.deepStrictEqual(handled, names([1, 3, 4, 5, 7]))
          assert.deepStrictEqual(yield* gaps, [])
        })
      )
    })
  )

  it.effect("is none where the bot said something itself, though it learned that late, while another was open", () =>
    Effect.gen(function* () {
      const world = numbered(() => [])
      const gate = Latch.makeUnsafe(false)
      let said = 0
      const send: Platform["send"] = () =>
        gate.whenOpen(Effect.sync(() => ({ messageId: `own${++said}`, status: "sent" as const, number: said * 2 })))
      const talkative = { ...world, fake: { ...world.fake, platform: { ...world.fake.platform, send } } }
      yield* run(talkative, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1))
          yield* settle
          for (const text of ["one", "two"]) yield* Bot.send(place, text)
          // 2 and 4 are ours, and 3 is told of before we know that.
          yield* world.emit(message(3))
          yield* pass("1 second")
          assert.deepStrictEqual(handled, names([1]))
          yield* gate.open
          yield* pass("100 millis")
          assert.deepStrictEqual([said, handled], [2, names([1, 3])])
          yield* world.emit(message(5))
          yield* settle
          assert.deepStrictEqual(handled, names([1, 3, 5]))
          yield* pass("1 minute")
          assert.deepStrictEqual([world.asked, yield* gaps], [[], []])
        })
      )
    })
  )

  it.effect("that the history refuses is on record, with the platform's words", () =>
    Effect.gen(function* () {
      const world = numbered(() => [])
      world.failures.push(new Rest.Forbidden({ code: 11253 }))
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(5))
          yield* pass("3 seconds")
          assert.deepStrictEqual(handled, names([1, 5]))
          const [gap] = yield* Bot.gaps(account)
          assert.deepStrictEqual([gap?.from, gap?.to], [1, 5])
          assert.match(gap?.why ?? "", /11253/)
          assert.strictEqual(world.asked.length, 1)
        })
      )
    })
  )

  it.effect("is filled although the history fails for a while, and given up when it fails for too long", () =>
    Effect.gen(function* () {
      const world = numbered(() => range(1, 9).map((n) => message(n)))
      const down = new Rest.Unavailable({ status: 503, reached: true })
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          world.failures.push(down, down)
          yield* world.emit(message(1), message(3))
          yield* pass("20 seconds")
          assert.deepStrictEqual(handled, names([1, 2, 3]))
          world.failures.push(down, down, down, down, down)
          yield* world.emit(message(5))
          yield* pass("40 seconds")
          assert.deepStrictEqual(handled, names([1, 2, 3, 5]))
          assert.deepStrictEqual(yield* gaps, [["channel:c", 3, 5]])
        })
      )
    })
  )

  it.effect("does not act twice on what also comes by itself, before or after", () =>
    Effect.gen(function* () {
      const world = numbered(() => range(1, 9).map((n) => message(n)))
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), message(6), message(3))
          yield* pass("3 seconds")
          yield* world.emit(message(2), message(3), message(5), message(6))
          yield* pass("10 seconds")
          assert.deepStrictEqual(handled.toSorted(), names(range(1, 6)))
          assert.strictEqual(handled.at(-1), "c6")
          assert.deepStrictEqual(yield* gaps, [])
        })
      )
    })
  )

  it.effect("that was open at a crash is found again, and nothing is handled twice", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const world = numbered(() => range(1, 9).map((n) => message(n)))
      const first: Array<string> = []
      yield* run(
        world,
        (handled) =>
          Effect.gen(function* () {
            yield* world.emit(message(1), message(2), message(5))
            yield* settle
            first.push(...handled)
            yield* disk.crash
          }),
        disk.layer
      )
      assert.deepStrictEqual(first, names([1, 2]))
      yield* run(
        world,
        (handled) =>
          Effect.gen(function* () {
            yield* world.emit(message(6))
            yield* pass("5 seconds")
            assert.deepStrictEqual([...first, ...handled].toSorted(), names(range(1, 6)))
            assert.deepStrictEqual(yield* gaps, [])
          }),
        disk.layer
      )
    })
  )

  it.effect("lets go what waits when too much does", () =>
    Effect.gen(function* () {
      const world = numbered(() => [])
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          yield* world.emit(message(1), ...range(3, 2100).map((n) => message(n)))
          yield* pass("3 seconds")
          yield* pass("1 second")
          assert.strictEqual(handled.length, 2099)
          assert.deepStrictEqual(yield* gaps, [["channel:c", 1, 3]])
        })
      )
    })
  )
})

describe("a session that is lost", () => {
  it.effect("has what was said last looked up in every conversation that has a history", () =>
    Effect.gen(function* () {
      const past = [...range(1, 5).map((n) => message(n)), ...range(1, 3).map((n) => message(n, other))]
      const world = numbered(() => past)
      yield* run(world, (handled) =>
        Effect.gen(function* () {
          const heard = yield* news
          yield* world.emit(message(1), message(2), message(1, other))
          yield* settle
          yield* world.fake.invalidate
          yield* world.fake.disconnect(new Gateway.SessionInvalidated({ resumable: false, dropCredentials: false }))
          yield* pass("10 seconds")
          assert.deepStrictEqual(handled.toSorted(), [...names(range(1, 5)), ...names(range(1, 3), other)])
          assert.deepStrictEqual(
            (yield* gaps).map(([stream]) => stream),
            ["gateway/0"]
          )
          assert.strictEqual(heard.filter(({ _tag }) => _tag === "GapFilled").length, 2)
          yield* world.emit(message(6), message(4, other))
          yield* pass(0)
          assert.deepStrictEqual(handled.slice(-2), ["c6", "d4"])
          assert.strictEqual((yield* Store.use((store) => store.positions(account))).length, 3)
        })
      )
    })
  )
})
