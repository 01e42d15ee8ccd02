/** Where QQ calls us: the settings of a webhook, checked, and from the environment. */
import { Duration, Effect, Option, Result } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import type * as WebhookIntake from "../../engines/WebhookIntake.ts"
import * as Setting from "../../ports/Setting.ts"
import type * as Webhook from "./Webhook.ts"

/** A webhook on a server that somebody else runs. */
export interface RouteOptions extends Webhook.Options, WebhookIntake.Options {
  /**
   * The path of the callback address. Accounts may share one: QQ names the bot in each call (`X-Bot-Appid`), and what names
   * none goes to the account whose secret signed it. @defaultValue /qq
   */
  readonly path?: string | undefined
  /**
   * How often the secret and the address of this machine are checked with QQ, which nobody else would notice. Where health
   * is watched, its checks serve as these.
   * @defaultValue 5 minutes
   */
  readonly probeEvery?: Duration.Input | undefined
}

/** A webhook on a server of its own. */
export interface ServerOptions extends RouteOptions {
  /** A reverse proxy passes QQ's calls from 443, 80, 8080 or 8443, the only ports QQ calls, to this one. */
  readonly port: number
  /** Loopback keeps everybody but the proxy out. @defaultValue 127.0.0.1 */
  readonly host?: string | undefined
}

export const defaultPath = "/qq"

/** Begins with a slash, and holds none of the characters that routers give a meaning to. */
const isPath = (path: string): boolean => /^\/[A-Za-z0-9/._~-]*$/.test(path)

const malformed = (setting: string, problem: string, mend: string) =>
  Effect.fail(new ConfigError({ setting, reason: new Malformed({ problem }), mend }))

const durations = ["tolerance", "patience", "retryAfter", "markEvery", "probeEvery"] as const

/** Fails for settings that cannot work; `name` is how a setting is called where it comes from. */
export const check = Effect.fnUntraced(function* (
  options: RouteOptions & Partial<ServerOptions>,
  name: (setting: "path" | "port") => string = (setting) => `webhook.${setting}`
) {
  const { maxWaiting, path, port } = options
  if (path !== undefined && !isPath(path)) {
    return yield* malformed(name("path"), "is not a path", `Write it like ${defaultPath}, without ":" and "*".`)
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    return yield* malformed(name("port"), "is not a port number", "Give a whole number from 1 to 65535.")
  }
  for (const setting of durations) {
    const given = options[setting]
    if (given === undefined) continue
    const duration = Option.getOrUndefined(Duration.fromInput(given))
    if (duration === undefined || !(Duration.toMillis(duration) > 0)) {
      return yield* malformed(`webhook.${setting}`, "is not a duration above zero", 'Write it like "5 seconds".')
    }
  }
  if (maxWaiting !== undefined && !(maxWaiting >= 1)) {
    return yield* malformed("webhook.maxWaiting", "is not a number of at least 1", "Leave it out for 256.")
  }
})

/** Where the environment says {@link ServerOptions}; {@link fromEnv} checks them together. */
export const settings = {
  port: Setting.custom(
    { name: "QQ_WEBHOOK_PORT", about: "Where QQ's calls arrive; unset, the bot dials QQ." },
    (text) =>
      // A text that is no number is found out by `check`.
      Result.succeed(Number(text))
  ),
  host: Setting.text({ name: "QQ_WEBHOOK_HOST", about: "The address it listens on.", fallback: "127.0.0.1" }),
  path: Setting.text({ name: "QQ_WEBHOOK_PATH", about: "The path of the callback address.", fallback: defaultPath })
}

/** From `QQ_WEBHOOK_PORT`, `QQ_WEBHOOK_HOST` and `QQ_WEBHOOK_PATH`; `undefined` when no port is set. */
export const fromEnv: Effect.Effect<ServerOptions | undefined, ConfigError> = Effect.gen(function* () {
  const { port: _, ...others } = settings
  const port = yield* Setting.read(settings.port)
  if (port === undefined) return undefined
  const options = yield* Setting.over<ServerOptions>(others, { port })
  yield* check(options, (setting) => settings[setting].name)
  return options
})
