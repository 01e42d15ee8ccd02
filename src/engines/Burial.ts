/** How an event becomes a dead letter: told once, counted once, and settled in the same commit. */
import * as HandlerError from "../domain/HandlerError.ts"
import type { Counters, DispatcherPorts } from "./DispatcherPorts.ts"
import type { Delivery } from "./Lanes.ts"

export class Burial {
  private readonly ports: Pick<DispatcherPorts, "alarm" | "commit" | "failed">
  private readonly counters: Counters

  constructor(ports: Burial["ports"], counters: Counters) {
    this.ports = ports
    this.counters = counters
  }

  /** Of an event whose failure nobody has heard of yet. */
  kill(delivery: Delivery, attempt: number, reason: HandlerError.Reason, done: () => void): void {
    const { key, type } = delivery.event
    const error = new HandlerError.HandlerError({ event: { key, type }, attempt, reason })
    this.ports.failed(delivery, error, false)
    this.bury(delivery, error, done)
  }

  bury(delivery: Delivery, { attempt, reason }: HandlerError.HandlerError, done: () => void): void {
    this.counters.dead++
    const { conversation, key } = delivery.event
    const dead = { conversation, key, reason: reason.message, attempts: attempt, at: this.ports.alarm.now() }
    this.ports.commit({ eventId: delivery.id, messages: [], state: [], dead }, done)
  }
}
