/**
 * Whether QQ still knows an account that only QQ calls. Nothing that comes in says that the secret was reset, the bot banned
 * or this machine's address not allowed: calls merely fail to verify, or cease.
 *
 * The account has to know, and so has who watches its health. What one of them is told serves the other: QQ is asked by the
 * account only where nobody else asked for a while.
 */
import { Clock, Duration, Effect, Latch } from "effect"
import { GatewayError } from "../../domain/GatewayError.ts"
import type { RestError } from "../../domain/RestError.ts"
import { fromRestError } from "./Trouble.ts"

export interface Probe {
  /** Asks QQ now. */
  readonly ask: Effect.Effect<unknown, RestError>
  /** Asks at once, and then when nobody did for so long. Ends with what only a person can mend; the rest is the outbox's. */
  readonly watch: Effect.Effect<never, GatewayError>
}

/** @param get the cheapest call that needs the credentials */
export const make = (account: string, get: Effect.Effect<unknown, RestError>, every: Duration.Duration): Probe => {
  const refused = Latch.makeUnsafe(false)
  let refusal: GatewayError | undefined
  /** Epoch milliseconds. */
  let toldAt = Number.NEGATIVE_INFINITY

  const note = (now: number, error?: RestError): void => {
    const reason = error && fromRestError(error)
    toldAt = now
    refusal = reason?._tag === "AuthenticationFailed" ? new GatewayError({ account, reason }) : undefined
    if (refusal === undefined) refused.closeUnsafe()
    else refused.openUnsafe()
  }
  const ask = get.pipe(
    Effect.tap(() => Effect.map(Clock.currentTimeMillis, (now) => note(now))),
    Effect.tapError((error) => Effect.map(Clock.currentTimeMillis, (now) => note(now, error)))
  )

  const watch = Effect.gen(function* () {
    // Whatever was told before: a person may have mended it.
    yield* Effect.ignore(ask)
    while (refusal === undefined) {
      const left = toldAt + Duration.toMillis(every) - (yield* Clock.currentTimeMillis)
      // A clock that was set back must not put it off for longer.
      const wait = Duration.min(every, Duration.millis(left))
      if (left > 0) yield* Effect.raceFirst(Effect.sleep(wait), refused.await)
      else yield* Effect.ignore(ask)
    }
    return yield* refusal
  })
  return { ask, watch }
}
