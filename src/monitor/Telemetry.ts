/**
 * Traces and metrics for a collector of OpenTelemetry, by Effect's own exporter. Off unless there is a collector:
 *
 * ```ts
 * Layer.mergeAll(Ping, Qq.layerConfig, Telemetry.layerConfig).pipe(Bot.launch, …)
 * ```
 * with `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318`.
 *
 * An event is a trace: `Inbox.append` (received and stored), under it `Dispatcher.handle` for each turn, and under that
 * whatever the handler draws and a `Relay.send` for each attempt to send a reply. The parts find each other across the
 * journal, also in another process after a crash; what a process had not yet sent to the collector when it was killed is
 * lost, and its children then hang in the air. The metrics are those of `/metrics`, by the same names and labels, and those
 * that the program keeps in Effect.
 *
 * What spans carry: account, conversation, event key and type, attempt, and the texts of errors; never what was said.
 */
import { Clock, Duration, Effect, Layer, Metric } from "effect"
import { OtlpExporter, OtlpMetrics, OtlpSerialization, OtlpTracer } from "effect/observability"
import type { ConfigError } from "../domain/ConfigError.ts"
import type { Level } from "../domain/Health.ts"
import { Runtime } from "../engines/Runtime.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { Backups } from "../ports/Backups.ts"
import * as Setting from "../ports/Setting.ts"
import type { Scene } from "./metrics/Table.ts"
import { Recorder } from "./Recorder.ts"
import * as Collector from "./telemetry/Collector.ts"
import * as Draw from "./telemetry/Draw.ts"
import * as Figures from "./telemetry/Figures.ts"
import { type Checked, check, type Options, settings } from "./telemetry/Options.ts"

export { defaults, type Options, settings } from "./telemetry/Options.ts"

/** How long the last batch may take when the bot stops. */
const shutdownTimeout = Duration.seconds(3)

const common = ({ serviceName }: Checked) => ({ resource: { serviceName }, headers: undefined, shutdownTimeout })

const traces = (options: Checked) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const tracer = yield* OtlpTracer.make({
        ...common(options),
        url: `${options.endpoint}/v1/traces`,
        exportInterval: options.tracesEvery
      })
      const runtime = yield* Runtime
      yield* runtime.draw(Draw.make(tracer, yield* Clock.Clock, options.sample))
    })
  )

/** What the figures are read from, at any moment. */
const looking = Effect.gen(function* () {
  const runtime = yield* Runtime
  const recorder = yield* Recorder
  const { scheduled } = yield* Backups
  const clock = yield* Clock.Clock
  // Until a first round of checks says otherwise.
  let level: Level = "healthy"
  const { listen } = yield* StatusStream
  yield* listen((news) => {
    if (news._tag === "HealthChanged" && news.check === undefined && news.account === undefined) level = news.to
  })
  let accounts = runtime.accounts()
  return (): Scene => {
    const running = runtime.accounts()
    // When the bot stops they go first, and the last reading is still about them.
    if (running.length > 0) accounts = running
    return { accounts, backups: scheduled, recorder, level, now: clock.currentTimeMillisUnsafe() }
  }
})

const metrics = (options: Checked) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const scene = yield* looking
      const registry = Figures.registry(scene, yield* Metric.MetricRegistry)
      yield* OtlpMetrics.make({
        ...common(options),
        url: `${options.endpoint}/v1/metrics`,
        exportInterval: options.metricsEvery
      }).pipe(Effect.provideService(Metric.MetricRegistry, registry))
    })
  ).pipe(Layer.provide([Recorder.layer, Backups.layer]))

const serialization = ({ protocol }: Checked) =>
  Layer.effect(
    OtlpSerialization.OtlpSerialization,
    Effect.map(OtlpSerialization.OtlpSerialization, (inner) => ({
      ...inner,
      metrics: (data) => inner.metrics(Figures.withoutUnits(data))
    }))
  ).pipe(Layer.provide(protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf))

/** Sends until the scope closes, and then the rest. Fails for an address that cannot be one. */
export const layer = (options: Options): Layer.Layer<never, ConfigError, Runtime | StatusStream> =>
  Layer.unwrap(
    Effect.map(Effect.fromResult(check(options)), (all) => {
      if (all === undefined) return Layer.empty
      return Layer.merge(all.traces ? traces(all) : Layer.empty, all.metrics ? metrics(all) : Layer.empty).pipe(
        Layer.provide([OtlpExporter.layerFlusher, serialization(all), Collector.layer(all.headers)])
      )
    })
  )

/** {@link layer} with what the environment says ({@link settings}) over `options`. */
export const layerConfigWith = (options: Options): Layer.Layer<never, ConfigError, Runtime | StatusStream> =>
  Layer.unwrap(Effect.map(Setting.over(settings, options), layer))

export const layerConfig: Layer.Layer<never, ConfigError, Runtime | StatusStream> = layerConfigWith({})
