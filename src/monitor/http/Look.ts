/** Answers what can be seen. */
import { Clock, Effect } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { HttpApiBuilder } from "effect/http-api"
import { Runtime } from "../../engines/Runtime.ts"
import { Backups } from "../../ports/Backups.ts"
import { Store } from "../../ports/Store.ts"
import { AlertBook } from "../alerts/AlertBook.ts"
import { ErrorMonitor } from "../ErrorMonitor.ts"
import { RestartBook } from "../guard/RestartBook.ts"
import { Health } from "../Health.ts"
import { prometheus } from "../metrics/Prometheus.ts"
import * as Metrics from "../metrics/Table.ts"
import { Recorder } from "../Recorder.ts"
import { MonitorApi } from "./Api.ts"
import { NotFound, Unavailable } from "./Refusals.ts"
import { Streams } from "./Streams.ts"
import * as Views from "./Views.ts"

export const layerProbe = HttpApiBuilder.group(MonitorApi, "probe", (handlers) =>
  handlers.handleAll({ livez: () => Effect.succeed({ status: "alive" as const }) })
)

/** Gaps that one answer may hold. */
const maxGaps = 1000

const unavailable = () => new Unavailable({ message: "The store does not answer." })

export const layer = (features: ReadonlyArray<string>) =>
  HttpApiBuilder.group(
    MonitorApi,
    "look",
    Effect.fnUntraced(function* (handlers) {
      const runtime = yield* Runtime
      const store = yield* Store
      const { report } = yield* Health
      const errors = yield* ErrorMonitor
      const recorder = yield* Recorder
      const streams = yield* Streams
      const alerts = yield* AlertBook
      const book = yield* RestartBook
      const { scheduled } = yield* Backups

      const scene = Effect.gen(function* () {
        const { level } = yield* report
        const now = yield* Clock.currentTimeMillis
        const backups = scheduled.values()
        return { accounts: runtime.accounts(), backups, recorder, level, now } satisfies Metrics.Scene
      })
      const gaps = Effect.fnUntraced(function* (account: string | undefined) {
        const all = runtime.accounts().map(Views.idOf)
        if (account !== undefined && !all.includes(account)) {
          return yield* new NotFound({ message: `There is no account ${account}.` })
        }
        const stored = yield* Effect.forEach(account === undefined ? all : [account], store.gaps).pipe(
          Effect.mapError(unavailable)
        )
        return stored
          .flat()
          .sort((a, b) => b.until - a.until)
          .slice(0, maxGaps)
          .map((gap) => ({ ...gap, from: gap.from ?? null, to: gap.to ?? null }))
      })

      return handlers.handleAll({
        readyz: () =>
          Effect.suspend(() => {
            const readiness = Views.readiness(runtime.hasStarted(), runtime.accounts())
            return HttpServerResponse.json(readiness, { status: readiness.ready ? 200 : 503 }).pipe(Effect.orDie)
          }),
        health: () =>
          Effect.flatMap(report, (latest) =>
            HttpServerResponse.json(Views.health(latest), { status: latest.level === "unhealthy" ? 503 : 200 })
          ).pipe(Effect.orDie),
        status: () =>
          Effect.gen(function* () {
            const { level } = yield* report
            const now = yield* Clock.currentTimeMillis
            const { count, p50, p95, p99 } = recorder.series.latencies.percentiles(now)
            return {
              at: now,
              level,
              hasStarted: runtime.hasStarted(),
              process: Views.processFigures(recorder, now),
              accounts: runtime.accounts().map(Views.account),
              replyLatency: { count, p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null },
              features
            }
          }),
        metrics: () => Effect.map(scene, Metrics.collect),
        prometheus: () => Effect.flatMap(scene, prometheus),
        series: () => Effect.sync(() => recorder.series.all()),
        connections: () => Effect.sync(() => runtime.accounts().flatMap((one) => Views.connections(one, recorder))),
        recoveries: () => Effect.sync(() => recorder.connections.recoveries()),
        gaps: ({ query }) => gaps(query.account),
        errors: () => Effect.map(errors.summary, (summary) => Views.errors(summary, recorder)),
        restarts: () => Effect.map(Clock.currentTimeMillis, (now) => Views.restarts(book, now)),
        alerts: () =>
          Effect.sync(() => ({
            active: alerts.active(),
            recent: alerts.recent.all().toReversed(),
            dropped: alerts.dropped
          })),
        events: () => streams.open
      })
    })
  )
