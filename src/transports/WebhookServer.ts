/**
 * An HTTP server for webhooks alone, on `node:http`. It listens on loopback unless told otherwise: a platform wants
 * HTTPS, so a reverse proxy (nginx, Caddy) ends TLS and passes the calls on, buffered. Slow and endless senders are
 * cut off by the server itself.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer } from "effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServer } from "effect/http/HttpServer"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"

export interface Options {
  readonly port: number
  /** @defaultValue 127.0.0.1 */
  readonly host?: string | undefined
}

export const defaultHost = "127.0.0.1"

/** Milliseconds for the headers, then for the whole call; and how often that is looked after. */
const slow = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 }
/** Connections at once. Those above are closed unheard. */
const maxConnections = 1024

const open = () => {
  const server = createServer({ ...slow, maxHeaderSize: 16_384, keepAliveTimeout: 15_000 })
  server.maxConnections = maxConnections
  return server
}

/** The server; fails when it cannot listen there. */
export const layerServer = ({ host = defaultHost, port }: Options): Layer.Layer<HttpServer, ConfigError> =>
  NodeHttpServer.layerServer(open, { port, host, gracefulShutdownTimeout: "2 seconds" }).pipe(
    Layer.catch(({ cause }) => {
      const problem = `cannot be listened on: ${host}:${port} ${codeOf(cause)}`
      const mend = "Choose another port or host, or end the program that uses it."
      const error = new ConfigError({ setting: "webhook.port", reason: new Malformed({ problem }), mend })
      return Layer.effect(HttpServer, Effect.fail(error))
    })
  )

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? `(${String(cause.code)})` : "(unknown reason)"

/** Serves the routes of `app` on a server of their own. No log line and no span for a call: strangers may call too. */
export const serve = <A, E, R>(app: Layer.Layer<A, E, R>, options: Options) =>
  HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(layerServer(options)),
    Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true))
  )
