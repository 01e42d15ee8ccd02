/**
 * Keeps one gateway connection alive: reconnecting is restarting its effect, paced by a Schedule.
 *
 * Each failure is counted on the ladder, and the rung it leads to is acted on and reported. A session that lived
 * `stableAfter` forgives what came before it. Only a fatal reason, or the top of the ladder, ends supervision.
 */
import { Cause, Clock, Duration, Effect, Exit, Schedule, type Scope } from "effect"
import * as State from "../domain/ConnectionState.ts"
import type { Position } from "../domain/Event.ts"
import { ConnectionLost, GatewayError } from "../domain/GatewayError.ts"
import type { GatewayLink, Platform } from "../ports/Platform.ts"
import * as Handover from "./Handover.ts"
import * as Ladder from "./Ladder.ts"
import * as Pace from "./Pace.ts"
import * as Renewal from "./Renewal.ts"
import * as Schedules from "./Schedules.ts"
import { StatusStream } from "./StatusStream.ts"

export interface Options extends Renewal.RenewalOptions {
  /** Between connections. */
  readonly reconnect: Schedules.Backoff
  /** Between session starts, which are a budget (Discord: 1,000 a day); applies on top of `reconnect`. */
  readonly identify: Schedules.Backoff
  /** A session that lived this long forgives the failures before it. @defaultValue 30 seconds */
  readonly stableAfter: Duration.Duration
  readonly ladder: Ladder.Ladder
}

export type Services = StatusStream

/** What is supervised of a platform. What connects may also come to an end well: then supervision is over. */
export interface Gateway<A> extends Pick<Platform, "account" | "refreshCredentials"> {
  readonly connect: (link: GatewayLink) => Effect.Effect<A, GatewayError, Scope.Scope>
}

/**
 * The very first retry, and the first after a session of 30 seconds, at once, unless the peer asked to wait; then
 * 1 s × 2, cap 30 s, 25 % jitter.
 */
export const defaultReconnect: Schedules.Backoff = Schedule.concat(
  Schedule.duration(0).pipe(Schedule.setInputType<Schedules.Failure>(), Schedules.honourRetryAfter()),
  Schedules.reconnect({ stableAfter: "30 seconds" })
)

const firstAtOnce: Schedules.Backoff = Schedule.concat(Schedule.duration(0), Schedules.identify())

/** The first identify at once, then 5 s × 2, cap 5 min; forgiven after 2 stable minutes. */
export const defaultIdentify: Schedules.Backoff = firstAtOnce.pipe(
  Schedules.forgiveAfter("2 minutes", { startWith: firstAtOnce })
)

/** Also shows where its stream stands: another object after each event. */
export type Watched = GatewayLink & { readonly view: () => { readonly position: Position | undefined } }

/** Dials, and dials again, until the platform or the ladder says that it is over. */
export const supervise = <A>(
  platform: Gateway<A>,
  link: Watched,
  options: Options
): Effect.Effect<A, GatewayError, Services> =>
  Effect.onInterrupt(loop(platform, link, options), () => Effect.sync(() => link.transition(State.Closed())))

const loop = Effect.fnUntraced(function* <A>(platform: Gateway<A>, link: Watched, options: Options) {
  const status = yield* StatusStream
  const clock = yield* Clock.Clock
  const { account } = platform
  const reconnect = yield* Pace.make(options.reconnect)
  const identify = yield* Pace.make(options.identify)
  const hearing = yield* Renewal.make(options)
  let standing = Ladder.start
  let readyAt: number | undefined
  let lastBeat = Number.NEGATIVE_INFINITY
  const watched: GatewayLink = {
    ...link,
    beat: (roundTrip) => {
      lastBeat = clock.currentTimeMillisUnsafe()
      link.beat(roundTrip)
    },
    transition: (to) => {
      if (to._tag === "Ready") {
        standing = Ladder.accepted(standing)
        readyAt = clock.currentTimeMillisUnsafe()
      }
      link.transition(to)
    }
  }

  for (let attempt = 1; ; attempt++) {
    link.transition(State.Connecting({ attempt }))
    readyAt = undefined
    const from = link.view().position
    const exit = yield* Effect.exit(Effect.scoped(Handover.connect(platform, watched, hearing)))
    if (Exit.isSuccess(exit)) return exit.value
    const failure = yield* toError(account, exit.cause)
    // A deaf session lives on in name only: until its last answered heartbeat.
    const endedAt = failure.reason._tag === "HeartbeatMissed" ? lastBeat : clock.currentTimeMillisUnsafe()
    if (readyAt !== undefined && endedAt - readyAt >= Duration.toMillis(options.stableAfter)) {
      standing = Ladder.stable(standing)
      attempt = 0
    }
    // A replay that had begun: it took us in, though we may have been too full to read to the end.
    const { position } = link.view()
    if (position !== undefined && position !== from) standing = Ladder.accepted(standing)
    const climbed = Ladder.climb(standing, failure, options.ladder)
    standing = climbed.position
    for (const { to, why, failures, isPassed } of climbed.climbs) {
      status.publish({ _tag: "RungClimbed", account, shard: link.shard, rung: to, why, failures, isPassed })
    }
    const ends = climbed.rung === "awaitOperator" || climbed.rung === "endProcess"
    const delay = (yield* reconnect.next(failure)) ?? undefined
    if (ends || delay === undefined) {
      link.transition(State.Failed({ cause: failure }))
      return yield* failure
    }
    link.transition(State.Reconnecting({ cause: failure, attempt: attempt + 1 }))
    yield* act(climbed, platform, link)
    const fresh = yield* link.resumeFrom
    const pause = fresh === undefined ? Math.max(delay, (yield* identify.next(failure)) ?? delay) : delay
    yield* Effect.sleep(Duration.millis(pause))
  }
})

/** What the rung asks for, when a failure led to it. */
const act = (
  climbed: Ladder.Climbed,
  platform: Pick<Platform, "refreshCredentials">,
  link: GatewayLink
): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (climbed.climbs.length === 0) return
    switch (climbed.rung) {
      case "identify":
        return link.forget()
      case "refreshCredentials":
        return yield* platform.refreshCredentials
      case "restartAccount":
        link.forget()
        return yield* platform.refreshCredentials
    }
  })

/**
 * A defect of a gateway is a bug of ours: it is reported whole, and treated as a lost connection. So is a gateway that
 * interrupted itself; when it is we who are interrupted, nothing gets here.
 */
const toError = (account: string, cause: Cause.Cause<GatewayError>): Effect.Effect<GatewayError> => {
  const failure = Cause.findErrorOption(cause)
  if (failure._tag === "Some") return Effect.succeed(failure.value)
  return Effect.as(
    Effect.logError("the gateway died", cause).pipe(Effect.annotateLogs({ account })),
    new GatewayError({ account, reason: new ConnectionLost({ network: false, detail: "the gateway died" }) })
  )
}
