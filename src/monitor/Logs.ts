/**
 * The log of a bot in production: lines of JSON, or a pretty console for a person; files that change every day; floods
 * sampled. Without it Effect's own loggers write to the console.
 *
 * ```ts
 * app.pipe(Bot.launch, Effect.provide(Logs.layerConfig), Bot.runMain)
 * ```
 */
import { Clock, Console, Effect, Layer, type LogLevel, References } from "effect"
import * as Logger from "effect/Logger"
import type { ConfigError } from "../domain/ConfigError.ts"
import * as Setting from "../ports/Setting.ts"
import * as Files from "./logs/Files.ts"
import { type Category, categoryKey, logger, type Record } from "./logs/Record.ts"
import * as Sampling from "./logs/Sampling.ts"

export type { Category, Record } from "./logs/Record.ts"

export interface Options {
  /** What the console shows: `json`, a value a line; `pretty`, for a person; `none`. @defaultValue "json" */
  readonly console?: "json" | "pretty" | "none" | undefined
  /** The least severe level that is written. @defaultValue "Info" */
  readonly level?: LogLevel.LogLevel | undefined
  /** Where files of JSON lines are kept, one a day. @defaultValue none */
  readonly directory?: string | undefined
  /** Files of past days that stay. @defaultValue 14 */
  readonly keepDays?: number | undefined
  /** Lines of one kind that pass in a second; `false` lets all pass. @defaultValue 20 */
  readonly perSecond?: number | false | undefined
}

export const defaults = { console: "json", level: "Info", keepDays: 14, perSecond: 20 } as const

/** Marks what an effect logs as belonging to a field; `business` needs no mark. */
export const withCategory =
  (category: Category) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.annotateLogs(effect, categoryKey, category)

const lineOf = (record: Record): string => `${JSON.stringify(record)}\n`

const counted = ({ message, suppressed }: Record): string =>
  suppressed === undefined ? message : `${message} (${suppressed} like this were left out)`

/** Fails with a `ConfigError` when `directory` cannot be written. */
export const layer = (options: Options = {}): Layer.Layer<never, ConfigError> => {
  const { directory, keepDays = defaults.keepDays, perSecond = defaults.perSecond } = options
  const shown = options.console ?? defaults.console
  const make = Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const screen = yield* Console.Console
    const complain = (text: string) => screen.error(lineOf(said(clock.currentTimeMillisUnsafe(), text)).trimEnd())
    const write = directory === undefined ? undefined : yield* Files.open({ directory, keepDays }, complain)
    const sample = perSecond === false ? undefined : Sampling.make(perSecond)
    const pretty = Logger.consolePretty({ mode: "tty" })
    return Logger.make<unknown, void>((entry) => {
      const full = logger.log(entry)
      const record = sample === undefined ? full : sample(full, clock.currentTimeMillisUnsafe())
      if (record === undefined) return
      write?.(lineOf(record))
      if (shown === "json") entry.fiber.getRef(Console.Console).log(JSON.stringify(record))
      // Its words have gone through the record: no secret, no escape sequence, one line.
      if (shown === "pretty") pretty.log({ ...entry, message: counted(record) })
    })
  })
  const level = Layer.succeed(References.MinimumLogLevel, options.level ?? defaults.level)
  return Layer.merge(Logger.layer([make]), level)
}

const said = (now: number, message: string): Record => ({
  time: new Date(now).toISOString(),
  level: "Error",
  category: "performance",
  message
})

const levels = ["All", "Trace", "Debug", "Info", "Warn", "Error", "Fatal", "None"] as const

/** Where the environment says {@link Options}. */
export const settings = {
  console: Setting.oneOf({ name: "EVERBOT_LOG", about: "What the console shows.", fallback: defaults.console }, [
    "json",
    "pretty",
    "none"
  ]),
  level: Setting.oneOf(
    { name: "EVERBOT_LOG_LEVEL", about: "The least severe level that is written.", fallback: defaults.level },
    levels,
    "is no level"
  ),
  directory: Setting.text({ name: "EVERBOT_LOG_DIR", about: "Where files of JSON lines are kept, one a day." }),
  keepDays: Setting.whole(
    { name: "EVERBOT_LOG_DAYS", about: "Files of past days that stay.", fallback: `${defaults.keepDays}` },
    1
  ),
  perSecond: Setting.orOff(
    Setting.whole(
      {
        name: "EVERBOT_LOG_PER_SECOND",
        about: "Lines of one kind that pass in a second; off lets all pass.",
        fallback: `${defaults.perSecond}`
      },
      1
    )
  )
}

/** What the environment and the preset say of {@link Options}; what they do not say is as in `options`. */
export const configWith = (options: Options): Effect.Effect<Options, ConfigError> => Setting.over(settings, options)

/** {@link layer} with what the environment says ({@link settings}) over `options`. */
export const layerConfigWith = (options: Options): Layer.Layer<never, ConfigError> =>
  Layer.unwrap(Effect.map(configWith(options), layer))

export const layerConfig: Layer.Layer<never, ConfigError> = layerConfigWith({})
