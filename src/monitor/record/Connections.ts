/** Each shard's way through its states, and each outage as a climb: what broke, which rungs were tried, what helped. */
import type { ConnectionState } from "../../domain/ConnectionState.ts"
import type { Status } from "../../domain/Status.ts"
import { Ring } from "./Ring.ts"

/** Epoch milliseconds throughout. */
export interface Transition {
  readonly at: number
  readonly from: ConnectionState["_tag"]
  readonly to: ConnectionState["_tag"]
  /** Why the connection ended, where it did. */
  readonly why: string | null
  /** Which attempt in a row, while there is no connection. */
  readonly attempt: number | null
  /** For `Ready`: whether the session was continued. */
  readonly resumed: boolean | null
}

export interface Step {
  readonly at: number
  /** A rung of the ladder, or an attempt to connect. */
  readonly step: string
  readonly why: string | null
  /** A rung that was only passed, because it could not help. */
  readonly isPassed: boolean
}

/** From the loss of a connection to its return. */
export interface Recovery {
  readonly account: string
  readonly shard: number
  readonly lostAt: number
  readonly cause: string
  readonly reason: string
  readonly steps: ReadonlyArray<Step>
  readonly endedAt: number | null
  /** `resumed` or `identified` when the connection is back; `failed` when it waits for a person. */
  readonly outcome: "resumed" | "identified" | "failed" | "closed" | null
}

type Open = { -readonly [K in keyof Recovery]: Recovery[K] } & { steps: Array<Step> }

/** An outage of hours is told by its first steps. */
const maxSteps = 60

export interface ShardHistory {
  readonly since: number
  readonly state: ConnectionState["_tag"]
  readonly why: string | null
  /** Sessions that were heard to begin. */
  readonly sessions: number
  readonly transitions: ReadonlyArray<Transition>
}

interface Shard {
  since: number
  sessions: number
  state: ConnectionState
  why: string | null
  readonly transitions: Ring<Transition>
  recovery: Open | undefined
}

type Changed = Extract<Status, { readonly _tag: "ConnectionChanged" }>

export class Connections {
  private readonly shards = new Map<string, Shard>()
  private readonly ended = new Ring<Recovery>(100)

  of(account: string, shard: number): ShardHistory | undefined {
    const known = this.shards.get(`${account}/${shard}`)
    if (known === undefined) return undefined
    const { since, sessions, state, why, transitions } = known
    return { since, sessions, state: state._tag, why, transitions: transitions.all() }
  }

  /** Newest first, those that are not over yet included. */
  recoveries(): ReadonlyArray<Recovery> {
    const open = Array.from(this.shards.values()).flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery]))
    return [...this.ended.all(), ...open].sort((a, b) => b.lostAt - a.lostAt)
  }

  changed({ account, shard, from, to }: Changed, now: number): void {
    const key = `${account}/${shard}`
    const known = this.shards.get(key) ?? {
      since: now,
      sessions: 0,
      state: to,
      why: null,
      transitions: new Ring<Transition>(50),
      recovery: undefined
    }
    this.shards.set(key, known)
    const cause = to._tag === "Reconnecting" || to._tag === "Failed" ? to.cause.reason : undefined
    if (cause !== undefined) known.why = cause.message
    if (to._tag === "Ready") {
      known.why = null
      known.sessions++
    }
    known.transitions.push({
      at: now,
      from: from._tag,
      to: to._tag,
      why: cause?.message ?? null,
      attempt: to._tag === "Reconnecting" || to._tag === "Connecting" ? to.attempt : null,
      resumed: to._tag === "Ready" ? to.resumed : null
    })
    known.state = to
    known.since = now
    this.follow(known, account, shard, to, now)
  }

  private follow(known: Shard, account: string, shard: number, to: ConnectionState, now: number): void {
    switch (to._tag) {
      case "Reconnecting": {
        const { _tag: cause, message: reason } = to.cause.reason
        const isNew = known.recovery === undefined
        known.recovery ??= { account, shard, lostAt: now, cause, reason, steps: [], endedAt: null, outcome: null }
        if (!isNew) step(known.recovery, { at: now, step: "failed", why: reason, isPassed: false })
        return
      }
      case "Resuming":
      case "Identifying":
        if (known.recovery !== undefined) {
          const tried = to._tag === "Resuming" ? "resume" : "identify"
          step(known.recovery, { at: now, step: tried, why: null, isPassed: false })
        }
        return
      case "Ready":
        return this.end(known, now, to.resumed ? "resumed" : "identified")
      case "Failed":
        return this.end(known, now, "failed")
      case "Closed":
        return this.end(known, now, "closed")
    }
  }

  private end(known: Shard, now: number, outcome: NonNullable<Recovery["outcome"]>): void {
    if (known.recovery === undefined) return
    known.recovery.endedAt = now
    known.recovery.outcome = outcome
    this.ended.push(known.recovery)
    known.recovery = undefined
  }

  /** A rung is climbed just before the connection says that it reconnects, so it may be what begins an outage. */
  climbed(climb: Extract<Status, { readonly _tag: "RungClimbed" }>, now: number): void {
    const { account, shard = 0, rung, why, isPassed } = climb
    const known = this.shards.get(`${account}/${shard}`)
    if (known === undefined) return
    const { _tag: cause, message: reason } = why.reason
    known.recovery ??= { account, shard, lostAt: now, cause, reason, steps: [], endedAt: null, outcome: null }
    step(known.recovery, { at: now, step: rung, why: reason, isPassed })
  }
}

const step = (recovery: Open, next: Step): void => {
  if (recovery.steps.length < maxSteps) recovery.steps.push(next)
}
