/** What a relay is told, what it needs from its account, and what it says about being slowed down. */
import type { Effect, Fiber, Schedule } from "effect"
import type { MessageStatus, OutboxMessage, Receipt } from "../domain/Message.ts"
import type { RestError } from "../domain/RestError.ts"
import type { Platform } from "../ports/Platform.ts"
import type { MessageWrite } from "../ports/Store.ts"
import type { Alarm } from "./Alarm.ts"
import type * as Breaker from "./Breaker.ts"
import type { Holds } from "./Holds.ts"

export interface RelayOptions {
  /** Messages under way at once, across conversations. @defaultValue 16 */
  readonly concurrency: number
  /** Times a message may be tried before it is a dead letter; refusals to come back later do not count. @defaultValue 5 */
  readonly maxAttempts: number
  /** Between the attempts of a message. */
  readonly resend: Schedule.Schedule<unknown, RestError>
  /** Messages waiting before handlers are held back. @defaultValue 10,000 */
  readonly maxQueued: number
  /** What becomes of a message that may have been said already: kept for a person, or sent again. @defaultValue "hold" */
  readonly onUnknown: "hold" | "resend"
}

/** What the relay needs from its account. */
export interface RelayPorts {
  readonly platform: Platform
  /** The platform's, with what watches it. */
  readonly send: Platform["send"]
  readonly alarm: Alarm
  readonly breaker: Breaker.Breaker
  /** Where a person has taken over, nothing is said. */
  readonly holds: Pick<Holds, "isWhole" | "covers">
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly record: (write: MessageWrite, done?: () => void) => void
  readonly settled: (
    message: OutboxMessage,
    status: MessageStatus,
    reason: string | undefined,
    receipt: Receipt | undefined
  ) => void
  /** There is room in the outbox again. */
  readonly drained: () => void
}

/** The platform asked us to slow down. Epoch milliseconds. */
export interface Throttle {
  /** When it first did, with nothing sent since. */
  readonly since: number
  /** Nothing of what it refused is tried again before. */
  readonly until: number
  readonly why: string
}
