/** keeps-secrets: no token or secret in a log or in the status stream. */
import type { Evidence, Violation } from "../Evidence.ts"

export const secrets = ({ logs, sites, statuses }: Evidence): ReadonlyArray<Violation> => {
  const everything = `${logs.join("\n")}\n${statuses.map(({ status }) => shown(status)).join("\n")}`
  return sites.flatMap(({ account, net, setting }) =>
    [setting.clientSecret, ...net.tokens]
      .filter((secret) => everything.includes(secret))
      .map((secret) => ({
        promise: "keeps-secrets",
        detail: `${secret === setting.clientSecret ? "the secret" : "a token"} of ${account} shows up in logs or status`
      }))
  )
}

/** A status as somebody would print it, errors with their messages and causes. */
const shown = (status: unknown): string =>
  JSON.stringify(status, (_, value: unknown) =>
    value instanceof Error ? { ...value, message: value.message, cause: String(value.cause ?? "") } : value
  )
