/**
 * Promise: a handler's replies, its state changes and its acknowledgement commit together. Replays on resume, the same
 * message under two names and crashes do not run it again, or undo what the half-done run did.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Random, Schema } from "effect"
import { Bot, Store } from "everbot"
import { Qq } from "everbot/qq"
import { Sqlite } from "everbot/sqlite"
import * as Child from "./support/Child.ts"
import { answering, backAgain, burst, fourChats, listening, say, talkingWhile } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

const seen = Bot.userState({ name: "seen", schema: Schema.Int, initial: 0 })

/** Answers with the number of messages this person sent. */
const Count = Bot.on("MessageReceived", (event) =>
  Effect.flatMap(
    seen.update(event, (n) => n + 1),
    (n) => Bot.reply(event, String(n))
  )
)

/** The k-th message of each chat got the answer k: no run of the handler was lost, none happened twice. */
const assertCounted = (simulator: Parameters<typeof World.assertFair>[0], story = "") => {
  World.assertFair(simulator, story)
  const counts = new Map<string, number>()
  for (const message of simulator.books.offered) {
    if (message.place === undefined) continue
    const key = `${message.place.kind}:${message.place.id}`
    const expected = (counts.get(key) ?? 0) + 1
    counts.set(key, expected)
    assert.deepStrictEqual(
      message.replies.map(({ text }) => text),
      [String(expected)],
      `${key} ${story}`
    )
  }
  return counts
}

describe.each(World.modes)("acts once, by %s", (mode) => {
  it.live(
    "state is changed once for each message, whatever instants SIGKILL picks",
    () =>
      Effect.gen(function* () {
        const seed = yield* World.seed
        const simulator = yield* World.platform({}, mode)
        const filename = yield* World.database
        const start = Child.start(simulator, filename, { BOT_HANDLER: "count" })
        let child = yield* start
        yield* listening(simulator).pipe(World.within(20_000, "the first session"))
        const kills: Array<number> = []
        yield* Effect.gen(function* () {
          yield* answering(simulator).pipe(World.within(20_000, "the first answer"))
          for (let n = 0; n < 8; n++) {
            const back = backAgain(simulator).pipe(World.within(60_000, "the bot back"))
            if (n > 0) yield* back
            const after = yield* Random.nextIntBetween(10, 700)
            kills.push(after)
            yield* Effect.sleep(after)
            yield* child.end("SIGKILL")
            child = yield* start
          }
        }).pipe(Random.withSeed(seed), talkingWhile(simulator, fourChats, mode === "WebSocket" ? 30 : 60))
        const story = `SEED=${seed}, killed after ${kills.join(", ")} ms`
        yield* simulator.settled.pipe(World.within(90_000, `every answer; ${story}\n${child.output()}`))
        const counts = assertCounted(simulator, story)
        assert.isAbove(counts.get("group:group-1") ?? 0, mode === "WebSocket" ? 100 : 50, story)
      }),
    180_000
  )

  it.live(
    `events that are ${mode === "WebSocket" ? "replayed on resume" : "repeated, by QQ or by others,"} are recognised`,
    () =>
      Effect.gen(function* () {
        const simulator = yield* World.platform({}, mode)
        const { books } = simulator
        yield* World.runOn(yield* World.database, Layer.mergeAll(Count, World.account(simulator)))
        yield* listening(simulator)
        for (let round = 1; round <= 4; round++) {
          yield* burst(simulator, fourChats, 20)
          yield* simulator.settled
          if (mode === "WebSocket") {
            yield* simulator.fault({ kind: "duplicateOnResume", events: 15 })
            yield* simulator.fault({ kind: "cut", by: "rst" })
            yield* simulator.until((it) => it.resumes.length === round)
          } else {
            yield* simulator.fault({ kind: "webhookReplayed", times: 15 })
            yield* simulator.fault({ kind: "webhookLostAnswer", times: 10 })
            yield* simulator.fault({ kind: "webhookDuplicate", times: 10 })
            yield* simulator.until((it) => it.hostile.length === round * 15)
          }
        }
        yield* burst(simulator, fourChats, 20)
        yield* simulator.settled.pipe(World.within(20_000, "every answer"))
        assertCounted(simulator)
        assert.strictEqual(books.said, 100)
        // The platform saw no second attempt either: they were recognised here, not refused there.
        assert.strictEqual(books.sent.length, 100)
      })
  )

  it.live("one message under two event names is one message", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const intents = Qq.Intents.add(Qq.Intents.defaults, "GUILD_MESSAGES")
      yield* World.runOn(yield* World.database, Layer.mergeAll(Count, World.account(simulator, { intents })))
      yield* listening(simulator)
      const data = (n: number) => ({
        id: `08twice${n}`,
        channel_id: "500",
        guild_id: "18700000000001",
        content: `message ${n}`,
        timestamp: "2026-01-01T12:00:00+08:00",
        author: { id: "1234567890123456789", username: "somebody", bot: false },
        member: { roles: ["2"], joined_at: "2024-01-01T12:00:00+08:00" },
        seq: n,
        seq_in_channel: String(n)
      })
      for (let n = 1; n <= 10; n++) {
        yield* simulator.emit("MESSAGE_CREATE", data(n))
        yield* simulator.emit("AT_MESSAGE_CREATE", data(n))
      }
      const after = say(simulator, { kind: "channel", id: "500" }, "after all of them")
      yield* simulator.until(() => after.replies.length > 0).pipe(World.within(20_000, "the last answer"))
      World.assertFair(simulator)
      const heard = simulator.books.offered.filter(
        ({ delivered, type }) => delivered && type.endsWith("MESSAGE_CREATE")
      )
      assert.strictEqual(heard.length, 21)
      assert.deepStrictEqual(
        simulator.books.sent.map(({ text }) => text).slice(0, 10),
        Array.from({ length: 10 }, (_, n) => String(n + 1))
      )
      assert.strictEqual(simulator.books.sent.length, 11)
    })
  )

  it.live("a turn that fails half-way leaves neither reply nor state behind", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const HalfWay = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          const n = yield* seen.update(event, (before) => before + 1)
          yield* Bot.reply(event, String(n))
          const attempt = yield* Bot.attempt
          if (attempt < 3) return yield* Effect.fail(`attempt ${attempt}`)
        })
      )
      yield* World.runOn(yield* World.database, Layer.mergeAll(HalfWay, World.account(simulator)))
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 20)
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      assertCounted(simulator)
      assert.strictEqual(simulator.books.sent.length, 20)
    })
  )

  it.live("a crash between the end of a handler and its commit runs it again, on the state of before", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      let runs = 0
      let crash: () => void = () => {}
      const crashed = new Promise<void>((resolve) => {
        crash = resolve
      })
      const Counted = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          runs++
          const n = yield* seen.update(event, (before) => before + 1)
          yield* Bot.reply(event, String(n))
        })
      )
      // A store whose process dies the moment the first turn is to be committed: that commit, and all after it, never happens.
      const mortal = Layer.effect(
        Store.Store,
        Effect.map(Store.Store, (store) =>
          Store.Store.of({
            ...store,
            commit: (commit) => {
              if (!commit.turns.some(({ eventId }) => eventId !== undefined)) return store.commit(commit)
              crash()
              return Effect.never
            }
          })
        )
      ).pipe(Layer.provide(Sqlite.layer({ filename })))
      const app = (drain: number) =>
        Layer.mergeAll(Counted, World.account(simulator, { drainTimeout: Duration.millis(drain) }))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* World.run(app(50), { store: mortal })
          yield* listening(simulator)
          yield* burst(simulator, fourChats, 8)
          yield* Effect.promise(() => crashed).pipe(World.within(20_000, "a turn to commit"))
        })
      )
      assert.isAtLeast(runs, 1)
      assert.strictEqual(simulator.books.sent.length, 0)
      yield* World.runOn(filename, app(5000))
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      assertCounted(simulator)
      assert.isAbove(runs, 8)
    })
  )
})
