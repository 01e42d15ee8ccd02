/** Seeds on every core: worker processes that are given the next job as soon as they are done with one. */
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import type { Outcome } from "./Evidence.ts"
import type { Job } from "./worker.ts"

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url))

/** What one worker goes through; undefined ends it. */
export interface Course {
  readonly next: () => Job | undefined
  readonly onOutcome: (outcome: Outcome, job: Job) => void
}

/** One worker on each core, each on a course of its own. Completes when all are done; fails when one of them ends early. */
export const sail = async (course: () => Course): Promise<void> => {
  await Promise.all(Array.from({ length: availableParallelism() }, () => one(course())))
}

const one = ({ next, onOutcome }: Course): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = fork(worker, [], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=64"]
    })
    let job: Job | undefined
    let isDone = false
    child.on("message", (message: Outcome | "ready") => {
      if (message !== "ready" && job !== undefined) onOutcome(message, job)
      job = next()
      if (job !== undefined) return void child.send(job)
      isDone = true
      child.disconnect()
    })
    child.on("exit", (code) => {
      if (isDone) return resolve()
      reject(new Error(`a worker ended with ${code}${job === undefined ? "" : ` at ${JSON.stringify(job)}`}`))
    })
  })
