/** The judge is fair: a small bot that does everything right passes under every fault, and careless ones are caught. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Faults, QqSimulator } from "everbot/simulator"
import * as Bot from "./RawBot.ts"

interface Habits {
  /** Forgets its session when a socket ends. */
  readonly neverResumes?: boolean
  /** Numbers replies afresh, so that a retry is a second reply. */
  readonly freshSequence?: boolean
  /** Gives a send up at the first trouble. */
  readonly neverRetries?: boolean
}

const soon = Effect.sleep(5)

/** One socket after the other; every message answered once, in order, before the next is looked at. */
const bot = (simulator: QqSimulator.QqSimulator, habits: Habits) => {
  const seen = new Set<string>()
  let token = ""
  let session: string | undefined
  let seq = 0
  let fresh = 1

  const refresh = Bot.token(simulator).pipe(
    Effect.timeout(500),
    Effect.andThen((issued) =>
      Effect.sync(() => {
        if (issued !== "undefined") token = issued
      })
    ),
    Effect.ignoreCause
  )

  const attempt = (group: string, id: string) =>
    Effect.gen(function* () {
      const { body, status } = yield* Bot.reply(simulator, token, group, id, habits.freshSequence ? fresh++ : 1)
      if (status === 401) yield* refresh
      return status === 200 || body["code"] === 40054005
    }).pipe(
      Effect.timeout(1000),
      Effect.catchCause(() => Effect.succeed(false))
    )

  const answer = Effect.fnUntraced(function* (group: string, id: string) {
    if (seen.has(id)) return
    seen.add(id)
    while (!(yield* attempt(group, id)) && habits.neverRetries !== true) yield* soon
  })

  /** Takes in one frame; says whether the socket is still good. */
  const take = Effect.fnUntraced(function* (frame: Bot.Frame) {
    if (frame.op === 7) return false
    if (frame.op === 9 && frame.d !== true) {
      session = undefined
      yield* refresh
      return false
    }
    if (frame.op !== 0 || frame.s === undefined) return true
    if (frame.t === "READY") session = String(field(frame.d, "session_id"))
    if (frame.t === "GROUP_AT_MESSAGE_CREATE")
      yield* answer(String(field(frame.d, "group_openid")), Bot.messageId(frame))
    seq = frame.t === "READY" ? frame.s : Math.max(seq, frame.s)
    return true
  })

  const socket = Effect.gen(function* () {
    const wire = yield* Bot.open(simulator)
    // Acknowledgements come every 40 ms: a longer silence is a dead socket.
    const more = (from: number) =>
      wire.until(() => wire.raw.length > from || wire.closed() !== undefined).pipe(Effect.timeoutOption(200))
    yield* more(0)
    if (wire.raw.length === 0) return
    if (habits.neverResumes === true) session = undefined
    wire.send(
      session === undefined
        ? { op: 2, d: { token: `QQBot ${token}`, intents: Bot.intents, shard: [0, 1] } }
        : { op: 6, d: { token, session_id: session, seq } }
    )
    const beat = Effect.sync(() => wire.send({ op: 1, d: seq === 0 ? null : seq }))
    yield* Effect.forkScoped(Effect.forever(Effect.delay(beat, 40)))
    let acknowledged = performance.now()
    for (let n = 0; ; ) {
      for (; n < wire.raw.length; n++) {
        const frame = read(wire.raw[n] ?? "")
        if (frame.op === 11) acknowledged = performance.now()
        if (!(yield* take(frame))) return
      }
      const code = wire.closed() ?? 0
      if (code >= 4900 || code === 4004 || code === 4006) session = undefined
      if (code === 4004) yield* refresh
      if (code !== 0 || performance.now() - acknowledged > 500) return
      yield* more(n)
      // What was read is taken, even if it came a moment too late.
      if (wire.raw.length === n && wire.closed() === undefined) return
    }
  })
  return refresh.pipe(Effect.andThen(Effect.forever(Effect.andThen(Effect.ignoreCause(Effect.scoped(socket)), soon))))
}

const read = (text: string): Bot.Frame => {
  try {
    const frame = JSON.parse(text)
    return typeof frame === "object" && frame !== null && "op" in frame ? frame : { op: -1 }
  } catch {
    return { op: -1 }
  }
}

const field = (data: unknown, name: string): unknown =>
  typeof data === "object" && data !== null ? Object.entries(data).find(([key]) => key === name)?.[1] : undefined

const trial = (habits: Habits, plan: ReturnType<typeof Faults.plan>, patience: number) =>
  Effect.gen(function* () {
    const simulator = yield* QqSimulator.make({ heartbeatInterval: 60, reconnectGrace: 50 })
    const running = yield* Effect.forkChild(bot(simulator, habits))
    yield* simulator.until((books) => books.identifies.length > 0)
    const talk = Effect.sync(() => simulator.sayUnsafe({ in: { kind: "group", id: "G" }, text: "hi" }))
    const talking = yield* Effect.forkChild(Effect.forever(Effect.delay(talk, 7)))
    yield* simulator.timetable(plan, 60)
    yield* Fiber.interrupt(talking)
    yield* Effect.timeoutOption(simulator.settled, patience)
    yield* Fiber.interrupt(running)
    return simulator.books
  })

const rough = Faults.plan(5, [
  { kind: "cut", by: "rst" },
  { kind: "refuseConnections", ms: 60 },
  { kind: "lostAnswer", times: 1 }
])

describe("under faults", () => {
  for (const seed of [1, 2, 3]) {
    it.live(`a bot that does everything right passes (seed ${seed})`, () =>
      Effect.gen(function* () {
        const quick = Object.values(Faults.survivable).map((fault) => ("ms" in fault ? { ...fault, ms: 80 } : fault))
        const books = yield* trial({}, Faults.plan(seed, quick, 40), 20_000)
        const { duplicated, lost, outOfOrder } = books.judge()
        assert.deepStrictEqual({ lost, duplicated, outOfOrder }, { lost: [], duplicated: [], outOfOrder: [] })
        assert.isAbove(books.answered, 50)
      })
    )
  }

  it.live("a bot that never resumes is caught losing", () =>
    Effect.gen(function* () {
      const { abandoned, lost } = (yield* trial({ neverResumes: true }, rough, 300)).judge()
      assert.isAbove(abandoned.length, 0)
      assert.isAtLeast(lost.length, abandoned.length)
    })
  )

  it.live("a bot with a fresh msg_seq per retry is caught repeating itself", () =>
    Effect.gen(function* () {
      const { duplicated } = (yield* trial({ freshSequence: true }, rough, 5000)).judge()
      assert.isAbove(duplicated.length, 0)
    })
  )

  it.live("a bot that never retries is caught dropping replies", () =>
    Effect.gen(function* () {
      const { lost } = (yield* trial({ neverRetries: true }, Faults.plan(1, ["serverError"], 5), 300)).judge()
      assert.isAbove(lost.length, 0)
    })
  )
})
