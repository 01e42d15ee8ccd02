/** The runtime and all it stands on, in one Layer; with those who watch it. */
import { type Duration, Layer } from "effect"
import { SaveEvery } from "../engines/Autosave.ts"
import { Handlers } from "../engines/Handlers.ts"
import { Inbox } from "../engines/Inbox.ts"
import { Journal } from "../engines/Journal.ts"
import { Probation } from "../engines/Probation.ts"
import { make, Runtime, type Options as RuntimeOptions } from "../engines/Runtime.ts"
import { StateCache } from "../engines/StateCache.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import * as ErrorFeed from "../monitor/ErrorFeed.ts"
import type { ErrorMonitor, Options as ErrorOptions } from "../monitor/ErrorMonitor.ts"
import * as Health from "../monitor/Health.ts"
import { StatusLog } from "../monitor/StatusLog.ts"
import type { Store } from "../ports/Store.ts"

/** Everything the runtime can be told; each field has its default. */
export interface Options extends RuntimeOptions {
  /** Limits of the health checks; `false` measures only when asked and repairs nothing. @defaultValue Health.defaults */
  readonly health?: Health.Options | false | undefined
  /** When errors raise an alert, and what it does. @defaultValue 10 of a reason in 5 minutes; an Error in the log */
  readonly errors?: ErrorOptions | undefined
  /** How often `Autosave` saves, where it is not told. @defaultValue 1 minute */
  readonly saveEvery?: Duration.Input | undefined
}

/** What `Bot.layer` provides. */
export type Provides = Runtime | StatusStream | Health.Health | ErrorMonitor

/** The runtime with other settings than the defaults. */
export const layerWith = (options: Options): Layer.Layer<Provides, never, Store> =>
  Health.layer(options.health).pipe(
    Layer.provideMerge(Layer.effect(Runtime, make(options))),
    Layer.provideMerge(ErrorFeed.layer(options.errors)),
    Layer.provide(StatusLog.layer),
    Layer.provide(Layer.merge(options.inbox ?? Inbox.layer, Probation.layer)),
    Layer.provide(Journal.layer(options)),
    Layer.provide(Layer.mergeAll(StateCache.layer, Handlers.layer)),
    Layer.provideMerge(StatusStream.layer),
    Layer.provideMerge(options.saveEvery === undefined ? Layer.empty : Layer.succeed(SaveEvery, options.saveEvery))
  )

/** What handlers and accounts need. Requires a Store: `Sqlite.layer`, or `Memory.layer` for tests. */
export const layer: Layer.Layer<Provides, never, Store> = layerWith({})
