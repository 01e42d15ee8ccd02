/** Who asks an address of the API by another method than its own is told which it takes, instead of that there is nothing. */
import { Effect, Layer } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpApi } from "effect/http-api"
import { MonitorApi } from "./Api.ts"
import * as Door from "./Door.ts"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const

/** The methods of each path. */
const taken = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>()
  HttpApi.reflect(MonitorApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint: { method, path } }) =>
      void found.set(path, (found.get(path) ?? new Set<string>()).add(method))
  })
  return found
}

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const router = yield* HttpRouter.HttpRouter
    for (const [path, own] of taken()) {
      const allow = Array.from(own).join(", ")
      const refusal = Door.refusal(405, "MethodNotAllowed", `This address takes ${allow}.`, { allow })
      for (const method of methods) {
        if (!own.has(method)) yield* router.add(method, path as HttpRouter.PathInput, refusal)
      }
    }
  })
)
