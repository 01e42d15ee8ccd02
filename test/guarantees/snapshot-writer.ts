/** Saves snapshots as fast as it can and prints each generation once it is saved, until it is killed. */
import { Effect } from "effect"
import { SnapshotStore } from "../../src/ports/SnapshotStore.ts"
import * as SnapshotFile from "../../src/stores/SnapshotFile.ts"
import * as SnapshotSqlite from "../../src/stores/SnapshotSqlite.ts"

const [kind, path = ""] = process.argv.slice(2)
const layer = kind === "files" ? SnapshotFile.layer({ directory: path }) : SnapshotSqlite.layer({ filename: path })

await SnapshotStore.use((store) =>
  Effect.forever(
    Effect.suspend(() => store.save("bot", `state ${process.pid} `.repeat(5000))).pipe(
      Effect.tap(({ generation }) => Effect.sync(() => process.stdout.write(`${generation}\n`)))
    )
  )
).pipe(Effect.provide(layer), Effect.runPromise)
