/** A {@link SnapshotStore} in memory: for tests and for trying things out. Nothing survives the process. */
import { Clock, Effect, Layer } from "effect"
import { type Snapshot, SnapshotStore } from "../ports/SnapshotStore.ts"
import { checkName } from "./SnapshotSeal.ts"

/** Keeps the newest generation of each name. */
export const layer: Layer.Layer<SnapshotStore> = Layer.sync(SnapshotStore, () => {
  const saved = new Map<string, Snapshot>()
  return SnapshotStore.of({
    save: Effect.fnUntraced(function* (name, body) {
      const bad = checkName("save a snapshot", name)
      if (bad !== undefined) return yield* bad
      const savedAt = yield* Clock.currentTimeMillis
      const snapshot = { generation: (saved.get(name)?.generation ?? 0) + 1, savedAt, body }
      saved.set(name, snapshot)
      return snapshot
    }),
    load: Effect.fnUntraced(function* (name) {
      const bad = checkName("load a snapshot", name)
      return bad === undefined ? { snapshot: saved.get(name), damaged: [] } : yield* bad
    }),
    list: Effect.sync(() => Array.from(saved, ([name, { generation }]) => ({ name, generations: [generation] })))
  })
})
