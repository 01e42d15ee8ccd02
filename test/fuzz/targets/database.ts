/** A database of a bot whose cells or bytes were changed: every question to the store is answered, or fails with a reason. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import type { Conversation } from "../../../src/domain/Conversation.ts"
import type { MessageStatus } from "../../../src/domain/Message.ts"
import { decodeRaw } from "../../../src/platforms/qq/Decode.ts"
import { type Commit, emptyCommit, Store } from "../../../src/ports/Store.ts"
import * as Sqlite from "../../../src/stores/Sqlite.ts"
import type { Chance } from "../Chance.ts"
import { fieldsOf, type Input, listOf, numberOf, textOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import { look } from "../Look.ts"
import * as Oracle from "../Oracle.ts"
import type { Subject, Target } from "../Target.ts"

const account = "qq:102000001"
const room: Conversation = { account, kind: "group", id: "g" }
const statuses: ReadonlyArray<MessageStatus> = [
  "queued",
  "sending",
  "sent",
  "auditing",
  "refused",
  "expired",
  "dead",
  "unknown"
]

const frame = (n: number) =>
  Buffer.from(
    JSON.stringify({
      op: 0,
      s: n,
      t: "GROUP_MESSAGE_CREATE",
      d: { id: `m${n}`, group_openid: "g", content: "x".repeat(40) }
    })
  )

/** Something of everything a store keeps. */
const life: ReadonlyArray<Commit> = [
  {
    ...emptyCommit,
    events: Array.from({ length: 80 }, (_, n) => ({
      conversation: room,
      key: `m:m${n}`,
      receivedAt: 1000 + n,
      raw: frame(n)
    })),
    positions: [
      { account, stream: "gateway/0", position: { stream: "gateway/0", session: "s", seq: 80, startedAt: 1 } }
    ],
    gaps: [{ account, stream: "gateway/0", from: 1, to: 2, since: 1, until: 2, why: "a gap" }]
  },
  {
    ...emptyCommit,
    settled: [1, 2, 3, 7, 8],
    turns: [
      {
        eventId: 4,
        messages: statuses.map(() => ({
          conversation: room,
          content: { text: "hi" },
          priority: "normal",
          notBefore: 0,
          createdAt: 5
        })),
        state: [{ key: "k", value: '{"a":1}', expected: 0 }]
      },
      {
        eventId: 5,
        messages: [],
        state: [],
        dead: { conversation: room, key: "m:m5", reason: "failed", attempts: 3, at: 9 }
      },
      { eventId: 6, messages: [], state: [], deferUntil: 99 }
    ]
  },
  {
    ...emptyCommit,
    messages: statuses.map((status, n) => ({
      id: n + 1,
      status,
      attempts: 1,
      at: 10,
      ...(status === "auditing" ? { receipt: { messageId: undefined, status, auditId: "audit" } } : {})
    }))
  }
]

const odd: readonly [Input, ...ReadonlyArray<Input>] = [
  null,
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  1e300,
  "9007199254740993",
  "",
  "x",
  "null",
  "{}",
  "[]",
  '{"text":7}',
  '{"seq":"x"}',
  "\u0000",
  "qq:102000001"
]

const generate = (chance: Chance): Input => ({
  kind: chance.pick(["cell", "cell", "bytes"]),
  cells: chance.times(1 + chance.below(3), () => [
    chance.next(),
    chance.next(),
    chance.oneIn(3) ? Json.text(chance).slice(0, 200) : chance.pick(odd)
  ]),
  flips: chance.times(1 + chance.below(6), () => [chance.next(), chance.below(255) + 1])
})

const names = (db: DatabaseSync, sql: string, field: string): ReadonlyArray<string> =>
  db
    .prepare(sql)
    .all()
    .map((row) => String(row[field]))

/** Writes odd values where nobody expects them: types, ranges and shapes. */
const spoilCells = (filename: string, cells: Input | undefined): void => {
  const db = new DatabaseSync(filename)
  const tables = names(
    db,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "name"
  )
  for (const cell of listOf(cells)) {
    const [where, which, value = null] = listOf(cell)
    const table = tables[Math.floor(numberOf(where, 0) * tables.length)] ?? "outbox"
    const columns = names(db, `PRAGMA table_info(${table})`, "name")
    const column = columns[Math.floor(numberOf(which, 0) * columns.length)] ?? "id"
    const given = typeof value === "string" || typeof value === "number" || value === null ? value : null
    const stored =
      given === "9007199254740993"
        ? 9007199254740993n
        : typeof given === "string" && given.startsWith("\u0000")
          ? toBytes(given)
          : given
    try {
      db.prepare(`UPDATE OR IGNORE ${table} SET ${column} = ?`).run(stored)
    } catch {
      // A column that is strict takes no other type: then it cannot hold one either.
    }
  }
  db.close()
}

/** What is read back has the shape that the engines rely on. */
const whole = (what: string, holds: boolean): void => Oracle.must("rows are whole", holds, () => what)
const isAddress = ({ account, id, kind }: Conversation): boolean =>
  [account, id, kind].every((it) => typeof it === "string")

const ask = (store: Store["Service"]) =>
  Effect.gen(function* () {
    const answered = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
      Effect.map(Effect.exit(effect), (exit) => Oracle.judged(name, exit, true))
    for (const { seq, session, stream } of (yield* answered("positions", store.positions(account))) ?? []) {
      whole("a position", typeof session === "string" && typeof stream === "string" && Number.isFinite(seq))
    }
    const pending = (yield* answered("pendingEvents", store.pendingEvents(account, { after: 0, limit: 100 }))) ?? []
    for (const { conversation, id } of pending) whole("a pending event", Number.isFinite(id) && isAddress(conversation))
    for (const { key, raw } of (yield* answered("events", store.events(pending.map(({ id }) => id)))) ?? []) {
      whole("an event", typeof key === "string" && raw instanceof Uint8Array)
      look(decodeRaw(account, raw))
    }
    for (const row of (yield* answered("pendingMessages", store.pendingMessages(account, { after: 0, limit: 100 }))) ??
      []) {
      whole(
        "a message",
        typeof row.content?.text === "string" && isAddress(row.conversation) && Number.isFinite(row.createdAt)
      )
    }
    const letters = (yield* answered("deadLetters", store.deadLetters(account, { limit: 100 }))) ?? []
    for (const letter of letters)
      whole("a dead letter", typeof letter.reason === "string" && Number.isFinite(letter.at))
    yield* answered("state", store.state(["k"]))
    yield* answered("gaps", store.gaps(account))
    yield* answered("counts", store.counts(account))
    yield* answered("auditing", store.auditing(account, "audit"))
    for (const letter of letters.slice(0, 2)) yield* answered("requeue", store.requeue(letter))
    const event = { conversation: room, key: "m:new", receivedAt: 9000, raw: frame(900) }
    yield* answered("commit", store.commit({ ...emptyCommit, events: [event], settled: [9] }))
    yield* answered("prune", store.prune({ deadLetters: 5000, events: 5000, sent: 5000, auditing: 5000, gaps: 5000 }))
  })

const open = async (): Promise<Subject> => {
  const root = mkdtempSync(join(tmpdir(), "everbot-fuzz-"))
  const layer = (filename: string) =>
    Sqlite.layer({ filename, synchronous: "NORMAL", busyTimeout: 100, lockTimeout: 100 })
  const made = join(root, "template")
  await Effect.runPromise(
    Store.use((store) => Effect.forEach(life, (commit) => store.commit(commit))).pipe(
      Effect.provide(layer(made), { local: true })
    )
  )
  const template = readFileSync(made)
  let n = 0

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const filename = join(root, `${++n}.db`)
    const bytes = Buffer.from(template)
    const isBytes = textOf(given["kind"]) === "bytes"
    for (const flip of isBytes ? listOf(given["flips"]) : []) {
      const [at, mask] = listOf(flip)
      const place = Math.floor(numberOf(at, 0) * bytes.length)
      bytes[place] = (bytes[place] ?? 0) ^ numberOf(mask, 1)
    }
    writeFileSync(filename, bytes)
    if (!isBytes) spoilCells(filename, given["cells"])
    const all = Store.use(ask).pipe(Effect.provide(layer(filename), { local: true }))
    Oracle.judged("the store", await Effect.runPromiseExit(all))
    for (const suffix of ["", "-wal", "-shm", "-lock", "-pid"]) rmSync(filename + suffix, { force: true })
  }
  return { run, close: async () => rmSync(root, { recursive: true, force: true }) }
}

export const database: Target = {
  name: "database",
  about: "a bot's database with other values in its cells, or other bytes in its file",
  share: 0.5,
  renew: 100,
  patience: 6000,
  generate,
  open
}
