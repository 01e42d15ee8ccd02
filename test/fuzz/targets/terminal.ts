/** What reaches a log or a screen of what people and platforms say: lines of text, never commands. */
import { Cause, Duration, Effect, Exit, Scope } from "effect"
import { tell } from "../../../src/cli/demo/View.ts"
import * as State from "../../../src/domain/ConnectionState.ts"
import * as GatewayError from "../../../src/domain/GatewayError.ts"
import * as HandlerError from "../../../src/domain/HandlerError.ts"
import * as RestError from "../../../src/domain/RestError.ts"
import type { Status } from "../../../src/domain/Status.ts"
import * as StoreError from "../../../src/domain/StoreError.ts"
import { alertLine, errorOf } from "../../../src/monitor/ErrorFeed.ts"
import * as ErrorMonitor from "../../../src/monitor/ErrorMonitor.ts"
import { toLog } from "../../../src/monitor/StatusLog.ts"
import * as CloseCode from "../../../src/platforms/qq/CloseCode.ts"
import type { Chance } from "../Chance.ts"
import { fieldsOf, type Input, numberOf, textOf } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"

const account = "qq:1"

/** What there is to say with somebody's words in it. Nobody's words are secrets here. */
const news = (text: string, other: string, code: number): ReadonlyArray<Status> => {
  const conversation = { account, kind: "group", id: other } as const
  const cause = new GatewayError.GatewayError({ account, reason: CloseCode.toReason(code, text) })
  const failed = (reason: HandlerError.Reason): Status => {
    const error = new HandlerError.HandlerError({ event: { key: text, type: other }, attempt: 1, reason })
    return { _tag: "TurnFailed", account, conversation, error, willRetry: false }
  }
  const rest = new RestError.Rejected({ status: 400, code, detail: text, trace: other })
  const store = new StoreError.StoreError({
    operation: "commit",
    reason: new StoreError.Inaccessible({ detail: text })
  })
  const disconnected = State.Disconnected()
  return [
    { _tag: "ConnectionChanged", account, shard: 0, from: disconnected, to: State.Reconnecting({ cause, attempt: 2 }) },
    { _tag: "ConnectionChanged", account, shard: 0, from: disconnected, to: State.Failed({ cause }) },
    { _tag: "RungClimbed", account, rung: "identify", why: cause, failures: 1, isPassed: false },
    failed(new HandlerError.Failed({ error: new Error(text) })),
    failed(new HandlerError.Failed({ error: { text } })),
    failed(new HandlerError.Died({ cause: Cause.die(text) })),
    { _tag: "EventDeadLettered", account, conversation, key: text, reason: other },
    { _tag: "MessageSettled", account, id: 1, status: "refused", reason: rest.message },
    { _tag: "MessageSettled", account, id: 1, status: "refused", reason: text },
    { _tag: "StoreFailed", error: store },
    { _tag: "FrameIgnored", account, why: text },
    { _tag: "HealthChanged", account, check: other, from: "healthy", to: "unhealthy", reason: text },
    { _tag: "RepairStarted", account, check: other, why: text }
  ]
}

const open = async (): Promise<Subject> => {
  const scope = Scope.makeUnsafe()
  const monitor = await Effect.runPromise(Scope.provide(ErrorMonitor.make({ onAlert: () => Effect.void }), scope))
  return {
    run: (input) => run(input, monitor),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const run = (input: Input, monitor: ErrorMonitor.ErrorMonitor["Service"]): void => {
  const given = fieldsOf(input)
  for (const status of news(textOf(given["text"]), textOf(given["other"]), numberOf(given["code"], 1006))) {
    const [, line] = toLog(status)
    Oracle.sayable(`the log of ${status._tag}`, line)
    const error = errorOf(status)
    if (error === undefined) continue
    monitor.record(error)
    const reason = error._tag ?? "unknown"
    const latest = Effect.runSync(monitor.summary).byReason[reason]?.latest ?? ""
    const alert = { reason, count: 3, perMinute: 1, window: Duration.minutes(5), latest, suppressed: 0, at: 0 }
    Oracle.sayable(`the alert of ${status._tag}`, alertLine(alert))
    Oracle.sayable(`the view of ${status._tag}`, tell({ at: 1, kind: "trouble", text: error.message }))
  }
}

const words = (chance: Chance): string =>
  // Who may hide secrets knows them; here nobody does.
  Json.text(chance).replaceAll(Secrets.accessToken, "words")

export const terminal: Target = {
  name: "terminal",
  about: "texts of peers, handlers and platforms, on their way to a log or a screen",
  share: 60,
  renew: 10_000,
  generate: (chance) => ({ text: words(chance), other: words(chance), code: chance.pick([1006, 4004, 4009, 4914]) }),
  open
}
