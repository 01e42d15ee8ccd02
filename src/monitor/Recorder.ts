/**
 * Remembers what happened lately, for whoever looks later: the way of each connection, outages and how they were got
 * over, gaps, and figures second by second. Bounded throughout. It hears the status stream by plain callbacks, so it
 * costs the same whether somebody looks or not.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { Gap } from "../domain/Gap.ts"
import type { Status } from "../domain/Status.ts"
import { Runtime } from "../engines/Runtime.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { errorOf } from "./ErrorFeed.ts"
import { LoopDelay } from "./health/LoopDelay.ts"
import { Connections } from "./record/Connections.ts"
import { Ring } from "./record/Ring.ts"
import { type Sample, Series } from "./record/Series.ts"

/** Epoch milliseconds. */
interface Noted {
  readonly at: number
  readonly reason: string
  readonly message: string
}

export class Recorder extends Context.Service<
  Recorder,
  {
    readonly connections: Connections
    readonly series: Series
    /** Gaps of this process, oldest first; the store has the older ones. */
    readonly gaps: () => ReadonlyArray<Gap>
    /** The latest errors, oldest first. */
    readonly errors: () => ReadonlyArray<Noted>
    /** Readers of the monitor's live stream; undefined where there is no monitor. */
    readonly streams: () => number | undefined
    /** Where a monitor is: how many read it. */
    readonly watch: (streams: () => number) => void
    /** Calls `listener` after each sample until the scope closes. */
    readonly onSample: (listener: (sample: Sample) => void) => Effect.Effect<void, never, import("effect").Scope.Scope>
  }
>()("everbot/monitor/Recorder") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const runtime = yield* Runtime
      const status = yield* StatusStream
      const delays = yield* yield* LoopDelay
      const now = () => clock.currentTimeMillisUnsafe()
      const connections = new Connections()
      const series = new Series()
      const gaps = new Ring<Gap>(200)
      const errors = new Ring<Noted>(100)
      let streams: (() => number) | undefined
      const listeners = new Set<(sample: Sample) => void>()

      const heard = (news: Status): void => {
        const error = errorOf(news)
        if (error !== undefined) {
          series.errors++
          errors.push({ at: now(), reason: error._tag ?? "unknown", message: error.message.slice(0, 300) })
        }
        switch (news._tag) {
          case "ConnectionChanged":
            return connections.changed(news, now())
          case "RungClimbed":
            return connections.climbed(news, now())
          case "GapRecorded":
            return gaps.push(news.gap)
          case "MessageSettled":
            if (news.status === "sent" && news.since !== undefined) {
              series.latencies.record(now(), Math.max(0, now() - news.since))
            }
        }
      }
      yield* status.listen(heard)

      const measure = Effect.sync(() => {
        const sample = series.measure(now(), runtime.accounts(), delays())
        for (const listener of listeners) listener(sample)
      })
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(measure, Effect.sleep("1 second"))))
      return {
        connections,
        series,
        gaps: () => gaps.all(),
        errors: () => errors.all(),
        streams: () => streams?.(),
        watch: (count) => {
          streams = count
        },
        onSample: (listener) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => listeners.add(listener)),
              () => Effect.sync(() => listeners.delete(listener))
            )
          )
      }
    })
  )
}
