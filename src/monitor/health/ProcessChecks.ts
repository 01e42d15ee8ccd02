/** What is looked at once for the process: the store that all accounts share, and the event loop. */
import { Clock, Duration, Effect } from "effect"
import type { Journal } from "../../engines/Journal.ts"
import type { Store } from "../../ports/Store.ts"
import { span } from "./AccountChecks.ts"
import { type Check, degraded, healthy, unhealthy } from "./Check.ts"
import type { Chronicle } from "./Chronicle.ts"
import type { Delays } from "./LoopDelay.ts"
import type { Limits } from "./Options.ts"

/** A real read, and the commit of what is under way: a store that answers reads and hangs on writes is found out. */
export const store = (
  store: Store["Service"],
  journal: Journal["Service"],
  chronicle: Chronicle,
  limits: Limits
): Check => {
  const timed = (what: string, effect: Effect.Effect<unknown, unknown>) =>
    Effect.gen(function* () {
      const startedAt = yield* Clock.currentTimeMillis
      const done = yield* Effect.timeoutOption(effect, Duration.millis(limits.timeout))
      const took = (yield* Clock.currentTimeMillis) - startedAt
      if (done._tag === "None") return unhealthy(`${what} took longer than ${span(limits.timeout)}`)
      return took > limits.storeLimit ? degraded(`${what} took ${span(took)}`) : healthy
    })
  return {
    name: "store",
    // Each half has its own limit.
    timeout: Duration.millis(limits.timeout * 2 + 1000),
    run: Effect.gen(function* () {
      if (journal.isFailing()) {
        return unhealthy(`nothing can be stored: ${chronicle.storeError?.message ?? "commits fail"}`)
      }
      const read = yield* timed("a read", store.state(["everbot/health"]))
      if (read.level === "unhealthy") return read
      const commit = yield* timed("a commit", journal.flush)
      return commit.level === "healthy" ? read : commit
    })
  }
}

/** How long timers waited since the last round. */
export const eventLoop = (read: () => Delays, limits: Limits): Check => ({
  name: "event loop",
  run: Effect.sync(() => {
    const { p99, max } = read()
    if (max > limits.loopStallLimit) return degraded(`the process stood still for ${span(max)}`)
    return p99 > limits.loopDelayLimit ? degraded(`timers are ${span(p99)} late (p99)`) : healthy
  })
})
