/** How the process ends, and how much of a processor it used. Ports, so that tests can live on. */
import { Context, Effect } from "effect"

export interface Exit {
  /** Ends the process with this code after so many milliseconds, whatever else happens. */
  readonly atTheLatest: (code: number, millis: number) => void
  /** Ends it in order: as on SIGTERM, with this code. */
  readonly end: (code: number) => Effect.Effect<void>
}

export const Exit = Context.Reference<Exit>("everbot/monitor/Exit", {
  defaultValue: () => ({
    // A timer of Node's, because what is to be ended may be what runs Effect.
    atTheLatest: (code, millis) => void setTimeout(() => process.exit(code), millis).unref(),
    end: (code) =>
      Effect.sync(() => {
        process.exitCode = code
        process.kill(process.pid, "SIGTERM")
      })
  })
})

/** Milliseconds of processor time used so far. */
export const ProcessorTime = Context.Reference<() => number>("everbot/monitor/ProcessorTime", {
  defaultValue: () => () => {
    const { system, user } = process.cpuUsage()
    return (system + user) / 1000
  }
})
