/**
 * What QQ is known to limit, as data, and what it was learned to limit, from its refusals: a conversation whose quota
 * is used up is not asked again before it refills. This process only; after a restart the next refusal teaches it anew.
 */
import { Duration } from "effect"
import type { Conversation, ConversationKind } from "../../domain/Conversation.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"

export interface Quota {
  readonly what: string
  readonly place: ConversationKind
  /** `active` messages answer nothing. */
  readonly of: "active" | "all"
  /** How many in how long; a day begins at midnight in Beijing. */
  readonly count: number
  readonly per: "day" | Duration.Duration
  readonly source: string
}

/** The numbers QQ publishes; they have changed before, so nothing is refused on their account alone. */
export const quotas: ReadonlyArray<Quota> = [
  {
    what: "messages in a channel",
    place: "channel",
    of: "all",
    count: 5,
    per: Duration.seconds(1),
    source: "docs"
  },
  { what: "active messages in a channel", place: "channel", of: "active", count: 20, per: "day", source: "docs" },
  { what: "active direct messages", place: "guildDirect", of: "active", count: 2, per: "day", source: "docs" },
  {
    what: "active messages in a group",
    place: "group",
    of: "active",
    count: 20,
    per: Duration.minutes(1),
    source: "docs 2026"
  },
  { what: "active messages in a group", place: "group", of: "active", count: 1000, per: "day", source: "docs 2026" },
  {
    what: "active messages of a bot (60 if it is certified)",
    place: "direct",
    of: "active",
    count: 30,
    per: Duration.minutes(1),
    source: "docs 2026"
  }
]

/** What a refusal teaches: for which messages of the conversation, and for how long. */
interface Lesson {
  readonly of: Quota["of"]
  readonly refills: Quota["per"]
}

const perSecond: Lesson = { of: "all", refills: Duration.seconds(1) }
const perMinute: Lesson = { of: "active", refills: Duration.minutes(1) }
const perDay: Lesson = { of: "active", refills: "day" }

/** By business code; a code without a row teaches nothing about the next message. */
export const lessons: ReadonlyMap<number, Lesson> = new Map([
  [20028, perSecond],
  [22009, perSecond],
  [40034100, perMinute],
  [304035, perDay],
  [304045, perDay],
  [304046, perDay],
  [304047, perDay],
  [304048, perDay],
  [304049, perDay],
  [304050, perDay]
])

const day = 86_400_000
const beijing = 8 * 3_600_000

/** Epoch milliseconds of the next midnight in Beijing. */
export const nextMidnight = (now: number): number => (Math.floor((now + beijing) / day) + 1) * day - beijing

type Limited = RestError.RateLimited | RestError.QuotaExhausted

interface Hold {
  readonly since: number
  readonly until: number
  readonly reason: Limited
}

export class QuotaBook {
  private readonly holds = new Map<string, Hold>()
  /** Conversations remembered at most; the oldest are forgotten first. */
  private readonly capacity: number

  constructor(capacity = 10_000) {
    this.capacity = capacity
  }

  /** Why a message need not be tried, if so. `now` in epoch milliseconds. */
  refusal(message: OutboxMessage, now: number): Limited | undefined {
    if (this.holds.size === 0) return undefined
    const keys = isActive(message) ? (["active", "all"] as const) : (["all"] as const)
    for (const of of keys) {
      const key = keyOf(message.conversation, of)
      const hold = this.holds.get(key)
      if (hold === undefined) continue
      // Learned in a time to come: the clock was set back, and the hold says nothing.
      if (hold.since <= now && hold.until > now) return remaining(hold, now)
      this.holds.delete(key)
    }
    return undefined
  }

  /** Learns from a refusal, and says when to come back where the platform did not. */
  learn(message: OutboxMessage, reason: RestError.Reason, now: number): RestError.Reason {
    if (reason._tag !== "RateLimited" && reason._tag !== "QuotaExhausted") return reason
    const lesson = reason.code === undefined ? undefined : lessons.get(reason.code)
    if (lesson === undefined) return reason
    const named = reason._tag === "RateLimited" ? reason.retryAfter : undefined
    const until =
      named !== undefined
        ? now + Duration.toMillis(named)
        : lesson.refills === "day"
          ? nextMidnight(now)
          : now + Duration.toMillis(lesson.refills)
    const hold: Hold = { since: now, until, reason }
    this.hold(keyOf(message.conversation, lesson.of), hold, now)
    return remaining(hold, now)
  }

  /** Holds in force or not yet forgotten. */
  get size(): number {
    return this.holds.size
  }

  private hold(key: string, hold: Hold, now: number): void {
    this.holds.delete(key)
    for (const [oldest, { until }] of this.holds) {
      if (until > now && this.holds.size < this.capacity) break
      this.holds.delete(oldest)
    }
    this.holds.set(key, hold)
  }
}

/** The refusal again, with the time that is left of it. */
const remaining = ({ reason, until }: Hold, now: number): Limited => {
  const left = Duration.millis(Math.max(0, until - now))
  const facts = { status: reason.status, code: reason.code, trace: reason.trace }
  if (reason._tag === "RateLimited") {
    return new RestError.RateLimited({ ...facts, detail: reason.detail, retryAfter: left })
  }
  const when = `refills in ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(left))))}`
  const said = reason.detail?.replace(/ \(refills in [^)]*\)$/, "")
  return new RestError.QuotaExhausted({ ...facts, detail: said === undefined ? when : `${said} (${when})` })
}

const isActive = ({ replyTo }: OutboxMessage): boolean => !(replyTo?.messageId || replyTo?.eventId)

const keyOf = ({ id, kind }: Conversation, of: Quota["of"]): string => `${of}:${kind}:${id}`
