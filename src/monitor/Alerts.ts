/**
 * Calls for help: rules over health, errors and metrics; sinks that tell a person.
 *
 * ```ts
 * Alerts.layer({
 *   rules: [...Alerts.defaultRules, Alerts.onMetric("everbot_outbox_oldest_age_seconds", { above: 120 })],
 *   sinks: [Alerts.log, Alerts.webhook({ url }), Alerts.message({ account: "qq:102000001", kind: "direct", id: "…" })]
 * })
 * ```
 * One alert for each thing that is wrong, when it begins, every hour that it stays, and when it is over; what comes and goes
 * is told of once in a cool-down. A sink that fails, hangs or is slow holds up no other and nothing of the bot.
 */
import { Clock, Context, type Duration, Effect, Layer, Queue } from "effect"
import { Runtime } from "../engines/Runtime.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { Backups } from "../ports/Backups.ts"
import type { Alert } from "./alerts/Alert.ts"
import { AlertBook } from "./alerts/AlertBook.ts"
import * as Readers from "./alerts/Readers.ts"
import { bad, millis, onErrors, onHealth, onMetric, type Rule, reminder } from "./alerts/Rules.ts"
import { log, type Sink } from "./alerts/Sinks.ts"
import { Tracker } from "./alerts/Tracker.ts"
import { Health } from "./Health.ts"
import * as Metrics from "./metrics/Table.ts"
import { Recorder } from "./Recorder.ts"

export type { Alert, Severity } from "./alerts/Alert.ts"
export { onErrors, onHealth, onMetric, type Rule } from "./alerts/Rules.ts"
export { line, log, message, type Sink, webhook } from "./alerts/Sinks.ts"

export interface Options {
  /** @defaultValue {@link defaultRules} */
  readonly rules?: ReadonlyArray<Rule> | undefined
  /** @defaultValue the log */
  readonly sinks?: ReadonlyArray<Sink> | undefined
  /** How often the rules are looked at. @defaultValue 10 seconds */
  readonly every?: Duration.Input | undefined
  /** Of rules that have none of their own. @defaultValue 15 minutes */
  readonly coolDown?: Duration.Input | undefined
  /**
   * What stays wrong is told again each time this has passed; `false`: once is enough. Of rules that have none of their own.
   * @defaultValue 1 hour
   */
  readonly remindAfter?: Duration.Input | false | undefined
  /** Alerts that may wait for one sink; those beyond are dropped, counted and logged. @defaultValue 64 */
  readonly capacity?: number | undefined
}

/**
 * Something does not work for a minute; no backup was made, also not on another try; an error comes ten times in five
 * minutes; something became a dead letter.
 */
export const defaultRules: ReadonlyArray<Rule> = [
  onHealth(),
  onHealth({ level: "degraded", check: "backup", window: "30 minutes" }),
  onErrors(),
  onMetric("everbot_events_dead_total", { above: 0, window: "5 minutes" }),
  onMetric("everbot_messages_unsent_total", { above: 0, window: "5 minutes" })
]

/** A running watch over the rules. */
export class Alerts extends Context.Service<
  Alerts,
  {
    /** What is wrong now, told or not. */
    readonly active: Effect.Effect<ReadonlyArray<Alert>>
    /** What was told lately, oldest first: at most 100. */
    readonly recent: Effect.Effect<ReadonlyArray<Alert>>
  }
>()("everbot/monitor/Alerts") {}

const check = (rules: ReadonlyArray<Rule>): void => {
  const names = new Set<string>()
  for (const rule of rules) {
    if (names.has(rule.name)) throw bad(rule.name, "is the name of two rules", "Give one of them another `name`.")
    names.add(rule.name)
    if (rule._tag === "Metric" && !Metrics.names.has(rule.metric)) {
      throw bad(rule.name, "looks at a metric that there is not", "GET /api/metrics lists them.")
    }
  }
}

/** Tells one sink, alert by alert, whatever it does. */
const serve = Effect.fnUntraced(function* (sink: Sink, capacity: number) {
  const queue = yield* Queue.dropping<Alert>(capacity)
  const tell = (alert: Alert) =>
    Effect.suspend(() => sink.send(alert)).pipe(
      Effect.timeout(sink.timeout ?? "30 seconds"),
      (sending) => (sink.retry === undefined ? sending : Effect.retry(sending, sink.retry)),
      Effect.catchCause((cause) => Effect.logWarning(`an alert could not be told by the ${sink.name}`, cause))
    )
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(queue), tell)))
  return (alert: Alert): boolean => Queue.offerUnsafe(queue, alert)
})

const make = Effect.fnUntraced(function* (options: Options) {
  const { rules = defaultRules, sinks = [log], capacity = 64 } = options
  check(rules)
  const every = millis("every", options.every ?? "10 seconds")
  const coolDown = millis("coolDown", options.coolDown ?? "15 minutes")
  const remindAfter = reminder("remindAfter", options.remindAfter ?? "1 hour")
  const clock = yield* Clock.Clock
  const runtime = yield* Runtime
  const recorder = yield* Recorder
  const status = yield* StatusStream
  const { report } = yield* Health
  const book = yield* AlertBook
  const { scheduled } = yield* Backups
  const watched = rules.map((rule) => ({
    reader: Readers.make(rule),
    tracker: new Tracker(rule, { coolDown, remindAfter })
  }))
  const tellers = yield* Effect.forEach(sinks, (sink) => serve(sink, capacity))
  yield* status.listen((news) => {
    const now = clock.currentTimeMillisUnsafe()
    for (const { reader } of watched) reader.heard(news, now)
  })

  const round = Effect.gen(function* () {
    const health = yield* report
    const now = clock.currentTimeMillisUnsafe()
    const facts = { accounts: runtime.accounts(), backups: scheduled.values(), recorder }
    const metrics = Metrics.collect({ ...facts, level: health.level, now })
    for (const { reader, tracker } of watched) {
      for (const alert of tracker.step(reader.read({ now, health, metrics }), now)) {
        book.recent.push(alert)
        for (const tell of tellers) if (!tell(alert)) book.dropped++
      }
    }
  })
  yield* Effect.sleep(every).pipe(
    Effect.andThen(round),
    Effect.catchCause((cause) => Effect.logError("the rules of the alerts could not be looked at", cause)),
    Effect.forever,
    Effect.forkScoped
  )
  book.active = () => watched.flatMap(({ tracker }) => tracker.active(clock.currentTimeMillisUnsafe()))
  return Alerts.of({ active: Effect.sync(() => book.active()), recent: Effect.sync(() => book.recent.all()) })
})

/** Watches until the scope closes. Bad options are a defect, a ConfigError. */
export const layer = (options: Options = {}): Layer.Layer<Alerts, never, Runtime | StatusStream | Health> =>
  Layer.effect(Alerts, make(options)).pipe(Layer.provide([Recorder.layer, AlertBook.layer, Backups.layer]))
