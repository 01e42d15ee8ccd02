import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, References } from "effect"
import * as State from "../../src/domain/ConnectionState.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import * as HandlerError from "../../src/domain/HandlerError.ts"
import type { Status } from "../../src/domain/Status.ts"
import { Full, StoreError } from "../../src/domain/StoreError.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { StatusLog, toLog } from "../../src/monitor/StatusLog.ts"
import { room, settle } from "../fixtures/runtime.ts"

const account = "fake:1"
const lost = new Gateway.GatewayError({ account, reason: new Gateway.ConnectionLost({ network: true }) })
const changed = (to: State.ConnectionState): Status => ({
  _tag: "ConnectionChanged",
  account,
  shard: 2,
  from: State.Disconnected(),
  to
})
const failed = (willRetry: boolean): Status => ({
  _tag: "TurnFailed",
  account,
  conversation: room("ann"),
  willRetry,
  error: new HandlerError.HandlerError({
    event: { key: "k", type: "t" },
    attempt: 1,
    reason: new HandlerError.TimedOut({ limit: Duration.seconds(1) })
  })
})
const gap = { account, stream: "s", from: 1, to: 2, since: 0, until: 1, why: "the server forgot" }

describe("the log of the status stream", () => {
  it.each([
    [changed(State.Connecting({ attempt: 1 })), "Debug", /shard 2 connecting/],
    [changed(State.Ready({ session: "secret-session", resumed: true })), "Info", /shard 2 ready, resumed/],
    [changed(State.Reconnecting({ cause: lost, attempt: 3 })), "Warn", /attempt 3: the platform could not be reached/],
    [changed(State.Failed({ cause: lost })), "Error", /failed/],
    [
      { _tag: "RungClimbed", account, rung: "identify", why: lost, failures: 3, isPassed: false },
      "Warn",
      /identify after 3/
    ],
    [
      { _tag: "RungClimbed", account, rung: "identify", why: lost, failures: 3, isPassed: true },
      "Debug",
      /passes identify/
    ],
    [failed(true), "Warn", /attempt 1: the handler did not end/],
    [failed(false), "Error", /attempt 1/],
    [{ _tag: "EventDeadLettered", account, conversation: room("ann"), key: "k", reason: "bug" }, "Error", /k .*bug/],
    [{ _tag: "MessageSettled", account, id: 5, status: "sent" }, "Debug", /5 sent/],
    [{ _tag: "MessageSettled", account, id: 5, status: "refused", reason: "too long" }, "Warn", /5 refused: too long/],
    [{ _tag: "IntakePaused", account, why: "slow" }, "Warn", /slow/],
    [{ _tag: "IntakeResumed", account }, "Info", /resumed/],
    [
      { _tag: "HoldPlaced", account, conversation: room("ann"), reason: "furious" },
      "Info",
      /holds direct:ann: furious/
    ],
    [{ _tag: "HoldReleased", account, conversation: undefined }, "Info", /released: the account/],
    [
      { _tag: "StoreFailed", error: new StoreError({ operation: "commit", reason: new Full({ detail: "disk" }) }) },
      "Error",
      /commit: the disk is full/
    ],
    [{ _tag: "StoreRecovered" }, "Info", /works again/],
    [{ _tag: "BreakerChanged", account, state: "open" }, "Warn", /open/],
    [{ _tag: "GapRecorded", gap }, "Warn", /the server forgot/],
    [{ _tag: "FrameIgnored", account, why: "not JSON" }, "Warn", /not JSON/],
    [{ _tag: "DrainStarted", deadline: 1 }, "Info", /draining/],
    [{ _tag: "Drained", leftTurns: 2, leftMessages: 3 }, "Info", /2 events, 3 messages/]
  ] as ReadonlyArray<readonly [Status, string, RegExp]>)("says %o as %s", (status, level, line) => {
    const [saidLevel, said] = toLog(status)
    assert.strictEqual(saidLevel, level)
    assert.match(said, line)
    assert.notInclude(said, "secret-session")
  })

  it("writes one line, whatever somebody put into his words", () => {
    const conversation = { account, kind: "group", id: "g" } as const
    const reason = `first\nINFO forged \u001b[2J\u202e${"x".repeat(100_000)}`
    for (const status of [
      { _tag: "EventDeadLettered", account, conversation, key: reason, reason },
      { _tag: "MessageSettled", account, id: 1, status: "refused", reason },
      { _tag: "FrameIgnored", account, why: reason }
    ] as const) {
      const [, line] = toLog(status)
      assert.include(line, "first\\nINFO forged \\u001b[2J\\u202exxx")
      assert.match(line, /^[\u0020-\u007e…]{1,1100}$/)
    }
  })

  it.effect("writes every piece of news as it comes, with its account", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const capture = Logger.make<unknown, void>((entry) => {
        const annotations = entry.fiber.getRef(References.CurrentLogAnnotations)
        lines.push(`${entry.logLevel} ${String(entry.message)} ${JSON.stringify(annotations)}`)
      })
      yield* Effect.gen(function* () {
        const stream = yield* StatusStream
        stream.publish({ _tag: "IntakeResumed", account })
        stream.publish({ _tag: "StoreRecovered" })
        yield* settle
      }).pipe(
        Effect.provide(
          StatusLog.layer.pipe(Layer.provideMerge(StatusStream.layer), Layer.provideMerge(Logger.layer([capture])))
        )
      )
      assert.deepStrictEqual(lines, [
        'Info intake resumed {"category":"performance","account":"fake:1"}',
        'Info the store works again {"category":"performance"}'
      ])
    })
  )
})
