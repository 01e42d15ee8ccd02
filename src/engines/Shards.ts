/**
 * The connections of one account: how many there are, each under a supervisor of its own, begun anew under another
 * number when the platform wants more.
 *
 * One that fails for a reason of its own stays down, visibly, and the others go on; a reason that concerns the whole
 * account ends them all, and so does the last one that fails. Sessions belong to the number of connections they were
 * begun with: under another number they are given up, and what they had not delivered is recorded as a gap.
 */
import { Deferred, Effect, Exit, Latch, Schedule } from "effect"
import type { Position } from "../domain/Event.ts"
import { GatewayError, type Retryable } from "../domain/GatewayError.ts"
import type { Parts } from "./account/Parts.ts"
import * as FrameReader from "./FrameReader.ts"
import type { Intake } from "./Intake.ts"
import * as Ladder from "./Ladder.ts"
import * as Recovery from "./Recovery.ts"
import * as Renewal from "./Renewal.ts"
import type { ShardLink, ShardView } from "./ShardLink.ts"
import type { StatusStream } from "./StatusStream.ts"
import * as Supervisor from "./Supervisor.ts"
import * as WebhookIntake from "./WebhookIntake.ts"

export interface Shards {
  /** Connects, and goes on until it is interrupted; an account that gave up waits here for {@link restart}. */
  readonly run: Effect.Effect<never, never, StatusStream>
  readonly views: () => ReadonlyArray<ShardView>
  /** Ends the connection of one shard for this reason, as if the peer had. Nothing while it is not connected. */
  readonly cut: (shard: number, reason: Retryable) => Effect.Effect<void>
  /** Cuts all connections and dials again; also after it gave up. */
  readonly restart: Effect.Effect<void>
  /** Why all of it waits for a person, if it does. */
  readonly failure: () => GatewayError | undefined
}

/** So many times in a row the platform may ask for another number of connections. */
const maxPlans = 8

const secondThoughts = Schedule.max([Schedule.spaced("5 seconds"), Schedule.recurs(3)])

/** The connections that were refused, and why. */
interface Refused {
  readonly links: ReadonlyArray<ShardLink>
  readonly error: GatewayError
}

const countOf = (session: Position): number => session.shards ?? 1

/** Builds them; nothing is dialled before `run`. `gaveUp` is called each time all of it waits for a person. */
export const make = (parts: Parts, intake: Intake, gaveUp: () => void): Shards => {
  const { inbox, platform, status } = parts
  // A webhook has no session that could grow old.
  const options = platform.webhook === undefined ? parts.options : { ...parts.options, ...Renewal.never }
  const { account } = platform
  const streamOf = platform.webhook === undefined ? FrameReader.streamOf : WebhookIntake.streamOf
  const link = (shard: number, shards: number, known: Position | undefined): ShardLink =>
    intake.link(shard, shards, streamOf(shard), known)
  let links: ReadonlyArray<ShardLink> = []
  let failure: GatewayError | undefined
  const restarts = Latch.makeUnsafe(false)
  const cuts = new Map<number, Deferred.Deferred<never, GatewayError>>()

  const gateway: Supervisor.Gateway<never> = {
    account,
    refreshCredentials: platform.refreshCredentials,
    connect: (link) =>
      Effect.suspend(() => {
        const cut = Deferred.makeUnsafe<never, GatewayError>()
        cuts.set(link.shard, cut)
        return Effect.raceFirst(platform.connect(link), Deferred.await(cut))
      })
  }

  /** The shard that a stream belongs to, if it is one of a connection. */
  const shardOf = (stream: string): number | undefined => {
    const shard = Number(stream.slice(stream.lastIndexOf("/") + 1))
    return stream === streamOf(shard) ? shard : undefined
  }

  /** The sessions there are to resume. */
  const sessions: Effect.Effect<ReadonlyArray<Position>> = Effect.gen(function* () {
    if (!inbox.isDurable) return links.flatMap((link) => link.view().position ?? [])
    yield* inbox.flush
    const stored = yield* Recovery.patient(parts, (store) => store.positions(account))
    return stored.filter(({ stream }) => shardOf(stream) !== undefined)
  })

  /** Asks for as long as it takes, with what heals a connection; seen as the first shard that connects. */
  const insist = (known: Position | undefined, answer: Exit.Exit<number, GatewayError>) => {
    // Giving up on an answer is no reason to give up a session.
    const first = { ...link(0, 1, known), forget: () => {} }
    links = [first]
    let ask: Effect.Effect<number, GatewayError> = answer
    const asking: Supervisor.Gateway<number> = {
      ...gateway,
      connect: () =>
        Effect.suspend(() => {
          const now = ask
          ask = platform.shards
          return now
        })
    }
    return Supervisor.supervise(asking, first, options)
  }

  /** Another number than was refused. */
  const another = ({ error, links: { length } }: Refused) =>
    Effect.flatMap(Effect.retry(platform.shards, options.reconnect), (n) => {
      const isOther = error.reason._tag === "ShardingRequired" ? n > length : n !== length
      return isOther ? Effect.succeed(n) : Effect.fail(error)
    })

  /** How many connections there shall be. What was refused is not tried again. */
  const count = Effect.fnUntraced(function* (known: ReadonlyArray<Position>, refused: Refused | undefined) {
    if (refused !== undefined) {
      // Its advice may follow its refusal with a delay.
      return yield* Effect.retry(another(refused), {
        schedule: secondThoughts,
        while: (error) => error === refused.error
      })
    }
    const first = yield* Effect.exit(platform.shards)
    if (Exit.isSuccess(first)) return first.value
    const newest = [...known].sort((a, b) => b.startedAt - a.startedAt)[0]
    // The platform cannot be asked: what there is to resume is worth more than its latest advice.
    const mayWait = Exit.findErrorOption(first)
    if (newest !== undefined && mayWait._tag === "Some" && mayWait.value.isRetryable) return countOf(newest)
    return yield* insist(newest, first)
  })

  const plan = Effect.fnUntraced(function* (refused: Refused | undefined) {
    const known = yield* sessions
    const shards = yield* count(known, refused)
    const before = known.find((session) => countOf(session) !== shards)
    if (refused !== undefined || before !== undefined) {
      const from = refused?.links.length ?? (before && countOf(before))
      status.publish({ _tag: "ShardsPlanned", account, from, to: shards })
    }
    for (const session of known) {
      if (countOf(session) === shards) continue
      const shard = shardOf(session.stream) ?? 0
      const why = `the account has ${shards} connections now, and the session was begun as one of ${countOf(session)}`
      link(shard, countOf(session), session).forget({ why })
    }
    links = Array.from({ length: shards }, (_, shard) => {
      const session = known.find(({ stream }) => stream === streamOf(shard))
      return link(shard, shards, session !== undefined && countOf(session) === shards ? session : undefined)
    })
    return links
  })

  /** All shards side by side; fails with what concerns them all, or with the last one that was left. */
  const supervise = (planned: ReadonlyArray<ShardLink>) => {
    let alive = planned.length
    const one = (link: ShardLink) =>
      Effect.catch(Supervisor.supervise(gateway, link, options), (error) => {
        alive--
        return alive > 0 && Ladder.concerns(error.reason) === "shard" ? Effect.never : Effect.fail(error)
      })
    return Effect.andThen(Effect.all(planned.map(one), { concurrency: "unbounded", discard: true }), Effect.never)
  }

  const connect: Effect.Effect<GatewayError, GatewayError, StatusStream> = Effect.gen(function* () {
    let refused: Refused | undefined
    for (let plans = 1; ; plans++) {
      const planned = yield* plan(refused)
      const error = yield* Effect.flip(supervise(planned))
      if (Ladder.concerns(error.reason) !== "plan" || plans === maxPlans) return error
      refused = { links: planned, error }
    }
  })

  const round = Effect.gen(function* () {
    restarts.closeUnsafe()
    failure = undefined
    const ended = Effect.catch(connect, Effect.succeed)
    const error = yield* Effect.raceFirst(ended, Effect.as(restarts.await, undefined)).pipe(
      Effect.catchDefect((defect) =>
        Effect.as(
          Effect.logError("the gateways died; they begin again in a moment", defect).pipe(
            Effect.andThen(Effect.sleep("5 seconds"))
          ),
          undefined
        )
      )
    )
    if (error === undefined) return
    failure = error
    gaveUp()
    yield* restarts.await
  })

  return {
    run: Effect.forever(round),
    views: () => links.map((link) => link.view()),
    cut: (shard, reason) =>
      Effect.suspend(() => {
        const cut = cuts.get(shard)
        return cut === undefined ? Effect.void : Deferred.fail(cut, new GatewayError({ account, reason }))
      }),
    restart: Effect.sync(() => restarts.openUnsafe()),
    failure: () => failure
  }
}
