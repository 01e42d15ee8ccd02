/** Counts what the status stream says went wrong in the {@link ErrorMonitor}, each kind under a name of its own. */
import { Duration, Effect, Layer } from "effect"
import type { GatewayError, Fatal as GatewayFatal } from "../domain/GatewayError.ts"
import { restingStatuses } from "../domain/Message.ts"
import type { Status } from "../domain/Status.ts"
import type { Fatal as StoreFatal } from "../domain/StoreError.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import * as ErrorMonitor from "./ErrorMonitor.ts"

const resting: ReadonlySet<string> = new Set(restingStatuses)
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
const ofGateway = ({ reason, message }: GatewayError): ErrorMonitor.Observed => ({ _tag: reason._tag, message })

/**
 * The error in a status, if it tells of one. Its name is the reason: as it is for connections (`HeartbeatMissed`), with
 * its boundary for handlers (`HandlerFailed`), stores (`StoreBusy`) and messages (`MessageRefused`).
 */
export const errorOf = (status: Status): ErrorMonitor.Observed | undefined => {
  switch (status._tag) {
    case "TurnFailed":
      return { _tag: `Handler${status.error.reason._tag}`, message: status.error.message }
    case "EventDeadLettered":
      return { _tag: "EventDeadLettered", message: `${status.account}: event ${status.key}: ${status.reason}` }
    case "MessageSettled":
      if (!resting.has(status.status)) return undefined
      return {
        _tag: `Message${capital(status.status)}`,
        message: `${status.account}: message ${status.id}: ${status.reason ?? status.status}`
      }
    case "ConnectionChanged":
      if (status.to._tag !== "Reconnecting" && status.to._tag !== "Failed") return undefined
      // What a person asked for is no error.
      return status.to.cause.reason._tag === "RestartRequested" ? undefined : ofGateway(status.to.cause)
    case "StoreFailed":
      return { _tag: `Store${status.error.reason._tag}`, message: status.error.message }
    default:
      return undefined
  }
}

/** What ends an account or the store happens once, so it alerts at once. */
export const fatalThresholds: Readonly<Record<GatewayFatal["_tag"] | `Store${StoreFatal["_tag"]}`, number>> = {
  AuthenticationFailed: 1,
  IntentsDisallowed: 1,
  IntentsMissing: 1,
  ShardingRequired: 1,
  InvalidShard: 1,
  ProtocolUnsupported: 1,
  AccountBanned: 1,
  StoreCorrupt: 1,
  StoreUnusable: 1,
  StoreRefused: 1,
  StoreKeyMissing: 1,
  StoreUnencrypted: 1
}

/** The text of an alert. */
export const alertLine = ({ reason, count, window, latest, suppressed }: ErrorMonitor.Alert): string => {
  return `${count} × ${reason} within ${Duration.format(window)}${suppressed > 0 ? ` (${suppressed} alerts held back)` : ""}: ${latest}`
}

/** A monitor that hears the status stream. Without `onAlert`, an alert is a line in the log at level Error. */
export const layer = (
  options: ErrorMonitor.Options = {}
): Layer.Layer<ErrorMonitor.ErrorMonitor, never, StatusStream> =>
  Layer.effect(
    ErrorMonitor.ErrorMonitor,
    Effect.gen(function* () {
      const stream = yield* StatusStream
      const monitor = yield* ErrorMonitor.make({
        onAlert: (alert) => Effect.logError(alertLine(alert)),
        ...options,
        thresholds: { ...fatalThresholds, ...options.thresholds }
      })
      yield* stream.listen((status) => {
        const error = errorOf(status)
        if (error !== undefined) monitor.record(error)
      })
      return monitor
    })
  )
