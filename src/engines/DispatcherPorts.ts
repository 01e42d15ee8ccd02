/** What a dispatcher is told, what it needs from its account, and what it counts. */
import type { Duration, Effect, Fiber, Schedule } from "effect"
import type { Event } from "../domain/Event.ts"
import type { HandlerError } from "../domain/HandlerError.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { StateEntry, TurnResult, TurnWrite } from "../ports/Store.ts"
import type { Alarm } from "./Alarm.ts"
import type { Refused } from "./Bisect.ts"
import type { Handler } from "./Handlers.ts"
import type { Delivery } from "./Lanes.ts"
import type { AccountProbation } from "./Probation.ts"

export interface DispatcherOptions {
  /** Turns that may run at once. @defaultValue 256 */
  readonly concurrency: number
  /** How long a turn may take before it is interrupted and counts as failed. @defaultValue 30 seconds */
  readonly handlerTimeout: Duration.Duration
  /** Between the attempts of a turn that fails; when it stops, the event becomes a dead letter. */
  readonly redeliver: Schedule.Schedule<unknown, HandlerError>
  /** Messages one turn may stage. @defaultValue 100 */
  readonly maxMessages: number
  /** Events held in memory. @defaultValue 2048 */
  readonly maxResident: number
  /** Bytes of frames held in memory. @defaultValue 32 MiB */
  readonly maxResidentBytes: number
  /** Events known to wait, in memory or by id. Beyond it the gateway stops reading. @defaultValue 200,000 */
  readonly maxBacklog: number
}

/** What the dispatcher needs from its account. */
export interface DispatcherPorts {
  readonly alarm: Alarm
  /** `undefined` when nobody listens to this kind of event. */
  readonly handlerOf: (event: Event) => Handler | undefined
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly readState: (key: string) => Effect.Effect<StateEntry, StoreError>
  readonly settle: (id: number) => void
  /** Which events may be what ended an earlier process, and when these may run. */
  readonly probation: Pick<AccountProbation, "upTo" | "mayRun" | "admit" | "ended" | "stop">
  readonly commit: (write: TurnWrite, done: (result: TurnResult | Refused) => void) => void
  /** Events that were too many to keep, in the order asked; waits as long as the store needs. */
  readonly load: (ids: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Delivery>>
  /** Whether waiting events can be fetched again; without it all must stay in memory. */
  readonly canSpill: boolean
  /** Whether new turns must wait, e.g. because the outbox is full. */
  readonly isBlocked: () => boolean
  readonly failed: (delivery: Delivery, error: HandlerError, willRetry: boolean) => void
  readonly pressureChanged: () => void
}

export interface Counters {
  received: number
  handled: number
  failedTurns: number
  dead: number
  lastEventAt: number | undefined
}
