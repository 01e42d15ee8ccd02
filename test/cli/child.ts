/** Runs a program of this repository as a child process, and ends it with the test's scope, whatever happens. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Child {
  readonly process: ChildProcess
  /** What it printed so far, on both outputs. */
  readonly output: () => string
  /** Its exit code; undefined when a signal ended it. */
  readonly exit: Effect.Effect<number | undefined>
  /** Waits until it printed this. Fails with all it printed when it ends before. */
  readonly printed: (text: string) => Effect.Effect<void, Error>
  readonly signal: (name: NodeJS.Signals) => Effect.Effect<void>
}

type Environment = Readonly<Record<string, string>>

/** Starts a program of the sources: one process, so that a signal reaches it. It gets no credentials of QQ. */
export const start = (args: ReadonlyArray<string>, env: Environment = {}) =>
  started(["--disable-warning=ExperimentalWarning", "--import", sources, ...args], env)

/** The same by `node --import tsx …`, as `npx tsx` and `npm start` do it; that takes twice as long. */
export const startByTsx = (args: ReadonlyArray<string>, env: Environment = {}) =>
  started(["--import", "tsx", ...args], env)

const sources = new URL("../fixtures/source.ts", import.meta.url).href

const started = (args: ReadonlyArray<string>, env: Environment) =>
  Effect.acquireRelease(
    Effect.sync(() => launch(args, env)),
    (child) => Effect.andThen(child.signal("SIGKILL"), child.exit)
  )

const launch = (args: ReadonlyArray<string>, env: Environment): Child => {
  const { QQ_APP_ID: _, NO_COLOR: __, ...ours } = process.env
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...ours, ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  let ended = false
  const listeners = new Set<() => void>()
  const changed = () => {
    for (const listener of listeners) listener()
  }
  const take = (data: Buffer) => {
    output += data.toString()
    changed()
  }
  child.stdout.on("data", take)
  child.stderr.on("data", take)
  // "close" comes after the last output, "exit" may come before it.
  child.once("close", () => {
    ended = true
    changed()
  })
  const when = (condition: () => boolean) =>
    Effect.callback<void>((resume) => {
      const check = () => {
        if (!condition()) return
        listeners.delete(check)
        resume(Effect.void)
      }
      listeners.add(check)
      check()
      return Effect.sync(() => void listeners.delete(check))
    })
  return {
    process: child,
    output: () => output,
    exit: Effect.map(
      when(() => ended),
      () => child.exitCode ?? undefined
    ),
    printed: (text) =>
      Effect.flatMap(
        when(() => ended || output.includes(text)),
        () =>
          output.includes(text)
            ? Effect.void
            : Effect.fail(new Error(`it ended without printing "${text}":\n${output}`))
      ),
    signal: (name) => Effect.sync(() => void child.kill(name))
  }
}
