import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Refused } from "../../src/engines/Bisect.ts"
import { Journal } from "../../src/engines/Journal.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { Store, type TurnResult, type TurnWrite } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { messageTo, room } from "../fixtures/runtime.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-bisect-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const withJournal = <A, E>(run: Effect.Effect<A, E, Journal | Store>) =>
  Effect.flatMap(folder, (path) => {
    const store = Sqlite.layer({ filename: join(path, "bot.db") })
    return run.pipe(Effect.provide(Journal.layer().pipe(Layer.provide(StatusStream.layer), Layer.provideMerge(store))))
  })

/** What no type check lets through: JSON has no bigint, and a value that is no text cannot be bound. */
const native = { platform: "fake", payload: 1n }
const bigint = messageTo("ann", "poison", { content: { text: "poison", native } })
const noText = { key: "poison", value: JSON.parse('{"a":1}'), expected: 0 }

const saying = (text: string, more: Partial<TurnWrite> = {}): TurnWrite => ({
  eventId: undefined,
  messages: [messageTo("ann", text)],
  state: [],
  ...more
})

describe("a commit that the store refuses", () => {
  it.live("is stored but for the turns that cannot be, in order, and work goes on", () =>
    withJournal(
      Effect.gen(function* () {
        const journal = yield* Journal
        const store = yield* Store
        const told: Array<string> = []
        const tell = (name: string) => (result: TurnResult | Refused) => void told.push(`${name} ${result._tag}`)
        const ids: Array<number> = []
        const arrival = { conversation: room("ann"), key: "k", receivedAt: 0, raw: new Uint8Array([123, 125]) }
        const position = { stream: "gateway/0", session: "s", seq: 7, startedAt: 0 }
        journal.append(
          { ...arrival, stored: (id) => void ids.push(id) },
          { account: "fake:1", stream: "gateway/0" },
          position
        )
        for (let i = 0; i < 20; i++) journal.turn(saying(`${i}`), tell(`${i}`))
        journal.turn(saying("", { messages: [bigint] }), tell("bigint"))
        for (let i = 20; i < 40; i++) journal.turn(saying(`${i}`), tell(`${i}`))
        journal.turn(saying("said with it", { state: [noText] }), tell("no text"))
        journal.turn(saying("last"), tell("last"))
        yield* journal.flush
        journal.turn(saying("later"), tell("later"))
        yield* journal.flush

        const good = (i: number) => `${i} Committed`
        const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
        assert.deepStrictEqual(told, [
          ...range(0, 20).map(good),
          "bigint Refused",
          ...range(20, 40).map(good),
          "no text Refused",
          "last Committed",
          "later Committed"
        ])
        assert.deepStrictEqual(ids, [1])
        assert.strictEqual((yield* store.positions("fake:1"))[0]?.seq, 7)
        const rows = yield* store.pendingMessages("fake:1", { after: 0, limit: 100 })
        assert.deepStrictEqual(
          rows.map(({ content }) => content.text),
          [...range(0, 40).map(String), "last", "later"]
        )
        assert.isFalse(journal.isFailing())
      })
    )
  )

  it.live("ends the journal when even its dead letter is refused, or what is refused is no turn", () =>
    Effect.gen(function* () {
      const endedBy = (submit: (journal: Journal["Service"]) => void) =>
        withJournal(
          Effect.gen(function* () {
            const journal = yield* Journal
            submit(journal)
            return (yield* Effect.flip(journal.fatal)).reason._tag
          })
        )
      const dead = { conversation: room("ann"), key: JSON.parse('{"a":1}'), reason: "", attempts: 1, at: 0 }
      assert.strictEqual(
        yield* endedBy((journal) => {
          journal.append(
            { conversation: room("ann"), key: "k", receivedAt: 0, raw: new Uint8Array(2), stored: () => {} },
            { account: "fake:1", stream: "gateway/0" },
            { stream: "gateway/0", session: "s", seq: 1, startedAt: 0 }
          )
          journal.turn({ eventId: 1, messages: [], state: [], dead }, () => {})
        }),
        "Refused"
      )
      const noMoment = JSON.parse('{"a":1}')
      assert.strictEqual(
        yield* endedBy((journal) => journal.message({ id: 1, status: "sent", attempts: 1, at: noMoment })),
        "Refused"
      )
    })
  )
})
