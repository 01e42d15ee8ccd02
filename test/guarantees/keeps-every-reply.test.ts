/**
 * Promise: a reply that was accepted is sent, or visible with its reason. A retry reuses the platform's idempotency key.
 * Nothing is dropped silently: after each run the store accounts for every reply, as sent or resting with a reason.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { Bot, type DeadMessage, Schedules } from "everbot"
import type { Fault, QqSimulator } from "everbot/simulator"
import * as Child from "./support/Child.ts"
import { burst, fourChats, listening, say } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

/** Every reply that was staged is in the store, sent or resting with a reason. Returns those that rest. */
const accounted = (simulator: QqSimulator.QqSimulator, filename: string, staged: number) =>
  Effect.gen(function* () {
    const account = `qq:${simulator.appId}`
    const { counts, letters } = yield* World.inStore(filename, (store) =>
      Effect.all({ counts: store.counts(account), letters: store.deadLetters(account, { limit: 1000 }) })
    )
    const { auditing, dead, expired, queued, refused, sending, sent, unknown } = counts.messages
    assert.deepStrictEqual({ queued, sending }, { queued: 0, sending: 0 })
    assert.strictEqual(sent + auditing + refused + expired + dead + unknown, staged)
    const resting = letters.filter((letter): letter is DeadMessage => letter._tag === "DeadMessage")
    assert.strictEqual(resting.length, refused + expired + dead + unknown)
    for (const { reason } of resting) assert.match(reason, /\w+/)
    return { counts: counts.messages, resting }
  })

// Most of these wait for a backoff or a breaker. Each has a platform of its own, so they may wait together.
describe.concurrent.each(World.modes)("keeps every reply, by %s", (mode) => {
  const troubles: ReadonlyArray<readonly [name: string, fault: Fault]> = [
    ["answers get lost", { kind: "lostAnswer", times: 6 }],
    ["the rate is limited for a named time", { kind: "rateLimited", times: 10, retryAfter: 1 }],
    ["the rate is limited and nobody says for how long", { kind: "rateLimited", times: 10 }],
    ["the platform fails with 500", { kind: "serverError", times: 6 }],
    ["the platform fails with 503", { kind: "serverError", times: 6, status: 503 }],
    ["a proxy answers with a page of HTML", { kind: "htmlError", times: 6 }],
    ["the token expires", { kind: "expireToken" }],
    ["answers are slower than a request may take", { kind: "slowAnswer", ms: 900, times: 3 }]
  ]
  for (const [name, fault] of troubles) {
    it.live(`every reply arrives once when ${name}`, () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform({}, mode)
        const filename = yield* World.database
        const app = Layer.mergeAll(
          World.Echo,
          World.account(simulator, { requestTimeout: "400 millis", maxAttempts: 20 })
        )
        const bot = yield* World.runOn(filename, app)
        yield* listening(simulator)
        yield* simulator.fault(fault)
        yield* burst(simulator, fourChats, 24)
        yield* simulator.settled.pipe(World.within(25_000, "every answer"))
        yield* bot.stop
        World.assertFair(simulator)
        // A repetition carries the key of the first attempt, so the platform says it once.
        assert.strictEqual(simulator.books.sent.filter(({ accepted }) => accepted).length, 24)
        const { counts } = yield* accounted(simulator, filename, 24)
        assert.strictEqual(counts.sent, 24)
      })
    )
  }

  it.live("a reply after its window rests as refused, with the platform's reason", () =>
    Effect.gen(function* () {
      const group = { within: "300 millis", replies: 5 } as const
      const simulator = yield* World.platform({ passive: { group } }, mode)
      const filename = yield* World.database
      const Late = Bot.on("MessageReceived", (event) => Effect.andThen(Effect.sleep(600), Bot.reply(event, event.text)))
      const bot = yield* World.runOn(filename, Layer.mergeAll(Late, World.account(simulator)))
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 4)
      yield* bot
        .until((news) => news.filter(({ _tag }) => _tag === "MessageSettled").length === 4)
        .pipe(World.within(20_000, "four outcomes"))
      yield* bot.stop
      const { counts, resting } = yield* accounted(simulator, filename, 4)
      assert.deepStrictEqual([counts.sent, counts.refused], [2, 2])
      for (const { message, reason } of resting) {
        assert.strictEqual(message.conversation.kind, "group")
        assert.match(reason, /time to reply is over/)
      }
    })
  )

  it.live("a sixth reply to one message, and content the platform refuses, rest as refused; the rest arrives", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ maxTextLength: 100 }, mode)
      const filename = yield* World.database
      const Chatty = Bot.on("MessageReceived", (event) =>
        event.text === "long"
          ? Bot.reply(event, "x".repeat(101))
          : Effect.forEach([1, 2, 3, 4, 5, 6], (n) => Bot.reply(event, String(n)))
      )
      const bot = yield* World.runOn(filename, Layer.mergeAll(Chatty, World.account(simulator)))
      yield* listening(simulator)
      say(simulator, { kind: "group", id: "g" }, "six of them")
      say(simulator, { kind: "group", id: "g" }, "long")
      yield* bot
        .until((news) => news.filter(({ _tag }) => _tag === "MessageSettled").length === 7)
        .pipe(World.within(20_000, "seven outcomes"))
      yield* bot.stop
      const { counts, resting } = yield* accounted(simulator, filename, 7)
      assert.deepStrictEqual([counts.sent, counts.refused], [5, 2])
      const why = resting.map(({ message, reason }) => [message.content.text.length, reason] as const)
      assert.isTrue(why.some(([length, reason]) => length === 1 && /time to reply is over/.test(reason)))
      assert.isTrue(why.some(([length, reason]) => length === 101 && /rejected/.test(reason)))
      // And whoever watches was told, each time.
      assert.strictEqual(bot.news.filter((it) => it._tag === "MessageSettled" && it.status === "refused").length, 2)
    })
  )

  it.live("a lost answer where nothing tells a repetition rests as unknown, and nothing is said twice", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const bot = yield* World.runOn(filename, Layer.mergeAll(World.Echo, World.account(simulator)))
      yield* listening(simulator)
      yield* simulator.fault({ kind: "lostAnswer", times: 1 })
      const lost = say(simulator, { kind: "channel", id: "500" }, "was it said?")
      const next = say(simulator, { kind: "channel", id: "500" }, "and this")
      yield* simulator.until(() => next.replies.length > 0).pipe(World.within(20_000, "the next answer"))
      yield* bot.stop
      const { counts, resting } = yield* accounted(simulator, filename, 2)
      assert.deepStrictEqual([counts.sent, counts.unknown], [1, 1])
      assert.strictEqual(resting[0]?.message.content.text, "was it said?")
      assert.match(resting[0]?.reason ?? "", /no answer came/)
      assert.strictEqual(lost.replies.length, 1)
    })
  )

  it.live(
    "SIGKILL between a message and its answer leaves an unknown where nothing tells a repetition, and a repetition elsewhere",
    () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform({}, mode)
        const filename = yield* World.database
        const { books } = simulator
        const first = yield* Child.start(simulator, filename)
        yield* listening(simulator).pipe(World.within(20_000, "the first session"))
        yield* simulator.fault({ kind: "slowAnswer", ms: 60_000, times: 2 })
        const inChannel = say(simulator, { kind: "channel", id: "500" }, "was it said?")
        const inGroup = say(simulator, { kind: "group", id: "group-1" }, "say it again")
        yield* simulator.until(({ sent }) => sent.length === 2).pipe(World.within(20_000, "two messages"))
        yield* first.end("SIGKILL")
        const second = yield* Child.start(simulator, filename)
        const next = say(simulator, { kind: "channel", id: "500" }, "and this")
        yield* simulator
          .until(({ sent }) => next.replies.length > 0 && sent.some(({ duplicate }) => duplicate))
          .pipe(World.within(20_000, `what comes after the crash\n${second.output()}`))
        assert.deepStrictEqual(yield* second.end("SIGTERM"), { code: 0, signal: null }, second.output())
        // Asked twice in the group, where the platform tells a repetition, and once in the channel, where it does not.
        assert.deepStrictEqual(
          [inChannel, inGroup].map(({ id, replies }) => [
            replies.length,
            books.sent.filter((it) => it.msgId === id).length
          ]),
          [
            [1, 1],
            [1, 2]
          ]
        )
        const { counts, resting } = yield* accounted(simulator, filename, 3)
        assert.deepStrictEqual([counts.sent, counts.unknown], [2, 1])
        assert.match(resting[0]?.reason ?? "", /process ended while it was being sent/)
      })
  )

  it.live("attempts that all fail end as a dead letter, and requeued it is sent after all", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const resend = Schedules.resend({ base: "10 millis", cap: "20 millis" })
      const app = () => Layer.mergeAll(World.Echo, World.account(simulator, { resend, maxAttempts: 3 }))
      const bot = yield* World.runOn(filename, app())
      yield* listening(simulator)
      yield* simulator.fault({ kind: "serverError", times: 3 })
      const said = say(simulator, { kind: "direct", id: "u" }, "three failures")
      yield* bot
        .until((news) => news.some((it) => it._tag === "MessageSettled" && it.status === "dead"))
        .pipe(World.within(20_000, "a dead letter"))
      yield* bot.stop
      const { resting } = yield* accounted(simulator, filename, 1)
      const [letter] = resting
      assert(letter !== undefined)
      assert.match(letter.reason, /unavailable/)
      yield* World.inStore(filename, (store) => store.requeue(letter))
      yield* World.runOn(filename, app())
      yield* simulator.until(() => said.replies.length > 0).pipe(World.within(20_000, "the answer after all"))
      World.assertFair(simulator)
    })
  )

  it.live("replies that are put off survive a restart, and one whose time has passed rests as expired", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const Later = Bot.on("MessageReceived", (event) =>
        event.text === "later"
          ? Bot.reply(event, event.text, { after: "700 millis" })
          : Bot.reply(event, event.text, { within: "1 milli" }).pipe(Effect.andThen(Effect.sleep(50)))
      )
      const app = () => Layer.mergeAll(Later, World.account(simulator, { drainTimeout: Duration.millis(100) }))
      const bot = yield* World.runOn(filename, app())
      yield* listening(simulator)
      const later = say(simulator, { kind: "direct", id: "u" }, "later")
      say(simulator, { kind: "direct", id: "w" }, "at once or never")
      yield* bot
        .until((news) => news.some((it) => it._tag === "MessageSettled" && it.status === "expired"))
        .pipe(World.within(20_000, "an expired reply"))
      yield* bot.stop
      assert.strictEqual(later.replies.length, 0)
      const again = yield* World.runOn(filename, app())
      yield* simulator.until(() => later.replies.length > 0).pipe(World.within(20_000, "the late reply"))
      yield* again.stop
      const { counts, resting } = yield* accounted(simulator, filename, 2)
      assert.deepStrictEqual([counts.sent, counts.expired], [1, 1])
      assert.match(resting[0]?.reason ?? "", /time passed/)
    })
  )
})
