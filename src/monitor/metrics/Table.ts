/**
 * Every figure of the bot under one name: what it is called, counts in, tells apart and means, and where it comes from.
 * `/metrics`, the API, alerts, OTLP and METRICS.md beside this file are all made of this table.
 */
import { basename } from "node:path"
import type { Level } from "../../domain/Health.ts"
import type { Account } from "../../engines/Account.ts"
import type { Scheduled } from "../../ports/Backups.ts"
import { idOf, processFigures } from "../http/Views.ts"
import type { Recorder } from "../Recorder.ts"

export interface Figure {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Metric {
  readonly name: string
  readonly type: "counter" | "gauge"
  readonly help: string
  readonly values: ReadonlyArray<Figure>
}

export interface Scene {
  readonly accounts: ReadonlyArray<Account>
  readonly recorder: Recorder["Service"]
  readonly level: Level
  readonly backups: Iterable<Scheduled>
  readonly now: number
}

type Label = "account" | "shard" | "quantile" | "database"

export interface Row {
  /** An interface: rows are added, their names do not change. */
  readonly name: `everbot_${string}`
  readonly type: Metric["type"]
  /** Of the UCUM; what is in braces is counted and has no dimension. */
  readonly unit: string
  readonly labels: ReadonlyArray<Label>
  readonly help: string
  readonly values: (scene: Scene) => ReadonlyArray<Figure>
}

type Facts = Omit<Row, "labels" | "values" | "type">

const perAccount = (type: Row["type"], facts: Facts, value: (account: Account) => number): Row => ({
  ...facts,
  type,
  labels: ["account"],
  values: ({ accounts }) => accounts.map((one) => ({ labels: { account: idOf(one) }, value: value(one) }))
})

const perShard = (
  type: Row["type"],
  facts: Facts,
  value: (view: ReturnType<Account["shards"]>[number]) => number | undefined
): Row => ({
  ...facts,
  type,
  labels: ["account", "shard"],
  values: ({ accounts }) =>
    accounts.flatMap((one) =>
      one.shards().flatMap((view) => {
        const figure = value(view)
        const labels = { account: idOf(one), shard: String(view.shard) }
        return figure === undefined ? [] : [{ labels, value: figure }]
      })
    )
})

const single = (facts: Facts, value: (scene: Scene) => number | undefined): Row => ({
  ...facts,
  type: "gauge",
  labels: [],
  values: (scene) => {
    const figure = value(scene)
    return figure === undefined ? [] : [{ labels: {}, value: figure }]
  }
})

const levels = { healthy: 0, degraded: 1, unhealthy: 2 } as const

const latency = ({ now, recorder }: Scene): ReadonlyArray<Figure> => {
  const { p50, p95, p99 } = recorder.series.latencies.percentiles(now)
  return Object.entries({ "0.5": p50, "0.95": p95, "0.99": p99 }).flatMap(([quantile, millis]) =>
    millis === undefined ? [] : [{ labels: { quantile }, value: millis / 1000 }]
  )
}

export const table: ReadonlyArray<Row> = [
  single(
    { name: "everbot_health_level", unit: "{level}", help: "0 healthy, 1 degraded, 2 unhealthy." },
    ({ level }) => levels[level]
  ),
  perShard(
    "gauge",
    { name: "everbot_connected", unit: "{session}", help: "1 where the shard has a session." },
    ({ state }) => Number(state._tag === "Ready")
  ),
  perShard(
    "counter",
    { name: "everbot_dials_total", unit: "{connection}", help: "Connections that were tried." },
    ({ dials }) => dials
  ),
  perShard(
    "counter",
    { name: "everbot_sessions_total", unit: "{session}", help: "Connections that reached a session." },
    ({ sessions }) => sessions
  ),
  perShard(
    "gauge",
    {
      name: "everbot_heartbeat_round_trip_seconds",
      unit: "s",
      help: "From the latest heartbeat to its answer."
    },
    ({ heartbeatRoundTrip }) => (heartbeatRoundTrip === undefined ? undefined : heartbeatRoundTrip / 1000)
  ),
  perAccount(
    "counter",
    { name: "everbot_events_received_total", unit: "{event}", help: "Events that came in." },
    (one) => one.dispatcher.counters.received
  ),
  perAccount(
    "counter",
    { name: "everbot_events_handled_total", unit: "{event}", help: "Events whose turn ended well." },
    (one) => one.dispatcher.counters.handled
  ),
  perAccount(
    "counter",
    { name: "everbot_events_dead_total", unit: "{event}", help: "Events that became dead letters." },
    (one) => one.dispatcher.counters.dead
  ),
  perAccount(
    "counter",
    {
      name: "everbot_turns_failed_total",
      unit: "{turn}",
      help: "Turns that failed, those that were retried included."
    },
    (one) => one.dispatcher.counters.failedTurns
  ),
  perAccount(
    "gauge",
    { name: "everbot_inbox_depth", unit: "{event}", help: "Events that wait for their handlers, or are handled." },
    (one) => one.dispatcher.lanes.backlog
  ),
  perAccount(
    "gauge",
    { name: "everbot_intake_paused", unit: "{pause}", help: "1 while nothing more is read." },
    (one) => Number(one.intake.isPaused)
  ),
  perAccount(
    "gauge",
    {
      name: "everbot_holds",
      unit: "{hold}",
      help: "Conversations that a person has taken over, and one more for the account itself."
    },
    (one) => one.holding.all().length
  ),
  perAccount(
    "counter",
    { name: "everbot_messages_sent_total", unit: "{message}", help: "Messages the platform took." },
    (one) => one.relay.sent
  ),
  perAccount(
    "counter",
    { name: "everbot_messages_unsent_total", unit: "{message}", help: "Messages that came to rest unsent." },
    (one) => one.relay.unsent
  ),
  perAccount(
    "gauge",
    { name: "everbot_outbox_depth", unit: "{message}", help: "Messages that wait, or are under way." },
    (one) => one.relay.depth
  ),
  single(
    {
      name: "everbot_outbox_oldest_age_seconds",
      unit: "s",
      help: "Age of the message that could have left longest ago."
    },
    ({ recorder }) => (recorder.series.last?.oldestMessageAge ?? 0) / 1000
  ),
  {
    name: "everbot_reply_latency_seconds",
    type: "gauge",
    unit: "s",
    labels: ["quantile"],
    help: "From an event to the platform's answer to its reply, over the last minute.",
    values: latency
  },
  single(
    { name: "everbot_errors_per_second", unit: "{error}/s", help: "Errors in the last second." },
    ({ recorder }) => recorder.series.last?.errors ?? 0
  ),
  {
    name: "everbot_backup_age_seconds",
    type: "gauge",
    unit: "s",
    labels: ["database"],
    help: "Age of the newest whole backup of a database that has a schedule.",
    values: ({ backups, now }) =>
      Array.from(backups).flatMap(({ filename, newestAt }) =>
        newestAt === undefined ? [] : [{ labels: { database: basename(filename) }, value: (now - newestAt) / 1000 }]
      )
  },
  single(
    { name: "everbot_monitor_streams", unit: "{stream}", help: "Readers of the monitor's live stream." },
    ({ recorder }) => recorder.streams()
  ),
  single(
    { name: "everbot_process_resident_memory_bytes", unit: "By", help: "Memory the process occupies." },
    ({ now, recorder }) => processFigures(recorder, now).rss
  ),
  single(
    {
      name: "everbot_process_cpu_ratio",
      unit: "1",
      help: "Part of one processor that was used in the last second."
    },
    ({ recorder }) => recorder.series.last?.cpu ?? 0
  ),
  single(
    { name: "everbot_process_uptime_seconds", unit: "s", help: "Since the process started." },
    ({ now, recorder }) => processFigures(recorder, now).uptime / 1000
  ),
  single(
    {
      name: "everbot_event_loop_delay_seconds",
      unit: "s",
      help: "How late timers were (99th percentile) in the last second."
    },
    ({ recorder }) => (recorder.series.last?.loopDelay ?? 0) / 1000
  )
]

/** Those that can be asked for. */
export const names: ReadonlySet<string> = new Set(table.map(({ name }) => name))

export const collect = (scene: Scene): ReadonlyArray<Metric> =>
  table.map(({ help, name, type, values }) => ({ name, type, help, values: values(scene) }))
