/**
 * A setting of the environment, described once: what it is called, what it means, how it is read. What reads it, what
 * prints it and what documents it all use this description.
 *
 * Where several say something, the first of these counts: the environment (whatever `ConfigProvider` stands for it), the
 * options in code, the preset, the default.
 */
import { Config, ConfigProvider, Context, Duration, Effect, Redacted, Result } from "effect"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"
import * as Presets from "../domain/Preset.ts"

export interface About {
  /** The environment variable. */
  readonly name: Presets.Variable
  /** What it means, for an operator. */
  readonly about: string
  /** What holds where nobody says anything, as one would write it; without it, nothing does. */
  readonly fallback?: string | undefined
}

export interface Setting<out A> extends About {
  readonly isSecret: boolean
  /** Reads a text that is not blank. */
  readonly parse: (text: string) => Result.Result<A, ConfigError>
}

const malformed = (setting: string, problem: string, mend: string): ConfigError =>
  new ConfigError({ setting, reason: new Malformed({ problem }), mend })

/** A setting that is read in a way of its own. */
export const custom = <A>(about: About, parse: Setting<A>["parse"]): Setting<A> => ({
  ...about,
  isSecret: false,
  parse
})

const make = <A>(
  about: About,
  config: Config.Config<A>,
  isFine: (value: A) => boolean,
  problem: string,
  mend: string
): Setting<A> =>
  custom(about, (text) => {
    const read = Effect.result(config.parse(ConfigProvider.fromUnknown(text)))
    return Result.filterOrFail(
      Result.mapError(Effect.runSync(read), () => malformed(about.name, problem, mend)),
      isFine,
      () => malformed(about.name, problem, mend)
    )
  })

const always = (): boolean => true
const leaveOut = "or leave it out."
const unreadable = ["could not be read", "Check where your settings come from."] as const

export const text = (about: About): Setting<string> => custom(about, Result.succeed)

/** Shown by nothing. */
export const secret = (about: About): Setting<Redacted.Redacted> => ({
  ...custom(about, (text) => Result.succeed(Redacted.make(text, { label: about.name }))),
  isSecret: true
})

/** One of these words. */
export const oneOf = <const Word extends string>(
  about: About,
  words: ReadonlyArray<Word>,
  problem = `is none of ${words.slice(0, -1).join(", ")} and ${words.at(-1)}`
): Setting<Word> =>
  make(about, Config.Literals(words), always, problem, `Write one of ${words.join(", ")}, ${leaveOut}`)

export const flag = (about: About): Setting<boolean> => {
  const { parse, ...rest } = make(
    about,
    Config.Boolean(),
    always,
    "is neither true nor false",
    `Write true or false, ${leaveOut}`
  )
  return { ...rest, parse: (text) => parse(text.toLowerCase()) }
}

/** A whole number from `least` to `most`. */
export const whole = (
  about: About,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
  problem = `is no number above ${least - 1}`
): Setting<number> => {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`
  const isFine = (value: number) => value >= least && value <= most
  return make(about, Config.Int(), isFine, problem, `Write a number ${range}, ${leaveOut}`)
}

/** A number above zero, up to `most`. */
export const amount = (about: About, most: number = Number.POSITIVE_INFINITY): Setting<number> => {
  const problem = `is no number above 0${most === Number.POSITIVE_INFINITY ? "" : ` and up to ${most}`}`
  return make(about, Config.Number(), (value) => value > 0 && value <= most, problem, `Write a number, ${leaveOut}`)
}

const lasts = (duration: Duration.Duration): boolean => Duration.toMillis(duration) > 0 && Duration.isFinite(duration)

/** A time above zero, e.g. `30 seconds`. */
export const duration = (about: About): Setting<Duration.Duration> =>
  make(about, Config.Duration(), lasts, "is no duration above zero", `Write it like "30 seconds", ${leaveOut}`)

/** The same, or `off`. */
export const orOff = <A>(setting: Setting<A>): Setting<A | false> => ({
  ...setting,
  parse: (text): Result.Result<A | false, ConfigError> =>
    text === "off"
      ? Result.succeed(false)
      : Result.mapError(
          setting.parse(text),
          ({ mend, reason, setting }) => new ConfigError({ setting, reason, mend: `${mend} Or write off.` })
        )
})

/** What the environment says, as it is written there; blank is as good as not set. */
const written = ({ name }: Setting<unknown>): Effect.Effect<string | undefined, ConfigError> =>
  Effect.gen(function* () {
    const provider = yield* ConfigProvider.ConfigProvider
    const node = yield* Effect.mapError(provider.load([name]), () => malformed(name, ...unreadable))
    const text = node?.value?.trim()
    return text === "" ? undefined : text
  })

/** The preset that a program chose for itself; the environment may choose another. */
export const CurrentPreset = Context.Reference<Presets.Preset | undefined>("everbot/ports/Preset", {
  defaultValue: () => undefined
})

const words = oneOf(
  { name: "EVERBOT_PRESET", about: "Settings that go together, under all others." },
  Presets.all.map(({ name }) => name)
)

export const presetSetting: Setting<Presets.Preset | undefined> = {
  ...words,
  parse: (text) => Result.map(words.parse(text), (word) => Presets.all.find(({ name }) => name === word))
}

/** The preset in force. */
export const preset: Effect.Effect<Presets.Preset | undefined, ConfigError> = Effect.gen(function* () {
  const named = yield* written(presetSetting)
  return named === undefined ? yield* CurrentPreset : yield* Effect.fromResult(presetSetting.parse(named))
})

/** Where a value comes from. */
export type Source = "environment" | "option" | "preset" | "default" | "unset"

/** A setting as it stands, for people: the text, where it is from, and what is wrong with it. */
export interface Found {
  readonly text: string | undefined
  readonly source: Source
  readonly problem: string | undefined
}

/** Looks where the value of a setting comes from; `given` is what the program says of it, as a text. */
export const find = (setting: Setting<unknown>, given?: string): Effect.Effect<Found, ConfigError> =>
  Effect.gen(function* () {
    const ofEnvironment = yield* written(setting)
    const ofPreset = (yield* preset)?.settings[setting.name]
    const places: ReadonlyArray<readonly [Source, string | undefined]> = [
      ["environment", ofEnvironment],
      ["option", given],
      ["preset", ofPreset],
      ["default", setting.fallback]
    ]
    const [source, text] = places.find(([, text]) => text !== undefined) ?? (["unset", undefined] as const)
    // What the program says need not be a text that the environment could hold.
    const isChecked = source === "environment" || source === "preset"
    const parsed = isChecked && text !== undefined ? setting.parse(text) : Result.void
    return { text, source, problem: Result.isFailure(parsed) ? parsed.failure.message : undefined }
  })

/** The value of a setting: of the environment, else `given`, else of the preset; `undefined` where none says anything. */
export const read = <A, B = never>(setting: Setting<A>, given?: B): Effect.Effect<A | B | undefined, ConfigError> =>
  Effect.gen(function* () {
    const ofEnvironment = yield* written(setting)
    if (ofEnvironment !== undefined) return yield* Effect.fromResult(setting.parse(ofEnvironment))
    if (given !== undefined) return given
    const ofPreset = (yield* preset)?.settings[setting.name]
    return ofPreset === undefined ? undefined : yield* Effect.fromResult(setting.parse(ofPreset))
  })

/** For fields of an `Options`, the setting of each. */
export type For<Options> = { readonly [K in keyof Options]?: Setting<Options[K]> }

/** These options with what the environment says over them, and the preset under them. */
export const over = <Options extends object>(
  settings: For<Options>,
  options: Options
): Effect.Effect<Options, ConfigError> =>
  Effect.gen(function* () {
    const found: Options = { ...options }
    for (const field of Object.keys(settings) as Array<keyof Options>) {
      const setting = settings[field]
      if (setting === undefined) continue
      const value = yield* read<Options[keyof Options], Options[keyof Options]>(setting, options[field])
      // Left out rather than `undefined`: for some options that is a difference.
      if (value !== undefined) found[field] = value
    }
    return found
  })
