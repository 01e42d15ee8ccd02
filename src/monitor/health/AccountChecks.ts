/** What is looked at in every account: its connections, whether they hear anything, its inbox and its outbox, how the platform treats it. */
import { Clock, Effect } from "effect"
import { HeartbeatMissed } from "../../domain/GatewayError.ts"
import type { Account } from "../../engines/Account.ts"
import type { ShardView } from "../../engines/ShardLink.ts"
import type { Store } from "../../ports/Store.ts"
import { type Check, degraded, type Finding, healthy, remark, unhealthy } from "./Check.ts"
import type { Chronicle, ShardTimes } from "./Chronicle.ts"
import type { Limits } from "./Options.ts"
import * as PlatformChecks from "./PlatformChecks.ts"
import { seconds } from "./Span.ts"

export interface Scene {
  readonly limits: Limits
  readonly chronicle: Chronicle
  readonly store: Store["Service"]
  /** Epoch milliseconds at which the process last went on after it stood still; nothing is held against a peer before. */
  readonly awakeSince: () => number
}

export type Look = (account: Account, scene: Scene, now: number) => Finding | Effect.Effect<Finding, unknown>

const timesOf = (account: Account, scene: Scene, { shard }: ShardView): ShardTimes | undefined =>
  scene.chronicle.shard(account.platform.account, shard)

/** Answered heartbeats, of connections that have a session. Repairs by cutting the connection. */
const heartbeat: Look = (account, scene, now) => {
  if (account.intake.isPaused) return remark("not judged while nothing is read on purpose")
  const resumedAt = scene.chronicle.intake(account.platform.account)?.resumedAt ?? 0
  const deaf: Array<{ readonly shard: number; readonly detail: string }> = []
  for (const view of account.shards()) {
    const { shard, state, lastHeartbeatAt } = view
    if (state._tag !== "Ready" || !(account.platform.heartbeats ?? lastHeartbeatAt !== undefined)) continue
    const readySince = timesOf(account, scene, view)?.readySince ?? account.startedAt
    const age = now - Math.max(lastHeartbeatAt ?? 0, readySince, resumedAt, scene.awakeSince())
    if (age > scene.limits.heartbeatLimit) deaf.push({ shard, detail: `no answered heartbeat for ${seconds(age)}` })
  }
  if (deaf.length === 0) return healthy
  const repair = Effect.forEach(deaf, ({ shard, detail }) => account.cut(shard, new HeartbeatMissed({ detail })), {
    discard: true
  })
  return unhealthy(deaf.map(({ shard, detail }) => `shard ${shard}: ${detail}`).join("; "), repair)
}

/** Whether every shard has a session, and else since when and why it has none. */
const connection: Look = (account, scene, now) => {
  const failure = account.failure()
  if (failure !== undefined) return unhealthy(`gave up: ${failure.reason.message}`)
  const views = account.shards()
  const lost = views.filter(({ state }) => state._tag !== "Ready")
  if (views.length > 0 && lost.length === 0) return healthy
  let oldest = account.startedAt
  const reasons = lost.map((view) => {
    const times = timesOf(account, scene, view)
    const cause = view.state._tag === "Failed" ? view.state.cause : times?.cause
    return `shard ${view.shard} is ${view.state._tag}${cause === undefined ? "" : `: ${cause.reason.message}`}`
  })
  if (lost.length > 0) {
    oldest = Math.min(...lost.map((view) => timesOf(account, scene, view)?.lostSince ?? account.startedAt))
  }
  const reason = `not connected for ${seconds(now - oldest)}: ${reasons.join("; ") || "no connection was tried yet"}`
  const isFailed = lost.some(({ state }) => state._tag === "Failed")
  return isFailed || now - oldest > scene.limits.connectionLimit ? unhealthy(reason) : degraded(reason)
}

/** Events that come in. Silence is a warning only: nobody may have said anything. */
const activity: Look = (account, scene, now) => {
  const times = account.shards().flatMap((view) => {
    if (view.state._tag !== "Ready") return []
    return Math.max(view.lastFrameAt ?? 0, timesOf(account, scene, view)?.readySince ?? account.startedAt)
  })
  if (times.length === 0) return remark("not connected")
  const quiet = now - Math.max(...times)
  if (quiet <= scene.limits.activityLimit) return healthy
  return degraded(`quiet: no event for ${seconds(quiet)}${called(account)}`)
}

/** A webhook cannot tell a quiet platform from a wrong address or secret, but often who asks can. */
const called = ({ platform }: Account): string => {
  const view = platform.webhook?.()
  if (view === undefined || view.lastCallAt !== undefined) return ""
  const reasons = Array.from(view.refused, ([why, count]) => `${count} refused, ${why}`)
  const calls = reasons.length === 0 ? "the platform never called" : reasons.join("; ")
  return `; ${calls}: check the callback address and the secret in its console`
}

/** Events that wait for their handlers, and whether more are read. */
const inbox: Look = (account, scene) => {
  const paused = scene.chronicle.intake(account.platform.account)
  if (account.intake.isPaused && paused?.pausedSince !== undefined) return degraded(`intake is paused: ${paused.why}`)
  const { backlog, heldBacklog } = account.dispatcher.lanes
  if (backlog <= scene.limits.backlogLimit) return healthy
  const held = heldBacklog === 0 ? "" : `, ${heldBacklog} of them in what a person holds`
  return degraded(`${backlog} events wait for their handlers${held}`)
}

/** Messages that could have left long ago. What was put off on purpose does not count. */
const outbox: Look = (account, { limits, store }, now) => {
  if (account.holding.isWhole()) return remark("not judged while a person holds the account")
  const oldest = account.relay.queue.oldest()
  const age = oldest === undefined ? 0 : now - oldest
  if (age <= limits.outboxLimit) return healthy
  return Effect.map(store.counts(account.platform.account), ({ messages }) => {
    const reason = `${messages.queued + messages.sending} messages wait, the oldest for ${seconds(age)}`
    return age > limits.outboxDeadline ? unhealthy(reason) : degraded(reason)
  })
}

const looks: Readonly<Record<string, Look>> = {
  connection,
  heartbeat,
  activity,
  inbox,
  outbox,
  platform: PlatformChecks.standing,
  credentials: PlatformChecks.credentials,
  clock: PlatformChecks.clock
}

/** The checks of one account. */
export const ofAccount = (account: Account, scene: Scene): ReadonlyArray<Check> =>
  Object.entries(looks).map(([name, look]) => ({
    name,
    account: account.platform.account,
    run: Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const found = look(account, scene, now)
      return Effect.isEffect(found) ? found : Effect.succeed(found)
    })
  }))
