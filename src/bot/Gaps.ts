/** What is known to be missing. */
import { Effect } from "effect"
import type { Gap } from "../domain/Gap.ts"
import type { StoreError } from "../domain/StoreError.ts"
import { Runtime } from "../engines/Runtime.ts"

/**
 * What no replay and no history covered, of an account (`qq:<app id>`), oldest first: in which stream (`gateway/0` is
 * the first shard, `channel:<id>` a conversation), from where to where, between which times, and why.
 */
export const gaps = (account: string): Effect.Effect<ReadonlyArray<Gap>, StoreError, Runtime> =>
  Effect.flatMap(Runtime, (runtime) => runtime.gaps(account))
