/**
 * Throughput of the whole way in: 100,000 dispatches of about 700 bytes from another process, as a ratio to the floor
 * (raw `ws`, `JSON.parse`, sequence) measured in the same run. `volatile` and `durable` count in a
 * handler that is done when it returns; `volatileFiber` in one whose effect needs a fiber, as most real handlers do. Rounds are interleaved; the median counts.
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

/** Frames before the measured ones, for every subject: a bot is a process that has run for a while. */
const warmUp = 50_000

const once = async (subject: string, frames: number): Promise<Told & { readonly bytes: number }> => {
  const folder = mkdtempSync(join(tmpdir(), "everbot-bench-"))
  const sender = start("sender.ts", [String(warmUp + frames)])
  const { port, bytes } = await next<{ port: number; bytes: number }>(sender)
  const file = join(folder, "bench.db")
  const client = start("subject.ts", [subject, String(port), String(frames), String(warmUp), file])
  const told = await next<Told>(client)
  await Promise.all([stop(client), stop(sender)])
  rmSync(folder, { recursive: true, force: true })
  return { ...told, bytes }
}

export const dispatch = async (options: {
  readonly json: boolean
  readonly frames: number
  readonly rounds: number
}) => {
  const subjects = ["floor", "volatile", "volatileFiber", "durable"] as const
  const runs = new Map<string, Array<Told>>(subjects.map((subject) => [subject, []]))
  const ratios = new Map<string, Array<number>>(subjects.map((subject) => [subject, []]))
  let bytes = 0
  for (let round = 0; round < options.rounds; round++) {
    let floorMs = Number.NaN
    for (const subject of subjects) {
      const told = await once(subject, options.frames)
      bytes = told.bytes
      if (subject === "floor") floorMs = told.ms
      runs.get(subject)?.push(told)
      ratios.get(subject)?.push(floorMs / told.ms)
      if (!options.json) console.log(`round ${round + 1}  ${subject.padEnd(9)} ${Math.round(told.ms)} ms`)
    }
  }
  const figures = Object.fromEntries(
    subjects.map((subject) => {
      const told = runs.get(subject) ?? []
      const ms = median(told.map((run) => run.ms))
      return [
        subject,
        {
          ratio: Number(median(ratios.get(subject) ?? []).toFixed(3)),
          perSecond: Math.round((options.frames * 1000) / ms),
          wallMicros: Number(((ms * 1000) / options.frames).toFixed(2)),
          cpuMicros: Number(((median(told.map((run) => run.cpuMs)) * 1000) / options.frames).toFixed(2)),
          rssMiB: Math.round(median(told.map((run) => run.rssMiB)))
        }
      ]
    })
  )
  const result = { benchmark: "dispatch", frames: options.frames, warmUp, bytes, rounds: options.rounds, ...figures }
  console.log(options.json ? JSON.stringify(result) : result)
}
