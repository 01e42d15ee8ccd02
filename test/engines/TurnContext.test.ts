/** That a line which a handler logs is found by what it is about. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, References } from "effect"
import { TestConsole } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import * as Logs from "../../src/monitor/Logs.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { forgetful, life, settle, until } from "../fixtures/runtime.ts"

/** The lines that handlers logged: those that begin with "handler". */
const linesOf = (features: Layer.Layer<never, never, Bot.Runtime>, isOver: (lines: number) => boolean) =>
  Effect.gen(function* () {
    const fake = FakePlatform.make()
    const lines: Array<Record<string, unknown>> = []
    const event = Events.message({ text: "hello", in: { account: "fake:1", kind: "group", id: "G" }, id: "m1" })
    yield* life(
      forgetful,
      fake,
      features,
      Effect.gen(function* () {
        yield* settle
        yield* fake.emit(event)
        yield* until("the handlers ran", () => fake.sent().length > 0)
        for (const line of yield* TestConsole.logLines) {
          const record = JSON.parse(String(line))
          if (record.message.startsWith("handler")) lines.push(record)
        }
      })
    ).pipe(Effect.provide(Logs.layer({ level: "Debug" })))
    assert.isTrue(isOver(lines.length), JSON.stringify(lines))
    return lines.map(({ level: _, time: __, ...line }) => line)
  })

const about = { account: "fake:1", shard: 0, conversation: "group:G", event: "m1", turn: 1 }

describe("what a handler logs", () => {
  it.effect("carries account, shard, conversation, event and turn, also from fibers it starts", () =>
    Effect.gen(function* () {
      const feature = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          yield* Effect.logInfo("handler says")
          yield* Effect.forkChild(Effect.logDebug("handler's fiber says")).pipe(Effect.andThen(Effect.yieldNow))
          yield* Bot.reply(event, "done")
        })
      )
      assert.deepStrictEqual(yield* linesOf(feature, (lines) => lines === 2), [
        { category: "business", ...about, message: "handler says" },
        { category: "business", ...about, message: "handler's fiber says" }
      ])
    })
  )

  it.effect("carries it where several handlers share the turn, beside what their layers say", () =>
    Effect.gen(function* () {
      const first = Bot.on("MessageReceived", () => Effect.logInfo("handler one"))
      const second = Bot.on("MessageReceived", (event) =>
        Effect.andThen(Effect.logInfo("handler two"), Bot.reply(event, "done"))
      ).pipe(Layer.provide(Layer.succeed(References.CurrentLogAnnotations, { feature: "second", event: "none" })))
      assert.deepStrictEqual(yield* linesOf(Layer.mergeAll(first, second), (lines) => lines === 2), [
        { category: "business", ...about, message: "handler one" },
        { category: "business", ...about, message: "handler two", more: { feature: "second" } }
      ])
    })
  )
})
