/** A person takes over a conversation, or a whole account, and gives it back. */
import { Effect } from "effect"
import type { Conversation } from "../domain/Conversation.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { HoldView } from "../engines/account/Holding.ts"
import { Runtime } from "../engines/Runtime.ts"

/** A conversation, or the account that runs here under this name (`qq:<app id>`). */
export type Held = Conversation | string

const split = (what: Held) =>
  typeof what === "string" ? { account: what, conversation: undefined } : { account: what.account, conversation: what }

const holdingOf = (account: string) =>
  Effect.flatMap(Runtime, (runtime) => {
    const found = runtime.accounts().find(({ platform }) => platform.account === account)
    return found === undefined ? Effect.die(new Error(`there is no account ${account}`)) : Effect.succeed(found.holding)
  })

/**
 * Holds a conversation, or a whole account: from now on nothing of it is handled and nothing is said there, what is staged
 * or queued already included. What comes is stored, and waits in order. It outlives the process, and completes when it is
 * stored. `undefined` when 1,000 conversations of the account are held already.
 *
 * What waits counts for `maxBacklog` (`EVERBOT_MAX_BACKLOG`): when that is reached the account reads nothing more, of other
 * conversations neither, until something is let go. Health says so long before.
 *
 * A reply that this very turn stages waits as well: whoever is to hear it must be told before.
 */
export const hold = Effect.fn("Bot.hold")(function* (
  what: Held,
  reason: string
): Effect.fn.Return<HoldView | undefined, StoreError, Runtime> {
  const { account, conversation } = split(what)
  return yield* (yield* holdingOf(account)).hold(conversation, reason)
})

/** Ends a hold: what waited is handled and said, in order. False when there was none. */
export const release = Effect.fn("Bot.release")(function* (what: Held): Effect.fn.Return<boolean, StoreError, Runtime> {
  const { account, conversation } = split(what)
  return yield* (yield* holdingOf(account)).release(conversation)
})

/** What is held, of all accounts that run here, and how many events wait for the end of each hold. */
export const holds: Effect.Effect<ReadonlyArray<HoldView>, never, Runtime> = Effect.map(Runtime, (runtime) =>
  runtime.accounts().flatMap(({ holding }) => holding.all())
)
