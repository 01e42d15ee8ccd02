/** Who changed what: the newest entries for the API, and each as a line in the log. */
import { Clock, Context, Effect, Layer } from "effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import { categoryKey } from "../logs/Record.ts"
import { Ring } from "../record/Ring.ts"
import { addressOf } from "./Access.ts"
import type { AuditEntry } from "./Commands.ts"

type Entry = typeof AuditEntry.Type

export interface Act {
  readonly action: string
  readonly target: string
  readonly reason?: string | undefined
}

export class Audit extends Context.Service<
  Audit,
  {
    /** Runs a change and notes that it was asked for, by whom, and how it went. */
    readonly change: <A, E extends { readonly _tag: string }, R>(
      act: Act,
      effect: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E, R | HttpServerRequest>
    /** Newest first. */
    readonly entries: () => ReadonlyArray<Entry>
  }
>()("everbot/monitor/Audit") {
  static readonly layer = Layer.sync(this, () => {
    const ring = new Ring<Entry>(200)
    return Audit.of({
      change: ({ action, reason, target }, effect) =>
        Effect.gen(function* () {
          const from = addressOf(yield* HttpServerRequest)
          const note = Effect.fnUntraced(function* (outcome: string) {
            ring.push({ at: yield* Clock.currentTimeMillis, from, action, target, reason: reason ?? null, outcome })
            yield* Effect.logInfo(`${action} of ${target} by ${from}: ${outcome}${reason ? ` (${reason})` : ""}`).pipe(
              Effect.annotateLogs(categoryKey, "security")
            )
          })
          return yield* effect.pipe(
            Effect.tap(() => note("accepted")),
            Effect.tapError((error) => note(`refused: ${error._tag}`))
          )
        }),
      entries: () => ring.all().toReversed()
    })
  })
}
