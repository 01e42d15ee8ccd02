/**
 * 100,000 events into a handler that sleeps: how far resident memory rises above idle, whether heartbeats keep their
 * time meanwhile, and whether everything is there to be handled afterwards.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { next, start, stop } from "./processes.ts"

const heartbeatMs = 1000

interface Sleeper {
  readonly idleMiB: number
  readonly peakMiB: number
  readonly stored: number
}

export const memory = async (options: { readonly json: boolean; readonly frames: number }) => {
  const folder = mkdtempSync(join(tmpdir(), "everbot-bench-"))
  const sender = start("sender.ts", [String(options.frames), "50", String(heartbeatMs)])
  const { port } = await next<{ port: number }>(sender)
  const client = start("subject.ts", ["sleeper", String(port), String(options.frames), "0", join(folder, "bench.db")])
  const told = await next<Sleeper>(client)
  sender.send("beats")
  const { beats } = await next<{ beats: ReadonlyArray<number> }>(sender)
  await Promise.all([stop(client), stop(sender)])
  rmSync(folder, { recursive: true, force: true })
  const gaps = beats.slice(1).map((at, index) => at - (beats[index] ?? at))
  const result = {
    benchmark: "memory",
    events: options.frames,
    stored: told.stored,
    idleMiB: Math.round(told.idleMiB),
    peakMiB: Math.round(told.peakMiB),
    riseMiB: Math.round(told.peakMiB - told.idleMiB),
    heartbeatMs,
    longestHeartbeatGapMs: Math.round(Math.max(...gaps))
  }
  console.log(options.json ? JSON.stringify(result) : result)
}
