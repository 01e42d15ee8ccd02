/** Where the bot saves its state as a whole: survives a crash, and has the disk's bad days. */
import { Effect, Layer } from "effect"
import { StoreError } from "../../src/domain/StoreError.ts"
import { type Snapshot, SnapshotStore } from "../../src/ports/SnapshotStore.ts"
import type { Disk } from "./Disk.ts"
import type { Life } from "./Realm.ts"

export class Snapshots {
  private readonly newest = new Map<string, Snapshot>()
  private readonly disk: Disk

  constructor(disk: Disk) {
    this.disk = disk
  }

  get(name: string): Snapshot | undefined {
    return this.newest.get(name)
  }

  layer(life: Life): Layer.Layer<SnapshotStore> {
    const { disk } = this
    const { chance, realm } = disk
    const slowly = <A>(operation: string, risk: () => number, work: () => A): Effect.Effect<A, StoreError> =>
      Effect.callback((resume) => {
        realm.later(disk.weather.latency * (0.5 + chance.next()), () =>
          disk.whenMoving(() => {
            if (life.isOver) return
            const isRefused = chance.isTrue(risk())
            const answer = isRefused
              ? Effect.fail(new StoreError({ operation, reason: disk.refusal() }))
              : Effect.succeed(work())
            realm.enter(life, () => resume(answer))
          })
        )
      })
    return Layer.succeed(
      SnapshotStore,
      SnapshotStore.of({
        save: (name, body) =>
          slowly(
            "save a snapshot",
            () => disk.weather.fails,
            () => {
              const generation = (this.newest.get(name)?.generation ?? 0) + 1
              const snapshot = { generation, savedAt: realm.trueTime, body }
              this.newest.set(name, snapshot)
              return snapshot
            }
          ),
        list: slowly(
          "list the snapshots",
          () => disk.weather.readsFail,
          () => Array.from(this.newest, ([name, { generation }]) => ({ name, generations: [generation] }))
        ),
        load: (name) =>
          slowly(
            "load a snapshot",
            () => disk.weather.readsFail,
            () => ({ snapshot: this.newest.get(name), damaged: [] })
          )
      })
    )
  }
}
