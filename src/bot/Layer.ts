/** The runtime and all it stands on, in one Layer. */
import { Layer } from "effect"
import { Handlers } from "../engines/Handlers.ts"
import { Inbox } from "../engines/Inbox.ts"
import { Journal } from "../engines/Journal.ts"
import { make, type Options, Runtime } from "../engines/Runtime.ts"
import { StateCache } from "../engines/StateCache.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { StatusLog } from "../monitor/StatusLog.ts"
import type { Store } from "../ports/Store.ts"

/** What `Bot.layer` provides. */
export type Provides = Runtime | StatusStream

/** The runtime with other settings than the defaults. */
export const layerWith = (options: Options): Layer.Layer<Provides, never, Store> =>
  Layer.effect(Runtime, make(options)).pipe(
    Layer.provide(StatusLog.layer),
    Layer.provide(options.inbox ?? Inbox.layer),
    Layer.provide(Journal.layer(options)),
    Layer.provide(Layer.mergeAll(StateCache.layer, Handlers.layer)),
    Layer.provideMerge(StatusStream.layer)
  )

/** What handlers and accounts need. Requires a Store: `Sqlite.layer`, or `Memory.layer` for tests. */
export const layer: Layer.Layer<Provides, never, Store> = layerWith({})
