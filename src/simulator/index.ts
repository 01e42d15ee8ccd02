/**
 * Fake platforms on loopback, with faults on command and books that judge the bot.
 *
 * A simulator speaks the platform's protocol from its own knowledge of it: a misunderstanding in the adapter shows up as a
 * failing verdict instead of being repeated on both sides.
 */
export {
  Books,
  type Delivery,
  type Dial,
  type FaultEntry,
  type Heartbeat,
  type HostileEntry,
  type Identify,
  Offered,
  type Place,
  type PushEntry,
  type Resume,
  type Sent,
  type SessionEntry,
  type ValidationEntry
} from "./Books.ts"
export type { Fault } from "./Faults.ts"
export * as Faults from "./Faults.ts"
export type { JudgeOptions, Verdict } from "./Judge.ts"
export * as QqSimulator from "./qq/QqSimulator.ts"
