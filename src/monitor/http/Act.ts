/** Does what a person asks for: restarts, pauses; and tells who asked for what. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Runtime } from "../../engines/Runtime.ts"
import { MonitorApi } from "./Api.ts"
import { Audit } from "./Audit.ts"
import { nameOf, Operations } from "./Operations.ts"
import { NotFound } from "./Refusals.ts"
import * as Views from "./Views.ts"

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
      audit: () => Effect.sync(() => audit.entries())
    })
  })
)
