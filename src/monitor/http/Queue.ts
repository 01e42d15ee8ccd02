/** Answers what waits and what was given up on, and gives it another life or lets it go. */
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { DeadLetter } from "../../domain/DeadLetter.ts"
import { Runtime } from "../../engines/Runtime.ts"
import { Store } from "../../ports/Store.ts"
import { MonitorApi } from "./Api.ts"
import { Audit } from "./Audit.ts"
import { NotFound, Unavailable } from "./Refusals.ts"
import * as Views from "./Views.ts"

interface Page {
  readonly account?: string
  readonly limit: number
  readonly offset: number
}

interface Named {
  readonly kind: "event" | "message"
  readonly id: number
}

const toLetter = ({ kind, id }: Named): Pick<DeadLetter, "_tag" | "id"> => ({
  _tag: kind === "event" ? "DeadEvent" : "DeadMessage",
  id
})

const unavailable = () => new Unavailable({ message: "The store does not answer." })

export const layer = HttpApiBuilder.group(
  MonitorApi,
  "queue",
  Effect.fnUntraced(function* (handlers) {
    const runtime = yield* Runtime
    const store = yield* Store
    const audit = yield* Audit

    const accountsOf = (account: string | undefined) => {
      const all = runtime.accounts().filter((one) => account === undefined || Views.idOf(one) === account)
      return account !== undefined && all.length === 0
        ? Effect.fail(new NotFound({ message: `There is no account ${account}.` }))
        : Effect.succeed(all)
    }
    const queueOf = (one: ReturnType<typeof runtime.accounts>[number]) =>
      Effect.flatMap(store.counts(Views.idOf(one)), (counts) =>
        Effect.map(Clock.currentTimeMillis, (now) => Views.queue(one, counts, now))
      ).pipe(Effect.mapError(unavailable))

    const letters = Effect.fnUntraced(function* ({ account, limit, offset }: Page) {
      const accounts = yield* accountsOf(account)
      const counts = yield* Effect.forEach(accounts, queueOf)
      // The page of the whole lies within the first pages of each: those are merged.
      const found = yield* Effect.forEach(accounts, (one) =>
        Effect.map(runtime.deadLetters(Views.idOf(one), { limit: offset + limit }), (all) =>
          all.map((letter) => Views.deadLetter(Views.idOf(one), letter))
        )
      ).pipe(Effect.mapError(unavailable))
      return {
        total: counts.reduce((sum, { deadLetters }) => sum + deadLetters, 0),
        limit,
        offset,
        letters: found
          .flat()
          .sort((a, b) => b.at - a.at)
          .slice(offset, offset + limit)
      }
    })

    const change = (action: "requeue" | "discard", named: Named) =>
      audit.change(
        { action, target: `dead ${named.kind} ${named.id}` },
        runtime[action](toLetter(named)).pipe(
          Effect.mapError(unavailable),
          Effect.flatMap((isFound) =>
            isFound
              ? Effect.void
              : Effect.fail(new NotFound({ message: `There is no dead ${named.kind} ${named.id}.` }))
          )
        )
      )

    return handlers.handleAll({
      counts: () => Effect.forEach(runtime.accounts(), queueOf),
      deadLetters: ({ query }) => letters(query),
      requeue: ({ params }) => change("requeue", params),
      discard: ({ params }) => change("discard", params)
    })
  })
)
