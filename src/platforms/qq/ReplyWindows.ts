/**
 * How long, and how often, what somebody said can be answered. QQ documents it in several places, differently, and has
 * changed it before: so it is a setting.
 */
import { Duration, Effect, Option } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import type { ConversationKind } from "../../domain/Conversation.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import { isJson } from "./Json.ts"
import { sourceOf } from "./Send.ts"

/** Where something can be answered. */
export const places = ["group", "direct", "channel", "guildDirect"] as const satisfies ReadonlyArray<ConversationKind>
export type Place = (typeof places)[number]

/** Counted from when we received the message or event that is answered. */
export interface ReplyWindow {
  readonly time: Duration.Duration
  /** Replies to one message or event; `Infinity` for as many as one likes. */
  readonly count: number
}

export type ReplyWindows = Readonly<Record<Place, ReplyWindow>>

/** Windows as they are written: what is left out is as documented. */
export type Options = {
  readonly [P in Place]?:
    | { readonly time?: Duration.Input | undefined; readonly count?: number | undefined }
    | undefined
}

/** Source: bot documentation, 2026. It says 60 minutes and 5 replies for private chats, and elsewhere 4, or 5 minutes. */
export const defaults: ReplyWindows = {
  group: { time: Duration.minutes(5), count: 5 },
  direct: { time: Duration.minutes(60), count: 5 },
  // No count is documented for guilds.
  channel: { time: Duration.minutes(5), count: Number.POSITIVE_INFINITY },
  guildDirect: { time: Duration.minutes(5), count: Number.POSITIVE_INFINITY }
}

/** Milliseconds. Nothing can be answered after a month, and what is longer was meant in another unit. */
const longest = 31 * 86_400_000

const isPlace = (name: string): name is Place => (places as ReadonlyArray<string>).includes(name)

const malformed = (setting: string, problem: string, mend: string) =>
  Effect.fail(new ConfigError({ setting, reason: new Malformed({ problem }), mend }))

/** Checks windows and fills in the defaults. @param name how the setting is called where it comes from */
export const make = Effect.fnUntraced(function* (options: Options, name = "replyWindows") {
  const windows: { -readonly [P in Place]: ReplyWindow } = { ...defaults }
  for (const [place, given] of Object.entries(options)) {
    if (!isPlace(place)) {
      return yield* malformed(`${name}.${place}`, "is no place to answer in", `Name one of ${places.join(", ")}.`)
    }
    if (given !== undefined && !isJson(given)) {
      return yield* malformed(`${name}.${place}`, "is no window", 'Write it like { time: "5 minutes", count: 5 }.')
    }
    const count = given?.count ?? defaults[place].count
    if (!(count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && count >= 1))) {
      const mend = "Give the number of replies to one message, or Infinity for no limit."
      return yield* malformed(`${name}.${place}.count`, "is not a whole number of at least 1", mend)
    }
    const time = Option.getOrUndefined(Duration.fromInput(given?.time ?? defaults[place].time))
    const millis = time === undefined ? 0 : Duration.toMillis(time)
    if (time === undefined || !(millis > 0 && millis <= longest)) {
      const mend = 'Write it like "5 minutes", or leave it out for what QQ documents.'
      return yield* malformed(`${name}.${place}.time`, "is not a duration above zero and up to 31 days", mend)
    }
    windows[place] = { time, count }
  }
  const checked: ReplyWindows = windows
  return checked
})

/** Milliseconds by which a clock may be corrected without having been set. */
const tolerance = 5000

/**
 * Counts the replies to each message, so that a reply that is bound to be refused costs no call. It knows this
 * process only: after a restart the platform's own refusal says the same.
 */
export class ReplyBook {
  private readonly replies = new Map<string, { readonly rows: Set<number>; readonly until: number }>()
  /** Messages remembered at most; the oldest are forgotten first. */
  private readonly capacity: number
  private readonly windows: ReplyWindows

  constructor(windows: ReplyWindows, capacity = 10_000) {
    this.windows = windows
    this.capacity = capacity
  }

  /** Epoch milliseconds since which nobody has set the clock, as far as we saw. */
  private even = Number.NEGATIVE_INFINITY
  /** How far the clock was ahead of a steady one when we looked last. */
  private lead: number | undefined

  /** Looks whether the clock was set since the last look. `steady`: milliseconds that only go forward. */
  look(now: number, steady: number): void {
    const lead = now - steady
    if (this.lead !== undefined && Math.abs(lead - this.lead) > tolerance) this.even = now
    this.lead = lead
  }

  /**
   * Why this row may no longer be sent, if so. `now` in epoch milliseconds. How old a message is that came before the
   * clock was set cannot be told by it: then the platform decides.
   */
  refusal(message: OutboxMessage, now: number): RestError.ReplyWindowClosed | undefined {
    const window = windowOf(this.windows, message)
    const source = sourceOf(message)
    if (window === undefined || source === undefined || message.replyTo === undefined) return undefined
    const { receivedAt } = message.replyTo
    const late = now - receivedAt - Duration.toMillis(window.time)
    if (late > 0 && receivedAt >= this.even) {
      const detail = `${Math.ceil(late / 1000)} s after the ${Duration.format(window.time)} in which it can be answered`
      return new RestError.ReplyWindowClosed({ detail })
    }
    const rows = this.replies.get(keyOf(message, source))?.rows
    return rows !== undefined && !rows.has(message.id) && rows.size >= window.count
      ? new RestError.ReplyWindowClosed({ detail: `it was answered ${window.count} times, which is all there is` })
      : undefined
  }

  /** Notes that the platform took this row. */
  sent(message: OutboxMessage, now: number): void {
    const window = windowOf(this.windows, message)
    const source = sourceOf(message)
    if (window === undefined || source === undefined || !Number.isFinite(window.count)) return
    const key = keyOf(message, source)
    const known = this.replies.get(key)
    if (known !== undefined) {
      known.rows.add(message.id)
      return
    }
    // Insertion order is nearly that of expiry: forget from the front what is over, or what is too much.
    for (const [oldest, { until }] of this.replies) {
      if (until > now && this.replies.size < this.capacity) break
      this.replies.delete(oldest)
    }
    const receivedAt = message.replyTo?.receivedAt ?? now
    this.replies.set(key, { rows: new Set([message.id]), until: receivedAt + Duration.toMillis(window.time) })
  }

  /** Messages remembered. */
  get size(): number {
    return this.replies.size
  }
}

const windowOf = (windows: ReplyWindows, { conversation: { kind } }: OutboxMessage): ReplyWindow | undefined =>
  isPlace(kind) ? windows[kind] : undefined

const keyOf = ({ conversation }: OutboxMessage, source: string): string =>
  `${conversation.kind}:${conversation.id}:${source}`
