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
    /** Tells what a commit wrote. */
    readonly committed: (writes: ReadonlyArray<StateWrite>) => void
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
      return {
        read: (key) =>
          Effect.suspend(() => {
            const known = entries.get(key)
            if (known !== undefined) return Effect.succeed(known)
            return Effect.map(store.state([key]), ([found]) => {
              const entry = found ?? { value: undefined, version: 0 }
              // A commit may have been faster than this read: it knows better.
              const newer = entries.get(key)
              if (newer !== undefined && newer.version > entry.version) return newer
              keep(key, entry)
              return entry
            })
          }),
        committed: (writes) => {
          for (const { key, value, expected } of writes) keep(key, { value, version: expected + 1 })
        },
        forget: (writes) => {
          for (const { key } of writes) entries.delete(key)
        }
      }
    })
  )
}
