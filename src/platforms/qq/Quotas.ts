/**
 * What QQ is known to limit, as data, and what it was learned to limit, from its refusals: what is bound to be refused is
 * not tried again before its quota refills. Which messages those are is in the table of codes. This process only; after a
 * restart the next refusal teaches it anew.
 */
import { Duration } from "effect"
import type { Conversation, ConversationKind } from "../../domain/Conversation.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import { type Limit, rowOfCode } from "./RestCode.ts"

export interface Quota {
  readonly what: string
  readonly place: ConversationKind
  readonly of: Limit["of"]
  readonly scope: Exclude<Limit["scope"], "either">
  /** How many in how long. */
  readonly count: number
  readonly per: Limit["refills"]
  readonly source: string
}

const minute = Duration.minutes(1)
const quota = (
  what: string,
  place: ConversationKind,
  of: Quota["of"],
  scope: Quota["scope"],
  count: number,
  per: Quota["per"],
  source = "docs"
): Quota => ({ what, place, of, scope, count, per, source })

/** The numbers QQ publishes; they have changed before, so nothing is refused on their account alone. */
export const quotas: ReadonlyArray<Quota> = [
  quota("messages in a channel", "channel", "all", "conversation", 5, Duration.seconds(1)),
  quota("active messages in a channel", "channel", "active", "conversation", 20, "day"),
  quota("active direct messages to a person", "guildDirect", "active", "conversation", 2, "day"),
  quota("active direct messages", "guildDirect", "active", "bot", 200, "day"),
  quota("active messages in a group", "group", "active", "conversation", 20, minute, "docs 2026"),
  quota("active messages in a group", "group", "active", "conversation", 1000, "day", "docs 2026"),
  quota("active messages to groups (60 for a certified bot)", "group", "active", "bot", 30, minute, "docs 2026"),
  quota("active messages to persons (60 for a certified bot)", "direct", "active", "bot", 30, minute, "docs 2026")
]

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
  /** Who was refused last by a code that does not say whose limit it was. */
  private readonly suspects = new Map<number, { readonly key: string; readonly hold: Hold }>()
  /** Conversations remembered at most; the oldest are forgotten first. */
  private readonly capacity: number

  constructor(capacity = 10_000) {
    this.capacity = capacity
  }

  /** Why a message need not be tried, if so. `now` in epoch milliseconds. */
  refusal(message: OutboxMessage, now: number): Limited | undefined {
    if (this.holds.size === 0) return undefined
    let longest: Hold | undefined
    for (const of of isActive(message) ? (["active", "all"] as const) : (["all"] as const)) {
      for (const scope of ["conversation", "bot"] as const) {
        const key = keyOf(message.conversation, of, scope)
        const hold = this.holds.get(key)
        if (hold === undefined) continue
        if (!isInForce(hold, now)) this.holds.delete(key)
        else if (longest === undefined || hold.until > longest.until) longest = hold
      }
    }
    return longest && remaining(longest, now)
  }

  /** Learns from a refusal, and says when to come back where the platform did not. */
  learn(message: OutboxMessage, reason: RestError.Reason, now: number): RestError.Reason {
    if (reason._tag !== "RateLimited" && reason._tag !== "QuotaExhausted") return reason
    const { code } = reason
    const limit = rowOfCode(code)?.limit
    if (code === undefined || limit === undefined) return reason
    const named = reason._tag === "RateLimited" ? reason.retryAfter : undefined
    const until =
      named !== undefined
        ? now + Duration.toMillis(named)
        : limit.refills === "day"
          ? nextMidnight(now)
          : now + Duration.toMillis(limit.refills)
    const hold: Hold = { since: now, until, reason }
    const scope = limit.scope === "either" ? this.suspect(code, message, hold) : limit.scope
    this.hold(keyOf(message.conversation, limit.of, scope), hold, now)
    return remaining(hold, now)
  }

  /** One conversation may be talkative; two that are refused together share a limit. */
  private suspect(code: number, { conversation }: OutboxMessage, hold: Hold): Quota["scope"] {
    const key = keyOf(conversation, "active", "conversation")
    const before = this.suspects.get(code)
    this.suspects.set(code, { key, hold })
    return before !== undefined && before.key !== key && isInForce(before.hold, hold.since) ? "bot" : "conversation"
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

/** What was learned in a time to come says nothing: the clock was set back. */
const isInForce = ({ since, until }: Hold, now: number): boolean => since <= now && until > now

/** What QQ counts together where it counts by bot. */
const worlds: Readonly<Partial<Record<ConversationKind, string>>> = { group: "chats", direct: "chats" }

const keyOf = ({ id, kind }: Conversation, of: Quota["of"], scope: Quota["scope"]): string =>
  scope === "bot" ? `${of}:${worlds[kind] ?? kind}` : `${of}:${kind}:${id}`
