/**
 * Watch and steer a running bot: an HTTP API and a dashboard, beside the bot in the same process.
 *
 * ```ts
 * Layer.mergeAll(Ping, Qq.layerConfig, Monitor.layerConfig).pipe(Bot.launch, …)
 * ```
 * It listens on loopback unless told otherwise, and everything but `/livez` and the dashboard's own files (which hold no
 * data) needs a token. Where it may be reached from other machines, put a reverse proxy with TLS before it.
 */
import { Context, Effect, Layer, Redacted } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import type { ConfigError } from "../domain/ConfigError.ts"
import type { Runtime } from "../engines/Runtime.ts"
import type { StatusStream } from "../engines/StatusStream.ts"
import * as Setting from "../ports/Setting.ts"
import type { Store } from "../ports/Store.ts"
import { defaultHost } from "../transports/GuardedServer.ts"
import type { ErrorMonitor } from "./ErrorMonitor.ts"
import type { Health } from "./Health.ts"
import { restartCode } from "./http/Operations.ts"
import type { Controls } from "./http/Playground.ts"
import * as Server from "./http/Server.ts"
import { defaultMaxStreams } from "./http/Streams.ts"
import * as Token from "./http/Token.ts"

export interface Options {
  /** 0 takes one that is free. @defaultValue 7391 */
  readonly port?: number | undefined
  /** @defaultValue 127.0.0.1 */
  readonly host?: string | undefined
  /** At least `tokenLength` characters. @defaultValue the one in `tokenFile` */
  readonly token?: Redacted.Redacted | undefined
  /** Characters that `token` must have; no less than 16. One of our own has 43. @defaultValue 16 */
  readonly tokenLength?: number | undefined
  /**
   * Where a token of our own is kept when none is given: readable by its owner only, made when it is missing.
   * @defaultValue everbot-monitor.token
   */
  readonly tokenFile?: string | undefined
  /** Readers of the live stream at once. @defaultValue 2,048 */
  readonly maxStreams?: number | undefined
  /**
   * Ends the process so that its supervisor starts it again; `false` where nothing would. By default it drains as on
   * SIGTERM and exits with 75, which systemd's `Restart=on-failure` and container runtimes take as a reason to.
   */
  readonly restartProcess?: Effect.Effect<void> | false | undefined
  /** Controls of a simulated platform, for the dashboard of a demo. Never set it for a real bot. */
  readonly playground?: Controls | undefined
}

export const defaultPort = 7391

/** What it watches: all of it is there in an app that `Bot.launch` runs. */
export type Requires = Runtime | StatusStream | Health | ErrorMonitor | Store

/** A running monitor. */
export class Monitor extends Context.Service<
  Monitor,
  {
    /** Where it listens, e.g. `http://127.0.0.1:7391`. */
    readonly url: string
    readonly token: Redacted.Redacted
    /** The file the token is in, if it is one of our own. */
    readonly tokenFile: string | undefined
  }
>()("everbot/monitor/Monitor") {}

const endProcess = Effect.sync(() => {
  process.exitCode = restartCode
  process.kill(process.pid, "SIGTERM")
})

const tokenOf = ({ token, tokenFile, tokenLength = Token.minLength }: Options, setting: string) =>
  token === undefined
    ? Token.kept(tokenFile ?? Token.defaultFile)
    : Token.given(token, setting, Math.max(Token.minLength, tokenLength))

const make = (options: Options, tokenSetting: string): Layer.Layer<Monitor, ConfigError, Requires> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const token = yield* tokenOf(options, tokenSetting)
      const { restartProcess = endProcess } = options
      const server = Server.layer({
        port: options.port ?? defaultPort,
        host: options.host ?? defaultHost,
        token: token.value,
        maxStreams: options.maxStreams ?? defaultMaxStreams,
        restartProcess: restartProcess === false ? undefined : restartProcess,
        playground: options.playground
      })
      const announce = Effect.gen(function* () {
        const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
        const where = token.file === undefined ? "" : `; its token is in ${token.file}`
        yield* Effect.logInfo(`the monitor listens on ${url}${where}`)
        return { url, token: token.value, tokenFile: token.file }
      })
      return Layer.effect(Monitor, announce).pipe(Layer.provide(server))
    })
  )

/** Serves the API and the dashboard until the scope closes. Fails when it cannot listen, or has no usable token. */
export const layer = (options: Options = {}): Layer.Layer<Monitor, ConfigError, Requires> =>
  make(options, "monitor.token")

/** Where the environment says {@link Options}. */
export const settings = {
  port: Setting.whole(
    {
      name: "EVERBOT_MONITOR_PORT",
      about: "Where the monitor listens; 0 takes a free port.",
      fallback: `${defaultPort}`
    },
    0,
    65_535,
    "is no port"
  ),
  host: Setting.text({ name: "EVERBOT_MONITOR_HOST", about: "The address it listens on.", fallback: defaultHost }),
  token: Setting.secret({ name: "EVERBOT_MONITOR_TOKEN", about: "Its token; without one, that of its file." }),
  tokenFile: Setting.text({
    name: "EVERBOT_MONITOR_TOKEN_FILE",
    about: "Where a token of its own is kept when none is given.",
    fallback: Token.defaultFile
  }),
  tokenLength: Setting.whole(
    {
      name: "EVERBOT_MONITOR_TOKEN_LENGTH",
      about: "The characters that a token of yours must have.",
      fallback: `${Token.minLength}`
    },
    Token.minLength
  ),
  maxStreams: Setting.whole(
    { name: "EVERBOT_MONITOR_STREAMS", about: "Readers of the live stream at once.", fallback: `${defaultMaxStreams}` },
    1
  )
}

/** The same with what the environment says ({@link settings}) over `options`. */
export const layerConfigWith = (options: Options): Layer.Layer<Monitor, ConfigError, Requires> =>
  Layer.unwrap(Effect.map(Setting.over(settings, options), (all) => make(all, settings.token.name)))

export const layerConfig: Layer.Layer<Monitor, ConfigError, Requires> = layerConfigWith({})

/** An address that lets a browser in: the token is behind the `#`, which browsers keep to themselves. */
export const loginLink = ({ token, url }: Monitor["Service"]): string => `${url}/#token=${Redacted.value(token)}`
