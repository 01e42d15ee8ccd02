/** Settings that shorten what takes long on purpose in production, so that a test sees in seconds what takes minutes. */
import { Duration } from "effect"
import * as Schedules from "../../../src/engines/Schedules.ts"

const base = "50 millis"
const cap = "300 millis"

/** For the bot: the same policies, with shorter steps. */
export const fastBot = {
  reconnect: Schedules.reconnect({ base, cap }),
  identify: Schedules.identify({ base, cap }),
  resend: Schedules.resend({ base, cap }),
  redeliver: Schedules.redeliver({ base, cap }),
  stableAfter: Duration.seconds(2),
  drainTimeout: Duration.seconds(5),
  connection: { helloTimeout: "1 second", readyTimeout: "2 seconds", causeTimeout: "300 millis", patience: "1 second" }
} as const

/** For the simulator: a quick heart, and session starts that need not be five seconds apart. */
export const fastPlatform = {
  heartbeatInterval: "2 seconds",
  reconnectGrace: "500 millis",
  sessionStarts: { total: 10_000, maxConcurrency: 500 }
} as const
