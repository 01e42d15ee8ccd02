/**
 * An HTTP server for webhooks alone. It listens on loopback unless told otherwise: a platform wants HTTPS, so a reverse
 * proxy (nginx, Caddy) ends TLS and passes the calls on, buffered.
 */
import { Layer } from "effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import type { HttpServer } from "effect/http/HttpServer"
import type { ConfigError } from "../domain/ConfigError.ts"
import * as GuardedServer from "./GuardedServer.ts"

export interface Options {
  readonly port: number
  /** @defaultValue 127.0.0.1 */
  readonly host?: string | undefined
}

export const defaultHost = GuardedServer.defaultHost

/** The server; fails when it cannot listen there. */
export const layerServer = (options: Options): Layer.Layer<HttpServer, ConfigError> =>
  GuardedServer.layer(options, "webhook.port")

/** Serves the routes of `app` on a server of their own. No log line and no span for a call: strangers may call too. */
export const serve = <A, E, R>(app: Layer.Layer<A, E, R>, options: Options) =>
  HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(layerServer(options)),
    Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true))
  )
