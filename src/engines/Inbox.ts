/**
 * Where events are kept until they were handled: at least once, whatever happens.
 *
 * `layer` stores every event, with the position it moves, before anything is told to anyone. `layerVolatile` keeps
 * events in memory only: faster, and a crash loses what was not handled. The outbox stays durable with both.
 */
import { Context, Effect, Layer } from "effect"
import type { Position } from "../domain/Event.ts"
import { type Arrival, Journal, type StreamRef } from "./Journal.ts"

export class Inbox extends Context.Service<
  Inbox,
  {
    readonly isDurable: boolean
    /** Takes an event; `arrival.stored` is called when it is safe. */
    readonly append: (arrival: Arrival, stream: StreamRef, position: Position) => void
    /** Moves the position of a stream without an event; `undefined` forgets it. */
    readonly advance: (stream: StreamRef, position: Position | undefined) => void
    /** Waits until what was appended is as safe as it will be. */
    readonly flush: Effect.Effect<void>
    /** Whether nothing can be stored at the moment. */
    readonly isFailing: () => boolean
    /** Acknowledges an event that left nothing else behind. */
    readonly settle: (id: number) => void
  }
>()("everbot/engines/Inbox") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(Journal, ({ append, advance, flush, isFailing, settle }) => ({
      isDurable: true,
      append,
      advance,
      flush,
      isFailing,
      settle
    }))
  )

  /** Gives up the promises loses-nothing and acts-once for raw speed. */
  static readonly layerVolatile = Layer.sync(this, () => {
    let id = 0
    return {
      isDurable: false,
      append: (arrival) => arrival.stored(++id),
      advance: () => {},
      flush: Effect.void,
      isFailing: () => false,
      settle: () => {}
    }
  })
}
