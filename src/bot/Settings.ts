/** What the environment says of the runtime: how much it does at once, how long it waits, how much it keeps. */
import { Duration, Effect } from "effect"
import type { ConfigError } from "../domain/ConfigError.ts"
import { defaults } from "../engines/account/Options.ts"
import * as Retention from "../engines/Retention.ts"
import * as ErrorMonitor from "../monitor/ErrorMonitor.ts"
import * as Health from "../monitor/health/Options.ts"
import * as Setting from "../ports/Setting.ts"
import type { Options } from "./Layer.ts"

const count = (name: Setting.About["name"], about: string, fallback: number) =>
  Setting.whole({ name, about, fallback: String(fallback) }, 1)

const time = (name: Setting.About["name"], about: string, fallback: Duration.Duration) =>
  Setting.duration({ name, about, fallback: `${Duration.toSeconds(fallback)} seconds` })

/** Where the environment says `Options`. An account's own options, e.g. of `Qq.layerConfigWith`, go before these. */
export const settings = {
  concurrency: count("EVERBOT_CONCURRENCY", "Turns that may run at once, in each account.", defaults.concurrency),
  handlerTimeout: time("EVERBOT_HANDLER_TIMEOUT", "How long a turn may take.", defaults.handlerTimeout),
  drainTimeout: time("EVERBOT_DRAIN_TIMEOUT", "How long a stop may take.", defaults.drainTimeout),
  maxAttempts: count("EVERBOT_MAX_ATTEMPTS", "Times a message may be tried.", defaults.maxAttempts),
  maxMessages: count("EVERBOT_MAX_MESSAGES", "Messages that one turn may say.", defaults.maxMessages),
  maxResident: count("EVERBOT_MAX_RESIDENT", "Events held in memory.", defaults.maxResident),
  maxBacklog: count("EVERBOT_MAX_BACKLOG", "Events known to wait before reading stops.", defaults.maxBacklog),
  maxQueued: count("EVERBOT_MAX_QUEUED", "Messages waiting before handlers are held back.", defaults.maxQueued),
  saveEvery: Setting.duration({ name: "EVERBOT_SAVE_EVERY", about: "How often Autosave saves.", fallback: "1 minute" })
} satisfies Setting.For<Options>

/** Of the health checks; a round that is `off` is made only when somebody asks, and repairs nothing. */
export const health = { ...Health.settings, interval: Setting.orOff(Health.settings.interval) }

/** How long each table of the store is kept. */
export const keep = Retention.settings

/** Of the error monitor. */
export const errors = ErrorMonitor.settings

/** These options with what the environment says over them, and the preset under them. */
export const configWith = (options: Options): Effect.Effect<Options, ConfigError> =>
  Effect.gen(function* () {
    const { interval, ...limits } = health
    const given = options.health === false ? {} : (options.health ?? {})
    const told: Duration.Input | false | undefined = options.health === false ? false : given.interval
    const every = yield* Setting.read(interval, told)
    const measured = yield* Setting.over<Health.Options>(limits, given)
    return {
      ...(yield* Setting.over(settings, options)),
      keep: yield* Setting.over<Retention.Keep>(keep, options.keep ?? {}),
      health: every === false ? false : { ...measured, ...(every !== undefined && { interval: every }) },
      errors: yield* Setting.over<ErrorMonitor.Options>(errors, options.errors ?? {})
    }
  })
