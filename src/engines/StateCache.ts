/**
 * Committed handler state, kept in memory in front of the store: one read from the store for each key while it is in
 * use. Versions make two turns that changed the same key at once conflict, so that one of them runs again.
 */
import { Context, Effect, Layer } from "effect"
import type { StoreError } from "../domain/StoreError.ts"
import { type StateEntry, type StateWrite, Store } from "../ports/Store.ts"

const maxEntries = 20_000

export class StateCache extends Context.Service<
  StateCache,
  {
    readonly read: (key: string) => Effect.Effect<StateEntry, StoreError>
    /** Tells what a commit wrote, and the versions it got; writes without one were not applied. */
    readonly committed: (writes: ReadonlyArray<StateWrite>, versions: ReadonlyArray<number>) => void
    /** Forgets keys whose entries turned out to be old. */
    readonly forget: (writes: ReadonlyArray<StateWrite>) => void
  }
>()("everbot/engines/StateCache") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const store = yield* Store
      const entries = new Map<string, StateEntry>()
      const keep = (key: string, entry: StateEntry): void => {
        entries.delete(key)
        entries.set(key, entry)
        if (entries.size <= maxEntries) return
        for (const oldest of entries.keys()) {
          entries.delete(oldest)
          return
        }
      }
      /** Reads under way, by key; what one finds is not kept if a commit overtook it. */
      const reading = new Map<string, { readers: number; isStale: boolean }>()
      const look = (key: string): Effect.Effect<StateEntry, StoreError> => {
        const mark = reading.get(key) ?? { readers: 0, isStale: false }
        mark.readers++
        reading.set(key, mark)
        return Effect.map(store.state([key]), ([found]) => {
          const entry = found ?? { value: undefined, version: 0 }
          if (!mark.isStale) keep(key, entry)
          return entry
        }).pipe(
          Effect.ensuring(
            Effect.sync(() => {
              if (--mark.readers === 0) reading.delete(key)
            })
          )
        )
      }
      const drop = (key: string): void => {
        entries.delete(key)
        const mark = reading.get(key)
        if (mark) mark.isStale = true
      }
      return {
        read: (key) =>
          Effect.suspend(() => {
            const known = entries.get(key)
            return known === undefined ? look(key) : Effect.succeed(known)
          }),
        committed: (writes, versions) => {
          writes.forEach(({ key, value }, at) => {
            drop(key)
            const version = versions[at]
            if (version !== undefined) keep(key, { value, version })
          })
        },
        forget: (writes) => {
          for (const { key } of writes) drop(key)
        }
      }
    })
  )
}
