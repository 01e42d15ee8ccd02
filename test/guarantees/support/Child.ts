/** Bots as child processes: started on a simulator and a database, signalled, and waited for. Killed with the scope. */
import { spawn } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import type { QqSimulator } from "everbot/simulator"
import { programAt } from "../../fixtures/program.ts"
import { portOf } from "./Mode.ts"

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly pid: number
  /** Sends a signal and goes on. */
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Sends a signal and waits for the end. */
  readonly end: (signal: "SIGKILL" | "SIGTERM") => Effect.Effect<End>
  readonly ended: Effect.Effect<End>
  /** What it has printed; the beginning is forgotten when it is very much. */
  readonly output: () => string
}

/** How a process is started. */
export interface Launch {
  /** Path of the program. @defaultValue `bot.ts` beside this file */
  readonly program?: string | undefined
  /** Goes over what points the bot to the simulator and the file. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Options of Node. */
  readonly execArgv?: ReadonlyArray<string> | undefined
  /** File descriptors it may have open. */
  readonly openFiles?: number | undefined
  /** User and group it runs as; only a superuser may choose. */
  readonly uid?: number | undefined
}

const bot = programAt("./bot.ts", import.meta.url)

/** Where Node keeps what it compiled: a process that is started again and again starts in half the time. */
const compiled = process.env["NODE_COMPILE_CACHE"] ?? join(tmpdir(), "node-compile-cache")

/** Characters of output that are kept. */
const kept = 1_000_000

const commandOf = ({ execArgv = [], openFiles, program = bot }: Launch): readonly [string, ...Array<string>] => {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", ...execArgv, program] as const
  return openFiles === undefined ? [...node] : ["/bin/sh", "-c", `ulimit -n ${openFiles} && exec "$@"`, "sh", ...node]
}

/** Starts a process on a simulator and a file. */
export const launch = (
  simulator: QqSimulator.QqSimulator,
  filename: string,
  how: Launch = {}
): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const port = portOf(simulator)
      const [command, ...args] = commandOf(how)
      const child = spawn(command, args, {
        env: {
          ...process.env,
          QQ_APP_ID: simulator.appId,
          QQ_CLIENT_SECRET: simulator.clientSecret,
          QQ_API_URL: simulator.apiUrl,
          QQ_TOKEN_URL: simulator.tokenUrl,
          EVERBOT_DB: filename,
          ...(port === undefined ? {} : { QQ_WEBHOOK_PORT: String(port) }),
          NODE_COMPILE_CACHE: compiled,
          ...how.env
        },
        stdio: ["pipe", "pipe", "pipe"],
        ...(how.uid === undefined ? {} : { uid: how.uid, gid: how.uid })
      })
      let output = ""
      const take = (chunk: string) => {
        output += chunk
        if (output.length > kept) output = output.slice(-kept / 2)
      }
      child.stdout.setEncoding("utf8").on("data", take)
      child.stderr.setEncoding("utf8").on("data", take)
      const end = new Promise<End>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })))
      const ended = Effect.promise(() => end)
      const signal = (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))
      return {
        pid: child.pid ?? 0,
        ended,
        output: () => output,
        signal,
        end: (name) => Effect.andThen(signal(name), ended)
      } satisfies Child
    }),
    (child) => child.end("SIGKILL")
  )

/** Starts a bot; `env` goes over what points it to the simulator and the file. */
export const start = (
  simulator: QqSimulator.QqSimulator,
  filename: string,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Child, never, Scope.Scope> => launch(simulator, filename, { env })
