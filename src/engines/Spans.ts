/**
 * The way of a message as spans, for a tracer: event → turn → send. Where there is none, which is the rule, each boundary
 * costs one look at `current`.
 *
 * An event's trace is known by the event itself: its ids are made of the account and the event's key, so nothing is stored
 * with it, and a turn in a later process belongs to the same trace. A message carries the trace context of its turn through
 * the outbox (`NewMessage.trace`), written only while there is a tracer.
 */
import { Cause, Context, type Effect, Exit } from "effect"
import type { Event } from "../domain/Event.ts"
import type { OutboxMessage } from "../domain/Message.ts"
import { Begun, type Handler } from "./Handlers.ts"
import { TurnEnded, type TurnSpan } from "./Turn.ts"

/** What a tracer does at each boundary. */
export interface Drawing {
  /** An event is safe in the store. Epoch milliseconds. */
  readonly stored: (event: Event, receivedAt: number) => void
  /** A turn begins. */
  readonly turn: (event: Event, attempt: number) => TurnSpan
  /** A message goes to the platform. */
  readonly send: <A, E>(message: OutboxMessage, send: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** Where a tracer of one runtime is put. */
export class Spans {
  current: Drawing | undefined
}

/** Those of the runtime that an account runs in. */
export const CurrentSpans = Context.Reference<Spans>("everbot/engines/Spans", { defaultValue: () => new Spans() })

/** How a turn ended: one that ends early did so by its own will. */
const outcome = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return exit
  const error = Cause.findErrorOption(exit.cause)
  return error._tag === "Some" && error.value instanceof TurnEnded ? Exit.succeed(error.value.outcome) : exit
}

/** The handler, each of whose turns is drawn. */
export const drawn = (handler: Handler, drawing: Drawing): Handler => ({
  effect: (event, turn) => handler.effect(event, turn),
  start: (event, delivery, open) => {
    const span = drawing.turn(event, delivery.attempt)
    const begun = handler.start(event, delivery, (delivery) => {
      const turn = open(delivery)
      turn.span = span
      return turn
    })
    if (begun instanceof Begun) begun.fiber.addObserver((exit) => span.end(outcome(exit)))
    else span.end(outcome(begun))
    return begun
  }
})
