/**
 * Runs an app until it is told to stop. Stopping is a drain: gateways stop taking events and leave their sessions
 * resumable, lanes finish, replies leave, everything is flushed, all within `drainTimeout`.
 */
import { Effect, Layer } from "effect"
import type { ConfigError } from "../domain/ConfigError.ts"
import type { GatewayError } from "../domain/GatewayError.ts"
import type { StoreError } from "../domain/StoreError.ts"
import { Runtime } from "../engines/Runtime.ts"
import type { Store } from "../ports/Store.ts"
import { reported } from "./LastWord.ts"
import { layerWith, type Options, type Provides } from "./Layer.ts"
import { configWith } from "./Settings.ts"

/**
 * Builds features and accounts on a runtime of its own, lets the accounts connect when all is built, and runs until
 * interrupted. Fails, and ends the process with a failure code, when the store is unusable or every account gave up.
 *
 * What the environment says (`EVERBOT_PRESET`, `EVERBOT_DRAIN_TIMEOUT` and so on: `everbot config` lists them) goes before
 * `options`, and a preset stands under them.
 */
export const launchWith =
  (options: Options) =>
  <A, E, R>(
    app: Layer.Layer<A, E, R>
  ): Effect.Effect<never, E | StoreError | GatewayError | ConfigError, Exclude<R, Provides> | Store> =>
    Effect.scoped(
      Effect.gen(function* () {
        const runs = layerWith({ ...(yield* configWith(options)), startsWhenQuiet: false })
        const context = yield* Layer.build(Layer.provideMerge(app, runs))
        const runtime = yield* Effect.provideContext(Runtime, context)
        // Runs first: while it drains, handlers and what they stand on are all still there.
        yield* Effect.addFinalizer(() => runtime.drain)
        yield* runtime.start
        return yield* runtime.fatal
      })
    ).pipe(reported) as Effect.Effect<never, E | StoreError | GatewayError | ConfigError, Exclude<R, Provides> | Store>

/** {@link launchWith} with the defaults. */
export const launch = launchWith({})
