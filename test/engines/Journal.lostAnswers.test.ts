import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Inaccessible } from "../../src/domain/StoreError.ts"
import { Journal } from "../../src/engines/Journal.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"

const conversation = { account: "fake:1", kind: "direct", id: "a" } as const
const stream = { account: "fake:1", stream: "gateway/0" }
const arrival = (key: string, stored: (id: number) => void) => ({
  conversation,
  key,
  receivedAt: 0,
  raw: new Uint8Array(2),
  stored
})
const position = { stream: "gateway/0", session: "s", seq: 1, startedAt: 0 }

describe("the journal, when answers are lost", () => {
  it.effect(
    "an event that was stored gets its id from the repetition, and a message outside of a turn is kept once",
    () => {
      const disk = Memory.make()
      return Effect.gen(function* () {
        const journal = yield* Journal
        const store = yield* Store
        yield* disk.loseAnswers(1, new Inaccessible({ detail: "the connection was lost" }))
        const ids: Array<number> = []
        const said: Array<ReadonlyArray<number>> = []
        const message = {
          conversation,
          content: { text: "x" },
          priority: "normal",
          notBefore: 0,
          createdAt: 0
        } as const
        journal.append(
          arrival("k", (id) => void ids.push(id)),
          stream,
          position
        )
        journal.turn({ eventId: undefined, messages: [message], state: [] }, (result) => {
          if (result._tag === "Committed") said.push(result.messageIds)
        })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual([ids, said], [[1], [[1]]])
        const rows = yield* store.pendingMessages("fake:1", { after: 0, limit: 10 })
        assert.strictEqual(rows.length, 1)
      }).pipe(Effect.provide(Journal.layer().pipe(Layer.provide(StatusStream.layer), Layer.provideMerge(disk.layer))))
    }
  )

  it.effect("two lives of a process on one disk are not taken for each other", () => {
    const disk = Memory.make()
    const life = (key: string) =>
      Effect.gen(function* () {
        const journal = yield* Journal
        const ids: Array<number> = []
        journal.append(
          arrival(key, (id) => void ids.push(id)),
          stream,
          position
        )
        yield* journal.flush
        return ids
      }).pipe(
        Effect.provide(
          Layer.fresh(Journal.layer().pipe(Layer.provide(StatusStream.layer), Layer.provide(disk.layer))),
          {
            local: true
          }
        )
      )
    return Effect.gen(function* () {
      assert.deepStrictEqual([yield* life("a"), yield* life("b"), yield* life("a")], [[1], [2], [0]])
    })
  })
})
