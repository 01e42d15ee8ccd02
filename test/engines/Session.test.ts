import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { AuthenticationFailed, ConnectionLost, SessionInvalidated, Throttled } from "../../src/domain/GatewayError.ts"
import { type Action, type Frame, received, type State, start, step } from "../../src/engines/Session.ts"

const lost = new ConnectionLost({ code: 1006, network: false })
const refused = new AuthenticationFailed({ code: 4004, advice: "Check the token." })
const invalid = new SessionInvalidated({ code: 4006, resumable: false, dropCredentials: false })
const throttled = new Throttled({ code: 4008, retryAfter: Duration.seconds(60) })

const fresh = start(undefined)
const resuming = start({ session: "S", seq: 7 })
const identifying: State = { _tag: "Identifying" }
const replaying = { _tag: "Resuming", session: "S", received: 7 } as const
const up = { _tag: "Ready", session: "S", received: 7 } as const
const doubted = (resumable: boolean) => ({ _tag: "Invalidated", resumable, session: "S", received: 7 }) as const
const doubtedEarly: State = { _tag: "Invalidated", resumable: false, session: undefined, received: 0 }
const ended: State = { _tag: "Ended" }

const dispatch = (seq: number): Frame => ({ _tag: "Dispatch", seq, type: "SAID" })
const readyFrame: Frame = { _tag: "Ready", seq: 1, session: "N", resumeUrl: undefined }
const hello: Frame = { _tag: "Hello", interval: 41_250 }
const closed = (reason: Extract<Frame, { _tag: "Closed" }>["reason"]): Frame => ({ _tag: "Closed", reason })

const brief = (action: Action): string => {
  switch (action._tag) {
    case "SendHeartbeat":
    case "Advance":
      return `${action._tag} ${action.seq}`
    case "SendResume":
      return `SendResume ${action.session} ${action.seq}`
    case "Announce":
      return `Announce ${action.session}${action.resumed ? " resumed" : ""}`
    case "End":
      return `End ${action.reason._tag} ${action.session}`
    case "Ignore":
      return "Ignore"
    default:
      return action._tag
  }
}

const rows: ReadonlyArray<readonly [name: string, State, Frame, State, ReadonlyArray<string>]> = [
  ["identifies after HELLO", fresh, hello, identifying, ["SendIdentify"]],
  ["resumes after HELLO with the committed sequence number", resuming, hello, replaying, ["SendResume S 7"]],
  ["takes a second HELLO for nothing", up, hello, up, ["Ignore"]],
  [
    "records the sequence number of READY",
    identifying,
    readyFrame,
    { _tag: "Ready", session: "N", received: 1 },
    ["Announce N", "Advance 1"]
  ],
  [
    "takes READY in answer to a resume as a new session",
    replaying,
    readyFrame,
    { _tag: "Ready", session: "N", received: 1 },
    ["Announce N", "Advance 1"]
  ],
  ["takes READY before HELLO for nothing", fresh, readyFrame, fresh, ["Ignore"]],
  ["takes a second READY for nothing", up, readyFrame, up, ["Ignore"]],
  [
    "announces RESUMED and its sequence number",
    replaying,
    { _tag: "Resumed", seq: 9 },
    { _tag: "Ready", session: "S", received: 9 },
    ["Announce S resumed", "Advance 9"]
  ],
  [
    "takes RESUMED without a sequence number to be where the replay ended",
    replaying,
    { _tag: "Resumed", seq: -1 },
    up,
    ["Announce S resumed", "Advance 7"]
  ],
  ["takes RESUMED in a new session for nothing", identifying, { _tag: "Resumed", seq: 9 }, identifying, ["Ignore"]],
  ["delivers an event", up, dispatch(8), { ...up, received: 8 }, ["Deliver"]],
  ["delivers a replayed event before RESUMED", replaying, dispatch(8), { ...replaying, received: 8 }, ["Deliver"]],
  ["delivers a repeated event without going back", up, dispatch(3), up, ["Deliver"]],
  ["delivers an event without a sequence number", up, dispatch(-1), up, ["Deliver"]],
  ["delivers after an invalid session", doubted(true), dispatch(8), { ...doubted(true), received: 8 }, ["Deliver"]],
  ["delivers nothing that has no session", identifying, dispatch(8), identifying, ["Ignore"]],
  ["delivers nothing before HELLO", resuming, dispatch(8), resuming, ["Ignore"]],
  ["delivers nothing to a session that never began", doubtedEarly, dispatch(8), doubtedEarly, ["Ignore"]],
  ["answers a heartbeat request", up, { _tag: "HeartbeatRequest" }, up, ["SendHeartbeat 7"]],
  ["answers one before the first event with null", fresh, { _tag: "HeartbeatRequest" }, fresh, ["SendHeartbeat null"]],
  [
    "answers one before a resume with what is stored",
    resuming,
    { _tag: "HeartbeatRequest" },
    resuming,
    ["SendHeartbeat 7"]
  ],
  ["notes an acknowledgement", up, { _tag: "HeartbeatAck" }, up, ["Acknowledge"]],
  ["reconnects when asked", up, { _tag: "ReconnectRequested" }, ended, ["End ServerRequestedReconnect keep"]],
  [
    "reconnects when asked before HELLO",
    resuming,
    { _tag: "ReconnectRequested" },
    ended,
    ["End ServerRequestedReconnect keep"]
  ],
  [
    "reconnects without a session that was refused",
    doubted(false),
    { _tag: "ReconnectRequested" },
    ended,
    ["End ServerRequestedReconnect forget"]
  ],
  [
    "waits for the cause of an invalid session",
    up,
    { _tag: "InvalidSession", resumable: false },
    doubted(false),
    ["AwaitCause"]
  ],
  [
    "waits for the cause of a refused identify",
    identifying,
    { _tag: "InvalidSession", resumable: false },
    doubtedEarly,
    ["AwaitCause"]
  ],
  [
    "believes the worse of two invalid sessions",
    doubted(true),
    { _tag: "InvalidSession", resumable: false },
    doubted(false),
    []
  ],
  [
    "forgets an invalid session without a cause",
    doubted(false),
    { _tag: "CauseOverdue" },
    ended,
    ["End SessionInvalidated forget"]
  ],
  [
    "keeps a resumable invalid session without a cause",
    doubted(true),
    { _tag: "CauseOverdue" },
    ended,
    ["End SessionInvalidated keep"]
  ],
  ["is not hurried by a cause that is not awaited", up, { _tag: "CauseOverdue" }, up, []],
  [
    "prefers the close code to the invalid session",
    doubted(false),
    closed(refused),
    ended,
    ["End AuthenticationFailed forget"]
  ],
  [
    "stays invalid when the socket is merely gone",
    doubted(false),
    closed(lost),
    ended,
    ["End SessionInvalidated forget"]
  ],
  [
    "stays resumable when the socket is merely gone",
    doubted(true),
    closed(lost),
    ended,
    ["End SessionInvalidated keep"]
  ],
  ["believes the close code over resumable", doubted(true), closed(invalid), ended, ["End SessionInvalidated forget"]],
  ["waits when throttled, resumable", doubted(true), closed(throttled), ended, ["End Throttled keep"]],
  ["keeps the session over a lost socket", up, closed(lost), ended, ["End ConnectionLost keep"]],
  ["keeps it over a socket lost while resuming", replaying, closed(lost), ended, ["End ConnectionLost keep"]],
  ["forgets it when the code says so", up, closed(invalid), ended, ["End SessionInvalidated forget"]],
  ["keeps it over a fatal code", up, closed(refused), ended, ["End AuthenticationFailed keep"]],
  ["ignores an unknown opcode", up, { _tag: "Unknown", op: 42 }, up, ["Ignore"]],
  ["ignores what is malformed", fresh, { _tag: "Malformed", why: "HELLO without interval" }, fresh, ["Ignore"]],
  ...[hello, readyFrame, dispatch(9), closed(lost), { _tag: "ReconnectRequested" } as const].map(
    (frame) => [`does nothing once ended (${frame._tag})`, ended, frame, ended, []] as const
  )
]

describe("a session", () => {
  for (const [name, from, frame, to, actions] of rows) {
    it(name, () => {
      const [state, did] = step(from, frame)
      assert.deepStrictEqual(state, to)
      assert.deepStrictEqual(did.map(brief), actions)
    })
  }

  it("drops the credentials with a session that is not resumable, and only then", () => {
    for (const resumable of [true, false]) {
      const [, [action]] = step(doubted(resumable), { _tag: "CauseOverdue" })
      assert(action?._tag === "End" && action.reason._tag === "SessionInvalidated")
      assert.strictEqual(action.reason.dropCredentials, !resumable)
    }
  })

  it("ignores an opcode that has no text, and quotes only numbers", () => {
    for (const [op, said] of [
      [{ toString: 0 }, "object"],
      [JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`), "object"],
      ["x\n\u001b[2J".repeat(1000), "string"],
      [null, "null"],
      [undefined, "undefined"],
      [Number.POSITIVE_INFINITY, "Infinity"],
      [42, "42"]
    ] as const) {
      const [state, actions] = step(up, { _tag: "Unknown", op })
      assert.deepStrictEqual([state, actions], [up, [{ _tag: "Ignore", why: `unknown opcode ${said}` }]])
    }
  })

  it("quotes the name of an event that comes too early only when it is one", () => {
    for (const [type, said] of [
      ["GROUP_AT_MESSAGE_CREATE", "GROUP_AT_MESSAGE_CREATE"],
      ["A\nWARN forged", "an event of no usual name"],
      ["A".repeat(1000), "an event of no usual name"]
    ] as const) {
      const [, actions] = step(fresh, { _tag: "Dispatch", seq: 1, type })
      assert.deepStrictEqual(actions, [{ _tag: "Ignore", why: `${said} before a session` }])
    }
  })
})

/** Mulberry32: the same seed, the same sequence. */
const randomOf = (seed: number) => {
  let a = seed
  return (below: number) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
  }
}

const anyFrame = (random: (below: number) => number): Frame => {
  const seq = random(12) - 1
  const frames: ReadonlyArray<Frame> = [
    dispatch(seq),
    dispatch(seq),
    dispatch(seq),
    hello,
    hello,
    { _tag: "Ready", seq, session: `S${random(3)}`, resumeUrl: undefined },
    { _tag: "Resumed", seq },
    { _tag: "HeartbeatAck" },
    { _tag: "HeartbeatRequest" },
    { _tag: "Unknown", op: random(100) },
    { _tag: "Malformed", why: "x" },
    { _tag: "CauseOverdue" },
    ...(random(6) === 0
      ? [
          { _tag: "InvalidSession", resumable: random(2) === 0 } as const,
          { _tag: "ReconnectRequested" } as const,
          closed([lost, refused, invalid, throttled][random(4)] ?? lost)
        ]
      : [])
  ]
  return frames[random(frames.length)] ?? hello
}

describe("whatever a server sends, a session", () => {
  it("delivers each dispatch once at most, never goes back, greets once, and ends once", () => {
    const base = (Math.random() * 2 ** 31) | 0
    for (let seed = base; seed < base + 5000; seed++) {
      const random = randomOf(seed)
      let state = random(2) === 0 ? fresh : resuming
      const committed = state === resuming ? 7 : 0
      const count = { ends: 0, greetings: 0, announced: 0 }
      for (let n = 0; n < 60; n++) {
        const frame = anyFrame(random)
        const before = state
        const [next, actions] = step(before, frame)
        const why = `seed ${seed}, frame ${n}`
        const has = (tag: Action["_tag"]) => actions.filter((action) => action._tag === tag).length
        if (has("Deliver") > 0) {
          assert.strictEqual(frame._tag, "Dispatch", why)
          assert.strictEqual(has("Deliver"), 1, why)
          assert.isAtLeast(received(next) ?? -1, frame._tag === "Dispatch" ? frame.seq : 0, why)
        }
        const session = before._tag === "Ready" || before._tag === "Resuming" ? before.session : undefined
        const nextSession = next._tag === "Ready" || next._tag === "Resuming" ? next.session : undefined
        if (session !== undefined && session === nextSession && frame._tag !== "Ready") {
          assert.isAtLeast(received(next) ?? -1, received(before) ?? -1, why)
          assert.isAtLeast(received(next) ?? -1, session === "S" ? committed : 0, why)
        }
        count.greetings += has("SendIdentify") + has("SendResume")
        count.announced += has("Announce")
        count.ends += has("End")
        assert.strictEqual(next._tag === "Ended", count.ends === 1, why)
        state = next
      }
      assert.isAtMost(count.greetings, 1, `seed ${seed}`)
      assert.isAtMost(count.announced, 1, `seed ${seed}`)
      assert.isAtMost(count.ends, 1, `seed ${seed}`)
    }
  })
})
