/** What the token endpoint's codes mean, one row each. Source: reports by users; QQ documents none of them. */
import type { Duration } from "effect"
import { type Reason, Refused, Throttled, Unreachable } from "../../domain/CredentialError.ts"

export interface TokenCodeRow {
  readonly code: number
  readonly meaning: string
  readonly becomes: "Throttled" | "Unreachable" | "Refused"
  /** One sentence: what a person should do. */
  readonly advice?: string
}

const checkBoth = "Check the app id and the client secret in 开发设置 (development settings) at https://q.qq.com."

export const tokenCodes: ReadonlyArray<TokenCodeRow> = [
  { code: 100001, meaning: "too many requests", becomes: "Throttled" },
  { code: 100002, meaning: "internal error", becomes: "Unreachable" },
  {
    code: 100007,
    meaning: "the app id is not valid, or the bot is banned or deleted",
    becomes: "Refused",
    advice: checkBoth
  },
  { code: 100016, meaning: "the app id or the secret is wrong", becomes: "Refused", advice: checkBoth },
  { code: 10004, meaning: "the bot does not exist", becomes: "Refused", advice: checkBoth }
]

const rows: ReadonlyMap<number, TokenCodeRow> = new Map(tokenCodes.map((row) => [row.code, row]))

/** A code we do not know is taken for a trouble that passes: giving up on a bot needs a known cause. */
export const codeReason = (code: number, detail: string, retryAfter: Duration.Duration | undefined): Reason => {
  const row = rows.get(code)
  switch (row?.becomes) {
    case "Throttled":
      return new Throttled({ retryAfter })
    case "Refused":
      return new Refused({ code, detail: `${row.meaning} ("${detail}")`, advice: row.advice ?? checkBoth })
    default:
      return new Unreachable({ detail: `${detail} (code ${code})` })
  }
}

/** Where to look when a refusal has no code. QQ gives each of its own one, so something on the way has answered. */
export const notQq = (setting: string): string =>
  `The answer is not QQ's: check ${setting}, and the proxies on the way.`

/** A failing status without a code: what is on the way must not end an account. */
export const statusReason = (status: number, detail: string, retryAfter: Duration.Duration | undefined): Reason => {
  if (status === 429) return new Throttled({ retryAfter })
  return new Unreachable({
    detail: `HTTP ${status}: ${detail}${status < 500 ? `. ${notQq("`tokenUrl` (QQ_TOKEN_URL)")}` : ""}`
  })
}
