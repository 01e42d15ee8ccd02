/**
 * The main thread's end of the worker: sends requests, matches answers, and starts the worker again when it died.
 *
 * Plain callbacks, not fibers: this is the hot path, and `commit` must copy its frames before it returns.
 */

import { Worker } from "node:worker_threads"
import { Effect, Exit, type Scope } from "effect"
import type { StoreError } from "../../domain/StoreError.ts"
import type { Commit, CommitResult } from "../../ports/Store.ts"
import { storeError, workerLost } from "./errors.ts"
import { mismatch, toFault } from "./fault.ts"
import { pack } from "./frames.ts"
import { LogSync, type OpenLog, openLog } from "./LogSync.ts"
import type { Answer, Calls, Fault, OpenOptions, Operation, Request, Rest } from "./protocol.ts"

interface Waiting {
  readonly operation: string
  /** Of a commit; `undefined` for a call. */
  readonly generation?: number
  /** Of a commit: how often a sync had failed when it was sent. */
  readonly doubts?: number
  readonly succeed: (answer: Exclude<Answer, { readonly _tag: "Failed" }>) => void
  readonly fail: (error: StoreError) => void
}

/** Buffers above this are not kept for the next commit, and no more than these. */
const keepUpTo = 8 * 1024 * 1024
const keep = 4
/** SQLITE_IOERR. */
const ioError = 10

/** This module is `.ts` when run from source and `.js` when built, and so is the worker's beside it. */
const workerUrl = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

/** The JSON, or what keeps it from being one: a circle, a bigint, more than a text can hold. */
const textOf = (rest: Rest): string | Fault => {
  try {
    return JSON.stringify(rest)
  } catch (error) {
    return { ...toFault(error), errcode: mismatch }
  }
}

class Link {
  private readonly options: OpenOptions
  private readonly waiting = new Map<number, Waiting>()
  private worker: Worker | undefined
  private lastId = 0
  private generation = 0
  /** Buffers that the worker gave back: a new one for each commit would be most of what there is to collect. */
  private readonly spares: Array<ArrayBuffer> = []
  private readonly log: LogSync
  /** How often a sync failed, and up to which of these what was in doubt is safe again. */
  private doubts = 0
  private cleared = 0

  constructor(options: OpenOptions, openLog: OpenLog) {
    this.options = options
    this.log = new LogSync(openLog)
  }

  call<K extends Operation>(operation: K, ...args: Calls[K]["args"]): Effect.Effect<Calls[K]["answer"], StoreError> {
    return Effect.callback((resume) => {
      const id = this.await({
        operation,
        succeed: (answer) => {
          if (answer._tag === "Answered") resume(Exit.succeed(answer.value as Calls[K]["answer"]))
        },
        fail: (error) => resume(Exit.fail(error))
      })
      this.send({ _tag: "Call", id, operation, args }, [])
    })
  }

  commit(commit: Commit): Effect.Effect<CommitResult, StoreError> {
    return Effect.callback((resume) => {
      const { token, positions, turns, messages, gaps } = commit
      const isBare = positions.length + turns.length + messages.length + gaps.length === 0
      const rest = isBare ? "" : textOf({ positions, turns, messages, gaps })
      // Nothing was sent, so nothing that comes after it is in its way.
      if (typeof rest !== "string") return resume(Exit.fail(storeError(this.options.filename, "commit", rest)))
      const packed = pack(commit.events, commit.settled, this.spares.pop())
      const { generation, doubts } = this
      const id = this.await({
        operation: "commit",
        generation,
        doubts,
        succeed: (answer) => {
          if (answer._tag !== "Committed") return
          resume(Exit.succeed({ eventIds: answer.eventIds, turns: answer.turns }))
        },
        fail: (error) => {
          this.generation = Math.max(this.generation, generation + 1)
          resume(Exit.fail(error))
        }
      })
      const rescue = doubts > this.cleared
      this.send({ _tag: "Commit", id, generation, rescue, token, packed, rest }, [packed.buffer])
    })
  }

  private await(waiting: Waiting): number {
    const id = ++this.lastId
    this.waiting.set(id, waiting)
    return id
  }

  private send(request: Request, transfer: ReadonlyArray<ArrayBuffer>): void {
    this.worker ??= this.start()
    this.worker.postMessage(request, transfer)
  }

  private start(): Worker {
    // Not our own execArgv: the loaders of tsx or vitest are neither needed nor welcome in there. A crash report tells of
    // every thread, and each decides for itself whether it tells the environment, where the secrets are.
    const worker = new Worker(workerUrl, {
      workerData: this.options,
      execArgv: ["--disable-warning=ExperimentalWarning", "--report-exclude-env"],
      name: "everbot-store"
    })
    worker.on("message", (answer: Answer) => this.receive(answer))
    worker.on("error", (error) => this.lost(worker, error instanceof Error ? error.message : String(error)))
    worker.on("exit", (code) => this.lost(worker, `exit code ${code}`))
    return worker
  }

  private receive(answer: Answer): void {
    const waiting = this.waiting.get(answer.id)
    if (waiting === undefined) return
    if (answer._tag === "Committed") {
      if (answer.buffer.byteLength <= keepUpTo && this.spares.length < keep) this.spares.push(answer.buffer)
      this.cleared = Math.max(this.cleared, waiting.doubts ?? 0)
    }
    const { generation = this.generation } = waiting
    const log = answer._tag === "Failed" || generation < this.generation ? undefined : answer.log
    // Reads pass by: they tell nobody that something is safe.
    if (log === undefined && waiting.generation === undefined) this.deliver(answer, waiting, undefined)
    else this.log.after(log, (error) => this.deliver(answer, waiting, error))
  }

  private deliver(answer: Answer, waiting: Waiting, unsynced: Error | undefined): void {
    this.waiting.delete(answer.id)
    const { operation, generation = this.generation } = waiting
    if (answer._tag === "Failed") return this.fail(waiting, answer.fault)
    // It was written, but behind one that failed: its repeat will be answered the same.
    if (generation < this.generation) return this.fail(waiting, { errcode: undefined, message: "", superseded: true })
    if (unsynced === undefined) return waiting.succeed(answer)
    this.doubts++
    const message = `the write-ahead log could not be synced: ${unsynced.message}`
    if (operation !== "commit") this.generation++
    this.fail(waiting, { errcode: ioError, message, superseded: false })
  }

  private fail({ operation, fail }: Waiting, fault: Fault): void {
    fail(storeError(this.options.filename, operation, fault))
  }

  /** Everything under way fails, in the order it was asked; the next request starts a new worker. */
  private lost(worker: Worker, why: string): void {
    if (worker !== this.worker) return
    this.worker = undefined
    this.log.abandon()
    const lost = [...this.waiting.values()]
    this.waiting.clear()
    for (const { operation, fail } of lost) fail(workerLost(this.options.filename, operation, why))
  }

  /** Ends the thread without a word to the database, as a crash would; answers it has sent are not read any more. */
  get terminate(): Effect.Effect<void> {
    return Effect.promise(async () => {
      const { worker } = this
      if (worker === undefined) return
      const ended = worker.terminate()
      this.lost(worker, "terminated")
      await ended
    })
  }

  /** Closes the database, then the thread. */
  get close(): Effect.Effect<void> {
    const stop = Effect.suspend(() => {
      const { worker } = this
      this.worker = undefined
      return Effect.promise(async () => {
        await this.log.close()
        await worker?.terminate()
      })
    })
    const closeDatabase = Effect.suspend(() => (this.worker === undefined ? Effect.void : this.call("close")))
    return closeDatabase.pipe(Effect.ignore({ log: "Warn" }), Effect.andThen(stop))
  }
}

export type { Link }

/** How often, and how long, an attempt is made. */
export type Patience = <A>(attempt: Effect.Effect<A, StoreError>) => Effect.Effect<A, StoreError>

/** Opens the database in its own thread. Fails when it cannot be opened; closed with the scope. */
export const open = (
  options: OpenOptions,
  log: OpenLog = openLog,
  patience: Patience = (attempt) => attempt
): Effect.Effect<Link, StoreError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Link(options, log)),
    (link) => link.close
  ).pipe(
    Effect.tap((link) =>
      Effect.flatMap(patience(link.call("open")), (warning) =>
        warning === undefined ? Effect.void : Effect.logWarning(`${options.filename}: ${warning}`)
      )
    )
  )
