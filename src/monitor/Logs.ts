/**
 * The log of a bot in production: lines of JSON, or a pretty console for a person; files that change every day; floods
 * sampled. Without it Effect's own loggers write to the console.
 *
 * ```ts
 * app.pipe(Bot.launch, Effect.provide(Logs.layerConfig), Bot.runMain)
 * ```
 */
import { Clock, Config, Console, Effect, Layer, type LogLevel, Option, References } from "effect"
import * as Logger from "effect/Logger"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"
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

const names = {
  console: "EVERBOT_LOG",
  level: "EVERBOT_LOG_LEVEL",
  directory: "EVERBOT_LOG_DIR",
  keepDays: "EVERBOT_LOG_DAYS"
}

const wrong = (setting: string, problem: string, mend: string) => () =>
  new ConfigError({ setting, reason: new Malformed({ problem }), mend })

const levels = ["All", "Trace", "Debug", "Info", "Warn", "Error", "Fatal", "None"] as const

/** What the environment says of {@link Options}; what it does not say is as in `options`. */
export const configWith = (options: Options): Effect.Effect<Options, ConfigError> =>
  Effect.gen(function* () {
    const shown = yield* Config.option(Config.Literals(["json", "pretty", "none"], names.console)).pipe(
      Effect.mapError(wrong(names.console, "is none of json, pretty and none", "Write one of these, or leave it out."))
    )
    const level = yield* Config.option(Config.Literals(levels, names.level)).pipe(
      Effect.mapError(wrong(names.level, "is no level", `Write one of ${levels.join(", ")}, or leave it out.`))
    )
    const directory = yield* Config.option(Config.String(names.directory)).pipe(
      Effect.mapError(wrong(names.directory, "could not be read", "Check where your settings come from."))
    )
    const keepDays = yield* Config.option(Config.Int(names.keepDays)).pipe(
      Effect.filterOrFail((days) => Option.isNone(days) || days.value >= 1),
      Effect.mapError(wrong(names.keepDays, "is no number above 0", "Write a number of days, or leave it out."))
    )
    return {
      ...options,
      console: Option.getOrElse(shown, () => options.console),
      level: Option.getOrElse(level, () => options.level),
      directory: Option.getOrElse(directory, () => options.directory),
      keepDays: Option.getOrElse(keepDays, () => options.keepDays)
    }
  })

/** {@link layer} with `EVERBOT_LOG`, `EVERBOT_LOG_LEVEL`, `EVERBOT_LOG_DIR` and `EVERBOT_LOG_DAYS` over `options`. */
export const layerConfigWith = (options: Options): Layer.Layer<never, ConfigError> =>
  Layer.unwrap(Effect.map(configWith(options), layer))

export const layerConfig: Layer.Layer<never, ConfigError> = layerConfigWith({})
