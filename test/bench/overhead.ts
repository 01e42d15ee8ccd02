/**
 * What it costs to be watched: dispatch throughput of the same bot, with every event stored, `off` (no health checks, no
 * monitor, nothing) and `on`: health, alerts, process guard, log files, monitor with a dashboard that streams and polls, and a
 * Prometheus that scrapes. All that has an interval has one of a second, up to thirty times as often as by default, so that
 * a run of seconds sees it. The dashboard and Prometheus are played by this process. Rounds take turns in who begins; the
 * median of the ratios counts.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { median, next, start, stop } from "./processes.ts"

interface Told {
  readonly ms: number
  readonly cpuMs: number
  readonly rssMiB: number
}

interface Monitor {
  readonly url: string
  readonly token: string
}

/** Frames before the measured ones: a bot is a process that has run for a while. */
const warmUp = 50_000

/** What a dashboard asks for, and Prometheus. */
const paths = [
  "/api/status",
  "/api/connections",
  "/api/recoveries",
  "/api/health",
  "/api/message-queue",
  "/api/errors",
  "/api/gaps",
  "/api/alerts",
  "/api/restarts",
  "/api/holds",
  "/metrics"
]

/** Watches until it is told to stop; answers then how many bytes of the stream and how many answers it got. */
const watch = ({ token, url }: Monitor) => {
  const abort = new AbortController()
  const options = { headers: { authorization: `Bearer ${token}` }, signal: abort.signal }
  const seen = { streamed: 0, answers: 0 }
  const stream = async (): Promise<void> => {
    const { body } = await fetch(`${url}/api/events`, options)
    for await (const chunk of body ?? []) seen.streamed += chunk.length
  }
  const poll = async (): Promise<void> => {
    for (;;) {
      const answers = await Promise.all(paths.map((path) => fetch(`${url}${path}`, options).then((one) => one.text())))
      seen.answers += answers.length
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
  const watching = Promise.allSettled([stream(), poll()])
  return async () => {
    abort.abort()
    await watching
    return seen
  }
}

const once = async (subject: "off" | "on", frames: number) => {
  const folder = mkdtempSync(join(tmpdir(), "everbot-bench-"))
  const sender = start("sender.ts", [String(warmUp + frames)])
  const { port } = await next<{ port: number }>(sender)
  const client = start("subject.ts", [subject, String(port), String(frames), String(warmUp), join(folder, "bench.db")])
  const end = subject === "on" ? watch(await next<Monitor>(client)) : undefined
  const told = await next<Told>(client)
  const seen = await end?.()
  await Promise.all([stop(client), stop(sender)])
  rmSync(folder, { recursive: true, force: true })
  if (seen !== undefined && (seen.streamed === 0 || seen.answers === 0)) throw new Error("nobody was watching")
  return told
}

export const overhead = async (options: {
  readonly json: boolean
  readonly frames: number
  readonly rounds: number
}) => {
  const runs = { off: [] as Array<Told>, on: [] as Array<Told> }
  const ratios: Array<number> = []
  for (let round = 0; round < options.rounds; round++) {
    for (const subject of round % 2 === 0 ? (["off", "on"] as const) : (["on", "off"] as const)) {
      const told = await once(subject, options.frames)
      runs[subject].push(told)
      if (!options.json) console.log(`round ${round + 1}  ${subject.padEnd(3)} ${Math.round(told.ms)} ms`)
    }
    ratios.push((runs.off.at(-1)?.ms ?? Number.NaN) / (runs.on.at(-1)?.ms ?? Number.NaN))
  }
  const figures = (subject: "off" | "on") => ({
    perSecond: Math.round((options.frames * 1000) / median(runs[subject].map(({ ms }) => ms))),
    cpuMicros: Number(((median(runs[subject].map(({ cpuMs }) => cpuMs)) * 1000) / options.frames).toFixed(2)),
    rssMiB: Math.round(median(runs[subject].map(({ rssMiB }) => rssMiB)))
  })
  const result = {
    benchmark: "overhead",
    frames: options.frames,
    rounds: options.rounds,
    ratio: Number(median(ratios).toFixed(3)),
    ratios: ratios.map((ratio) => Number(ratio.toFixed(3))),
    off: figures("off"),
    on: figures("on")
  }
  console.log(options.json ? JSON.stringify(result) : result)
}
