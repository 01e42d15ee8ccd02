/** How much room is left on the disk of a file. A port, so that tests can have a full one. */
import { statfs } from "node:fs/promises"
import { dirname } from "node:path"
import { Context, Effect } from "effect"

/** Bytes. */
export interface Disk {
  /** What a program without privileges may still write. */
  readonly free: number
  readonly size: number
}

/** Looks at the file system that holds this file, which need not exist yet. Fails when it cannot be looked at. */
export const Disk = Context.Reference<(file: string) => Effect.Effect<Disk, Error>>("everbot/monitor/Disk", {
  defaultValue: () => (file) =>
    Effect.tryPromise({
      try: async () => {
        const { bavail, blocks, bsize } = await statfs(dirname(file))
        return { free: bavail * bsize, size: blocks * bsize }
      },
      catch: (error) => new Error(`the disk of ${file} cannot be looked at`, { cause: error })
    })
})
