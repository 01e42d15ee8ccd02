/**
 * From what a handler hands over to a message that can be stored.
 *
 * Messages of many turns are stored in one commit: one that cannot be stored would take the others with it, and come
 * again at every start. So whatever types did not catch is a defect here, in the turn that it came from.
 */
import { Clock, Duration, Effect } from "effect"
import { type Conversation, isSendable } from "../domain/Conversation.ts"
import type { Content, NewMessage, Priority } from "../domain/Message.ts"

/** When, and how urgently, a message leaves. */
export interface SendOptions {
  /** @defaultValue "normal" */
  readonly priority?: Priority | undefined
  /** Send it only after this long. */
  readonly after?: Duration.Input | undefined
  /** It is pointless after this long: it then becomes `expired`. */
  readonly within?: Duration.Input | undefined
}

const priorities: ReadonlySet<unknown> = new Set<Priority>(["high", "normal", "low"])

/** Epoch milliseconds of the last moment that a `Date` can name. */
const endOfTime = 8.64e15

/** The moment in epoch milliseconds, `Infinity` where there is none. */
const momentAfter = (now: number, duration: Duration.Input): number => {
  const moment = now + Duration.toMillis(Duration.fromInputUnsafe(duration))
  return moment <= endOfTime ? moment : Number.POSITIVE_INFINITY
}

/** The moment `duration` from now, in epoch milliseconds. One that never comes is a defect: `what` says of what. */
export const momentOf = (now: number, duration: Duration.Input, what: string): number => {
  const moment = momentAfter(now, duration)
  if (moment === Number.POSITIVE_INFINITY) throw new RangeError(`${what} at a time that never comes`)
  return moment
}

const contentOf = (content: string | Content): Content => {
  if (typeof content === "string") return { text: content }
  const text: unknown = content?.text
  if (typeof text !== "string") {
    const given = content === null || typeof content !== "object" ? String(content) : `one whose text is ${typeof text}`
    throw new TypeError(`a message is a text, or has one; this is ${given.slice(0, 100)}`)
  }
  // Throws where JSON cannot hold it: circles, bigints.
  if (content.native !== undefined) JSON.stringify(content.native)
  return content
}

/** The message, checked. What cannot be said at all, or not there, is a defect. */
export const compose = (
  conversation: Conversation,
  content: string | Content,
  options: SendOptions = {}
): Effect.Effect<NewMessage> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const { account, id, kind } = conversation
    if (!isSendable(conversation)) throw new Error(`nothing can be said to a ${kind}`)
    if (typeof account !== "string" || typeof id !== "string") throw new TypeError("a conversation is named by texts")
    const { after, priority = "normal", within } = options
    if (!priorities.has(priority)) throw new TypeError(`there is no priority ${String(priority)}`)
    const expiresAt = within === undefined ? Number.POSITIVE_INFINITY : momentAfter(now, within)
    return {
      conversation,
      content: contentOf(content),
      priority,
      notBefore: after === undefined ? 0 : momentOf(now, after, "a message leaves"),
      expiresAt: expiresAt === Number.POSITIVE_INFINITY ? undefined : expiresAt,
      createdAt: now
    }
  })
