/** What an account of QQ is whichever way its events come in: by WebSocket or by webhook. */
import type { Platform } from "../../ports/Platform.ts"
import { verdictOf } from "./Audit.ts"
import { accountOf, type QqConfig } from "./Config.ts"
import type { Keeper } from "./Credentials.ts"
import { decodeRaw } from "./Decode.ts"
import type { Rest } from "./Rest.ts"

export const outbound = (config: QqConfig, rest: Rest, credentials: Keeper) => {
  const account = accountOf(config)
  return {
    name: "qq",
    account,
    decode: (raw, key) => decodeRaw(account, raw, key),
    send: rest.send,
    isIdempotent: rest.isIdempotent,
    verdict: verdictOf,
    refreshCredentials: credentials.invalidate
  } satisfies Partial<Platform>
}
