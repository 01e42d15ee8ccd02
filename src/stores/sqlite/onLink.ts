/** The Store that a {@link Link} makes: every operation is a question to its worker. */
import { Effect } from "effect"
import { type Cutoffs, nothingPruned, pruneOrder, Store } from "../../ports/Store.ts"
import type { Link } from "./Link.ts"
import type { PruneStep } from "./protocol.ts"

/** Step by step: commits get their turn in between. */
const prune = Effect.fnUntraced(function* (link: Link, cutoffs: Cutoffs) {
  const rows = { ...nothingPruned }
  for (const table of pruneOrder) {
    const before = cutoffs[table]
    if (before === undefined) continue
    for (let after: number | undefined = 0; after !== undefined; ) {
      const step: PruneStep = yield* link.call("prune", table, before, after)
      rows[table] += step.rows
      after = step.next
    }
  }
  return rows
})

export const onLink = (link: Link) =>
  Store.of({
    // One waits for the disk, one is computed, one is ready for the worker.
    pipeline: 3,
    commit: (commit) => link.commit(commit),
    positions: (account) => link.call("positions", account),
    pendingEvents: (account, page) => link.call("pendingEvents", account, page),
    events: (ids) => link.call("events", ids),
    pendingMessages: (account, page) => link.call("pendingMessages", account, page),
    auditing: (account, auditId) => link.call("auditing", account, auditId),
    state: (keys) => link.call("state", keys),
    stateKeys: (page) => link.call("stateKeys", page),
    accounts: Effect.suspend(() => link.call("accounts")),
    deadLetters: (account, page) => link.call("deadLetters", account, page),
    requeue: (letter) => link.call("requeue", letter),
    discard: (letter) => link.call("discard", letter),
    gaps: (account) => link.call("gaps", account),
    counts: (account) => link.call("counts", account),
    prune: (cutoffs) => prune(link, cutoffs)
  })
