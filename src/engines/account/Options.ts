/** What an account can be told about the engines it runs on. */
import { Duration, Effect } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import type { DispatcherOptions } from "../DispatcherPorts.ts"
import * as Ladder from "../Ladder.ts"
import type { RelayOptions } from "../Relay.ts"
import * as Renewal from "../Renewal.ts"
import * as Schedules from "../Schedules.ts"
import * as Supervisor from "../Supervisor.ts"

export interface AccountOptions extends Partial<DispatcherOptions>, Partial<RelayOptions>, Partial<Supervisor.Options> {
  /**
   * How long a stop may take: lanes finish, replies leave. What is left then waits in the store for the next start.
   * @defaultValue 10 seconds
   */
  readonly drainTimeout?: Duration.Duration
  /**
   * How many processes may end while an event is handled again after a crash, before it is taken for the cause and
   * becomes a dead letter. At least 2: what ran beside the cause when the first process ended is suspected with it, and the
   * second time each is tried alone.
   * @defaultValue 3
   */
  readonly maxCrashes?: number
}

/** The same with nothing left open. */
export type Settings = Required<AccountOptions>

export const defaults: Settings = {
  concurrency: 256,
  handlerTimeout: Duration.seconds(30),
  redeliver: Schedules.redeliver(),
  maxMessages: 100,
  maxResident: 2048,
  maxResidentBytes: 32 * 1024 * 1024,
  maxBacklog: 200_000,
  maxAttempts: 5,
  resend: Schedules.resend(),
  maxQueued: 10_000,
  onUnknown: "hold",
  reconnect: Supervisor.defaultReconnect,
  identify: Supervisor.defaultIdentify,
  stableAfter: Duration.seconds(30),
  ladder: Ladder.defaults,
  ...Renewal.never,
  drainTimeout: Duration.seconds(10),
  maxCrashes: 3
}

/** The least that makes sense of each setting that is a number of something. */
const least = { concurrency: 1, maxAttempts: 1, maxBacklog: 1, maxQueued: 1, maxCrashes: 2 } as const

/** What counts milliseconds of anything else gets no number, and then waits for ever. */
const durations = ["handlerTimeout", "stableAfter", "drainTimeout"] as const

/** Fails for settings that cannot work. */
export const check = (given: AccountOptions): Effect.Effect<void, ConfigError> => {
  for (const setting of durations) {
    const value = given[setting]
    if (value === undefined || Duration.isDuration(value)) continue
    const reason = new Malformed({ problem: `is a ${typeof value}, not a Duration` })
    return Effect.fail(new ConfigError({ setting, reason, mend: "Make one, e.g. by Duration.seconds(30)." }))
  }
  for (const [setting, minimum] of Object.entries(least) as ReadonlyArray<[keyof typeof least, number]>) {
    const value = given[setting]
    if (value === undefined || value >= minimum) continue
    const reason = new Malformed({ problem: `is not a number of at least ${minimum}` })
    return Effect.fail(new ConfigError({ setting, reason, mend: `Leave it out for ${defaults[setting]}.` }))
  }
  return Effect.void
}
