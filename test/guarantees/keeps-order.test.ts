/** Promise: in order within a conversation, in parallel across conversations. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Random } from "effect"
import { Bot } from "everbot"
import { burst, fourChats, groups, listening, say, talkingWhile } from "./support/Crowd.ts"
import * as World from "./support/World.ts"

/** Takes up to so many milliseconds, at random. */
const dawdle = (most: number) => Effect.flatMap(Random.nextIntBetween(0, most), (millis) => Effect.sleep(millis))

describe.each(World.modes)("keeps order, by %s", (mode) => {
  it.live("handlers of random speed in many chats at once answer each chat in its order", () =>
    Effect.gen(function* () {
      const seed = yield* World.seed
      const simulator = yield* World.platform({}, mode)
      const Dawdler = Bot.on("MessageReceived", (event) => Effect.andThen(dawdle(30), Bot.reply(event, event.text)))
      yield* World.runOn(yield* World.database, Layer.mergeAll(Dawdler, World.account(simulator)))
      yield* listening(simulator)
      yield* burst(simulator, [...fourChats, ...groups(20)], 480)
      yield* simulator.settled.pipe(World.within(20_000, `every answer; SEED=${seed}`))
      World.assertFair(simulator, `SEED=${seed}`)
      assert.strictEqual(simulator.books.answered, 480)
    })
  )

  it.live("a turn that is retried holds its own chat back, and no other", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const Stumbler = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          const attempt = yield* Bot.attempt
          if (event.text === "stumble") {
            if (attempt < 4) return yield* Effect.fail("not yet")
            // Were the other chat held back too, this would wait for ever.
            yield* simulator.until(({ sent }) => sent.length >= 10)
          }
          yield* Bot.reply(event, event.text)
        })
      )
      yield* World.runOn(yield* World.database, Layer.mergeAll(Stumbler, World.account(simulator)))
      yield* listening(simulator)
      const [one, other] = groups(2)
      assert(one !== undefined && other !== undefined)
      const stumbling = say(simulator, one, "stumble")
      const behind = yield* burst(simulator, [one], 10)
      const beside = yield* burst(simulator, [other], 10)
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      World.assertFair(simulator)
      const answers = simulator.books.sent.map(({ msgId }) => msgId)
      const at = (id: string) => answers.indexOf(id)
      assert.isTrue(behind.every(({ id }) => at(id) > at(stumbling.id)))
      assert.isTrue(beside.every(({ id }) => at(id) < at(stumbling.id)))
    })
  )

  it.live("several replies to one message stay together and in order", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const Trio = Bot.on("MessageReceived", (event) =>
        Effect.andThen(
          dawdle(10),
          Effect.forEach(["a", "b", "c"], (part) => Bot.reply(event, `${event.text} ${part}`))
        )
      )
      yield* World.runOn(yield* World.database, Layer.mergeAll(Trio, World.account(simulator)))
      yield* listening(simulator)
      const said = yield* burst(simulator, fourChats, 40)
      yield* simulator.until(({ sent }) => sent.length >= 120).pipe(World.within(20_000, "three answers each"))
      for (const place of fourChats) {
        const spoken = simulator.books.sent.filter((sent) => sent.place.id === place.id).map(({ text }) => text)
        const due = said
          .filter((message) => message.place?.id === place.id)
          .flatMap(({ text }) => ["a", "b", "c"].map((part) => `${text} ${part}`))
        assert.deepStrictEqual(spoken, due)
      }
    })
  )

  it.live("refused and lost answers, reconnects and restarts do not let a later answer overtake", () =>
    Effect.gen(function* () {
      const seed = yield* World.seed
      const simulator = yield* World.platform({}, mode)
      const Dawdler = Bot.on("MessageReceived", (event) => Effect.andThen(dawdle(15), Bot.reply(event, event.text)))
      yield* World.runOn(yield* World.database, Layer.mergeAll(Dawdler, World.account(simulator)))
      yield* listening(simulator)
      yield* simulator
        .timetable(
          [
            { kind: "rateLimited", times: 3 },
            { kind: "cut", by: "rst" },
            { kind: "lostAnswer", times: 4 },
            { kind: "serverError", times: 3 },
            { kind: "restart", ms: 200 },
            { kind: "slowAnswer", ms: 200, times: 3 },
            { kind: "htmlError", times: 2 },
            { kind: "reconnect" },
            { kind: "expireToken" }
          ],
          200
        )
        .pipe(Effect.andThen(Effect.sleep(300)), talkingWhile(simulator, [...fourChats, ...groups(8)], 25))
      yield* simulator.settled.pipe(World.within(25_000, `every answer; SEED=${seed}`))
      World.assertFair(simulator, `SEED=${seed}`)
      assert.isAbove(simulator.books.answered, 300)
      assert.isAbove(simulator.books.sent.filter(({ duplicate }) => duplicate).length, 0, "an answer was lost")
    })
  )

  it.live("what a stopped bot left is answered before what is said later", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({}, mode)
      const filename = yield* World.database
      const Slow = Bot.on("MessageReceived", (event) => Effect.andThen(Effect.sleep(50), Bot.reply(event, event.text)))
      const app = () => Layer.mergeAll(Slow, World.account(simulator, { drainTimeout: Duration.millis(200) }))
      const bot = yield* World.runOn(filename, app())
      yield* listening(simulator)
      yield* burst(simulator, fourChats, 60)
      yield* simulator.until(({ answered }) => answered >= 8)
      yield* bot.stop
      assert.isBelow(simulator.books.answered, 60)
      yield* burst(simulator, fourChats, 20)
      yield* World.runOn(filename, app())
      yield* simulator.settled.pipe(World.within(20_000, "every answer"))
      World.assertFair(simulator)
      assert.strictEqual(simulator.books.answered, 80)
    })
  )
})
