/**
 * Runs an app until it is told to stop. Stopping is a drain: gateways stop taking events and leave their sessions
 * resumable, lanes finish, replies leave, everything is flushed, all within `drainTimeout`.
 */
import { Effect, Layer } from "effect"
import type { GatewayError } from "../domain/GatewayError.ts"
import type { StoreError } from "../domain/StoreError.ts"
import { Runtime } from "../engines/Runtime.ts"
import type { Store } from "../ports/Store.ts"
import { layerWith, type Options, type Provides } from "./Layer.ts"

/**
 * Builds features and accounts on a runtime of its own, lets the accounts connect when all is built, and runs until
 * interrupted. Fails, and ends the process with a failure code, when the store is unusable or every account gave up.
 */
export const launchWith =
  (options: Options) =>
  <A, E, R>(
    app: Layer.Layer<A, E, R>
  ): Effect.Effect<never, E | StoreError | GatewayError, Exclude<R, Provides> | Store> =>
    Effect.scoped(
      Effect.gen(function* () {
        const context = yield* Layer.build(Layer.provideMerge(app, layerWith({ ...options, startsWhenQuiet: false })))
        const runtime = yield* Effect.provideContext(Runtime, context)
        // Runs first: while it drains, handlers and what they stand on are all still there.
        yield* Effect.addFinalizer(() => runtime.drain)
        yield* runtime.start
        return yield* runtime.fatal
      })
    ) as Effect.Effect<never, E | StoreError | GatewayError, Exclude<R, Provides> | Store>

/** {@link launchWith} with the defaults. */
export const launch = launchWith({})
