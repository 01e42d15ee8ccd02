/** What `GET /gateway` and `GET /gateway/bot` say. Pure. */
import { integer } from "./Http.ts"
import { isJson, type Json } from "./Message.ts"

/** Where the gateway is; `undefined` is what the platform did not say. */
export interface GatewayInfo {
  readonly url: string
  readonly shards: number | undefined
  /** Session starts: `total` per 24 h, `resetAfter` in milliseconds, `maxConcurrency` per 5 s. */
  readonly startLimit:
    | {
        readonly total: number | undefined
        readonly remaining: number | undefined
        readonly resetAfter: number | undefined
        readonly maxConcurrency: number | undefined
      }
    | undefined
}

/** `undefined` for an answer that names no gateway. */
export const gatewayInfo = (body: unknown): GatewayInfo | undefined => {
  if (!isJson(body) || typeof body["url"] !== "string" || body["url"] === "") return undefined
  const limit: Json | undefined = isJson(body["session_start_limit"]) ? body["session_start_limit"] : undefined
  return {
    url: body["url"],
    shards: integer(body["shards"]),
    startLimit: limit && {
      total: integer(limit["total"]),
      remaining: integer(limit["remaining"]),
      resetAfter: integer(limit["reset_after"]),
      maxConcurrency: integer(limit["max_concurrency"])
    }
  }
}
