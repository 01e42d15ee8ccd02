/** What is looked at once for the process: the store that all accounts share, its disk, memory, and the event loop. */
import { Clock, Duration, Effect } from "effect"
import type { Journal } from "../../engines/Journal.ts"
import type { Scheduled } from "../../ports/Backups.ts"
import type { Store } from "../../ports/Store.ts"
import { type Check, degraded, healthy, remark, unhealthy } from "./Check.ts"
import type { Chronicle } from "./Chronicle.ts"
import type { Disk } from "./Disk.ts"
import type { Delays } from "./LoopDelay.ts"
import type { Memory } from "./Memory.ts"
import type { Limits } from "./Options.ts"
import { span } from "./Span.ts"

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

/** The backups of a schedule: the last try, and the age of the newest that is whole. Without a schedule there is no check. */
export const backup = ({ every, failure, newestAt, since }: Scheduled, limits: Limits): Check => ({
  name: "backup",
  run: Effect.map(Clock.currentTimeMillis, (now) => {
    const made = newestAt === undefined ? "there is none yet" : `the newest is ${span(now - newestAt)} old`
    if (failure !== undefined) return degraded(`the last backup failed, ${made}: ${failure}`)
    const age = now - (newestAt ?? since)
    if (age > limits.backupLimit * every) return degraded(`${made}; one is due every ${span(every)}`)
    return newestAt === undefined ? remark(made) : healthy
  })
})

const percent = (part: number): string => `${Math.round(part * 100)} %`

/** Bytes as a person says them. */
export const size = (bytes: number): string =>
  bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`

/** Against what kills: the limit of the container, or the memory of the machine; not against the heap, which is always nearly full. */
export const memory = (measure: Effect.Effect<Memory>, limits: Limits): Check => ({
  name: "memory",
  run: Effect.map(measure, ({ limit, of, rss, used }) => {
    const part = used / limit
    if (part <= limits.memoryLimit) return healthy
    const reason = `${percent(part)} of the ${of}'s ${size(limit)} are in use, ${size(rss)} by this process`
    return part > limits.memoryDeadline ? unhealthy(reason) : degraded(reason)
  })
})

/** The disk of the database: found out before it is full, because a full one cannot even store that it is. */
export const disk = (look: (file: string) => Effect.Effect<Disk, Error>, file: string, limits: Limits): Check => ({
  name: "disk",
  run: Effect.map(look(file), ({ free, size: whole }) => {
    if (free >= limits.diskLimit) return healthy
    const reason = `${size(free)} of ${size(whole)} are left on the disk of ${file}`
    return free < limits.diskDeadline ? unhealthy(reason) : degraded(reason)
  })
})
