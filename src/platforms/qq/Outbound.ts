/** What an account of QQ is whichever way its events come in: by WebSocket or by webhook. */
import type { Platform } from "../../ports/Platform.ts"
import type { Api } from "./Api.ts"
import { verdictOf } from "./Audit.ts"
import type { QqClock } from "./Clock.ts"
import { accountOf, type QqConfig } from "./Config.ts"
import type { Keeper } from "./Credentials.ts"
import { decodeRaw } from "./Decode.ts"
import type { Rest } from "./Rest.ts"

/** A platform that knows the REST API of its account. */
export interface QqPlatform extends Platform {
  readonly api: Api
}

export const isQq = (platform: Platform): platform is QqPlatform => platform.name === "qq" && "api" in platform

export const outbound = (config: QqConfig, rest: Rest, api: Api, credentials: Keeper, clock: QqClock["Service"]) => {
  const account = accountOf(config)
  return {
    name: "qq",
    account,
    api,
    decode: (raw, key) => decodeRaw(account, raw, key),
    prepare: rest.prepare,
    send: rest.send,
    isIdempotent: rest.isIdempotent,
    verdict: verdictOf,
    credentials: credentials.view,
    probe: api.me.get(),
    clock,
    refreshCredentials: credentials.invalidate
  } satisfies Partial<QqPlatform>
}
