/** A small JSON text that survives a restart, kept with the journal: the bookkeeping of platforms and operators. */
import { Effect } from "effect"
import type { StoreError } from "../domain/StoreError.ts"
import type { Store } from "../ports/Store.ts"
import type { Journal } from "./Journal.ts"

export interface Kept {
  readonly load: Effect.Effect<string | undefined, StoreError>
  /** Completes when it is durable. */
  readonly save: (value: string) => Effect.Effect<void, StoreError>
}

export const make = (
  { journal, store }: { readonly journal: Journal["Service"]; readonly store: Store["Service"] },
  key: string
): Kept => ({
  load: Effect.map(store.state([key]), ([entry]) => entry?.value),
  save: (value) =>
    Effect.flatMap(store.state([key]), ([entry]) =>
      Effect.callback<boolean>((resume) => {
        const state = [{ key, value, expected: entry?.version ?? 0 }]
        journal.turn({ eventId: undefined, messages: [], state }, (result) =>
          resume(result._tag === "Refused" ? Effect.die(result.error) : Effect.succeed(result._tag === "Committed"))
        )
      })
    ).pipe(
      // Another save was faster: the last one asked for still must not be lost.
      Effect.repeat({ until: (isSaved) => isSaved }),
      Effect.asVoid
    )
})
