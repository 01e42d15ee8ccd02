/**
 * What a process says last: why its app failed. Said by the app's own loggers while they are still there, so that it is in
 * their files; by whoever runs the process where the failure is not the app's.
 */
import { Cause, Context, Effect } from "effect"
import { ConfigError } from "../domain/ConfigError.ts"
import { GatewayError } from "../domain/GatewayError.ts"
import { oneLine } from "../domain/Line.ts"
import { StoreError } from "../domain/StoreError.ts"

/** The failure that was told already. */
interface Told {
  error: unknown
}

/** There only where an app is the process: who runs one as a part of something else may have an answer to its failure. */
export const LastWord = Context.Reference<Told | undefined>("everbot/bot/LastWord", { defaultValue: () => undefined })

/** Tells it once. Errors that say themselves what to do need no stack; all else is shown whole. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const told = yield* LastWord
    if (told === undefined || Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    if (told.error === error) return
    told.error = error
    const isPlain = error instanceof ConfigError || error instanceof GatewayError || error instanceof StoreError
    yield* Effect.logFatal(isPlain ? oneLine(error.message, 2000) : cause)
  })

/** Tells why it failed, if nobody inside did. */
export const reported: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.tapCause(report)
