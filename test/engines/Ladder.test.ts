import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration } from "effect"
import { ConfigError } from "../../src/domain/ConfigError.ts"
import * as Reasons from "../../src/domain/GatewayError.ts"
import * as Ladder from "../../src/engines/Ladder.ts"

const error = (reason: Reasons.Reason) => new Reasons.GatewayError({ account: "qq:1", reason })
const advice = "Look."

const lost = error(new Reasons.ConnectionLost({ network: false }))
const away = error(new Reasons.ConnectionLost({ network: true }))
const timedOut = error(new Reasons.HandshakeTimedOut({}))
const silent = error(new Reasons.HeartbeatMissed({}))
const invalid = error(new Reasons.SessionInvalidated({ resumable: false, dropCredentials: false }))
const resumable = error(new Reasons.SessionInvalidated({ resumable: true, dropCredentials: false }))
const stale = error(new Reasons.SessionInvalidated({ resumable: false, dropCredentials: true }))
const asked = error(new Reasons.ServerRequestedReconnect({}))
const throttled = error(new Reasons.Throttled({ retryAfter: Duration.minutes(1) }))
const inbox = error(new Reasons.InboxUnavailable({}))
const fatal = [
  error(new Reasons.AuthenticationFailed({ advice })),
  error(new Reasons.IntentsDisallowed({ advice })),
  error(new Reasons.ShardingRequired({ advice })),
  error(new Reasons.InvalidShard({ advice })),
  error(new Reasons.ProtocolUnsupported({ advice })),
  error(new Reasons.AccountBanned({ advice }))
]
const all = [lost, away, timedOut, silent, invalid, resumable, stale, asked, throttled, inbox, ...fatal]

const climbAll = (failures: ReadonlyArray<Reasons.GatewayError>, from = Ladder.start) => {
  let position = from
  const path: Array<Ladder.Rung> = []
  for (const failure of failures) {
    const result = Ladder.climb(position, failure)
    position = result.position
    path.push(result.rung)
  }
  return { position, path }
}
const times = (count: number, failure: Reasons.GatewayError) => Array.from({ length: count }, () => failure)

describe("the default ladder", () => {
  it("identifies after three failed resumes, and after five more fetches new credentials", () => {
    const { path } = climbAll(times(13, lost))
    assert.deepStrictEqual(path.slice(0, 3), ["resume", "resume", "identify"])
    assert.deepStrictEqual(path.slice(6, 8), ["identify", "refreshCredentials"])
    assert.deepStrictEqual(path.slice(11), ["refreshCredentials", "restartAccount"])
  })

  it("never stops an account because the platform is down, silent, busy or away", () => {
    for (const failure of [lost, away, timedOut, silent, asked, throttled, inbox]) {
      assert.notInclude(climbAll(times(5000, failure)).path, "awaitOperator", failure.message)
    }
  })

  it("keeps the session through an outage of any length, when no peer is reached or patience is asked for", () => {
    for (const failure of [away, asked, throttled, inbox]) {
      assert.strictEqual(climbAll(times(5000, failure)).position.rung, "resume", failure.message)
    }
  })

  it("identifies at once when the session is refused, and asks a person when fresh ones are refused for long", () => {
    const { path } = climbAll(times(27, invalid))
    assert.deepStrictEqual(
      [path[0], path[3], path[6], path[25], path[26]],
      ["identify", "refreshCredentials", "restartAccount", "restartAccount", "awaitOperator"]
    )
  })

  it("fetches new credentials at once when the token is stale, and asks a person when that does not help", () => {
    const { path } = climbAll(times(9, stale))
    assert.deepStrictEqual([path[0], path[3], path[8]], ["refreshCredentials", "restartAccount", "awaitOperator"])
  })

  it("does not count a resume that succeeded as failed, but gives the session up after ten drops in a row", () => {
    let position = Ladder.start
    const path: Array<Ladder.Rung> = []
    for (let n = 0; n < 20; n++) {
      const result = Ladder.climb(Ladder.accepted(position), n % 2 === 0 ? lost : silent)
      position = result.position
      path.push(result.rung)
    }
    assert.deepStrictEqual(
      path.flatMap((rung, index) => (rung === "resume" ? [] : [`${index + 1} ${rung}`])),
      ["10 identify", "20 identify"]
    )
  })

  it("resumes again once an identify was accepted", () => {
    const { position } = climbAll(times(3, lost))
    assert.strictEqual(position.rung, "identify")
    assert.strictEqual(Ladder.accepted(position).rung, "resume")
  })

  it("names every rung it passes when a fatal reason stops the account", () => {
    for (const failure of fatal) {
      const { rung, climbs } = Ladder.climb(Ladder.start, failure)
      assert.strictEqual(rung, "awaitOperator", failure.message)
      assert.deepStrictEqual(
        climbs.map(({ from, to, isPassed }) => `${from} → ${to}${isPassed ? " (passed)" : ""}`),
        [
          "resume → identify (passed)",
          "identify → refreshCredentials (passed)",
          "refreshCredentials → restartAccount (passed)",
          "restartAccount → awaitOperator"
        ]
      )
      assert.isTrue(climbs.every(({ why, failures }) => why === failure && failures === 1))
    }
  })
})

describe("any ladder", () => {
  const ladders = [
    Ladder.defaults,
    Ladder.make({ identify: { handshake: 9 }, restartAccount: { handshake: 2 }, endProcess: { fatal: 2, waiting: 4 } }),
    Ladder.make({
      identify: {},
      refreshCredentials: {},
      restartAccount: {},
      awaitOperator: {},
      endProcess: { dropped: 3 }
    })
  ]
  type Step = { readonly failure: Reasons.GatewayError; readonly before: "nothing" | "accepted" | "stable" }
  const step = Arbitrary.all({
    failure: Arbitrary.map(
      Arbitrary.array(Arbitrary.Constant(0), { maxLength: all.length - 1 }),
      (n) => all[n.length] ?? lost
    ),
    before: Arbitrary.map(Arbitrary.array(Arbitrary.Constant(0), { maxLength: 9 }), (n): Step["before"] =>
      n.length === 9 ? "stable" : n.length > 6 ? "accepted" : "nothing"
    )
  })
  const before = { nothing: (position: Ladder.Position) => position, accepted: Ladder.accepted, stable: Ladder.stable }

  it.prop(
    "reports each rung between the old place and the new one, in order, and never goes down on a failure",
    {
      steps: Arbitrary.array(step, { maxLength: 60 })
    },
    ({ steps }) => {
      for (const ladder of ladders) {
        let position = Ladder.start
        for (const { failure, before: what } of steps) {
          position = before[what](position)
          const result = Ladder.climb(position, failure, ladder)
          const path = [position.rung, ...result.climbs.map(({ to }) => to)]
          const expected = Ladder.rungs.slice(
            Ladder.rungs.indexOf(position.rung),
            Ladder.rungs.indexOf(result.rung) + 1
          )
          assert.deepStrictEqual(path, [...expected])
          assert.deepStrictEqual(
            result.climbs.map(({ from }) => from),
            path.slice(0, -1)
          )
          assert.strictEqual(result.climbs.filter(({ isPassed }) => !isPassed).length, result.climbs.length > 0 ? 1 : 0)
          assert.strictEqual(result.position.rung, result.rung)
          position = result.position
        }
      }
    }
  )

  it.prop(
    "stands no lower than awaitOperator after a fatal reason, wherever it stood",
    {
      steps: Arbitrary.array(step, { maxLength: 30 })
    },
    ({ steps }) => {
      const { position } = climbAll(steps.map(({ failure }) => failure))
      for (const failure of fatal) {
        const { rung } = Ladder.climb(position, failure)
        assert.isAtLeast(Ladder.rungs.indexOf(rung), Ladder.rungs.indexOf("awaitOperator"))
      }
    }
  )

  it.prop(
    "is back at its foot once a session was stable",
    { steps: Arbitrary.array(step, { maxLength: 30 }) },
    ({ steps }) => {
      const { position } = climbAll(steps.map(({ failure }) => failure))
      assert.deepStrictEqual(Ladder.stable(position), Ladder.start)
    }
  )

  it("can be told to end the process", () => {
    const ladder = Ladder.make({ endProcess: { fatal: 2 } })
    const stopped = Ladder.climb(Ladder.start, fatal[0] ?? lost, ladder)
    const once = Ladder.climb(stopped.position, fatal[1] ?? lost, ladder)
    const twice = Ladder.climb(once.position, fatal[2] ?? lost, ladder)
    assert.deepStrictEqual([stopped.rung, once.rung, twice.rung], ["awaitOperator", "awaitOperator", "endProcess"])
    assert.deepStrictEqual(Ladder.climb(twice.position, lost, ladder).climbs, [])
  })

  it("refuses numbers that count no failures, and names them", () => {
    for (const count of [0, -1, 1.5, Number.NaN, Infinity]) {
      assert.throws(() => Ladder.make({ identify: { handshake: count } }), ConfigError)
      assert.throws(() => Ladder.make({ identify: { handshake: count } }), /^ladder\.identify\.handshake is /)
    }
  })
})
