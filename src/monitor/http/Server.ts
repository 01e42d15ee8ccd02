/** The API, its description and the dashboard, on a server of their own behind the door. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer, type Redacted } from "effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api"
import { Backups } from "../../ports/Backups.ts"
import * as GuardedServer from "../../transports/GuardedServer.ts"
import { AlertBook } from "../alerts/AlertBook.ts"
import { RestartBook } from "../guard/RestartBook.ts"
import { Recorder } from "../Recorder.ts"
import * as Access from "./Access.ts"
import * as Act from "./Act.ts"
import { Authorization, MonitorApi } from "./Api.ts"
import { Audit } from "./Audit.ts"
import * as Door from "./Door.ts"
import { Feed } from "./Feed.ts"
import * as Look from "./Look.ts"
import * as Methods from "./Methods.ts"
import { Operations } from "./Operations.ts"
import * as Pages from "./Pages.ts"
import * as Playground from "./Playground.ts"
import * as Queue from "./Queue.ts"
import { Streams } from "./Streams.ts"

export interface Settings {
  readonly port: number
  readonly host: string
  readonly token: Redacted.Redacted
  readonly maxStreams: number
  readonly restartProcess: Effect.Effect<void> | undefined
  readonly playground: Playground.Controls | undefined
}

const authorization = (token: Redacted.Redacted) =>
  Layer.sync(Authorization, () => {
    const access = Access.make(token)
    return Authorization.of({
      bearer: (answer, { credential }) =>
        Effect.flatMap(HttpServerRequest, (request) =>
          Effect.andThen(access(credential, Access.addressOf(request)), answer)
        )
    })
  })

const routes = ({ playground, restartProcess, token, maxStreams }: Settings) => {
  const groups = Layer.mergeAll(
    Look.layerProbe,
    Look.layer(playground === undefined ? [] : ["playground"]),
    Queue.layer,
    Act.layer
  ).pipe(Layer.provide([Audit.layer, Operations.layer(restartProcess), Streams.layer(maxStreams)]))
  return Layer.mergeAll(
    HttpApiBuilder.layer(MonitorApi, { openapiPath: "/openapi.json" }).pipe(Layer.provide(groups)),
    HttpApiScalar.layer(MonitorApi, {
      path: Door.referencePath,
      scalar: { withDefaultFonts: false, showOperationId: false }
    }),
    Methods.layer,
    Pages.layer,
    playground === undefined ? Layer.empty : Playground.layer(playground)
  ).pipe(
    Layer.provide(authorization(token)),
    Layer.provide(Feed.layer),
    Layer.provide([Recorder.layer, AlertBook.layer, RestartBook.layer, Backups.layer])
  )
}

/** One address for each thing. */
const exactPaths = { caseSensitive: true, ignoreTrailingSlash: false, ignoreDuplicateSlashes: false }

/** Serves until the scope closes; provides where it listens. */
export const layer = (settings: Settings) => {
  const served = Layer.unwrap(
    Effect.map(HttpRouter.HttpRouter, (router) => HttpServer.serve(Door.make()(router.asHttpEffect())))
  )
  return served.pipe(
    Layer.provide(routes(settings)),
    Layer.provide(HttpRouter.layer),
    Layer.provide(Layer.succeed(HttpRouter.RouterConfig, exactPaths)),
    Layer.provideMerge(
      GuardedServer.layer(
        { port: settings.port, host: settings.host, maxConnections: settings.maxStreams + 256 },
        "monitor.port"
      )
    ),
    Layer.provide(NodeHttpServer.layerHttpServices),
    // No span for a call: whoever watches the bot is not what is watched.
    Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true))
  )
}
