/**
 * What was given up on: events whose handlers failed for good, messages that rest unsent. A person can look at them,
 * give them another life, or let them go.
 */
import { Effect } from "effect"
import type { DeadLetter } from "../domain/DeadLetter.ts"
import type { StoreError } from "../domain/StoreError.ts"
import { Runtime } from "../engines/Runtime.ts"

/** Which of many dead letters. */
export interface Page {
  /** @defaultValue 100 */
  readonly limit?: number | undefined
  /** @defaultValue 0 */
  readonly offset?: number | undefined
}

/** The dead letters of an account (`qq:<app id>`), newest first, each with its reason. */
export const deadLetters = (
  account: string,
  page: Page = {}
): Effect.Effect<ReadonlyArray<DeadLetter>, StoreError, Runtime> =>
  Effect.flatMap(Runtime, (runtime) =>
    runtime.deadLetters(account, { limit: page.limit ?? 100, offset: page.offset ?? 0 })
  )

/**
 * Handles a dead event again, or sends a dead message again, at once if its account runs here. False when there is no
 * such dead letter. A message that was `unknown` may then be said twice.
 */
export const requeue = (letter: Pick<DeadLetter, "_tag" | "id">): Effect.Effect<boolean, StoreError, Runtime> =>
  Effect.flatMap(Runtime, (runtime) => runtime.requeue(letter))

/** Forgets a dead letter. False when there is no such dead letter. */
export const discard = (letter: Pick<DeadLetter, "_tag" | "id">): Effect.Effect<boolean, StoreError, Runtime> =>
  Effect.flatMap(Runtime, (runtime) => runtime.discard(letter))
