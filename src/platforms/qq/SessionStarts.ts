/**
 * The right to begin a session. QQ allows some identifies per 24 hours and `max_concurrency` of them per 5 seconds
 * (bot docs, `GET /gateway/bot`), for all shards of the bot together; a restart loop that ignores it locks the bot out
 * for the day. What was used is kept where it survives a restart. Resuming needs no such right.
 *
 * The platform counts an identify when it reads it, some time after it was sent. So a start is held to lie anywhere
 * between the moment it was granted and the moment it was answered, and the limits are kept wherever in between it was.
 */
import { Clock, Duration, Effect, Latch, type Scope, Semaphore } from "effect"
import { Throttled } from "../../domain/GatewayError.ts"
import type { GatewayInfo } from "./Rest.ts"

/** What is left of the day's session starts. Times are epoch milliseconds. */
export interface Budget {
  readonly remaining: number | undefined
  readonly resetAt: number
  /** When the latest start was granted. */
  readonly lastStart: number
  /** When the starts of the last seconds were over, oldest first. */
  readonly over: ReadonlyArray<number>
  /** Starts that were not over when this was written. */
  readonly open: number
}

/** Where the budget is kept over restarts. */
export interface BudgetStore {
  readonly load: Effect.Effect<Budget | undefined>
  readonly save: (budget: Budget) => Effect.Effect<void>
}

type Limit = GatewayInfo["startLimit"]

/** What the platform answers when it is asked for what is left. */
export interface Answer {
  readonly startLimit: Limit
}

export interface SessionStarts {
  /**
   * Asks what is left, waits for the next free slot and takes it; what the platform says is left beats what we counted.
   * Fails when nothing is left, with the time until there is. The start is over when `over` is called, at the latest
   * when the scope closes.
   *
   * @param isSpare it replaces a session that still works: a tenth of the day's starts is left for others
   */
  readonly take: <A extends Answer, E>(
    ask: Effect.Effect<A, E>,
    isSpare: boolean
  ) => Effect.Effect<{ readonly answer: A; readonly over: () => void }, E | Throttled, Scope.Scope>
  /**
   * When a process before this one took a start and did not live to the answer, in epoch milliseconds. Once for each such
   * start, then undefined; known after the first `take`.
   */
  readonly unanswered: () => number | undefined
}

const day = 86_400_000
const window = 5000
/** Nobody waits longer for the answer to an identify, so an older start is over, whoever made it. */
const longest = 60_000

/** One for each account: all shards share it. Without a store the budget is forgotten at the end of the process. */
export const make = (store?: BudgetStore): SessionStarts => {
  const turn = Semaphore.makeUnsafe(1)
  const changed = Latch.makeUnsafe(false)
  let isLoaded = false
  let remaining: number | undefined
  let resetAt = 0
  let lastStart = Number.NEGATIVE_INFINITY
  let over: ReadonlyArray<number> = []
  let open = 0
  const unanswered: Array<number> = []

  const load = Effect.gen(function* () {
    if (isLoaded || store === undefined) return
    const known = yield* store.load
    isLoaded = true
    if (known === undefined) return
    ;({ remaining, resetAt, lastStart, over } = known)
    const now = yield* Clock.currentTimeMillis
    unanswered.push(...Array.from({ length: known.open }, () => Math.min(now, known.lastStart)))
    // Their process is gone, and whenever they were read, it was before now.
    const lost = Math.min(now, known.lastStart + longest)
    over = [...over, ...Array.from({ length: known.open }, () => lost)]
  })

  const save = Effect.suspend(() =>
    store === undefined ? Effect.void : store.save({ remaining, resetAt, lastStart, over, open })
  )

  /** Waits until another start keeps to the limit of the last seconds, and to an even pace. */
  const slot = Effect.fnUntraced(function* (atOnce: number) {
    const pace = window / atOnce
    while (true) {
      const now = yield* Clock.currentTimeMillis
      // Times to come were written before the clock was set back.
      over = over.map((at) => Math.min(at, now)).filter((at) => at > now - window)
      lastStart = Math.min(lastStart, now)
      const isFree = open + over.length < atOnce
      const wait = isFree ? lastStart + pace - now : (over[0] ?? Number.POSITIVE_INFINITY) + window - now
      if (isFree && wait <= 0) return now
      changed.closeUnsafe()
      yield* Effect.raceFirst(
        changed.await,
        wait === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(Math.ceil(wait))
      )
    }
  })

  /** What is certainly left, with the limit that says so; waits while starts under way leave that open. */
  const check = Effect.fnUntraced(function* <A extends Answer, E>(ask: Effect.Effect<A, E>, isSpare: boolean) {
    while (true) {
      const answer = yield* ask
      const limit = answer.startLimit
      const now = yield* Clock.currentTimeMillis
      const theirs = limit?.remaining
      const left = theirs === undefined ? (now < resetAt ? remaining : undefined) : theirs - open
      if (limit?.resetAfter !== undefined) resetAt = now + limit.resetAfter
      if (left === undefined || left > (isSpare ? (limit?.total ?? 0) / 10 : 0)) return { answer, left, limit }
      if (theirs !== undefined && theirs > 0 && open > 0 && !isSpare) {
        changed.closeUnsafe()
        yield* changed.await
        continue
      }
      const wait = Math.min(day, Math.max(1000, resetAt - now))
      const detail = isSpare ? "few session starts are left" : "no session starts are left"
      return yield* new Throttled({ detail, retryAfter: Duration.millis(wait) })
    }
  })

  const grant = Effect.fnUntraced(function* <A extends Answer, E>(
    ask: Effect.Effect<A, E>,
    isSpare: boolean,
    begin: () => void
  ) {
    yield* load
    const { answer, left, limit } = yield* check(ask, isSpare)
    const now = yield* slot(Math.max(1, limit?.maxConcurrency ?? 1))
    remaining = left === undefined ? undefined : left - 1
    resetAt = resetAt > now ? resetAt : now + day
    lastStart = now
    begin()
    return answer
  })

  return {
    take: Effect.fnUntraced(function* <A extends Answer, E>(ask: Effect.Effect<A, E>, isSpare: boolean) {
      const clock = yield* Clock.Clock
      const ended = Latch.makeUnsafe(false)
      let isOpen = false
      const begin = (): void => {
        isOpen = true
        open++
      }
      const end = (): void => {
        if (!isOpen) return
        isOpen = false
        open--
        over = [...over, clock.currentTimeMillisUnsafe()]
        changed.openUnsafe()
        ended.openUnsafe()
      }
      // A start that failed is not one that nobody lived to see answered; a store that hangs must not hold us up.
      const failed = Effect.suspend(() => {
        if (!isOpen) return Effect.void
        end()
        return Effect.timeoutOption(Effect.interruptible(save), "1 second")
      })
      yield* Effect.addFinalizer(() => failed)
      const answer = yield* turn.withPermit(grant(ask, isSpare, begin))
      // Durable before it is used.
      yield* save
      yield* Effect.forkScoped(Effect.andThen(ended.await, save))
      return { answer, over: end }
    }),
    unanswered: () => unanswered.pop()
  }
}
