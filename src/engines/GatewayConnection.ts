/**
 * One gateway connection, from dial to end: dials, sees the handshake through, keeps the connection alive, and fails
 * with why it ended. Every way it ends goes through one Deferred. A connection that we end is closed with a code that
 * keeps the session resumable.
 *
 * It reports the states Identifying, Resuming and Ready; Connecting and what follows an end are the supervisor's.
 */
import { Clock, Deferred, Duration, Effect } from "effect"
import { GatewayError, HandshakeTimedOut } from "../domain/GatewayError.ts"
import type { GatewayLink } from "../ports/Platform.ts"
import { Transport } from "../ports/Transport.ts"
import { FrameReader, type Milestone } from "./FrameReader.ts"
import type { GatewayProtocol } from "./GatewayProtocol.ts"
import * as Heartbeat from "./Heartbeat.ts"

export interface Options {
  /** How long the platform may take to say HELLO. Default: 10 seconds. */
  readonly helloTimeout?: Duration.Input | undefined
  /** How long it may take from HELLO to READY, or between two replayed events. Default: 10 seconds. */
  readonly readyTimeout?: Duration.Input | undefined
  /** How long to wait for the close frame that says why a session is invalid. Default: 1 second. */
  readonly causeTimeout?: Duration.Input | undefined
  /** The close code for connections that we end; must keep the session resumable. Default: 4000. */
  readonly closeCode?: number | undefined
  /** `onReady`: at once when the session is up (QQ). `jittered`: a random part of an interval after HELLO (Discord). */
  readonly firstBeat?: "onReady" | "jittered" | undefined
  /** The shortest time a heartbeat may stay unanswered, see {@link Heartbeat.Options}. Default: 2 seconds. */
  readonly patience?: Duration.Input | undefined
}

const unstored = "the process ended before it had stored its first session"

/**
 * Dials, greets and delivers until the connection ends; fails with why. It resumes where the link says, or identifies.
 */
export const connect = Effect.fnUntraced(function* (
  protocol: GatewayProtocol,
  link: GatewayLink,
  options: Options = {}
) {
  const transport = yield* Transport
  const clock = yield* Clock.Clock
  const stored = yield* link.resumeFrom
  const plan = yield* protocol.prepare(link, stored)
  if (stored !== undefined && plan.resume === undefined) link.forget()
  else if (stored === undefined && plan.missedSince !== undefined)
    link.forget({ since: plan.missedSince, why: unstored })
  const reader = new FrameReader(protocol, link, plan, clock)
  yield* link.onPressure((isFull) => reader.press(isFull))
  // Runs before the transport's own finalizer cuts the socket.
  const connection = yield* transport.dial(plan.url, reader).pipe(
    Effect.tapError((reason) => Effect.sync(() => reader.end(reason, "keep"))),
    Effect.mapError((reason) => new GatewayError({ account: protocol.account, reason }))
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => reader.detach(options.closeCode ?? 4000)))
  reader.attach(connection)
  return yield* Effect.raceAllFirst([Deferred.await(reader.ended), watch(reader, options), overdue(reader, options)])
})

/** Sees to it that the handshake makes progress, then that the connection stays alive. */
const watch = Effect.fnUntraced(
  function* (reader: FrameReader, options: Options) {
    yield* inTime(reader, reader.greeted, Duration.fromInputUnsafe(options.helloTimeout ?? "10 seconds"))
    const jittered = options.firstBeat === "jittered"
    const beats = Heartbeat.run(reader.life, {
      interval: reader.interval,
      first: jittered ? "jittered" : "immediate",
      patience: options.patience,
      beat: () => reader.beat()
    })
    const ready = inTime(reader, reader.ready, Duration.fromInputUnsafe(options.readyTimeout ?? "10 seconds"))
    // A replay may take longer than the platform waits for a first heartbeat.
    const pulse = jittered ? beats : Effect.andThen(Effect.timeoutOption(reader.ready.await, reader.interval), beats)
    return yield* Effect.raceAllFirst([Effect.andThen(ready, Effect.never), pulse])
  },
  (effect, reader) =>
    Effect.catch(effect, (reason) => {
      reader.end(reason, "keep")
      return Effect.never
    })
)

const inTime = Effect.fnUntraced(function* (reader: FrameReader, stage: Milestone, limit: Duration.Duration) {
  while (true) {
    const before = reader.delivered
    if ((yield* Effect.timeoutOption(stage.await, limit))._tag === "Some") return
    yield* Heartbeat.readPending
    if (stage.hasCome) return
    // Replayed events, or our own pause, earn another term.
    if (reader.delivered === before && !reader.life.isPaused) {
      return yield* new HandshakeTimedOut({ detail: `no ${stage.name} within ${Duration.format(limit)}` })
    }
  }
})

const overdue = Effect.fnUntraced(function* (reader: FrameReader, options: Options) {
  yield* reader.invalidated.await
  yield* Effect.sleep(options.causeTimeout ?? "1 second")
  reader.take({ _tag: "CauseOverdue" })
  return yield* Effect.never
})
