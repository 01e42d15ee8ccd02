/** Verdicts on messages under review: which row they end, when they come early, and over a crash. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import type { Event } from "../../src/domain/Event.ts"
import type { Verdict } from "../../src/ports/Platform.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { life, settle, until, untilEnded } from "../fixtures/runtime.ts"

const verdict = (event: Event): Verdict | undefined => (event.type === "verdict" ? (event.data as Verdict) : undefined)

/** A platform that takes every message for review, under the id `audit-<row>`, once `gate` opens. */
const reviewing = (gate: Effect.Effect<void> = Effect.void): FakePlatform.FakePlatform => {
  const fake = FakePlatform.make()
  const send: typeof fake.platform.send = (message) =>
    Effect.as(gate, { messageId: undefined, status: "auditing", auditId: `audit-${message.id}` } as const)
  return { ...fake, platform: { ...fake.platform, send, verdict } }
}

const decided = (auditId: string, passed: boolean) =>
  Events.other({ type: "verdict", data: { auditId, passed } satisfies Verdict, in: "reviews" })

const counts = Store.use((store) => store.counts(Events.account))
const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

describe("verdicts", () => {
  it.effect("one that is faster than the answer to the send waits for it, and counts then", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const fake = reviewing(Deferred.await(gate))
      const run = Effect.gen(function* () {
        yield* fake.emit(Events.message({ text: "held" }))
        yield* settle
        yield* fake.emit(decided("audit-1", false))
        yield* settle
        assert.strictEqual((yield* counts).pendingEvents, 1)
        const [account] = (yield* Bot.Runtime).accounts()
        assert.strictEqual(account?.relay.depth, 1)
        // As long as a send may go without an answer.
        yield* TestClock.adjust("10 seconds")
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.strictEqual((yield* counts).messages.auditing, 1)
        yield* TestClock.adjust("250 millis")
        yield* until("the reply is refused", () => account?.relay.unsent === 1)
        yield* settle
        const { messages, pendingEvents } = yield* counts
        assert.deepStrictEqual([pendingEvents, messages.auditing, messages.refused], [0, 0, 1])
      })
      yield* life(Memory.layer, fake, echo, run)
    })
  )

  it.effect(
    "what is under review counts as neither sent nor unsent, and one about nothing of ours is passed over",
    () =>
      Effect.gen(function* () {
        const fake = reviewing()
        const run = Effect.gen(function* () {
          yield* fake.emit(Events.message({ text: "a" }), Events.message({ text: "b" }))
          yield* settle
          const [account] = (yield* Bot.Runtime).accounts()
          const counted = () => [account?.relay.sent, account?.relay.unsent]
          assert.strictEqual((yield* counts).messages.auditing, 2)
          assert.deepStrictEqual(counted(), [0, 0])
          yield* fake.emit(decided("audit-of-another", true))
          yield* settle
          assert.deepStrictEqual([(yield* counts).pendingEvents, ...counted()], [0, 0, 0])
          yield* fake.emit(decided("audit-1", true), decided("audit-2", false), decided("audit-2", false))
          yield* settle
          assert.deepStrictEqual(counted(), [1, 1])
        })
        yield* life(Memory.layer, fake, echo, run)
      })
  )

  it.effect("one that was stored when the process crashed is applied by the next process", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = reviewing()
      const first = Effect.gen(function* () {
        yield* fake.emit(Events.message({ text: "held" }))
        yield* settle
        assert.strictEqual((yield* counts).messages.auditing, 1)
        // The verdict is stored, and the process ends before the row is.
        const store = yield* Store
        const event = decided("audit-1", false)
        const raw = new TextEncoder().encode(JSON.stringify(event))
        const { conversation, key } = event
        yield* store.commit({
          events: [{ conversation, key, receivedAt: 0, raw }],
          positions: [],
          settled: [],
          turns: [],
          messages: [],
          gaps: []
        })
        yield* disk.crash
      })
      yield* untilEnded(life(disk.layer, fake, echo, first))
      const second = Effect.gen(function* () {
        yield* settle
        const { messages, pendingEvents } = yield* counts
        assert.deepStrictEqual([pendingEvents, messages.auditing, messages.refused], [0, 0, 1])
      })
      yield* life(disk.layer, fake, echo, second)
    })
  )
})
