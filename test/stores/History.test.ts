import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { afterAll } from "vitest"
import * as Backup from "../../src/stores/Backup.ts"
import * as History from "../../src/stores/History.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { account, chat, commit, event, message, turn } from "./StoreSuite.ts"

const root = mkdtempSync(join(tmpdir(), "everbot-history-"))
afterAll(() => rmSync(root, { recursive: true }))
const filename = join(root, "bot.db")
const other = { account, kind: "direct", id: "U1" } as const

const words = (entries: ReadonlyArray<History.HistoryEntry>) =>
  entries.map((entry) => `${entry.at} ${entry._tag === "Received" ? entry.key : entry.text}`)

const conversations = Effect.gen(function* () {
  const asked = Array.from({ length: 600 }, (_, i) => event(`q${i + 1}`, { receivedAt: 10 * (i + 1) }))
  yield* commit({ events: asked })
  yield* commit({ events: [event("elsewhere", { receivedAt: 25, conversation: other })] })
  yield* commit({ events: [event("foreign", { receivedAt: 25, conversation: { ...chat, account: "qq:2" } })] })
  const said = [message("answer", { createdAt: 20 }), message("hello", { createdAt: 21, conversation: other })]
  yield* commit({ turns: [turn(1, { messages: said })] })
  const receipt = { messageId: "M1", status: "sent" } as const
  yield* commit({ messages: [{ id: 1, status: "sent", attempts: 1, receipt, at: 23 }] })
})

describe("history", () => {
  it.effect("finds what was said in a conversation in a span of time, newest first, while a bot runs", () =>
    Effect.gen(function* () {
      yield* conversations
      const find = (query: Partial<History.Query>) =>
        Effect.map(History.search({ filename, account, conversation: chat, ...query }), words)
      assert.deepStrictEqual(yield* find({ from: 10, until: 31 }), ["30 q3", "20 answer", "20 q2", "10 q1"])
      assert.deepStrictEqual(yield* find({ from: 10, until: 30 }), ["20 answer", "20 q2", "10 q1"])
      assert.deepStrictEqual(yield* find({ limit: 2 }), ["6000 q600", "5990 q599"])
      assert.deepStrictEqual(yield* find({ until: 31, limit: 2, offset: 1 }), ["20 answer", "20 q2"])
      assert.deepStrictEqual(yield* find({ conversation: other }), ["25 elsewhere", "21 hello"])
      assert.deepStrictEqual(yield* find({ conversation: undefined, from: 20, until: 26 }), [
        "25 elsewhere",
        "21 hello",
        "20 answer",
        "20 q2"
      ])
      const [received, said] = yield* History.search({ filename, account, conversation: other })
      assert.deepInclude(received, { lane: "direct:U1", raw: `{"key":"elsewhere"}` })
      assert.deepInclude(said, { status: "queued", messageId: undefined })
      const [, answer] = yield* History.search({ filename, account, conversation: chat, until: 31 })
      assert.deepInclude(answer, { status: "sent", messageId: "M1", updatedAt: 23 })
      const { path } = yield* Backup.create({ filename, directory: join(root, "backups") })
      assert.deepStrictEqual(words(yield* History.search({ filename: path, account, until: 11 })), ["10 q1"])
    }).pipe(Effect.provide(Sqlite.layer({ filename })))
  )

  it.effect("says which part of a question is wrong", () => {
    const wrong = (query: Partial<History.Query>) =>
      Effect.map(Effect.result(History.search({ filename, account, ...query })), (result) =>
        Result.isFailure(result) ? result.failure.message : "found"
      )
    return Effect.gen(function* () {
      assert.include(yield* wrong({ limit: 0 }), "limit is no number from 1 to 10000")
      assert.include(yield* wrong({ offset: -1 }), "offset")
      assert.include(yield* wrong({ from: Number.NaN }), "from or until")
      assert.include(yield* wrong({ filename: ":memory:" }), "in memory")
      assert.include(yield* wrong({ filename: join(root, "none.db") }), "unable to open")
    })
  })
})
