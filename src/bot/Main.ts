/** The process around an app: signals, the last word, and the exit code that a process supervisor reads. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Effect, Exit, type Runtime } from "effect"
import { LastWord, reported } from "./LastWord.ts"

/**
 * A stop that was asked for is a success, unless who asked for it set `process.exitCode`, e.g. to be started again;
 * everything else that ends an app is a failure.
 */
export const teardown: Runtime.Teardown = (exit, onExit) =>
  onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? Number(process.exitCode ?? 0) : 1)

/**
 * Runs an app as the process. SIGTERM and SIGINT stop it in order (see `drainTimeout`) and it exits with 0; a second
 * signal ends it at once with 130. A failure is logged and exits with 1. Node's diagnostic reports leave out the
 * environment, where the secrets are.
 */
export const runMain = <A, E>(app: Effect.Effect<A, E>): void => {
  // Node's crash reports hold the whole environment, and with it every secret that came from there.
  process.report.excludeEnv = true
  let isStopping = false
  const onSignal = (): void => {
    if (isStopping) process.exit(130)
    isStopping = true
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  const main = Effect.provideService(reported(app), LastWord, { error: undefined })
  NodeRuntime.runMain(main, { teardown, disableErrorReporting: true })
}
