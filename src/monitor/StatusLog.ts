/** Writes the status stream to the log, each change at the level of its severity. */
import { Effect, Layer } from "effect"
import type { ConnectionState } from "../domain/ConnectionState.ts"
import { laneKey } from "../domain/Conversation.ts"
import { oneLine } from "../domain/Line.ts"
import type { Status } from "../domain/Status.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { type Category, categoryKey } from "./logs/Record.ts"

const describe = (state: ConnectionState): string => {
  switch (state._tag) {
    case "Reconnecting":
      return `reconnecting, attempt ${state.attempt}: ${state.cause.reason.message}`
    case "Failed":
      return `failed: ${state.cause.reason.message}`
    case "Ready":
      return state.resumed ? "ready, resumed" : "ready"
    default:
      return state._tag.toLowerCase()
  }
}

const levels = { healthy: "Info", degraded: "Warn", unhealthy: "Error" } as const

const healthLine = ({ check, to, reason }: Extract<Status, { readonly _tag: "HealthChanged" }>) =>
  [levels[to], `${check ?? "the bot"} is ${to}${reason === undefined ? "" : `: ${reason}`}`] as const

const placeOf = ({ conversation }: Pick<Extract<Status, { readonly _tag: "HoldReleased" }>, "conversation">): string =>
  conversation === undefined ? "the account" : laneKey(conversation)

type Line = readonly [level: "Debug" | "Info" | "Warn" | "Error", text: string]

/** One line about a status, and its level: whatever it quotes, it is one line, and not a long one. */
export const toLog = (status: Status): Line => {
  const [level, text] = tell(status)
  return [level, oneLine(text, 1000)]
}

const tell = (status: Status): Line => {
  switch (status._tag) {
    case "ConnectionChanged": {
      const { to, shard } = status
      const level =
        to._tag === "Failed" ? "Error" : to._tag === "Reconnecting" ? "Warn" : to._tag === "Ready" ? "Info" : "Debug"
      return [level, `shard ${shard} ${describe(to)}`]
    }
    case "ShardsPlanned":
      return ["Warn", `goes on with ${status.to} connections${status.from === undefined ? "" : `, not ${status.from}`}`]
    case "SessionRenewed":
      return ["Info", `shard ${status.shard} has a fresh session, because of the old one ${status.why}`]
    case "RungClimbed":
      return status.isPassed
        ? ["Debug", `recovery passes ${status.rung}: it could not help`]
        : ["Warn", `recovery goes on with ${status.rung} after ${status.failures}: ${status.why.reason.message}`]
    case "TurnFailed":
      return [status.willRetry ? "Warn" : "Error", status.error.message]
    case "EventDeadLettered":
      return ["Error", `event ${status.key} became a dead letter: ${status.reason}`]
    case "MessageSettled":
      return status.status === "sent"
        ? ["Debug", `message ${status.id} sent`]
        : ["Warn", `message ${status.id} ${status.status}${status.reason ? `: ${status.reason}` : ""}`]
    case "IntakePaused":
      return ["Warn", `intake paused: ${status.why}`]
    case "IntakeResumed":
      return ["Info", "intake resumed"]
    case "HoldPlaced":
      return ["Info", `a person holds ${placeOf(status)}: ${status.reason}`]
    case "HoldReleased":
      return ["Info", `released: ${placeOf(status)}`]
    case "StoreFailed":
      return ["Error", status.error.message]
    case "StoreRecovered":
      return ["Info", "the store works again"]
    case "BreakerChanged":
      return ["Warn", `the breaker of the platform's REST interface is ${status.state}`]
    case "GapRecorded":
      return ["Warn", `events may be missing: ${status.gap.why}`]
    case "GapFilled":
      return ["Info", `${status.messages} messages of ${status.conversation.id} were missing and came after all`]
    case "FrameIgnored":
      return ["Warn", `a frame was ignored: ${status.why}`]
    case "HealthChanged":
      return healthLine(status)
    case "RepairStarted":
      return ["Warn", `the ${status.check} check repairs: ${status.why}`]
    case "DrainStarted":
      return ["Info", "draining"]
    case "Drained":
      return ["Info", `drained; left: ${status.leftTurns} events, ${status.leftMessages} messages`]
  }
}

const slow: ReadonlySet<Status["_tag"]> = new Set([
  "IntakePaused",
  "IntakeResumed",
  "StoreFailed",
  "StoreRecovered",
  "BreakerChanged",
  "HealthChanged",
  "RepairStarted"
])

/** What a refused sign-in, or a lost right, ends in. */
const isAboutRights = (status: Status): boolean => {
  const why = status._tag === "ConnectionChanged" && status.to._tag === "Failed" ? status.to.cause : undefined
  const climbed = status._tag === "RungClimbed" ? status.why : why
  return (
    climbed !== undefined &&
    ["AuthenticationFailed", "AccountBanned", "IntentsDisallowed"].includes(climbed.reason._tag)
  )
}

const categoryOf = (status: Status): Category =>
  isAboutRights(status) ? "security" : slow.has(status._tag) ? "performance" : "business"

/** By what lines that belong together are found. */
export const about = (status: Status): { readonly [key: string]: string | number } => {
  const account = status._tag === "GapRecorded" ? status.gap.account : "account" in status ? status.account : undefined
  return {
    [categoryKey]: categoryOf(status),
    ...(account !== undefined && { account }),
    ...("shard" in status && status.shard !== undefined && { shard: status.shard }),
    ...("conversation" in status &&
      status.conversation !== undefined && { conversation: laneKey(status.conversation) }),
    ...(status._tag === "EventDeadLettered" && { event: status.key }),
    ...(status._tag === "TurnFailed" && { event: status.error.event.key, turn: status.error.attempt })
  }
}

export const StatusLog = {
  /** Logs until the scope closes. */
  layer: Layer.effectDiscard(
    Effect.gen(function* () {
      const stream = yield* StatusStream
      const runFork = Effect.runForkWith(yield* Effect.context<never>())
      yield* stream.listen((status) => {
        const [level, line] = toLog(status)
        runFork(Effect.annotateLogs(Effect.logWithLevel(level)(line), about(status)))
      })
    })
  )
}
