/**
 * What the runtime says about itself, for whoever listens: logs, health, views, alerts.
 * Publishing never blocks and never fails; a listener that falls behind loses the oldest news, not the newest.
 */
import { Context, Effect, Layer, PubSub, Stream } from "effect"
import type { Status } from "../domain/Status.ts"

export class StatusStream extends Context.Service<
  StatusStream,
  {
    /** Tells all listeners. Callable from plain functions. */
    readonly publish: (status: Status) => void
    /** Everything published from the moment of subscription on. */
    readonly changes: Stream.Stream<Status>
    /** Calls `listener` synchronously for every status until the scope closes; it must not throw. */
    readonly listen: (listener: (status: Status) => void) => Effect.Effect<void, never, import("effect").Scope.Scope>
  }
>()("everbot/engines/StatusStream") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const pubsub = yield* PubSub.sliding<Status>(1024)
      const listeners = new Set<(status: Status) => void>()
      return {
        publish: (status) => {
          for (const listener of listeners) listener(status)
          PubSub.publishUnsafe(pubsub, status)
        },
        changes: Stream.fromPubSub(pubsub),
        listen: (listener) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => listeners.add(listener)),
              () => Effect.sync(() => listeners.delete(listener))
            )
          )
      }
    })
  )
}
