/**
 * Keeps the store small: deletes what was done with long ago, every hour, each table by an age of its own.
 *
 * Never in the way: a failure is logged and tried again, and the store deletes in steps that commits overtake. What is not
 * settled has no age: pending and deferred events and messages to be sent stay. So do state, whose end only its handlers know,
 * and positions, of which there is one for each stream: an old one may be the session that is resumed next.
 */
import { Clock, Duration, Effect, Option, Result, Schedule, type Scope } from "effect"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"
import * as Setting from "../ports/Setting.ts"
import { type Cutoffs, type Pruned, Store } from "../ports/Store.ts"

/**
 * How long what is done with is kept: `false` or `"Infinity"` for ever, and no less than a day. What is left out here is as the
 * environment says (`EVERBOT_KEEP_EVENTS`, e.g. `30 days` or `forever`), and else by default.
 */
export interface Keep {
  /**
   * Events, from when they came. Their keys are kept with them, and a platform that delivers an event again later than this
   * has it handled again: see {@link shortest}. `EVERBOT_KEEP_EVENTS` @defaultValue 7 days
   */
  readonly events?: Duration.Input | false | undefined
  /**
   * Messages that were sent, from when they were. Those that the platform still reviews are kept for at least
   * {@link review}. `EVERBOT_KEEP_MESSAGES` @defaultValue 7 days
   */
  readonly messages?: Duration.Input | false | undefined
  /**
   * Dead letters, from when they were given up on, not from when their event came. They are what nobody answered: a person
   * decides about them, so that by default none is ever deleted. What is deleted is told in the log.
   * `EVERBOT_KEEP_DEAD_LETTERS` @defaultValue for ever
   */
  readonly deadLetters?: Duration.Input | false | undefined
  /** Gaps, from when they ended. `EVERBOT_KEEP_GAPS` @defaultValue 90 days */
  readonly gaps?: Duration.Input | false | undefined
}

export interface RetentionOptions {
  /** How long what is done with is kept. */
  readonly keep?: Keep | undefined
  /** How often old rows are deleted. @defaultValue 1 hour; for the first time after 10 minutes */
  readonly pruneEvery?: Duration.Input | undefined
}

export const defaults = {
  events: Duration.days(7),
  messages: Duration.days(7),
  deadLetters: Duration.infinity,
  gaps: Duration.days(90)
} as const

/**
 * Nothing may be kept for less. An event comes again as long as its platform still has it: Telegram keeps what was not
 * fetched for 24 hours, QQ repeats webhook calls and the replay of a session that was resumed. And what was given up on, or
 * lost, is of no use when it is gone before somebody looked.
 */
export const shortest = Duration.days(1)

/** How long a verdict on a message under review may take: before, a rejection would find nothing it could be about. */
export const review = Duration.days(7)

type Table = keyof typeof defaults
const tables: ReadonlyArray<Table> = ["events", "messages", "deadLetters", "gaps"]

const refuse = (setting: string, problem: string, mend: string) =>
  Result.fail(new ConfigError({ setting, reason: new Malformed({ problem }), mend }))

/** A duration that may be kept. */
const checked = (setting: string, given: Duration.Input): Result.Result<Duration.Duration, ConfigError> => {
  const age = Option.getOrUndefined(Duration.fromInput(given))
  if (age === undefined || Number.isNaN(Duration.toMillis(age))) {
    return refuse(setting, "is no duration", "Write it like `30 days`, or `forever`.")
  }
  if (Duration.isLessThan(age, shortest)) {
    const problem = `is shorter than ${Duration.format(shortest)}`
    const why = "Keep it for a day or longer: an event that comes again after its key was deleted is handled again."
    return refuse(setting, problem, why)
  }
  return Result.succeed(age)
}

const setting = (name: `EVERBOT_KEEP_${string}`, what: string, table: Table): Setting.Setting<Duration.Duration> => {
  const age = defaults[table]
  const fallback = Duration.isFinite(age) ? `${Duration.toDays(age)} days` : "forever"
  return Setting.custom({ name, about: `How long ${what} are kept.`, fallback }, (text) =>
    // A text that is no duration is found out by `checked`.
    text === "forever" ? Result.succeed(Duration.infinity) : checked(name, text as Duration.Input)
  )
}

/** Where the environment says {@link Keep}. */
export const settings: Readonly<Record<Table, Setting.Setting<Duration.Duration>>> = {
  events: setting("EVERBOT_KEEP_EVENTS", "settled events, and the keys that tell duplicates,", "events"),
  messages: setting("EVERBOT_KEEP_MESSAGES", "sent messages", "messages"),
  deadLetters: setting("EVERBOT_KEEP_DEAD_LETTERS", "dead letters", "deadLetters"),
  gaps: setting("EVERBOT_KEEP_GAPS", "gaps", "gaps")
}

/** How long each table is kept. */
export type Ages = Readonly<Record<Table, Duration.Duration>>

/** The ages that options and the environment ask for. */
export const resolve = Effect.fnUntraced(function* (keep: Keep = {}): Effect.fn.Return<Ages, ConfigError> {
  const ages: { -readonly [K in Table]: Duration.Duration } = { ...defaults }
  for (const table of tables) {
    const given = keep[table]
    if (given === undefined) ages[table] = (yield* Setting.read(settings[table])) ?? defaults[table]
    else if (given === false) ages[table] = Duration.infinity
    else ages[table] = yield* Effect.fromResult(checked(`keep.${table}`, given))
  }
  return ages
})

/** What is too old at `now` (epoch milliseconds). */
export const cutoffsAt = ({ deadLetters, events, gaps, messages }: Ages, now: number): Cutoffs => {
  const before = (age: Duration.Duration) => (Duration.isFinite(age) ? now - Duration.toMillis(age) : undefined)
  return {
    events: before(events),
    sent: before(messages),
    auditing: before(Duration.max(messages, review)),
    deadLetters: before(deadLetters),
    gaps: before(gaps)
  }
}

/** A start has better things to do. */
const first = Duration.minutes(10)
/** After these the next hour tries again. */
const patience = Schedule.max([Schedule.exponential("1 minute"), Schedule.recurs(5)])

const tell = ({ auditing, deadLetters, events, gaps, sent }: Pruned, ages: Ages): Effect.Effect<void> =>
  Effect.gen(function* () {
    const done = events + sent + auditing + gaps
    if (done > 0) {
      yield* Effect.logDebug(`deleted from the store: ${events} events, ${sent + auditing} messages, ${gaps} gaps`)
    }
    if (deadLetters === 0) return
    const age = Duration.format(ages.deadLetters)
    yield* Effect.logWarning(`deleted ${deadLetters} dead letters that nobody took up within ${age}`)
  })

/** Prunes the store until the scope closes. Bad options are a defect, a ConfigError. */
export const start = Effect.fnUntraced(function* ({
  keep,
  pruneEvery = Duration.hours(1)
}: RetentionOptions): Effect.fn.Return<void, never, Scope.Scope | Store> {
  const ages = yield* Effect.orDie(resolve(keep))
  if (tables.every((table) => !Duration.isFinite(ages[table]))) return
  const store = yield* Store
  const every = Duration.fromInputUnsafe(pruneEvery)
  const prune = Effect.gen(function* () {
    yield* tell(yield* store.prune(cutoffsAt(ages, yield* Clock.currentTimeMillis)), ages)
  })
  const safely = prune.pipe(
    Effect.tapError((error) => Effect.logWarning(`the store could not be pruned: ${error.message}`)),
    Effect.retry({ schedule: patience, while: (error) => error.isRetryable }),
    // What no repetition mended, and defects: pruning must not end because it failed once.
    Effect.catchCause((cause) => Effect.logError("the store was not pruned; trying again later", cause))
  )
  yield* Effect.forkScoped(
    Effect.andThen(Effect.sleep(Duration.min(first, every)), Effect.repeat(safely, Schedule.spaced(every)))
  )
})
