/**
 * An HTTP server on `node:http` that strangers may reach. It listens on loopback unless told otherwise; slow and endless
 * senders are cut off by the server itself, and so are connections beyond the limit.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http/HttpServer"
import { ConfigError, Malformed } from "../domain/ConfigError.ts"

export interface Options {
  readonly port: number
  /** @defaultValue 127.0.0.1 */
  readonly host?: string | undefined
  /** Connections at once. Those above are closed unheard. @defaultValue 1,024 */
  readonly maxConnections?: number | undefined
}

export const defaultHost = "127.0.0.1"

/** Milliseconds for the headers, then for the whole call; and how often that is looked after. */
const slow = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 }

/** The server; fails when it cannot listen there, with the name of the setting that says where. */
export const layer = (
  { host = defaultHost, maxConnections = 1024, port }: Options,
  setting: string
): Layer.Layer<HttpServer, ConfigError> =>
  NodeHttpServer.layerServer(
    () => {
      const server = createServer({ ...slow, maxHeaderSize: 16_384, keepAliveTimeout: 15_000 })
      server.maxConnections = maxConnections
      return server
    },
    { port, host, gracefulShutdownTimeout: "2 seconds" }
  ).pipe(
    Layer.catch(({ cause }) => {
      const problem = `cannot be listened on: ${host}:${port} ${codeOf(cause)}`
      const mend = "Choose another port or host, or end the program that uses it."
      const error = new ConfigError({ setting, reason: new Malformed({ problem }), mend })
      return Layer.effect(HttpServer, Effect.fail(error))
    })
  )

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? `(${String(cause.code)})` : "(unknown reason)"
