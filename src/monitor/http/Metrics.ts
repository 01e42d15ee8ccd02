/**
 * Every figure of the bot under one name, as a table: what it is called, what it means, where it comes from. Served as
 * JSON, and in Prometheus' text format together with whatever metrics of their own the user's program keeps in Effect.
 */
import { basename } from "node:path"
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import type { Level } from "../../domain/Health.ts"
import type { Account } from "../../engines/Account.ts"
import type { Scheduled } from "../../ports/Backups.ts"
import type { Recorder } from "../Recorder.ts"
import { idOf, processFigures } from "./Views.ts"

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
  readonly streams: number
  readonly backups: Iterable<Scheduled>
  readonly now: number
}

type Row = readonly [name: string, type: Metric["type"], help: string, values: (scene: Scene) => ReadonlyArray<Figure>]

const perAccount =
  (value: (account: Account) => number) =>
  ({ accounts }: Scene): ReadonlyArray<Figure> =>
    accounts.map((one) => ({ labels: { account: idOf(one) }, value: value(one) }))

const perShard =
  (value: (view: ReturnType<Account["shards"]>[number]) => number | undefined) =>
  ({ accounts }: Scene): ReadonlyArray<Figure> =>
    accounts.flatMap((one) =>
      one.shards().flatMap((view) => {
        const figure = value(view)
        const labels = { account: idOf(one), shard: String(view.shard) }
        return figure === undefined ? [] : [{ labels, value: figure }]
      })
    )

const single =
  (value: (scene: Scene) => number | undefined) =>
  (scene: Scene): ReadonlyArray<Figure> => {
    const figure = value(scene)
    return figure === undefined ? [] : [{ labels: {}, value: figure }]
  }

const levels = { healthy: 0, degraded: 1, unhealthy: 2 } as const

const latency = ({ now, recorder }: Scene): ReadonlyArray<Figure> => {
  const { p50, p95, p99 } = recorder.series.latencies.percentiles(now)
  return Object.entries({ "0.5": p50, "0.95": p95, "0.99": p99 }).flatMap(([quantile, millis]) =>
    millis === undefined ? [] : [{ labels: { quantile }, value: millis / 1000 }]
  )
}

/** The names are an interface: they are added to, not changed. */
const table: ReadonlyArray<Row> = [
  ["everbot_health_level", "gauge", "0 healthy, 1 degraded, 2 unhealthy.", single(({ level }) => levels[level])],
  [
    "everbot_connected",
    "gauge",
    "1 where the shard has a session.",
    perShard(({ state }) => Number(state._tag === "Ready"))
  ],
  ["everbot_dials_total", "counter", "Connections that were tried.", perShard(({ dials }) => dials)],
  ["everbot_sessions_total", "counter", "Connections that reached a session.", perShard(({ sessions }) => sessions)],
  [
    "everbot_heartbeat_round_trip_seconds",
    "gauge",
    "From the latest heartbeat to its answer.",
    perShard(({ heartbeatRoundTrip }) => (heartbeatRoundTrip === undefined ? undefined : heartbeatRoundTrip / 1000))
  ],
  [
    "everbot_events_received_total",
    "counter",
    "Events that came in.",
    perAccount((one) => one.dispatcher.counters.received)
  ],
  [
    "everbot_events_handled_total",
    "counter",
    "Events whose turn ended well.",
    perAccount((one) => one.dispatcher.counters.handled)
  ],
  [
    "everbot_events_dead_total",
    "counter",
    "Events that became dead letters.",
    perAccount((one) => one.dispatcher.counters.dead)
  ],
  [
    "everbot_turns_failed_total",
    "counter",
    "Turns that failed, those that were retried included.",
    perAccount((one) => one.dispatcher.counters.failedTurns)
  ],
  [
    "everbot_inbox_depth",
    "gauge",
    "Events that wait for their handlers, or are handled.",
    perAccount((one) => one.dispatcher.lanes.backlog)
  ],
  ["everbot_intake_paused", "gauge", "1 while nothing more is read.", perAccount((one) => Number(one.intake.isPaused))],
  [
    "everbot_holds",
    "gauge",
    "Conversations that a person has taken over, and one more for the account itself.",
    perAccount((one) => one.holding.all().length)
  ],
  ["everbot_messages_sent_total", "counter", "Messages the platform took.", perAccount((one) => one.relay.sent)],
  [
    "everbot_messages_unsent_total",
    "counter",
    "Messages that came to rest unsent.",
    perAccount((one) => one.relay.unsent)
  ],
  ["everbot_outbox_depth", "gauge", "Messages that wait, or are under way.", perAccount((one) => one.relay.depth)],
  [
    "everbot_outbox_oldest_age_seconds",
    "gauge",
    "Age of the message that could have left longest ago.",
    single(({ recorder }) => (recorder.series.last?.oldestMessageAge ?? 0) / 1000)
  ],
  [
    "everbot_reply_latency_seconds",
    "gauge",
    "From an event to the platform's answer to its reply, over the last minute.",
    latency
  ],
  [
    "everbot_errors_per_second",
    "gauge",
    "Errors in the last second.",
    single(({ recorder }) => recorder.series.last?.errors ?? 0)
  ],
  [
    "everbot_backup_age_seconds",
    "gauge",
    "Age of the newest whole backup of a database that has a schedule.",
    ({ backups, now }) =>
      Array.from(backups).flatMap(({ filename, newestAt }) =>
        newestAt === undefined ? [] : [{ labels: { database: basename(filename) }, value: (now - newestAt) / 1000 }]
      )
  ],
  ["everbot_monitor_streams", "gauge", "Readers of the live stream.", single(({ streams }) => streams)],
  [
    "everbot_process_resident_memory_bytes",
    "gauge",
    "Memory the process occupies.",
    single(({ now, recorder }) => processFigures(recorder, now).rss)
  ],
  [
    "everbot_process_cpu_ratio",
    "gauge",
    "Part of one processor that was used in the last second.",
    single(({ recorder }) => recorder.series.last?.cpu ?? 0)
  ],
  [
    "everbot_process_uptime_seconds",
    "gauge",
    "Since the process started.",
    single(({ now, recorder }) => processFigures(recorder, now).uptime / 1000)
  ],
  [
    "everbot_event_loop_delay_seconds",
    "gauge",
    "How late timers were (99th percentile) in the last second.",
    single(({ recorder }) => (recorder.series.last?.loopDelay ?? 0) / 1000)
  ]
]

/** Those that can be asked for. */
export const names: ReadonlySet<string> = new Set(table.map(([name]) => name))

export const collect = (scene: Scene): ReadonlyArray<Metric> =>
  table.map(([name, type, help, values]) => ({ name, type, help, values: values(scene) }))

const escape = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

const line = (name: string, { labels, value }: Figure): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`)
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
}

/** Prometheus' text format, version 0.0.4. */
export const prometheus = (scene: Scene): Effect.Effect<string> =>
  Effect.map(PrometheusMetrics.format(), (others) => {
    const ours = collect(scene).filter(({ values }) => values.length > 0)
    const text = ours.map(
      ({ help, name, type, values }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${values.map((figure) => line(name, figure)).join("\n")}\n`
    )
    return text.join("") + others
  })
