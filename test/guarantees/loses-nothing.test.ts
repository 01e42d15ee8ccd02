/**
 * Promise: every event the platform delivered, or still will replay, is handled at least once: through dropped sockets,
 * server restarts, expired tokens, full queues and SIGKILL at any instant.
 *
 * The witness is the platform: its books know what was said, what the bot heard, and what was answered.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Latch, Layer, Random } from "effect"
import { Bot } from "everbot"
import type { Fault } from "everbot/simulator"
import * as Child from "./support/Child.ts"
import { answering, backAgain, burst, fourChats, groups, listening, say, talkingWhile } from "./support/Crowd.ts"
import type { Mode } from "./support/Mode.ts"
import * as World from "./support/World.ts"

describe.each(World.modes)("loses nothing, by %s", (mode) => {
  const deaths = mode === "WebSocket" ? 30 : 12
  it.live(
    `${deaths} times SIGKILL at random instants, and every message is answered once and in order`,
    () =>
      Effect.gen(function* () {
        const seed = yield* World.seed
        const simulator = yield* World.platform({}, mode)
        const filename = yield* World.database
        const { books } = simulator
        let child = yield* Child.start(simulator, filename)
        yield* listening(simulator).pipe(World.within(20_000, "the first session"))
        const kills: Array<number> = []
        yield* Effect.gen(function* () {
          yield* answering(simulator).pipe(World.within(20_000, "the first answer"))
          for (let n = 0; n < deaths; n++) {
            // Every other time the bot is let into its work first, however slow the machine starts it.
            const back = backAgain(simulator).pipe(World.within(60_000, `the bot back\n${child.output()}`))
            if (n % 2 === 1) yield* back
            const after = yield* Random.nextIntBetween(10, 600)
            kills.push(after)
            yield* Effect.sleep(after)
            yield* child.end("SIGKILL")
            child = yield* Child.start(simulator, filename)
          }
        }).pipe(Random.withSeed(seed), talkingWhile(simulator, fourChats, mode === "WebSocket" ? 40 : 100))
        const story = `SEED=${seed}, killed after ${kills.join(", ")} ms`
        yield* simulator.settled.pipe(World.within(120_000, `every answer; ${story}\n${child.output()}`))
        World.assertFair(simulator, story)
        assert.strictEqual(books.answered, books.said, story)
        if (mode === "WebSocket") {
          // It was one session all along: what is not answered twice was not simply said to a bot that was new each time.
          assert.strictEqual(books.identifies.length, 1, story)
          assert.isAtLeast(books.resumes.length, 15, story)
        } else {
          // It died with calls in hand: they were made again, and nothing but a commit was ever answered.
          assert.isAtLeast(books.pushes.filter(({ status }) => status !== 200).length, deaths, story)
          assert.strictEqual(books.count("webhook:gaveUp"), 0, story)
        }
        assert.isAbove(books.said, deaths * (mode === "WebSocket" ? 26 : 16), story)
      }),
    240_000
  )

  const restarts = Array.from({ length: 3 }, () => ({ kind: "restart", ms: 300 }) as const)
  const expiries = Array.from({ length: 3 }, () => ({ kind: "expireToken" }) as const)
  const troubles: Readonly<Record<Mode, ReadonlyArray<readonly [name: string, faults: ReadonlyArray<Fault>]>>> = {
    WebSocket: [
      [
        "dropped sockets",
        [{ kind: "cut", by: "rst" }, { kind: "cut", by: "fin" }, { kind: "reconnect" }, { kind: "close", code: 4009 }]
      ],
      ["restarts of the platform", restarts],
      ["expired tokens", expiries],
      [
        "replays that overlap",
        [1, 2, 3].flatMap(
          () =>
            [
              { kind: "duplicateOnResume", events: 20 },
              { kind: "cut", by: "rst" }
            ] as const
        )
      ]
    ],
    webhook: [
      [
        "calls that break off or dawdle",
        [
          { kind: "webhookTruncated", times: 10 },
          { kind: "webhookSlow", ms: 100, times: 10 }
        ]
      ],
      ["restarts of the platform", restarts],
      ["expired tokens", expiries],
      [
        "calls that come twice, or again because their answer got lost",
        [1, 2, 3].flatMap(
          () =>
            [
              { kind: "webhookLostAnswer", times: 10 },
              { kind: "webhookDuplicate", times: 10 }
            ] as const
        )
      ],
      [
        "strangers who forge calls or repeat them",
        [1, 2, 3].flatMap(
          () =>
            [
              { kind: "webhookForged", times: 20 },
              { kind: "webhookReplayed", times: 20 }
            ] as const
        )
      ]
    ]
  }
  for (const [name, faults] of troubles[mode]) {
    it.live(`${name} under load cost no message`, () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform({}, mode)
        const { books } = simulator
        yield* World.runOn(yield* World.database, Layer.mergeAll(World.Echo, World.account(simulator)))
        yield* listening(simulator)
        yield* simulator
          .timetable(faults, 400)
          .pipe(Effect.andThen(Effect.sleep(400)), talkingWhile(simulator, fourChats, 20))
        yield* simulator.settled.pipe(World.within(20_000, "every answer"))
        World.assertFair(simulator)
        assert.strictEqual(books.answered, books.said)
        assert.strictEqual(books.faults.length, faults.length)
        if (mode === "WebSocket") assert.strictEqual(books.identifies.length, 1)
        assert.isFalse(books.sent.some(({ text }) => text === "forged"))
      })
    )
  }

  // A webhook has no session that a token could take with it: it goes on as with an expired one.
  it.live.skipIf(mode === "webhook")(
    "revoked tokens end the session, and what was heard before is answered all the same",
    () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform({}, mode)
        const { books } = simulator
        const Slow = Bot.on("MessageReceived", (event) =>
          Effect.andThen(Effect.sleep(20), Bot.reply(event, event.text))
        )
        yield* World.runOn(yield* World.database, Layer.mergeAll(Slow, World.account(simulator)))
        yield* listening(simulator)
        const revocations = Array.from({ length: 3 }, () => ({ kind: "revokeToken" }) as const)
        yield* simulator
          .timetable(revocations, 500)
          .pipe(Effect.andThen(Effect.sleep(500)), talkingWhile(simulator, fourChats, 20))
        yield* simulator.settled.pipe(World.within(20_000, "every answer"))
        World.assertFair(simulator)
        assert.isAtLeast(books.sessions.length, 4)
        // Only what a dead session can excuse is missing.
        const { forfeited, unheard } = books.judge()
        assert.strictEqual(books.answered + forfeited.length + unheard.length, books.said)
        assert.isAbove(books.answered, books.said / 2)
      })
  )

  it.live("queues that are full hold the platform back instead of dropping", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ socketBuffer: 16_384 }, mode)
      const flood = mode === "WebSocket" ? 3000 : 1000
      const gate = yield* Latch.make(false)
      const Gated = Bot.on("MessageReceived", (event) => gate.whenOpen(Bot.reply(event, event.text)))
      const limits = { maxResident: 16, maxBacklog: 32, maxQueued: 16, handlerTimeout: Duration.minutes(1) }
      const bot = yield* World.runOn(yield* World.database, Layer.mergeAll(Gated, World.account(simulator, limits)))
      yield* listening(simulator)
      yield* burst(simulator, groups(48), flood)
      const isFull = bot.until((news) => news.some(({ _tag }) => _tag === "IntakePaused"))
      yield* isFull.pipe(World.within(20_000, "a full queue"))
      const [full] = yield* bot.status
      assert.isBelow(full?.eventsReceived ?? flood + 1, flood)
      yield* gate.open
      yield* simulator.settled.pipe(World.within(30_000, "every answer"))
      World.assertFair(simulator)
      assert.strictEqual(simulator.books.answered, flood)
    })
  )

  it.live("an event is stored before its acknowledgement: what the bot says it has is in the file", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ heartbeatInterval: "200 millis" }, mode)
      const filename = yield* World.database
      const { books } = simulator
      // Nobody answers, so nothing but the inbox can know of the messages.
      const Deaf = Bot.on("MessageReceived", () => Effect.never)
      const bot = yield* World.runOn(
        filename,
        Layer.mergeAll(Deaf, World.account(simulator, { drainTimeout: Duration.millis(100) }))
      )
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 40)
      const last = say(simulator, { kind: "group", id: "group-1" }, "the last")
      const [delivery] = last.deliveries
      const seq = delivery?.s ?? Number.POSITIVE_INFINITY
      const isAcknowledged = (it: typeof books) =>
        mode === "WebSocket"
          ? it.heartbeats.some(({ d }) => d !== null && d >= seq)
          : it.pushes.filter(({ status }) => status === 200).length === it.said
      yield* simulator.until(isAcknowledged).pipe(World.within(20_000, "an acknowledgement of the last message"))
      yield* bot.stop
      const kept = yield* World.inStore(filename, (store) =>
        Effect.all({
          counts: store.counts(`qq:${simulator.appId}`),
          positions: store.positions(`qq:${simulator.appId}`)
        })
      )
      assert.strictEqual(kept.counts.pendingEvents, books.said)
      assert.isAtLeast(kept.positions[0]?.seq ?? 0, seq)
      // And a bot that does answer goes on with them.
      yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      World.assertFair(simulator)
    })
  )
})
