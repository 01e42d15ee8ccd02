/** A process that opens the store of a file, says so, and closes it when its standard input ends. */
import { writeSync } from "node:fs"
import { Effect } from "effect"
import { Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"

const inputEnd = Effect.callback<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

const program = Effect.gen(function* () {
  yield* Store
  writeSync(1, "open\n")
  yield* inputEnd
})

await Effect.runPromise(program.pipe(Effect.provide(Sqlite.layer({ filename: process.argv[2] ?? "", lockTimeout: 0 }))))
