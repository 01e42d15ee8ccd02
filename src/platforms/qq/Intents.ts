/**
 * Which groups of events a bot asks for.
 *
 * Intents are one number, a bit for each group. QQ refuses the whole session (close code 4014) when a single bit is
 * asked for that the bot was not granted, so ask for what you use.
 */
import { Result } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import { type EventName, eventIntents, type IntentName, intentBits } from "./Protocol.ts"

/** A set of intents, as the platform wants it: bits. */
export type Intents = number

/** Every name, ascending by bit. */
export const intentNames: ReadonlyArray<IntentName> = (Object.keys(intentBits) as Array<IntentName>).sort(
  (a, b) => intentBits[a] - intentBits[b]
)

/** The bit value of one intent, e.g. 33554432 for `GROUP_AND_C2C_EVENT`. */
export const valueOf = (name: IntentName): Intents => 2 ** intentBits[name]

/** The set of exactly these. */
export const of = (...names: ReadonlyArray<IntentName>): Intents => names.reduce((set, name) => set | valueOf(name), 0)

export const none: Intents = 0

/** Every intent there is. No bot is granted all of them: useful against a simulator. */
export const all: Intents = of(...intentNames)

/**
 * What most bots have: guilds, members, guild messages that mention the bot, guild direct messages, groups and C2C,
 * interactions. The set that Tencent's own Node SDK of 2026 asks for.
 *
 * Not `MESSAGE_AUDIT`, which has to be applied for: without it a message that QQ holds for review stays `auditing`,
 * because nobody hears its verdict. `Intents.add(Intents.defaults, "MESSAGE_AUDIT")` once it was granted.
 */
export const defaults: Intents = of(
  "GUILDS",
  "GUILD_MEMBERS",
  "DIRECT_MESSAGE",
  "GROUP_AND_C2C_EVENT",
  "INTERACTION",
  "PUBLIC_GUILD_MESSAGES"
)

export const add = (set: Intents, ...names: ReadonlyArray<IntentName>): Intents => set | of(...names)

export const remove = (set: Intents, ...names: ReadonlyArray<IntentName>): Intents => set & ~of(...names)

export const has = (set: Intents, name: IntentName): boolean => (set & valueOf(name)) !== 0

/** The names in a set, ascending by bit. */
export const names = (set: Intents): ReadonlyArray<IntentName> => intentNames.filter((name) => has(set, name))

/** The intent an event needs; undefined for READY and RESUMED, and for names we do not know. */
export const intentOf = (event: string): IntentName | undefined =>
  Object.hasOwn(eventIntents, event) ? eventIntents[event as EventName] : undefined

/** The smallest set that delivers these events. */
export const forEvents = (events: Iterable<EventName>): Intents => {
  let set: Intents = none
  for (const event of events) {
    const intent = eventIntents[event]
    if (intent !== undefined) set |= valueOf(intent)
  }
  return set
}

/** Whether a session with this set is told of the event. */
export const delivers = (set: Intents, event: EventName): boolean => {
  const intent = eventIntents[event]
  return intent === undefined || has(set, intent)
}

const fail = (setting: string, problem: string): Result.Result<never, ConfigError> =>
  Result.fail(
    new ConfigError({
      setting,
      reason: new Malformed({ problem }),
      mend: `Use names of ${intentNames.join(", ")}, or a sum of their bits.`
    })
  )

/** Only what is written as names are: a slip is shown, and a secret that got into the wrong variable is not. */
const quoted = (name: string): string => (/^[A-Za-z_]{1,40}$/.test(name) ? name : "one that is no name")

/** Whether the name is one of ours. */
export const isIntentName = (name: string): name is IntentName => Object.hasOwn(intentBits, name)

/**
 * Checks a set that came from outside: a number of bits, or names. Fails with a `ConfigError` that names every
 * unknown bit or name.
 */
export const validate = (
  input: number | ReadonlyArray<string>,
  setting = "intents"
): Result.Result<Intents, ConfigError> => {
  if (typeof input === "number") {
    if (!Number.isInteger(input) || input < 0 || input > 0xffff_ffff) {
      return fail(setting, "is not a set of bits between 0 and 2^32-1")
    }
    const unknown: Array<number> = []
    for (let bit = 0; bit < 32; bit++) {
      // Division, because `1 << 31` is negative.
      const isSet = Math.floor(input / 2 ** bit) % 2 === 1
      if (isSet && !intentNames.some((name) => intentBits[name] === bit)) unknown.push(bit)
    }
    return unknown.length === 0 ? Result.succeed(input) : fail(setting, `has unknown bits: ${unknown.join(", ")}`)
  }
  const unknown = input.filter((name) => !isIntentName(name))
  return unknown.length === 0
    ? Result.succeed(of(...input.filter(isIntentName)))
    : fail(setting, `has unknown names: ${unknown.slice(0, 10).map(quoted).join(", ")}`)
}

/** Names joined by commas, or a decimal number. Spaces and case do not matter; empty means none was chosen. */
export const parse = (text: string, setting = "intents"): Result.Result<Intents, ConfigError> => {
  const trimmed = text.trim()
  if (/^\d+$/.test(trimmed)) return validate(Number(trimmed), setting)
  const parts = trimmed
    .split(",")
    .map((part) => part.trim().toUpperCase())
    .filter((part) => part !== "")
  return parts.length === 0 ? fail(setting, "names no intent") : validate(parts, setting)
}
