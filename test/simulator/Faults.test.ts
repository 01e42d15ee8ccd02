import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { type Fault, Faults, QqSimulator } from "everbot/simulator"
import * as Bot from "./RawBot.ts"

const group = { kind: "group", id: "C9F778FE6ADF9D1D1DBE395BF744A33A" } as const

const online = (options?: QqSimulator.Options) =>
  Effect.gen(function* () {
    const simulator = yield* QqSimulator.make(options)
    const token = yield* Bot.token(simulator)
    const { session, wire } = yield* Bot.identify(simulator, token)
    return { simulator, token, session, wire }
  })

/** The session is still there: a resume ends in RESUMED. */
const resumes = (simulator: QqSimulator.QqSimulator, token: string, session: string, seq = 1) =>
  Effect.gen(function* () {
    const wire = yield* Bot.resume(simulator, token, session, seq)
    yield* wire.until(() => wire.frames.some(Bot.dispatched("RESUMED")) || wire.closed() !== undefined)
    return { wire, resumed: wire.closed() === undefined }
  })

describe("gateway faults", () => {
  for (const by of ["fin", "rst"] as const) {
    it.live(`cut by ${by} drops the socket without a close frame and keeps the session`, () =>
      Effect.gen(function* () {
        const { session, simulator, token, wire } = yield* online()
        yield* simulator.fault({ kind: "cut", by })
        assert.strictEqual(yield* wire.closing, 1006)
        assert.isTrue((yield* resumes(simulator, token, session)).resumed)
      })
    )
  }

  it.live("halfOpen leaves the client deaf until it resumes elsewhere", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "halfOpen" })
      yield* simulator.say({ in: group, text: "hello?" })
      wire.send({ op: 1, d: 1 })
      const again = yield* resumes(simulator, token, session)
      assert.isTrue(again.wire.frames.some(Bot.dispatched("GROUP_AT_MESSAGE_CREATE")))
      assert.isFalse(wire.frames.some(({ op, s }) => op === 11 || s === 2))
      assert.strictEqual(wire.closed(), undefined)
    })
  )

  it.live("silence of acks hears heartbeats and still dispatches", () =>
    Effect.gen(function* () {
      const { simulator, wire } = yield* online()
      yield* simulator.fault({ kind: "silence", of: "acks" })
      wire.send({ op: 1, d: 1 })
      yield* simulator.until((books) => books.heartbeats.length === 1)
      yield* simulator.say({ in: group, text: "still here" })
      yield* wire.frame(Bot.dispatched("GROUP_AT_MESSAGE_CREATE"))
      assert.isFalse(wire.frames.some(({ op }) => op === 11))
      assert.strictEqual(simulator.books.heartbeats[0]?.acknowledged, false)
    })
  )

  it.live("silence of dispatches acknowledges and keeps events for a resume", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "silence", of: "dispatches" })
      yield* simulator.say({ in: group, text: "not now" })
      wire.send({ op: 1, d: 1 })
      yield* wire.frame(({ op }) => op === 11)
      assert.isFalse(wire.frames.some(({ s }) => s === 2))
      const again = yield* resumes(simulator, token, session)
      assert.isTrue(again.wire.frames.some(({ s }) => s === 2))
    })
  )

  it.live("reconnect sends op 7 and closes who stays", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online({ reconnectGrace: 20 })
      yield* simulator.fault({ kind: "reconnect" })
      yield* wire.frame(({ op }) => op === 7)
      assert.strictEqual(yield* wire.closing, 4009)
      assert.isTrue((yield* resumes(simulator, token, session)).resumed)
    })
  )

  it.live("invalidSession ends the session, and says so before the close frame", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "invalidSession", resumable: false })
      assert.strictEqual((yield* wire.frame(({ op }) => op === 9)).d, false)
      assert.strictEqual(yield* wire.closing, 4006)
      assert.isFalse((yield* resumes(simulator, token, session)).resumed)
    })
  )

  it.live("invalidSession without sockets ends what waits to be resumed", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online()
      wire.socket.terminate()
      yield* simulator.until((books) => books.closes.length === 1)
      yield* simulator.fault({ kind: "invalidSession", resumable: false })
      assert.isFalse((yield* resumes(simulator, token, session)).resumed)
    })
  )

  it.live("invalidSession may be resumable", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "invalidSession", resumable: true })
      assert.strictEqual((yield* wire.frame(({ op }) => op === 9)).d, true)
      yield* wire.closing
      assert.isTrue((yield* resumes(simulator, token, session)).resumed)
    })
  )

  for (const [code, survives] of [
    [4008, true],
    [4009, true],
    [4006, false],
    [4900, false],
    [4914, false]
  ] as const) {
    it.live(`close ${code} ${survives ? "keeps" : "ends"} the session`, () =>
      Effect.gen(function* () {
        const { session, simulator, token, wire } = yield* online()
        yield* simulator.fault({ kind: "close", code })
        assert.strictEqual(yield* wire.closing, code)
        assert.strictEqual((yield* resumes(simulator, token, session)).resumed, survives)
      })
    )
  }

  it.live("duplicateOnResume repeats what was already delivered", () =>
    Effect.gen(function* () {
      const { session, simulator, token, wire } = yield* online()
      yield* simulator.say({ in: group, text: "one" })
      yield* simulator.say({ in: group, text: "two" })
      yield* wire.frame(({ s }) => s === 3)
      yield* simulator.fault({ kind: "duplicateOnResume", events: 1 })
      const again = yield* resumes(simulator, token, session, 3)
      assert.deepStrictEqual(
        again.wire.frames.flatMap(({ s }) => (s === undefined ? [] : [s])),
        [3, 4]
      )
    })
  )

  const frames: ReadonlyArray<readonly [string, Fault, (text: string) => boolean]> = [
    ["garbage", { kind: "malformedFrame", form: "text" }, (text) => text.startsWith("this is not")],
    ["an array", { kind: "malformedFrame", form: "array" }, (text) => text === "[1,2,3]"],
    ["null", { kind: "malformedFrame", form: "null" }, (text) => text === "null"],
    ["an object without fields", { kind: "malformedFrame", form: "missing" }, (text) => text === "{}"],
    ["an unknown opcode", { kind: "unknownOpcode" }, (text) => text.includes('"op":42')],
    ["an unknown event", { kind: "unknownEvent" }, (text) => text.includes("SOMETHING_NEW_CREATE")],
    ["a huge frame", { kind: "hugeFrame", bytes: 3_000_000 }, (text) => text.length > 3_000_000]
  ]
  for (const [what, fault, wanted] of frames) {
    it.live(`can send ${what}`, () =>
      Effect.gen(function* () {
        const { simulator, wire } = yield* online()
        yield* simulator.fault(fault)
        yield* wire.until(() => wire.raw.some(wanted))
      })
    )
  }

  it.live("slowReads hears the heartbeat late and does not hang up for it", () =>
    Effect.gen(function* () {
      const { simulator, wire } = yield* online({ heartbeatInterval: 60 })
      yield* simulator.fault({ kind: "slowReads", ms: 200 })
      const before = simulator.books.faults[0]?.at ?? 0
      wire.send({ op: 1, d: 1 })
      yield* wire.frame(({ op }) => op === 11)
      assert.isAtLeast((simulator.books.heartbeats[0]?.at ?? 0) - before, 190)
    })
  )

  it.live("noHello opens a socket and says nothing", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      yield* simulator.fault({ kind: "noHello", times: 1 })
      const silent = yield* Bot.open(simulator)
      yield* simulator.until((books) => books.dials.length === 1)
      const greeted = yield* Bot.open(simulator)
      yield* greeted.frame(Bot.hello)
      assert.deepStrictEqual(silent.frames, [])
    })
  )

  it.live("refuseUpgrade answers the dial with a status", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      yield* simulator.fault({ kind: "refuseUpgrade", times: 1, status: 502 })
      const wire = yield* Bot.open(simulator)
      assert.strictEqual(yield* wire.closing, 1006)
      assert.strictEqual(simulator.books.dials[0]?.outcome, "refused")
    })
  )

  it.live("refuseConnections keeps sockets and lets nobody in for a while", () =>
    Effect.gen(function* () {
      const { simulator, wire } = yield* online()
      yield* simulator.fault({ kind: "refuseConnections", ms: 150 })
      const refused = yield* Bot.open(simulator)
      assert.strictEqual(yield* refused.closing, 1006)
      yield* simulator.say({ in: group, text: "still connected" })
      yield* wire.frame(Bot.dispatched("GROUP_AT_MESSAGE_CREATE"))
      yield* Bot.token(simulator).pipe(
        Effect.catchCause(() => Effect.fail("away")),
        Effect.eventually
      )
    })
  )

  for (const keepSessions of [true, false]) {
    it.live(`restart cuts everybody, comes back on its port and ${keepSessions ? "keeps" : "forgets"} sessions`, () =>
      Effect.gen(function* () {
        const { session, simulator, token, wire } = yield* online()
        yield* simulator.fault({ kind: "restart", ms: 100, keepSessions })
        assert.strictEqual(yield* wire.closing, 1006)
        yield* Bot.token(simulator).pipe(
          Effect.catchCause(() => Effect.fail("away")),
          Effect.eventually
        )
        assert.strictEqual((yield* resumes(simulator, token, session)).resumed, keepSessions)
      })
    )
  }
})

describe("switches", () => {
  it.live("banned hangs up with 4915, refuses tokens, sends and sessions, and can be lifted", () =>
    Effect.gen(function* () {
      const { simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "banned" })
      assert.strictEqual(yield* wire.closing, 4915)
      assert.strictEqual((yield* Bot.call(simulator, "GET", "/users/@me", { token })).body["code"], 11265)
      yield* simulator.fault({ kind: "banned", on: false })
      yield* Bot.identify(simulator, token)
    })
  )

  it.live("ipForbidden hangs up with 4924 and answers 11298", () =>
    Effect.gen(function* () {
      const { simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "ipForbidden" })
      assert.strictEqual(yield* wire.closing, 4924)
      const { body, status } = yield* Bot.call(simulator, "GET", "/users/@me", { token })
      assert.deepStrictEqual([status, body["code"], body["err_code"]], [401, 11298, 40023002])
    })
  )

  it.live("intentsForbidden is silent until the next Identify", () =>
    Effect.gen(function* () {
      const { simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "intentsForbidden", intents: 2 ** 25 })
      yield* simulator.say({ in: group, text: "still delivered" })
      yield* wire.frame(Bot.dispatched("GROUP_AT_MESSAGE_CREATE"))
      const next = yield* Bot.open(simulator)
      yield* next.frame(Bot.hello)
      next.send({ op: 2, d: { token: `QQBot ${token}`, intents: Bot.intents } })
      assert.strictEqual(yield* next.closing, 4014)
    })
  )

  it.live("wrongSecret kills the token and gives no new one", () =>
    Effect.gen(function* () {
      const { simulator, token } = yield* online()
      yield* simulator.fault({ kind: "wrongSecret" })
      assert.strictEqual((yield* Bot.call(simulator, "GET", "/users/@me", { token })).body["code"], 11244)
      assert.strictEqual(yield* Bot.token(simulator), "undefined")
    })
  )

  it.live("expireToken refuses the old token and leaves sockets alone", () =>
    Effect.gen(function* () {
      const { simulator, token, wire } = yield* online()
      yield* simulator.fault({ kind: "expireToken" })
      const { body, status } = yield* Bot.call(simulator, "GET", "/users/@me", { token })
      assert.deepStrictEqual([status, body["code"]], [401, 11244])
      const fresh = yield* Bot.token(simulator)
      assert.strictEqual((yield* Bot.call(simulator, "GET", "/users/@me", { token: fresh })).status, 200)
      assert.strictEqual(wire.closed(), undefined)
    })
  )

  it.live("revokeToken also hangs up with 4004", () =>
    Effect.gen(function* () {
      const { simulator, wire } = yield* online()
      yield* simulator.fault({ kind: "revokeToken" })
      assert.strictEqual(yield* wire.closing, 4004)
    })
  )
})

describe("a plan", () => {
  it("is the same for the same seed and another for another", () => {
    assert.deepStrictEqual(Faults.plan(7), Faults.plan(7))
    assert.notDeepEqual(Faults.plan(7), Faults.plan(8))
    assert.deepStrictEqual(
      Faults.plan(1, ["cut", "restart"], 50).filter(({ kind }) => kind !== "cut" && kind !== "restart"),
      []
    )
  })

  it.live("is carried out by the timetable, and every fault can be listened to and is booked", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make()
      const plan = Faults.plan(3, undefined, 12)
      const heard = yield* Stream.runCollect(Stream.take(simulator.faults, 12)).pipe(
        Effect.forkChild({ startImmediately: true })
      )
      yield* simulator.timetable(plan, 5)
      assert.deepStrictEqual(yield* Fiber.join(heard), plan)
      assert.deepStrictEqual(
        simulator.books.faults.map(({ fault }) => fault.kind),
        plan.map(({ kind }) => kind)
      )
    })
  )
})
