/**
 * The right to begin a session. QQ allows some identifies per 24 hours and `max_concurrency` of them per 5 seconds
 * (bot docs, `GET /gateway/bot`); a restart loop that ignores it locks the bot out for the day. What was used is kept
 * where it survives a restart. Resuming needs no such right.
 */
import { Clock, Duration, Effect, Semaphore } from "effect"
import { Throttled } from "../../domain/GatewayError.ts"
import type { GatewayInfo } from "./Rest.ts"

/** What is left of the day's session starts. Times are epoch milliseconds. */
export interface Budget {
  readonly remaining: number | undefined
  readonly resetAt: number
  readonly lastStart: number
}

/** Where the budget is kept over restarts. */
export interface BudgetStore {
  readonly load: Effect.Effect<Budget | undefined>
  readonly save: (budget: Budget) => Effect.Effect<void>
}

export interface SessionStarts {
  /**
   * Waits for the next free slot and takes it. What the platform says is left beats what we counted.
   * Fails when nothing is left, with the time until there is.
   */
  readonly take: (limit: GatewayInfo["startLimit"]) => Effect.Effect<void, Throttled>
}

const day = 86_400_000
const window = 5000

/** One for each account: all shards share it. Without a store the budget is forgotten at the end of the process. */
export const make = (store?: BudgetStore): SessionStarts => {
  const turn = Semaphore.makeUnsafe(1)
  let known: Budget | undefined
  const take = Effect.fnUntraced(function* (limit: GatewayInfo["startLimit"]) {
    if (known === undefined && store !== undefined) known = yield* store.load
    const now = yield* Clock.currentTimeMillis
    const ours = known !== undefined && now < known.resetAt ? known.remaining : undefined
    const remaining = limit?.remaining ?? ours
    const resetAt = limit?.resetAfter !== undefined ? now + limit.resetAfter : Math.max(known?.resetAt ?? 0, now)
    if (remaining !== undefined && remaining <= 0) {
      const wait = Math.min(day, Math.max(1000, resetAt - now))
      return yield* new Throttled({ detail: "no session starts are left", retryAfter: Duration.millis(wait) })
    }
    const spacing = window / Math.max(1, limit?.maxConcurrency ?? 1)
    // At most the spacing itself, should the clock have been set back.
    const wait = Math.min(spacing, Math.max(0, (known?.lastStart ?? Number.NEGATIVE_INFINITY) + spacing - now))
    yield* Effect.sleep(wait)
    known = {
      remaining: remaining === undefined ? undefined : remaining - 1,
      resetAt: resetAt > now ? resetAt : now + day,
      lastStart: now + wait
    }
    if (store !== undefined) yield* store.save(known)
  })
  return { take: (limit) => turn.withPermit(take(limit)) }
}
