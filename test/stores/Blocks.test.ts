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
    ["too small to be compressed", 3],
    ["compressed", 100]
  ])("one that is %s is refused, or none the worse, when any bit of it is turned", (_, n) => {
    const source = sourceOf(Array.from({ length: n }, (_, i) => `{"s":${i},"d":{"content":"${"hello ".repeat(9)}"}}`))
    const places = Array.from({ length: n }, (_, i) => i)
    const sealed = encode(source, places, places)
    const { bytes } = new Block(0, sealed)
    const taken = Array.from(sealed, (_, at) => sealed.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte)))
      // The first byte names the codec, and its neighbour is that of the blocks of old, which had no checksum.
      .slice(1)
      .filter((spoiled) => {
        try {
          return !Buffer.from(new Block(0, spoiled).bytes).equals(bytes)
        } catch {
          return false
        }
      })
    expect(taken).toEqual([])
  })

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

describe("a block that a disk damaged", () => {
  const sealed = (n: number) => {
    const frames = Array.from({ length: n }, (_, i) => `frame ${i} ${"x".repeat(100)}`)
    return encode(
      sourceOf(frames),
      frames.map((_, i) => i),
      frames.map((_, i) => 5 + i)
    )
  }

  it.each([
    ["plain", 3],
    ["compressed", 60]
  ])("%s: every byte of it may be any other, and it is read, or named as damaged without its content", (_, n) => {
    const whole = sealed(n)
    let named = 0
    for (let at = 0; at < whole.length; at++) {
      for (const mask of [1, 0x80, 0xff]) {
        const bytes = Uint8Array.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ mask
        try {
          const block = new Block(5, bytes)
          for (let i = 0; i < block.length; i++) expect(block.event(i).raw.length).toBeLessThan(100_000)
        } catch (error) {
          named++
          expect(error).toMatchObject({ errcode: 11, message: "the block of events from 5 on is damaged" })
        }
      }
    }
    expect(named).toBeGreaterThan(20)
    for (const bytes of [new Uint8Array(0), whole.subarray(0, 9), Uint8Array.of(1, 2, 3)]) {
      expect(() => new Block(5, bytes)).toThrow("the block of events from 5 on is damaged")
    }
  })
})

describe("rows that a disk damaged", () => {
  it.effect("neither hide the others, nor pass for what was never said", () => {
    const filename = join(folder, "damaged.db")
    const spoil = Effect.sync(() => {
      const db = new DatabaseSync(filename)
      db.exec(`UPDATE outbox SET content = 'not JSON', reply_to = '7', not_before = 'soon' WHERE id = 1;
        UPDATE outbox SET content = '{"text":7}' WHERE id = 2;
        UPDATE positions SET position = '{"session":"s"}' WHERE stream = 'gateway/0';
        UPDATE positions SET position = '{"session":"s","seq":3,"startedAt":1,"shards":1e15}' WHERE stream = 'gateway/1';
        UPDATE gaps SET gap = 'null'`)
      db.close()
    })
    const message = {
      conversation: chat,
      content: { text: "hi" },
      priority: "normal",
      notBefore: 0,
      createdAt: 1
    } as const
    const position = { stream: "gateway/0", session: "s", seq: 7, startedAt: 1 }
    const gap = { account, stream: "gateway/0", from: 1, to: 2, since: 1, until: 2, why: "w" }
    const turn = { eventId: undefined, messages: [message, message, message], state: [] }
    const before = commit({
      events: [],
      turns: [turn],
      positions: ["gateway/0", "gateway/1"].map((stream) => ({ account, stream, position })),
      gaps: [gap]
    })
    return Effect.gen(function* () {
      yield* using(filename, before)
      yield* spoil
      yield* using(
        filename,
        Effect.gen(function* () {
          const store = yield* Store
          const rows = yield* store.pendingMessages(account, { after: 0, limit: 9 })
          expect(rows.map(({ content }) => content)).toEqual([{ text: "" }, { text: "" }, { text: "hi" }])
          expect(rows[0]).toMatchObject({ notBefore: 0, replyTo: undefined })
          expect(yield* store.positions(account)).toEqual([
            { stream: "gateway/0", session: "unreadable", seq: 0, startedAt: 0 },
            { stream: "gateway/1", session: "s", seq: 3, startedAt: 1 }
          ])
          expect((yield* store.gaps(account))[0]).toMatchObject({
            account,
            why: "what was recorded of it cannot be read"
          })
        })
      )
    })
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
