/** Bots as child processes: started on a simulator and a database, signalled, and waited for. Killed with the scope. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import type { QqSimulator } from "everbot/simulator"
import { portOf } from "./Mode.ts"

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  /** Sends a signal and waits for the end. */
  readonly end: (signal: "SIGKILL" | "SIGTERM") => Effect.Effect<End>
  readonly ended: Effect.Effect<End>
  /** All it has printed. */
  readonly output: () => string
}

const program = fileURLToPath(new URL("./bot.ts", import.meta.url))

/** Starts a bot; `env` goes over what points it to the simulator and the file. */
export const start = (
  simulator: QqSimulator.QqSimulator,
  filename: string,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const port = portOf(simulator)
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
        env: {
          ...process.env,
          QQ_APP_ID: simulator.appId,
          QQ_CLIENT_SECRET: simulator.clientSecret,
          QQ_API_URL: simulator.apiUrl,
          QQ_TOKEN_URL: simulator.tokenUrl,
          EVERBOT_DB: filename,
          ...(port === undefined ? {} : { QQ_WEBHOOK_PORT: String(port) }),
          ...env
        },
        stdio: ["pipe", "pipe", "pipe"]
      })
      let output = ""
      const take = (chunk: string) => {
        output += chunk
      }
      child.stdout.setEncoding("utf8").on("data", take)
      child.stderr.setEncoding("utf8").on("data", take)
      const end = new Promise<End>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })))
      const ended = Effect.promise(() => end)
      return {
        ended,
        output: () => output,
        end: (signal) =>
          Effect.suspend(() => {
            child.kill(signal)
            return ended
          })
      } satisfies Child
    }),
    (child) => child.end("SIGKILL")
  )
