/**
 * A process to be killed: `node writer.ts <file> <round>` commits a million times, two commits under way, and prints the
 * number of each commit once it was acknowledged. Every commit holds three events and a turn with a message and a
 * state write, all named after it.
 */

import { writeSync } from "node:fs"
import { Effect } from "effect"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"

const filename = process.argv[2] ?? ""
const round = process.argv[3] ?? ""
const conversation = { account: "qq:1", kind: "group", id: "G" } as const

const program = Effect.gen(function* () {
  const store = yield* Store
  yield* Effect.forEach(
    Array.from({ length: 1_000_000 }, (_, n) => n),
    (n) =>
      store
        .commit({
          ...emptyCommit,
          events: [0, 1, 2].map((i) => ({
            conversation,
            key: `${round}/${n}/${i}`,
            receivedAt: n,
            raw: new TextEncoder().encode(`${round}/${n}/${i} ${"x".repeat(n % 5000)}`)
          })),
          turns: [
            {
              eventId: undefined,
              messages: [
                { conversation, content: { text: `${round}/${n}` }, priority: "normal", notBefore: 0, createdAt: n }
              ],
              state: [{ key: `${round}/${n}`, value: "1", expected: 0 }]
            }
          ]
        })
        .pipe(Effect.tap(() => Effect.sync(() => writeSync(1, `${n}\n`)))),
    { concurrency: store.pipeline, discard: true }
  )
})

await Effect.runPromise(program.pipe(Effect.provide(Sqlite.layer({ filename }))))
