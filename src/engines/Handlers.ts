/**
 * Who listens to what. All handlers that listen to an event's kind run in one turn, in the order of registration:
 * their replies and writes commit together or not at all.
 */
import { Context, Effect, Exit, type Fiber, Layer, type Scope } from "effect"
import type { Event, EventKind, EventOf } from "../domain/Event.ts"
import type { Delivery } from "./Lanes.ts"
import type { ActiveTurn, Turn } from "./Turn.ts"
import { within } from "./TurnContext.ts"

/** Makes the turn of a delivery; one function for all, because one each would cost. */
export type OpenTurn = (delivery: Delivery) => ActiveTurn

/** A turn under way; its fiber has ended already when the handler did not have to wait. */
export class Begun {
  readonly turn: ActiveTurn
  readonly fiber: Fiber.Fiber<unknown, unknown>

  constructor(turn: ActiveTurn, fiber: Fiber.Fiber<unknown, unknown>) {
    this.turn = turn
    this.fiber = fiber
  }
}

/**
 * Handles events of one kind. Methods, not function fields, so that a handler of one kind fits where handlers of any
 * kind are kept: the register only ever gives it its own.
 */
export interface Handler<Ev extends Event = Event> {
  /** Begins a turn, or tells how it ended if the handler's effect is an exit already: that needs neither. Hot. */
  start(event: Ev, delivery: Delivery, open: OpenTurn): Begun | Exit.Exit<unknown, unknown>
  /** The same as an effect, for several handlers in one turn. */
  effect(event: Ev, turn: ActiveTurn): Effect.Effect<unknown, unknown>
}

/** A handler that runs with these services and its turn. */
export const make = <Ev extends Event, E, R>(
  run: (event: Ev) => Effect.Effect<unknown, E, R | Turn>,
  context: Context.Context<R>
): Handler<Ev> => {
  const inTurn = within(context)
  return {
    start: (event, delivery, open) => {
      let effect: Effect.Effect<unknown, E, R | Turn>
      try {
        effect = run(event)
      } catch (defect) {
        return Exit.die(defect)
      }
      // The commonest exit by far, told by identity because even asking costs.
      if (effect === Effect.void) return Exit.void
      if (Exit.isExit(effect)) return effect
      const turn = open(delivery)
      return new Begun(turn, Effect.runForkWith(inTurn(turn))(effect))
    },
    effect: (event, turn) =>
      Effect.provideContext(
        Effect.suspend(() => run(event)),
        inTurn(turn)
      )
  }
}

export class Handlers extends Context.Service<
  Handlers,
  {
    /** Adds a handler until the scope closes. */
    readonly add: <K extends EventKind>(
      kind: K,
      handler: Handler<EventOf<K>>
    ) => Effect.Effect<void, never, Scope.Scope>
    /** What to run for an event, all handlers in one; undefined when nobody listens. Hot. */
    readonly of: (event: Event) => Handler | undefined
    /** Grows with every registration. */
    readonly revision: () => number
  }
>()("everbot/engines/Handlers") {
  static readonly layer = Layer.sync(this, () => {
    const lists = new Map<EventKind, ReadonlyArray<Handler>>()
    const merged: Partial<Record<EventKind, Handler>> = {}
    let revision = 0
    const replace = (kind: EventKind, list: ReadonlyArray<Handler>): void => {
      revision++
      lists.set(kind, list)
      const whole = merge(list)
      if (whole) merged[kind] = whole
      else delete merged[kind]
    }
    return {
      add: (kind, handler) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => replace(kind, [...(lists.get(kind) ?? []), handler])),
            () =>
              Effect.sync(() =>
                replace(
                  kind,
                  (lists.get(kind) ?? []).filter((other) => other !== handler)
                )
              )
          )
        ),
      of: (event) => merged[event._tag],
      revision: () => revision
    }
  })
}

/** One handler that runs all; a single one as it is, because that is the common and the fast case. */
const merge = (list: ReadonlyArray<Handler>): Handler | undefined => {
  const [first, ...others] = list
  if (first === undefined || others.length === 0) return first
  const effect: Handler["effect"] = (event, turn) =>
    Effect.forEach(list, (handler) => handler.effect(event, turn), { discard: true })
  return {
    effect,
    start: (event, delivery, open) => {
      const turn = open(delivery)
      return new Begun(turn, Effect.runFork(effect(event, turn)))
    }
  }
}
