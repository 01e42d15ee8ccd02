/** Does what a person asks for: restarts, pauses, holds; and tells who asked for what. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { StoreError } from "../../domain/StoreError.ts"
import { maxHolds } from "../../engines/Holds.ts"
import { Runtime } from "../../engines/Runtime.ts"
import { MonitorApi } from "./Api.ts"
import { Audit } from "./Audit.ts"
import type * as Commands from "./Commands.ts"
import { nameOf, Operations } from "./Operations.ts"
import { Conflict, NotFound, Unavailable } from "./Refusals.ts"
import * as Views from "./Views.ts"

type Place = Pick<typeof Commands.PlaceHold.Type, "conversation">

const placeOf = (account: string, { conversation }: Place): string =>
  conversation === null ? account : `${account} ${conversation.kind}:${conversation.id}`

const conversationOf = (account: string, { conversation }: Place) =>
  conversation === null ? undefined : { account, ...conversation }

const unavailable = () =>
  new Unavailable({
    message: "The store does not take it at the moment, so it may not outlive a restart. Look at /api/holds."
  })

/** The change goes on without whoever asked for it. */
const patient = <A>(change: Effect.Effect<A, StoreError>): Effect.Effect<A, Unavailable> =>
  change.pipe(Effect.mapError(unavailable), Effect.timeoutOrElse({ duration: "10 seconds", orElse: unavailable }))

export const layer = HttpApiBuilder.group(
  MonitorApi,
  "act",
  Effect.fnUntraced(function* (handlers) {
    const runtime = yield* Runtime
    const audit = yield* Audit
    const operations = yield* Operations

    const accountOf = (account: string) =>
      Effect.suspend(() => {
        const found = runtime.accounts().find((one) => Views.idOf(one) === account)
        return found === undefined
          ? Effect.fail(new NotFound({ message: `There is no account ${account}.` }))
          : Effect.succeed(found)
      })

    const hold = Effect.fnUntraced(function* (name: string, payload: typeof Commands.PlaceHold.Type) {
      const { holding } = yield* accountOf(name)
      const held = yield* patient(holding.hold(conversationOf(name, payload), payload.reason))
      if (held === undefined) return yield* new Conflict({ message: `${maxHolds} conversations of ${name} are held.` })
      return Views.hold(held)
    })

    const release = Effect.fnUntraced(function* (name: string, payload: typeof Commands.Release.Type) {
      const { holding } = yield* accountOf(name)
      const wasHeld = yield* patient(holding.release(conversationOf(name, payload)))
      if (!wasHeld) return yield* new NotFound({ message: `${placeOf(name, payload)} is not held.` })
    })

    return handlers.handleAll({
      restart: ({ payload }) =>
        audit.change(
          { action: "restart", target: nameOf(payload.target), reason: payload.reason },
          operations.begin(payload)
        ),
      operations: () => Effect.sync(() => operations.all()),
      operation: ({ params }) =>
        Effect.suspend(() => {
          const found = operations.find(params.id)
          return found === undefined
            ? Effect.fail(new NotFound({ message: `There is no operation ${params.id}.` }))
            : Effect.succeed(found)
        }),
      pause: ({ params, payload }) =>
        audit.change(
          { action: "pause", target: params.account, reason: payload.reason },
          Effect.map(accountOf(params.account), ({ intake }) => intake.pause(payload.reason))
        ),
      resume: ({ params }) =>
        audit.change(
          { action: "resume", target: params.account },
          Effect.map(accountOf(params.account), ({ intake }) => intake.resume())
        ),
      holds: () => Effect.sync(() => runtime.accounts().flatMap(({ holding }) => holding.all().map(Views.hold))),
      hold: ({ params, payload }) =>
        audit.change(
          { action: "hold", target: placeOf(params.account, payload), reason: payload.reason },
          hold(params.account, payload)
        ),
      release: ({ params, payload }) =>
        audit.change({ action: "release", target: placeOf(params.account, payload) }, release(params.account, payload)),
      audit: () => Effect.sync(() => audit.entries())
    })
  })
)
