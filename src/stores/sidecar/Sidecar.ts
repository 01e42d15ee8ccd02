/**
 * Long work on a database beside the thread that owns it: a thread for each piece, with connections of its own, so that
 * neither heartbeats nor commits wait for it.
 */
import { Worker } from "node:worker_threads"
import { Effect, Exit } from "effect"
import { Corrupt, StoreError } from "../../domain/StoreError.ts"
import { storeError, workerLost } from "../sqlite/errors.ts"
import type { Answer, TaskName, Tasks } from "./protocol.ts"

/** This module is `.ts` when run from source and `.js` when built, and so is the worker's beside it. */
const workerUrl = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

interface About {
  /** What errors are called after. */
  readonly operation: string
  /** The file that errors are about. */
  readonly file: string
  /** What to do about a damaged one, where it is not what a damaged database of a bot needs. */
  readonly mend?: string
}

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const isDamage = (errcode: number | undefined): boolean => errcode !== undefined && [11, 26].includes(errcode & 0xff)

const toError = ({ file, mend, operation }: About, { errcode, message }: Extract<Answer, { _tag: "Failed" }>) =>
  mend !== undefined && isDamage(errcode)
    ? new StoreError({ operation, reason: new Corrupt({ detail: `${file}: ${message}. ${mend}` }) })
    : storeError(file, operation, { errcode, message, superseded: false })

/** Starts the thread, and ends it when its answer is there or nobody waits for it any more. */
export const run = <K extends TaskName>(
  task: K,
  ask: Tasks[K]["ask"],
  about: About
): Effect.Effect<Tasks[K]["answer"], StoreError> =>
  Effect.callback((resume) => {
    // The environment is not told to crash reports: the secrets are there.
    const worker = new Worker(workerUrl, {
      workerData: { task, ask },
      execArgv: ["--disable-warning=ExperimentalWarning", "--report-exclude-env"],
      name: "everbot-sidecar"
    })
    const lost = (why: string) => resume(Exit.fail(workerLost(about.file, about.operation, why)))
    worker.once("message", (answer: Answer) =>
      resume(
        answer._tag === "Done" ? Exit.succeed(answer.value as Tasks[K]["answer"]) : Exit.fail(toError(about, answer))
      )
    )
    worker.once("error", (error) => lost(error instanceof Error ? error.message : String(error)))
    worker.once("exit", (code) => lost(`exit code ${code}`))
    return Effect.promise(() => worker.terminate())
  })
