/** The thread of a sidecar: does one thing on connections of its own, and ends. */
import { parentPort, workerData } from "node:worker_threads"
import { copy } from "./copy.ts"
import { checkBackup, place } from "./place.ts"
import type { Answer, TaskName, Tasks } from "./protocol.ts"
import { search } from "./search.ts"

type Work = { readonly [K in TaskName]: (ask: Tasks[K]["ask"]) => Tasks[K]["answer"] | Promise<Tasks[K]["answer"]> }

const work: Work = { copy, place, search, check: ({ path }) => checkBackup(path) }

const { ask, task } = workerData as { readonly task: TaskName; readonly ask: never }

/** System calls fail by name, SQLite by number: here the names that mean the same. */
const numbers: Readonly<Record<string, number>> = {
  ENOSPC: 13,
  EDQUOT: 13,
  EROFS: 8,
  EACCES: 14,
  EPERM: 14,
  EIO: 10,
  EMFILE: 14
}

const failed = (error: unknown): Answer => {
  const facts: { readonly errcode?: unknown; readonly code?: unknown; readonly message?: unknown } =
    error instanceof Error ? error : {}
  const errcode = typeof facts.errcode === "number" ? facts.errcode : numbers[String(facts.code)]
  return { _tag: "Failed", errcode, message: typeof facts.message === "string" ? facts.message : String(error) }
}

try {
  parentPort?.postMessage({ _tag: "Done", value: await work[task](ask) } satisfies Answer)
} catch (error) {
  parentPort?.postMessage(failed(error))
}
