/**
 * Gets a commit that the store refused into it, but for the turns that it cannot hold.
 *
 * Turns of many conversations share a commit. One that cannot be stored, which the types and the front door should have
 * caught, would take the others with it, end the process, and come again at every start.
 */
import { Effect } from "effect"
import type { StoreError } from "../domain/StoreError.ts"
import { type Commit, type CommitResult, emptyCommit, type TurnResult } from "../ports/Store.ts"

/** The store cannot hold this turn: nothing of it was applied. */
export interface Refused {
  readonly _tag: "Refused"
  readonly error: StoreError
}

/** A {@link CommitResult} of which some turns may be missing. */
export interface BisectResult {
  readonly eventIds: CommitResult["eventIds"]
  readonly turns: ReadonlyArray<TurnResult | Refused>
}

/** Of a dead letter: what is refused even so leaves nothing to be tried. */
const isLast = ({ turns: [turn, another] }: Commit): boolean => turn?.dead !== undefined && another === undefined

/**
 * Everything but the turns first, then the turns by halves, in their order: each part by `write`, which repeats what can
 * be repeated. Fails when what is refused is no turn.
 */
export const bisect = (
  commit: Commit,
  write: (part: Commit) => Effect.Effect<CommitResult, StoreError>
): Effect.Effect<BisectResult, StoreError> =>
  Effect.gen(function* () {
    const { eventIds } = yield* write({ ...commit, token: undefined, turns: [] })
    const found: Array<TurnResult | Refused> = []
    // The next part is on top.
    const parts = [commit.turns]
    for (let turns = parts.pop(); turns !== undefined; turns = parts.pop()) {
      if (turns.length === 0) continue
      const part: Commit = { ...emptyCommit, turns }
      const result = yield* Effect.result(write(part))
      if (result._tag === "Success") found.push(...result.success.turns)
      else if (result.failure.reason._tag !== "Refused" || isLast(part)) return yield* result.failure
      else if (turns.length === 1) found.push({ _tag: "Refused", error: result.failure })
      else {
        const middle = turns.length >> 1
        parts.push(turns.slice(middle), turns.slice(0, middle))
      }
    }
    return { eventIds, turns: found }
  })
