import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { ActiveTurn } from "../../src/engines/Turn.ts"
import type { StateEntry } from "../../src/ports/Store.ts"
import { Events } from "../../src/testing/index.ts"
import { messageTo } from "../fixtures/runtime.ts"

const stored = (entries: Record<string, StateEntry>) => (key: string) =>
  Effect.sync((): StateEntry => entries[key] ?? { value: undefined, version: 0 })
const turnOn = (entries: Record<string, StateEntry> = {}, maxMessages = 3) =>
  new ActiveTurn(Events.message({ text: "hello" }), 0, 1, maxMessages, stored(entries))

describe("a turn", () => {
  it.effect("leaves nothing but an acknowledgement when nothing was staged", () =>
    Effect.gen(function* () {
      const turn = turnOn({ a: { value: "1", version: 7 } })
      yield* turn.read("a")
      assert.isUndefined(turn.close(1))
    })
  )

  it.effect("closes with its messages and writes together, each once", () =>
    Effect.gen(function* () {
      const turn = turnOn({ a: { value: "1", version: 7 } })
      yield* turn.stage(messageTo("ann", "one"))
      yield* turn.write("a", "2")
      yield* turn.write("b", "new")
      yield* turn.write("a", "3")
      yield* turn.stage(messageTo("ann", "two"))
      const write = turn.close(4)
      assert.strictEqual(write?.eventId, 4)
      assert.deepStrictEqual(
        write?.messages.map(({ content }) => content.text),
        ["one", "two"]
      )
      assert.deepStrictEqual(write?.state, [
        { key: "a", value: "3", expected: 7 },
        { key: "b", value: "new", expected: 0 }
      ])
    })
  )

  it.effect(
    "numbers its replies to its own event, the same whenever it runs, and not what is said before it is put off",
    () =>
      Effect.gen(function* () {
        const event = Events.message({ text: "hello", id: "m" })
        const to = (messageId: string) => ({ replyTo: { messageId, receivedAt: 0 } })
        const close = Effect.fnUntraced(function* (outcome: ActiveTurn["outcome"]) {
          const turn = new ActiveTurn(event, 0, 1, 9, stored({}))
          yield* turn.stage(messageTo("ann", "one", to(event.messageId)))
          yield* turn.stage(messageTo("bob", "no reply"))
          yield* turn.stage(messageTo("ann", "to another", to("other")))
          yield* turn.stage(messageTo("ann", "two", to(event.messageId)))
          turn.outcome = outcome
          return turn.close(1)?.messages.map(({ replyTo }) => replyTo?.nth)
        })
        assert.deepStrictEqual(yield* close({ _tag: "Handled" }), [0, undefined, undefined, 3])
        assert.deepStrictEqual(yield* close({ _tag: "Handled" }), [0, undefined, undefined, 3])
        const none = [undefined, undefined, undefined, undefined]
        assert.deepStrictEqual(yield* close({ _tag: "Deferred", until: 9 }), none)
      })
  )

  it.effect("sees its own writes, deletions too", () =>
    Effect.gen(function* () {
      const turn = turnOn({ a: { value: "1", version: 7 } })
      yield* turn.write("a", "2")
      assert.strictEqual(yield* turn.read("a"), "2")
      yield* turn.write("a", undefined)
      assert.isUndefined(yield* turn.read("a"))
    })
  )

  it.effect("expects the version that it read, not the one that is there when it writes", () =>
    Effect.gen(function* () {
      const entries: Record<string, StateEntry> = { a: { value: "1", version: 7 } }
      const turn = turnOn(entries)
      assert.strictEqual(yield* turn.read("a"), "1")
      entries["a"] = { value: "changed by another turn", version: 8 }
      yield* turn.write("a", "2")
      assert.strictEqual(turn.close(1)?.state[0]?.expected, 7)
    })
  )

  it.effect("reads one value for a key throughout", () =>
    Effect.gen(function* () {
      const entries: Record<string, StateEntry> = { a: { value: "1", version: 7 } }
      const turn = turnOn(entries)
      yield* turn.read("a")
      entries["a"] = { value: "2", version: 8 }
      assert.strictEqual(yield* turn.read("a"), "1")
    })
  )

  it.effect("dies at one message more than its limit", () =>
    Effect.gen(function* () {
      const turn = turnOn({}, 2)
      yield* turn.stage(messageTo("ann", "1"))
      yield* turn.stage(messageTo("ann", "2"))
      const exit = yield* Effect.exit(turn.stage(messageTo("ann", "3")))
      assert.isTrue(Exit.hasDies(exit))
    })
  )

  it.effect("stages nothing once it was closed or abandoned", () =>
    Effect.gen(function* () {
      const closed = turnOn()
      yield* closed.stage(messageTo("ann", "in time"))
      const write = closed.close(1)
      yield* closed.stage(messageTo("ann", "late"))
      yield* closed.write("a", "late")
      assert.deepStrictEqual([write?.messages.length, write?.state.length], [1, 0])
      const abandoned = turnOn()
      yield* abandoned.stage(messageTo("ann", "dropped"))
      abandoned.abandon()
      yield* abandoned.stage(messageTo("ann", "late"))
      assert.isUndefined(abandoned.close(1))
    })
  )

  it.effect("drops a write whose read ends after the turn did", () =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<StateEntry>()
      const turn = new ActiveTurn(Events.message({ text: "x" }), 0, 1, 3, () => Deferred.await(answer))
      const writing = yield* Effect.forkChild(turn.write("a", "1"), { startImmediately: true })
      turn.abandon()
      yield* Deferred.succeed(answer, { value: undefined, version: 0 })
      yield* Fiber.join(writing)
      assert.isUndefined(turn.close(1))
    })
  )

  it.effect("drops what it staged when it is skipped, keeps it when it is put off", () =>
    Effect.gen(function* () {
      const skipped = turnOn()
      yield* skipped.stage(messageTo("ann", "1"))
      yield* skipped.write("a", "1")
      skipped.outcome = { _tag: "Skipped" }
      assert.isUndefined(skipped.close(1))
      const deferred = turnOn()
      yield* deferred.stage(messageTo("ann", "1"))
      deferred.outcome = { _tag: "Deferred", until: 500 }
      const write = deferred.close(1)
      assert.deepStrictEqual([write?.messages.length, write?.deferUntil], [1, 500])
    })
  )
})
