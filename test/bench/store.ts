/**
 * What storing and settling an event costs: `npx tsx test/bench/store.ts [events] [file]`.
 *
 * Appends realistic events (700-byte frames, random 40-character keys) through the SQLite store, 1,000 a commit, two
 * commits under way, settling each batch in the commit after it. Prints CPU of the main thread and of all others.
 */

import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect } from "effect"
import { emptyCommit, type NewEvent, Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"

const total = Number(process.argv[2] ?? 100_000)
const perCommit = 1000
const folder = mkdtempSync(join(tmpdir(), "everbot-bench-"))
const filename = process.argv[3] ?? join(folder, "bench.db")

const chats = Array.from({ length: 200 }, () => randomBytes(16).toString("hex").toUpperCase())
const frame = new TextEncoder().encode(
  JSON.stringify({ op: 0, s: 1, t: "GROUP_AT_MESSAGE_CREATE", d: "x".repeat(650) })
)
const event = (i: number): NewEvent => ({
  conversation: { account: "qq:102000001", kind: "group", id: chats[i % chats.length] ?? "" },
  key: randomBytes(20).toString("hex"),
  receivedAt: 1_700_000_000_000 + i,
  raw: frame
})

const program = Effect.gen(function* () {
  const store = yield* Store
  const run = Effect.fnUntraced(function* (batches: ReadonlyArray<ReadonlyArray<NewEvent>>) {
    let settled: ReadonlyArray<number> = []
    yield* Effect.forEach(
      batches,
      (events) =>
        Effect.suspend(() => {
          const commit = { ...emptyCommit, events, settled }
          settled = []
          return Effect.map(store.commit(commit), ({ eventIds }) => {
            settled = [...settled, ...Array.from(eventIds)]
          })
        }),
      { concurrency: store.pipeline, discard: true }
    )
    yield* store.commit({ ...emptyCommit, settled })
  })
  const batches = (count: number) =>
    Array.from({ length: Math.ceil(count / perCommit) }, (_, at) =>
      Array.from({ length: perCommit }, (_, i) => event(at * perCommit + i))
    )
  yield* run(batches(20_000))
  const work = batches(total)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const own = process.threadCpuUsage()
  const start = performance.now()
  yield* run(work)
  const wall = performance.now() - start
  const all = process.cpuUsage(cpu)
  const main = process.threadCpuUsage(own)
  delay.disable()
  const each = (micros: number) => (micros / total).toFixed(2).padStart(6)
  const others = { user: all.user - main.user, system: all.system - main.system }
  const counts = yield* store.counts("qq:102000001")
  yield* Effect.sync(() => {
    process.stdout.write(
      [
        `${total} events, ${perCommit} a commit, ${filename}`,
        `rate          ${Math.round((total / wall) * 1000)} events/s, append and settle, synchronous=FULL`,
        `main thread   ${each(main.user + main.system)} µs CPU per event (user ${each(main.user)}, system ${each(main.system)})`,
        `other threads ${each(others.user + others.system)} µs CPU per event (user ${each(others.user)}, system ${each(others.system)})`,
        `event loop    p50 ${(delay.percentile(50) / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms (timer resolution 1 ms)`,
        `left pending  ${counts.pendingEvents}; file ${(statSync(filename).size / 1e6).toFixed(0)} MB`,
        ""
      ].join("\n")
    )
  })
})

await Effect.runPromise(program.pipe(Effect.provide(Sqlite.layer({ filename }))))
rmSync(folder, { recursive: true })
