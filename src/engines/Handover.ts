/**
 * Keeps one shard connected, and replaces its session by a fresh one without missing an event: the fresh session begins
 * beside the old one, both deliver for a moment, then the old one ends.
 *
 * What the fresh one delivers waits until the old one has said all it had to say: so order is kept, what both deliver is
 * handled once, and a crash in between resumes the old one. A fresh session that cannot be had changes nothing.
 */
import { Deferred, Effect, Exit, Fiber, type Scope } from "effect"
import type * as State from "../domain/ConnectionState.ts"
import type { Event, Position } from "../domain/Event.ts"
import { GatewayError, HeartbeatMissed } from "../domain/GatewayError.ts"
import type { GatewayLink } from "../ports/Platform.ts"
import * as Pace from "./Pace.ts"
import type { Due, Hearing } from "./Renewal.ts"
import * as Schedules from "./Schedules.ts"
import { StatusStream } from "./StatusStream.ts"
import type { Gateway } from "./Supervisor.ts"

/** How long both sessions deliver: more than what was said before the fresh one began can be on its way. */
const overlap = "2 seconds"

/** Between attempts to begin a fresh session. */
const attempts = Schedules.backoff({ base: "1 minute", cap: "1 hour" })

type Ready = State.ConnectionState & { readonly _tag: "Ready" }

/** So much of the fresh session may wait for the old one. */
const maxWaiting = 4096

/** What an event says that has no identity of its own. */
const sense = ({ data, type }: Event): string => `${type} ${JSON.stringify(data)}`

const isNameless = ({ key }: Event, { session }: Position): boolean => key.startsWith(`${session}:`)

/** One connection's end of the link while there may be two of them. */
class Side {
  position: Position | undefined
  readonly ready = Deferred.makeUnsafe<Ready>()
  readonly link: GatewayLink
  /** The side whose position is stored: this one, or the one it shall replace. */
  holder: Side
  /** What has no identity and was delivered while another session may deliver it, too; and how often. */
  said: Map<string, number> | undefined
  /** Opens when more must not wait. */
  readonly full = Deferred.makeUnsafe<void>()
  private readonly waiting: Array<Parameters<GatewayLink["deliver"]>> = []
  private readonly outer: GatewayLink
  private readonly hearing: Hearing

  constructor(outer: GatewayLink, hearing: Hearing, old?: Side) {
    this.outer = outer
    this.hearing = hearing
    this.holder = old ?? this
    this.link = {
      ...outer,
      isSpare: old !== undefined,
      resumeFrom: old === undefined ? Effect.tap(outer.resumeFrom, this.stand) : Effect.succeed(undefined),
      deliver: this.deliver,
      advance: (position) => {
        this.position = position
        if (this.holder === this) outer.advance(position)
      },
      forget: (gap) => {
        this.position = undefined
        if (this.holder === this) outer.forget(gap)
      },
      transition: this.transition
    }
  }

  private readonly stand = (from: Position | undefined): Effect.Effect<void> =>
    Effect.sync(() => {
      this.position = from
    })

  private readonly deliver: GatewayLink["deliver"] = (event, raw, position, stored) => {
    this.position = position
    if (this.holder !== this) {
      if (this.waiting.push([event, raw, position, stored]) === maxWaiting) Deferred.doneUnsafe(this.full, Exit.void)
      return
    }
    if (this.said !== undefined && isNameless(event, position)) {
      this.said.set(sense(event), (this.said.get(sense(event)) ?? 0) + 1)
    }
    this.hearing.heard++
    this.outer.deliver(event, raw, position, stored)
  }

  private readonly transition: GatewayLink["transition"] = (to) => {
    if (this.holder === this) this.outer.transition(to)
    // From here on the platform may say things to both.
    else if (to._tag === "Identifying") this.holder.said = new Map()
    if (to._tag === "Ready") Deferred.doneUnsafe(this.ready, Exit.succeed(to))
  }

  /** The fresh session is the one from now on. What the old one swallowed, if it was deaf, is a gap. */
  takeOver(ready: Ready, { isDeaf }: Due): void {
    const { position, said = new Map<string, number>() } = this.holder
    const newest = this.position
    if (isDeaf && position !== undefined) this.outer.forget({ why: "the session was alive and delivered nothing" })
    this.holder = this
    const waiting = this.waiting.splice(0)
    const [first] = waiting
    // The position moves over before the session is announced: nothing lies between the two, so there is no gap.
    if (newest !== undefined) this.outer.advance(first === undefined ? newest : { ...newest, seq: first[2].seq - 1 })
    this.outer.transition(ready)
    for (const [event, raw, at, stored] of waiting) {
      const left = isNameless(event, at) ? (said.get(sense(event)) ?? 0) : 0
      if (left > 0) said.set(sense(event), left - 1)
      else this.deliver(event, raw, at, stored)
    }
    this.position = newest
    if (newest !== undefined) this.outer.advance(newest)
  }
}

interface Running<A> {
  readonly side: Side
  readonly fiber: Fiber.Fiber<A, GatewayError>
}

/** Connects, and goes on with fresh sessions as they become due, until the connection ends. */
export const connect = Effect.fnUntraced(function* <A>(
  gateway: Gateway<A>,
  link: GatewayLink,
  hearing: Hearing
): Effect.fn.Return<A, GatewayError, Scope.Scope | StatusStream> {
  if (!hearing.isWatched) return yield* gateway.connect(link)
  const { publish } = yield* StatusStream
  yield* link.onPressure((isFull) => {
    hearing.isPaused = isFull
  })
  let current = yield* begin(gateway, new Side(link, hearing))
  let pace = yield* Pace.make(attempts)
  while (true) {
    const { side } = current
    const due = yield* unlessEnded(
      current,
      Effect.andThen(
        Deferred.await(side.ready),
        hearing.due(() => side.position)
      )
    )
    if ("ended" in due) return due.ended
    if (due.came.remedy === "resume") {
      const reason = new HeartbeatMissed({ detail: due.came.why })
      return yield* new GatewayError({ account: gateway.account, reason })
    }
    const fresh = yield* begin(gateway, new Side(link, hearing, side))
    const replaced = yield* Effect.exit(succeed(current, fresh))
    if (Exit.isSuccess(replaced)) {
      fresh.side.takeOver(replaced.value, due.came)
      publish({ _tag: "SessionRenewed", account: gateway.account, shard: link.shard, why: due.came.why })
      current = fresh
      pace = yield* Pace.make(attempts)
      continue
    }
    yield* Fiber.interrupt(fresh.fiber)
    side.said = undefined
    // If it was the old one that ended, this says so.
    const again = yield* unlessEnded(current, Effect.sleep((yield* pace.next(undefined)) ?? 0))
    if ("ended" in again) return again.ended
  }
})

const begin = <A>(gateway: Gateway<A>, side: Side): Effect.Effect<Running<A>, never, Scope.Scope> =>
  Effect.map(Effect.forkScoped(Effect.scoped(gateway.connect(side.link)), { startImmediately: true }), (fiber) => ({
    side,
    fiber
  }))

/** Waits for something, unless the connection ends before: then it ends as that did. */
const unlessEnded = <A, B>({ fiber }: Running<A>, effect: Effect.Effect<B>) =>
  Effect.raceFirst(
    Effect.map(Fiber.join(fiber), (ended) => ({ ended })),
    Effect.map(effect, (came) => ({ came }))
  )

/** Waits until the fresh session is there and the old one has said all it had to say, and ends the old one. */
const succeed = Effect.fnUntraced(function* <A>(old: Running<A>, fresh: Running<A>) {
  const lost = Effect.andThen(Fiber.join(fresh.fiber), Effect.never)
  const gone = Effect.andThen(Fiber.join(old.fiber), Effect.never)
  const ready = yield* Effect.raceAllFirst([Deferred.await(fresh.side.ready), lost, gone])
  // A platform that ends the old session in favour of the fresh one has said all that there is.
  const over = Effect.catchIf(
    gone,
    () => old.side.position === undefined,
    () => Effect.void
  )
  yield* Effect.raceAllFirst([Effect.sleep(overlap), Deferred.await(fresh.side.full), over, lost])
  yield* Fiber.interrupt(old.fiber)
  return ready
})
