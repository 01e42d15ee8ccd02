/**
 * The thread that owns the database, so that a slow disk never stalls a heartbeat. Does one request after the other.
 *
 * The database is opened by the first request that finds it closed: when that fails, only this request fails with it.
 * After a failed commit all commits of its generation are refused, so that nothing overtakes its repetition.
 */
import { parentPort, workerData } from "node:worker_threads"
import { isDamage, remember } from "./damage.ts"
import { toFault } from "./fault.ts"
import { Frames } from "./frames.ts"
import { Journal } from "./Journal.ts"
import type { Answer, Calls, Fault, OpenOptions, Operation, Request, Rest } from "./protocol.ts"

const options = workerData as OpenOptions
let journal: Journal | undefined
let refused = -1

const opened = (): Journal => {
  journal ??= new Journal(options)
  return journal
}

/** For reads: another process may have written meanwhile. */
const fresh = (): Journal => {
  const journal = opened()
  journal.refresh()
  return journal
}

type Operations = { readonly [K in Operation]: (...args: Calls[K]["args"]) => Calls[K]["answer"] }

const operations: Operations = {
  open: () => opened().warning,
  positions: (account) => opened().positions(account),
  pendingEvents: (account, { after, limit }) => fresh().inbox.pending(account, after, limit),
  events: (ids) => opened().inbox.events(ids),
  pendingMessages: (account, { after, limit }) => opened().outbox.pending(account, after, limit),
  auditing: (account, auditId) => opened().outbox.auditing(account, auditId),
  state: (keys) => opened().state(keys),
  stateKeys: ({ after, limit }) => opened().stateKeys(after, limit),
  accounts: () => opened().accounts(),
  deadLetters: (account, { limit, offset }) => opened().deadLetters(account, limit, offset ?? 0),
  requeue: (letter) => opened().requeue(letter),
  discard: (letter) => opened().discard(letter),
  gaps: (account) => opened().gaps(account),
  counts: (account) => fresh().counts(account),
  prune: (table, before, after) => opened().prune(table, before, after),
  close: () => {
    journal?.close()
    journal = undefined
  }
}

const writes: ReadonlySet<Operation> = new Set<Operation>(["requeue", "discard", "prune"])

const call = (operation: Operation, args: ReadonlyArray<unknown>): unknown =>
  (operations[operation] as (...args: ReadonlyArray<unknown>) => unknown)(...args)

const answer = (request: Request): Answer => {
  const { id } = request
  if (request._tag === "Call") {
    const value = call(request.operation, request.args)
    return { _tag: "Answered", id, value, log: writes.has(request.operation) ? journal?.log : undefined }
  }
  if (request.generation <= refused) {
    return { _tag: "Failed", id, fault: { errcode: undefined, message: "", superseded: true } }
  }
  const rest = request.rest === "" ? undefined : (JSON.parse(request.rest) as Rest)
  const database = opened()
  if (request.rescue) database.emptyLog()
  const { eventIds, turns } = database.commit(request.token, new Frames(request.packed), rest)
  return { _tag: "Committed", id, eventIds, turns, buffer: request.packed.buffer, log: database.log }
}

/** What has to be done about a failure, besides telling it. */
const aftermath = ({ errcode, message }: Fault): void => {
  const code = (errcode ?? 0) & 0xff
  if (isDamage(errcode)) remember(options.filename, message)
  if (code === full) journal?.makeRoom()
  // A connection that was opened on a read-only file stays read-only when the file does not. The next thread opens anew.
  if (code === readOnly) process.exit()
}

/** SQLITE_READONLY, SQLITE_FULL. */
const readOnly = 8
const full = 13

const port = parentPort
port?.on("message", (request: Request) => {
  try {
    const result = answer(request)
    port.postMessage(result, result._tag === "Committed" ? [result.buffer, result.eventIds.buffer as ArrayBuffer] : [])
  } catch (error) {
    if (request._tag === "Commit") refused = request.generation
    const fault = toFault(error)
    port.postMessage({ _tag: "Failed", id: request.id, fault } satisfies Answer)
    aftermath(fault)
  }
})
