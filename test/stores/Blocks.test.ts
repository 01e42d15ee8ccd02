import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { afterAll } from "vitest"
import { Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { Block, encode, type Source } from "../../src/stores/sqlite/Block.ts"
import { migrate } from "../../src/stores/sqlite/schema.ts"
import { account, chat, commit, event, pending } from "./StoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-blocks-"))
afterAll(() => rmSync(folder, { recursive: true }))

const using = <A, E>(filename: string, effect: Effect.Effect<A, E, Store>) =>
  Effect.provide(effect, Layer.fresh(Sqlite.layer({ filename })))

/** Frames and keys that the test can name by their index. */
const sourceOf = (frames: ReadonlyArray<string>): Source => {
  const parts = [...frames, ...frames.map((_, i) => `key ${i}`)].map((text) => Buffer.from(text))
  const starts = [0]
  for (const part of parts) starts.push((starts.at(-1) ?? 0) + part.length)
  return {
    bytes: Buffer.concat(parts),
    names: ["a", "group:1", "b", "user:2"],
    receivedAt: (i) => 1000 - i,
    conversation: (i) => i % 2,
    rawAt: (i) => starts[i] ?? 0,
    keyAt: (i) => starts[frames.length + i] ?? 0
  }
}

describe("Block", () => {
  it.each([
    ["small", 5, ""],
    ["large and alike", 200, "the same again and again ".repeat(20)],
    ["of empty frames", 3, undefined]
  ])("one that is %s holds of its source just the events that were asked for", (_, n, tail) => {
    const frames = Array.from({ length: n }, (_, i) => (tail === undefined ? "" : `${i} 消息 ${tail}`))
    const places = Array.from({ length: n }, (_, i) => i).filter((i) => i % 3 !== 1)
    const ids = places.map((i) => 7_000_000_000 + i)
    const sealed = encode(sourceOf(frames), places, ids)
    const block = new Block(ids[0] ?? 0, sealed)
    expect(Array.from({ length: block.length }, (_, i) => block.event(i))).toEqual(
      places.map((i) => ({
        id: 7_000_000_000 + i,
        account: i % 2 === 0 ? "a" : "b",
        lane: i % 2 === 0 ? "group:1" : "user:2",
        key: `key ${i}`,
        receivedAt: 1000 - i,
        raw: Buffer.from(frames[i] ?? "")
      }))
    )
    for (const [at, id] of ids.entries()) expect(block.find(id)).toBe(at)
    expect(block.find(7_000_000_001)).toBe(-1)
    // What was read can be written again.
    expect(encode(block, block.length > 1 ? [1] : [0], [3]).length).toBeGreaterThan(0)
    if (n === 200) expect(sealed.length).toBeLessThan((frames.join("").length * 2) / 3 / 5)
  })
})

describe("a file that was written before there were blocks", () => {
  it.effect("keeps its events: what is pending is handed out, what was handled stays so, no key comes twice", () => {
    const filename = join(folder, "old.db")
    const count = 700
    const db = new DatabaseSync(filename)
    migrate(db, 3)
    db.exec(`INSERT INTO accounts VALUES (1, '${account}')`)
    const insert = db.prepare("INSERT INTO inbox VALUES (?, ?, 1, ?, ?, ?, ?)")
    for (let id = 1; id <= count; id++) {
      insert.run(id, id * 31, id, `${chat.kind}:${chat.id}`, `key ${id}`, Buffer.from(`{"n":${id}}`))
    }
    db.exec("INSERT INTO settled VALUES (1, 300), (302, 500)")
    db.close()
    return using(
      filename,
      Effect.gen(function* () {
        const open = [301, ...Array.from({ length: 200 }, (_, i) => 501 + i)]
        expect(yield* pending).toEqual(open)
        const store = yield* Store
        const [event301] = yield* store.events([301])
        expect(event301).toMatchObject({ id: 301, key: "key 301", receivedAt: 301 })
        expect(Buffer.from(event301?.raw ?? []).toString()).toBe('{"n":301}')
        const again = Array.from({ length: count }, (_, i) => event(`key ${i + 1}`))
        const { eventIds } = yield* commit({ events: [...again, event("new")] })
        expect(eventIds.filter((id) => id !== 0)).toEqual([count + 1])
      })
    )
  })
})
