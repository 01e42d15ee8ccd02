/**
 * The contract of the Store port, sentence by sentence. Every implementation adds one call of {@link suite}.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result } from "effect"
import type { NewMessage } from "../../src/domain/Message.ts"
import type { StoreError } from "../../src/domain/StoreError.ts"
import { type Commit, type Cutoffs, emptyCommit, type NewEvent, Store, type TurnWrite } from "../../src/ports/Store.ts"

/** One empty disk. Each build of `layer` is a process that opens it; what was committed before is found again. */
export interface Disk {
  readonly layer: Layer.Layer<Store, StoreError>
  /** While this runs, the first commit fails with a retryable reason. Afterwards everything works again. */
  readonly whileBroken: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** This starts `commits` commits with tokens. All are applied, and all fail with a retryable reason. */
  readonly losingAnswers: <A, E, R>(commits: number, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const account = "qq:102000001"
export const chat = { account, kind: "group", id: "G1" } as const

export const event = (key: string, facts: Partial<NewEvent> = {}): NewEvent => ({
  conversation: chat,
  key,
  receivedAt: 1000,
  raw: new TextEncoder().encode(JSON.stringify({ key })),
  ...facts
})

export const message = (text: string, facts: Partial<NewMessage> = {}): NewMessage => ({
  conversation: chat,
  content: { text },
  priority: "normal",
  notBefore: 0,
  createdAt: 2000,
  ...facts
})

export const turn = (eventId: number | undefined, facts: Partial<TurnWrite> = {}): TurnWrite => ({
  eventId,
  messages: [],
  state: [],
  ...facts
})

export const commit = (parts: Partial<Commit>) =>
  Store.use((store) =>
    Effect.map(store.commit({ ...emptyCommit, ...parts }), ({ eventIds, turns }) => ({
      eventIds: Array.from(eventIds),
      turns
    }))
  )

const all = { after: 0, limit: 1000 }
export const pending = Store.use((store) =>
  Effect.map(store.pendingEvents(account, all), (rows) => rows.map((r) => r.id))
)
const outbox = Store.use((store) => store.pendingMessages(account, all))
const texts = Effect.map(outbox, (rows) => rows.map((row) => row.content.text))
const state = (key: string) => Store.use((store) => Effect.map(store.state([key]), ([entry]) => entry))
const letters = Store.use((store) => store.deadLetters(account, { limit: 100 }))
const frames = (ids: ReadonlyArray<number>) =>
  Store.use((store) =>
    Effect.map(store.events(ids), (rows) => rows.map((row) => [row.id, new TextDecoder().decode(row.raw)]))
  )
const committed = (...messageIds: ReadonlyArray<number>) => ({ _tag: "Committed", messageIds, versions: [] })
const dead = { conversation: chat, key: "k", reason: "boom", attempts: 3, at: 5000 }

export const suite = (name: string, disk: () => Disk): void => {
  const test = (title: string, body: (disk: Disk) => Effect.Effect<void, StoreError, Store>) =>
    it.effect(title, () => {
      const own = disk()
      return body(own).pipe(Effect.provide(own.layer))
    })

  describe(`${name}: events`, () => {
    test("an event is stored once, however often its key comes", () =>
      Effect.gen(function* () {
        expect((yield* commit({ events: [event("a"), event("b"), event("a")] })).eventIds).toEqual([1, 2, 0])
        expect((yield* commit({ events: [event("b"), event("c")] })).eventIds).toEqual([0, 3])
        expect(yield* pending).toEqual([1, 2, 3])
      }))

    test("two accounts may use the same key", () =>
      Effect.gen(function* () {
        const other = { ...chat, account: "qq:2" }
        const { eventIds } = yield* commit({ events: [event("a"), event("a", { conversation: other })] })
        expect(eventIds).toEqual([1, 2])
        expect(yield* pending).toEqual([1])
        expect((yield* Store.use((store) => store.pendingEvents("qq:2", all))).map((row) => row.id)).toEqual([2])
      }))

    test("keys that differ in one character, or lie beyond ASCII, are different keys", () =>
      Effect.gen(function* () {
        const keys = ["", "a", "b", "aa", "ä", "消息", "消息1", "😀", "a\u0000"]
        const { eventIds } = yield* commit({ events: keys.map((key) => event(key)) })
        expect(eventIds).toEqual(keys.map((_, i) => i + 1))
        expect((yield* commit({ events: keys.map((key) => event(key)) })).eventIds).toEqual(keys.map(() => 0))
      }))

    test("frames come back as they were when commit was called, in the order asked", () =>
      Effect.gen(function* () {
        const reused = new TextEncoder().encode(`{"key":"mine"}`)
        const store = yield* Store
        const under = yield* Effect.forkChild(
          store.commit({ ...emptyCommit, events: [event("x", { raw: reused }), event("y")] }),
          { startImmediately: true }
        )
        reused.fill(0)
        yield* Fiber.join(under)
        expect(yield* frames([2, 99, 1])).toEqual([
          [2, `{"key":"y"}`],
          [1, `{"key":"mine"}`]
        ])
      }))

    test("events come back with the key they were stored under, also after they were requeued", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("消息:1"), event("", { receivedAt: 7 })] })
        const store = yield* Store
        expect((yield* store.events([2, 1])).map(({ key, receivedAt }) => [key, receivedAt])).toEqual([
          ["", 7],
          ["消息:1", 1000]
        ])
        yield* commit({ turns: [turn(1, { dead })] })
        yield* store.requeue({ _tag: "DeadEvent", id: 1 })
        expect((yield* store.events([3])).map(({ key }) => key)).toEqual(["消息:1"])
      }))

    test("conversations come back with kind and id, also when the id holds a colon", () =>
      Effect.gen(function* () {
        const places = [chat, { account, kind: "direct", id: "a:b" }, { account, kind: "account", id: "" }] as const
        yield* commit({ events: places.map((conversation, i) => event(`k${i}`, { conversation })) })
        const rows = yield* Store.use((store) => store.pendingEvents(account, all))
        expect(rows.map((row) => row.conversation)).toEqual(places)
      }))

    test("a settled event is no longer pending, and settling it again or settling what never was is harmless", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b"), event("c")] })
        yield* commit({ settled: [2] })
        yield* commit({ settled: [2, 77, 0, -1] })
        expect(yield* pending).toEqual([1, 3])
        yield* commit({ settled: [3, 1] })
        expect((yield* commit({ events: [event("d")] })).eventIds).toEqual([4])
        expect(yield* pending).toEqual([4])
      }))

    test("pending events are paged by id", () =>
      Effect.gen(function* () {
        yield* commit({ events: Array.from({ length: 2500 }, (_, i) => event(`k${i}`)) })
        yield* commit({ settled: [2, 1001, 2048] })
        const store = yield* Store
        const seen: Array<number> = []
        for (let after = 0; ; ) {
          const page = yield* store.pendingEvents(account, { after, limit: 700 })
          if (page.length === 0) break
          expect(page.length).toBeLessThanOrEqual(700)
          seen.push(...page.map((row) => row.id))
          after = page.at(-1)?.id ?? after
        }
        const expected = Array.from({ length: 2500 }, (_, i) => i + 1).filter((id) => ![2, 1001, 2048].includes(id))
        expect(seen).toEqual(expected)
      }))

    test("positions are stored with the events they cover, replaced, and forgotten", () =>
      Effect.gen(function* () {
        const position = { stream: "gateway/0", session: "s", seq: 7, startedAt: 1, resumeUrl: "wss://r", shards: 2 }
        yield* commit({ events: [event("a")], positions: [{ account, stream: "gateway/0", position }] })
        const store = yield* Store
        expect(yield* store.positions(account)).toEqual([position])
        const next = { stream: "gateway/0", session: "s", seq: 8, startedAt: 1, shards: 3 }
        yield* commit({ positions: [{ account, stream: "gateway/0", position: next }] })
        expect(yield* store.positions(account)).toEqual([next])
        yield* commit({ positions: [{ account, stream: "gateway/0", position: undefined }] })
        expect(yield* store.positions(account)).toEqual([])
        expect(yield* store.positions("qq:2")).toEqual([])
      }))

    test("the accounts that have a position are known, also those that nobody asked for", () =>
      Effect.gen(function* () {
        const store = yield* Store
        expect(yield* store.accounts).toEqual([])
        const at = (stream: string) => ({ stream, session: "s", seq: 1, startedAt: 1 })
        const place = (of: string, stream: string) => ({ account: of, stream, position: at(stream) })
        yield* commit({ positions: [place("qq:1", "gateway/0"), place("qq:1", "gateway/1"), place("qq:2", "s")] })
        expect([...(yield* store.accounts)].sort()).toEqual(["qq:1", "qq:2"])
        yield* commit({ positions: [{ account: "qq:2", stream: "s", position: undefined }] })
        expect(yield* store.accounts).toEqual(["qq:1"])
      }))

    test("gaps are kept in the order they were recorded", () =>
      Effect.gen(function* () {
        const gap = { account, stream: "gateway/0", from: undefined, to: 9, since: 1, until: 2, why: "down" }
        yield* commit({ gaps: [gap, { ...gap, from: 10, to: undefined, why: "again" }] })
        const gaps = yield* Store.use((store) => store.gaps(account))
        expect(gaps).toEqual([gap, { ...gap, from: 10, to: undefined, why: "again" }])
        expect(yield* Store.use((store) => store.gaps("qq:2"))).toEqual([])
      }))
  })

  describe(`${name}: turns`, () => {
    test("a turn settles its event, queues its messages and writes its state together", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a")] })
        const replyTo = { messageId: "m", eventId: "e", receivedAt: 5, nth: 2 }
        const reply = message("hello", { replyTo, priority: "high", notBefore: 7, expiresAt: 9 })
        const write = { key: "n", value: "1", expected: 0 }
        const { turns } = yield* commit({ turns: [turn(1, { messages: [reply, message("two")], state: [write] })] })
        const version = (yield* state("n"))?.version
        expect(turns).toEqual([{ _tag: "Committed", messageIds: [1, 2], versions: [version] }])
        expect(yield* pending).toEqual([])
        const [first] = yield* outbox
        expect(first).toEqual({ ...reply, id: 1, status: "queued", attempts: 0 })
        expect((yield* state("n"))?.value).toBe("1")
      }))

    test("a turn whose state moved on conflicts and leaves nothing behind, and the rest of the commit goes on", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b"), event("c"), event("d")] })
        yield* commit({ turns: [turn(undefined, { state: [{ key: "n", value: "1", expected: 0 }] })] })
        const stale = [
          { key: "other", value: "1", expected: 0 },
          { key: "n", value: "2", expected: 0 }
        ]
        const { turns } = yield* commit({
          events: [event("e")],
          turns: [
            turn(1, { messages: [message("no")], state: stale }),
            turn(2, { deferUntil: 9, state: stale }),
            turn(3, { dead, state: stale }),
            turn(4, { messages: [message("yes")] })
          ]
        })
        expect(turns.map((result) => result._tag)).toEqual(["Conflict", "Conflict", "Conflict", "Committed"])
        const rows = yield* Store.use((store) => store.pendingEvents(account, all))
        expect(rows.map((row) => [row.id, row.notBefore])).toEqual([1, 2, 3, 5].map((id) => [id, undefined]))
        expect(yield* texts).toEqual(["yes"])
        expect(yield* state("other")).toEqual({ value: undefined, version: 0 })
        expect(yield* letters).toEqual([])
      }))

    test("within a commit a turn sees what the turns before it wrote", () =>
      Effect.gen(function* () {
        const write = (value: string) => turn(undefined, { state: [{ key: "n", value, expected: 0 }] })
        expect((yield* commit({ turns: [write("1"), write("2")] })).turns.map((result) => result._tag)).toEqual([
          "Committed",
          "Conflict"
        ])
        expect((yield* state("n"))?.value).toBe("1")
      }))

    test("versions grow with every write, also over a deletion, and what is absent has version 0", () =>
      Effect.gen(function* () {
        const write = (value: string | undefined, expected: number) =>
          commit({ turns: [turn(undefined, { state: [{ key: "n", value, expected }] })] })
        yield* write("1", 0)
        const first = (yield* state("n"))?.version ?? 0
        yield* write("2", first)
        const second = (yield* state("n"))?.version ?? 0
        yield* write(undefined, second)
        expect(yield* state("n")).toEqual({ value: undefined, version: 0 })
        yield* write("3", 0)
        const third = (yield* state("n"))?.version ?? 0
        expect([first > 0, second > first, third > second]).toEqual([true, true, true])
        expect((yield* write("4", first)).turns[0]?._tag).toBe("Conflict")
      }))

    test("the keys that have a value are walked page by page, each once", () =>
      Effect.gen(function* () {
        const keys = Array.from({ length: 25 }, (_, i) => `鍵/${i}`).concat("", "a", "A", "a/b")
        yield* commit({
          turns: keys.map((key) => turn(undefined, { state: [{ key, value: "1", expected: 0 }] }))
        })
        const version = (yield* state("A"))?.version ?? 0
        yield* commit({ turns: [turn(undefined, { state: [{ key: "A", value: undefined, expected: version }] })] })
        const store = yield* Store
        const seen: Array<string> = []
        for (let after: string | undefined; ; after = seen.at(-1)) {
          const page: ReadonlyArray<string> = yield* store.stateKeys({ after, limit: 4 })
          expect(page.length).toBeLessThanOrEqual(4)
          if (page.length === 0) break
          seen.push(...page)
        }
        expect(seen.filter((key) => !key.startsWith("everbot/")).sort()).toEqual(
          keys.filter((key) => key !== "A").sort()
        )
      }))

    test("a turn is told the version of each of its writes, 0 for a deletion", () =>
      Effect.gen(function* () {
        const write = (key: string, value: string | undefined, expected: number) => ({ key, value, expected })
        const versionsOf = (writes: TurnWrite["state"]) =>
          Effect.map(commit({ turns: [turn(undefined, { state: writes })] }), ({ turns }) =>
            turns[0]?._tag === "Committed" ? turns[0].versions : []
          )
        const [a = 0, b = 0] = yield* versionsOf([write("a", "1", 0), write("b", "1", 0)])
        expect([(yield* state("a"))?.version, (yield* state("b"))?.version]).toEqual([a, b])
        const next = yield* versionsOf([write("b", undefined, b), write("c", "1", 0), write("a", "2", a)])
        const now = [yield* state("b"), yield* state("c"), yield* state("a")].map((entry) => entry?.version)
        expect(next).toEqual(now)
        expect(next[0]).toBe(0)
      }))

    test("a turn that is repeated after its event was settled says nothing twice", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b")] })
        const work = turn(1, { messages: [message("once")], state: [{ key: "n", value: "1", expected: 0 }] })
        yield* commit({ turns: [work] })
        expect((yield* commit({ turns: [work] })).turns).toEqual([committed()])
        const twice = turn(2, { messages: [message("also once")] })
        expect((yield* commit({ turns: [twice, twice] })).turns).toEqual([committed(2), committed()])
        expect(yield* texts).toEqual(["once", "also once"])
      }))

    test("an event that is put off stays pending with its time, until it is settled", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b")] })
        yield* commit({ turns: [turn(1, { deferUntil: 5000, messages: [message("wait")] })] })
        const rows = Store.use((store) => store.pendingEvents(account, all))
        expect((yield* rows).map((row) => [row.id, row.notBefore])).toEqual([
          [1, 5000],
          [2, undefined]
        ])
        yield* commit({ turns: [turn(1, { deferUntil: 6000 })] })
        expect((yield* rows)[0]?.notBefore).toBe(6000)
        yield* commit({ settled: [1] })
        expect(yield* pending).toEqual([2])
        yield* commit({ turns: [turn(1, { deferUntil: 7000 })] })
        expect(yield* pending).toEqual([2])
      }))
  })

  describe(`${name}: outbox`, () => {
    test("message ids are never used again and rows leave the pending ones when they end", () =>
      Effect.gen(function* () {
        const queue = (...said: ReadonlyArray<string>) =>
          commit({ turns: [turn(undefined, { messages: said.map((text) => message(text)) })] })
        yield* queue("a", "b", "c")
        const at = 3000
        yield* commit({ messages: [{ id: 1, status: "sending", attempts: 1, at }] })
        expect((yield* outbox).map((row) => [row.id, row.status, row.attempts])).toEqual([
          [1, "sending", 1],
          [2, "queued", 0],
          [3, "queued", 0]
        ])
        const receipt = { messageId: "p", status: "sent" } as const
        yield* commit({
          messages: [
            { id: 1, status: "sent", attempts: 1, receipt, at },
            { id: 2, status: "queued", attempts: 1, notBefore: 9000, reason: "slow", at },
            { id: 3, status: "refused", attempts: 1, reason: "rude", at }
          ]
        })
        expect((yield* outbox).map((row) => [row.id, row.notBefore])).toEqual([[2, 9000]])
        yield* commit({ messages: [{ id: 77, status: "sent", attempts: 1, at }] })
        yield* Store.use((store) => store.discard({ _tag: "DeadMessage", id: 3 }))
        yield* Store.use((store) => store.prune({ sent: 9999 }))
        expect((yield* queue("d")).turns).toEqual([committed(4)])
        expect(yield* Store.use((store) => store.pendingMessages("qq:2", all))).toEqual([])
        const paged = yield* Store.use((store) => store.pendingMessages(account, { after: 2, limit: 1 }))
        expect(paged.map((row) => row.id)).toEqual([4])
      }))

    test("a message keeps the trace it belongs to, one without has none", () =>
      Effect.gen(function* () {
        const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        const messages = [message("traced", { trace }), message("not traced")]
        yield* commit({ turns: [turn(undefined, { messages })] })
        expect((yield* outbox).map((row) => [row.content.text, row.trace])).toEqual([
          ["traced", trace],
          ["not traced", undefined]
        ])
      }))

    test("a row under review is found by its audit id, in its account, until its verdict is written", () =>
      Effect.gen(function* () {
        const auditing = (id: string, of = account) => Store.use((store) => store.auditing(of, id))
        const elsewhere = message("c", { conversation: { ...chat, account: "qq:2" } })
        yield* commit({ turns: [turn(undefined, { messages: [message("a"), message("b"), elsewhere] })] })
        expect(yield* auditing("A")).toBeUndefined()
        const held = (id: number, auditId: string | undefined) => {
          const receipt = { messageId: undefined, status: "auditing", auditId } as const
          return { id, status: "auditing", attempts: 1, receipt, at: 3000 } as const
        }
        yield* commit({ messages: [held(1, undefined), held(2, "A"), held(3, "A")] })
        expect(yield* auditing("A")).toMatchObject({ ...message("b"), id: 2, status: "auditing", attempts: 1 })
        expect(yield* auditing("A", "qq:2")).toMatchObject({ id: 3 })
        expect(yield* auditing("B")).toBeUndefined()
        expect(yield* outbox).toEqual([])
        yield* commit({ messages: [{ id: 2, status: "refused", attempts: 1, reason: "rejected by review", at: 4000 }] })
        expect(yield* auditing("A")).toBeUndefined()
        expect(yield* letters).toMatchObject([{ _tag: "DeadMessage", id: 2, reason: "rejected by review", at: 4000 }])
        const { messages } = yield* Store.use((store) => store.counts(account))
        expect([messages.auditing, messages.refused]).toEqual([1, 1])
      }))

    test("counts tell what is pending, dead and waiting", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b"), event("c", { conversation: { ...chat, account: "qq:2" } })] })
        yield* commit({
          turns: [turn(1, { dead, messages: [message("a", { createdAt: 500 }), message("b", { createdAt: 400 })] })]
        })
        yield* commit({ messages: [{ id: 1, status: "unknown", attempts: 1, at: 1 }] })
        const { messages, ...counts } = yield* Store.use((store) => store.counts(account))
        expect(counts).toEqual({ pendingEvents: 1, deadEvents: 1, oldestQueuedAt: 400 })
        expect(messages).toEqual({
          queued: 1,
          sending: 0,
          sent: 0,
          auditing: 0,
          refused: 0,
          expired: 0,
          dead: 0,
          unknown: 1
        })
        const none = yield* Store.use((store) => store.counts("qq:3"))
        expect([none.pendingEvents, none.oldestQueuedAt]).toEqual([0, undefined])
      }))
  })

  describe(`${name}: dead letters`, () => {
    const bury = Effect.gen(function* () {
      yield* commit({ events: [event("k"), event("b")] })
      yield* commit({ turns: [turn(1, { dead, messages: [message("m")] })] })
      yield* commit({ messages: [{ id: 1, status: "expired", attempts: 2, reason: "late", at: 6000 }] })
    })

    test("dead letters are listed newest first and paged", () =>
      Effect.gen(function* () {
        yield* bury
        const [first, second] = yield* letters
        expect(first).toMatchObject({ _tag: "DeadMessage", id: 1, reason: "late", at: 6000 })
        expect(second).toEqual({ _tag: "DeadEvent", id: 1, ...dead })
        const next = yield* Store.use((store) => store.deadLetters(account, { limit: 1, offset: 1 }))
        expect(next.map((letter) => letter._tag)).toEqual(["DeadEvent"])
        expect(yield* pending).toEqual([2])
      }))

    test("a dead event that is requeued is pending with a new id and its old frame, and its key is still known", () =>
      Effect.gen(function* () {
        yield* bury
        yield* Store.use((store) => store.prune({ events: 9999, sent: 9999 }))
        const requeue = Store.use((store) => store.requeue({ _tag: "DeadEvent", id: 1 }))
        expect(yield* requeue).toEqual({ id: 3, conversation: chat, notBefore: undefined })
        expect(yield* requeue).toBeUndefined()
        expect(yield* pending).toEqual([2, 3])
        expect(yield* frames([3])).toEqual([[3, `{"key":"k"}`]])
        expect((yield* commit({ events: [event("k")] })).eventIds).toEqual([0])
        yield* commit({ settled: [1] })
        expect(yield* pending).toEqual([2, 3])
      }))

    test("a message that is requeued is queued as if new, without the time that made it expire", () =>
      Effect.gen(function* () {
        yield* bury
        const requeue = Store.use((store) => store.requeue({ _tag: "DeadMessage", id: 1 }))
        expect(yield* requeue).toMatchObject({ id: 1, status: "queued", attempts: 0, expiresAt: undefined })
        expect(yield* requeue).toBeUndefined()
        expect(yield* texts).toEqual(["m"])
      }))

    test("a letter that is discarded is gone, once", () =>
      Effect.gen(function* () {
        yield* bury
        const store = yield* Store
        for (const _tag of ["DeadEvent", "DeadMessage"] as const) {
          expect([yield* store.discard({ _tag, id: 1 }), yield* store.discard({ _tag, id: 1 })]).toEqual([true, false])
        }
        expect(yield* letters).toEqual([])
      }))
  })

  describe(`${name}: prune`, () => {
    /** How many rows went, where any did. */
    const pruned = (cutoffs: Cutoffs) =>
      Effect.map(
        Store.use((store) => store.prune(cutoffs)),
        (rows) => Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0))
      )

    test("prune deletes what is settled or sent and old, and nothing that is pending, dead or young", () =>
      Effect.gen(function* () {
        const old = (key: string) => event(key, { receivedAt: 100 })
        yield* commit({ events: [old("done"), old("open"), old("dead"), event("young", { receivedAt: 900 })] })
        yield* commit({ settled: [1, 4], turns: [turn(3, { dead, messages: [message("a"), message("b")] })] })
        const at = 100
        yield* commit({
          messages: [
            { id: 1, status: "sent", attempts: 1, at },
            { id: 2, status: "unknown", attempts: 1, at }
          ]
        })
        expect(yield* pruned({ events: 500, sent: 500, auditing: 500, gaps: 500 })).toEqual({ events: 1, sent: 1 })
        const again = [old("done"), old("open"), old("dead"), event("young")]
        expect((yield* commit({ events: again })).eventIds).toEqual([5, 0, 0, 0])
        expect((yield* letters).length).toBe(2)
        expect(yield* pending).toEqual([2, 5])
      }))

    test("ids go on after everything was pruned", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a"), event("b")] })
        yield* commit({ settled: [1, 2] })
        expect(yield* pruned({ events: 9999 })).toEqual({ events: 2 })
        expect((yield* commit({ events: [event("a")] })).eventIds).toEqual([3])
      }))

    const lastly = (id: number, status: "sent" | "auditing" | "dead", at: number) =>
      ({ id, status, attempts: 1, at, receipt: { messageId: `m${id}`, status: "sent", auditId: `a${id}` } }) as const
    const gap = (until: number) => ({ account, stream: "s", from: 1, to: 2, since: 1, until, why: "down" })

    test("each table has an age of its own, and a table that is not named is kept whole", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("done", { receivedAt: 100 }), event("dead", { receivedAt: 100 })] })
        const messages = ["sent", "auditing", "dead"].map((text) => message(text))
        yield* commit({ settled: [1], turns: [turn(2, { dead: { ...dead, at: 100 }, messages })] })
        yield* commit({
          messages: [lastly(1, "sent", 100), lastly(2, "auditing", 100), lastly(3, "dead", 100)],
          gaps: [gap(100), gap(300)]
        })
        expect(yield* pruned({})).toEqual({})
        expect(yield* pruned({ deadLetters: 100, events: 100, sent: 100, auditing: 100, gaps: 100 })).toEqual({})
        expect(yield* pruned({ sent: 200 })).toEqual({ sent: 1 })
        expect(yield* pruned({ auditing: 200 })).toEqual({ auditing: 1 })
        expect(yield* pruned({ gaps: 200 })).toEqual({ gaps: 1 })
        expect((yield* Store.use((store) => store.gaps(account))).map(({ until }) => until)).toEqual([300])
        expect(yield* pruned({ events: 200 })).toEqual({ events: 1 })
        expect((yield* letters).map(({ _tag }) => _tag)).toEqual(["DeadMessage", "DeadEvent"])
        expect(yield* pruned({ deadLetters: 200 })).toEqual({ deadLetters: 2 })
        expect(yield* letters).toEqual([])
      }))

    test("the key of a dead letter that went is known as long as the keys of other events, and no longer", () =>
      Effect.gen(function* () {
        yield* commit({ events: [event("k", { receivedAt: 100 })] })
        yield* commit({ turns: [turn(1, { dead: { ...dead, at: 900 } })] })
        yield* pruned({ deadLetters: 1000, events: 50 })
        expect(yield* Store.use((store) => store.requeue({ _tag: "DeadEvent", id: 1 }))).toBeUndefined()
        expect((yield* commit({ events: [event("k")] })).eventIds).toEqual([0])
        expect(yield* pruned({ deadLetters: 1000, events: 200 })).toEqual({ events: 1 })
        expect((yield* commit({ events: [event("k")] })).eventIds).toEqual([2])
      }))

    test("what is pending, put off, queued or being sent stays however old it is, and so do state and positions", () =>
      Effect.gen(function* () {
        const ages = ["pending", "put off", "done"].map((key) => event(key, { receivedAt: 1 }))
        const position = { stream: "s", session: "x", seq: 3, startedAt: 1 }
        yield* commit({ events: ages, positions: [{ account, stream: "s", position }] })
        yield* commit({
          turns: [
            turn(2, { deferUntil: 5 }),
            turn(3, {
              messages: [message("queued", { createdAt: 1 }), message("sending", { createdAt: 1 })],
              state: [{ key: "n", value: "1", expected: 0 }]
            })
          ]
        })
        yield* commit({ messages: [{ id: 2, status: "sending", attempts: 0, at: 1 }] })
        const all = { deadLetters: 9999, events: 9999, sent: 9999, auditing: 9999, gaps: 9999 }
        expect(yield* pruned(all)).toEqual({ events: 1 })
        expect(yield* pending).toEqual([1, 2])
        expect(yield* texts).toEqual(["queued", "sending"])
        expect((yield* state("n"))?.value).toBe("1")
        expect(yield* Store.use((store) => store.positions(account))).toEqual([position])
      }))
  })

  describe(`${name}: order and failure`, () => {
    test("commits that are under way together are applied in the order of the calls", () =>
      Effect.gen(function* () {
        const store = yield* Store
        const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
        const results = yield* Effect.forEach(keys, (key) => commit({ events: [event(key)] }), {
          concurrency: store.pipeline
        })
        expect(results.flatMap((result) => result.eventIds)).toEqual(keys.map((_, i) => i + 1))
      }))

    test("when a commit fails, those under way behind it are superseded, nothing is left of them, and they can be repeated", (disk) =>
      Effect.gen(function* () {
        yield* commit({ events: [event("a")] })
        const first = commit({
          events: [event("b")],
          settled: [1],
          turns: [turn(undefined, { messages: [message("m")], state: [{ key: "n", value: "1", expected: 0 }] })]
        })
        const second = commit({ events: [event("c")], turns: [turn(undefined, { messages: [message("n")] })] })
        const both = Effect.all([Effect.result(first), Effect.result(second)], { concurrency: 2 })
        const failed = (yield* disk.whileBroken(both)).map((result) =>
          Result.isFailure(result) ? [result.failure.isRetryable, result.failure.reason._tag] : ["committed"]
        )
        expect(failed[0]?.[0]).toBe(true)
        expect(failed[1]).toEqual([true, "Superseded"])
        expect([yield* pending, yield* texts, (yield* state("n"))?.version]).toEqual([[1], [], 0])
        const again = yield* Effect.all([first, second], { concurrency: 2 })
        expect(again.map((result) => result.eventIds)).toEqual([[2], [3]])
        expect([yield* pending, yield* texts]).toEqual([
          [2, 3],
          ["m", "n"]
        ])
      }))
  })

  describe(`${name}: lost answers`, () => {
    const token = (seq: number, run = "run") => ({ run, seq })

    test("a commit whose answer was lost can be repeated and answers the same", (disk) =>
      Effect.gen(function* () {
        yield* commit({ token: token(1), events: [event("a"), event("b"), event("z")] })
        yield* commit({ settled: [2], turns: [turn(undefined, { state: [{ key: "n", value: "0", expected: 0 }] })] })
        const version = (yield* state("n"))?.version ?? 0
        const parts: Partial<Commit> = {
          token: token(2),
          events: [event("c"), event("a"), event("d"), event("c"), event("e")],
          settled: [3],
          turns: [
            turn(undefined, { messages: [message("one"), message("two")] }),
            turn(undefined, { messages: [message("no")], state: [{ key: "n", value: "1", expected: 0 }] }),
            turn(1, {
              messages: [message("three")],
              state: [
                { key: "n", value: undefined, expected: version },
                { key: "m", value: "1", expected: 0 }
              ]
            }),
            turn(2, { messages: [message("settled before")], state: [{ key: "n", value: "2", expected: 0 }] }),
            turn(undefined, { messages: [message("four")], state: [{ key: "o", value: "1", expected: 0 }] })
          ],
          gaps: [{ account, stream: "s", from: 1, to: 2, since: 1, until: 2, why: "down" }]
        }
        const lost = yield* disk.losingAnswers(1, Effect.result(commit(parts)))
        expect(Result.isFailure(lost) && lost.failure.isRetryable).toBe(true)
        const again = yield* commit(parts)
        const versions = [(yield* state("m"))?.version, (yield* state("o"))?.version]
        expect(again).toEqual({
          eventIds: [4, 0, 5, 0, 6],
          turns: [
            committed(1, 2),
            { _tag: "Conflict" },
            { _tag: "Committed", messageIds: [3], versions: [0, versions[0]] },
            committed(),
            { _tag: "Committed", messageIds: [4], versions: [versions[1]] }
          ]
        })
        expect(Math.min(...versions.map(Number))).toBeGreaterThan(version)
        expect(yield* texts).toEqual(["one", "two", "three", "four"])
        expect(yield* pending).toEqual([4, 5, 6])
        expect((yield* Store.use((store) => store.gaps(account))).length).toBe(1)
        expect(yield* commit({ token: token(3), events: [event("f")] })).toEqual({ eventIds: [7], turns: [] })
      }))

    test("all commits under way can be repeated in their order when all answers were lost", (disk) =>
      Effect.gen(function* () {
        const both = [1, 2].map((seq) =>
          commit({
            token: token(seq),
            events: [event(`a${seq}`), event(`b${seq}`)],
            turns: [turn(undefined, { messages: [message(`m${seq}`)] })]
          })
        )
        const failed = yield* disk.losingAnswers(
          2,
          Effect.forEach(both, (each) => Effect.result(each), { concurrency: 2 })
        )
        expect(failed.map(Result.isFailure)).toEqual([true, true])
        const again = yield* Effect.forEach(both, (each) => each)
        expect(again).toEqual([
          { eventIds: [1, 2], turns: [committed(1)] },
          { eventIds: [3, 4], turns: [committed(2)] }
        ])
        expect([yield* pending, yield* texts]).toEqual([
          [1, 2, 3, 4],
          ["m1", "m2"]
        ])
      }))

    test("a commit is a repeat only if both run and number are the same", () =>
      Effect.gen(function* () {
        const say = (own: Commit["token"]) =>
          Effect.map(
            commit({ token: own, turns: [turn(undefined, { messages: [message("x")] })] }),
            ({ turns }) => turns[0]?._tag === "Committed" && turns[0].messageIds[0]
          )
        const tokens = [token(1), token(1, "other"), token(2), token(5), undefined, undefined, token(6)]
        expect(yield* Effect.forEach(tokens, say)).toEqual([1, 2, 3, 4, 5, 6, 7])
        expect(yield* Effect.forEach([token(6), token(5), token(1, "other")], say)).toEqual([7, 4, 2])
      }))
  })

  describe(`${name}: reopen`, () => {
    it.effect("what was committed is found after closing and opening again", () => {
      const { layer } = disk()
      const open = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, Layer.fresh(layer))
      return Effect.gen(function* () {
        const position = { stream: "s", session: "x", seq: 3, startedAt: 1 }
        yield* open(
          Effect.gen(function* () {
            yield* commit({ events: ["a", "b", "c", "d"].map((key) => event(key)) })
            yield* commit({
              settled: [1],
              positions: [{ account, stream: "s", position }],
              turns: [
                turn(2, { deferUntil: 77 }),
                turn(3, { messages: [message("m")], state: [{ key: "n", value: "1", expected: 0 }] }),
                turn(4, { dead })
              ]
            })
          })
        )
        yield* open(
          Effect.gen(function* () {
            const rows = yield* Store.use((store) => store.pendingEvents(account, all))
            expect(rows).toEqual([{ id: 2, conversation: chat, notBefore: 77 }])
            expect(yield* Store.use((store) => store.positions(account))).toEqual([position])
            expect([yield* texts, (yield* state("n"))?.value, (yield* letters).length]).toEqual([["m"], "1", 1])
            const { eventIds, turns } = yield* commit({
              events: [event("a"), event("e")],
              turns: [turn(3, { messages: [message("again")] }), turn(2, { messages: [message("n")] })]
            })
            expect([eventIds, turns]).toEqual([
              [0, 5],
              [committed(), committed(2)]
            ])
          })
        )
        yield* open(Effect.map(pending, (ids) => expect(ids).toEqual([5])))
      })
    })
  })
}
