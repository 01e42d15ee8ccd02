/** The layers of accounts that are called. Loaded when one is asked for: who dials needs no HTTP server in memory. */
import { Layer } from "effect"
import type { HttpRouter } from "effect/http/HttpRouter"
import type { AccountOptions } from "../../engines/Account.ts"
import type { Runtime } from "../../engines/Runtime.ts"
import { WebhookRoutes } from "../../transports/WebhookRoutes.ts"
import { QqApi } from "./Api.ts"
import { QqClock } from "./Clock.ts"
import type { QqConfig } from "./Config.ts"
import { QqCredentials } from "./Credentials.ts"
import { layerClient } from "./Http.ts"
import { QqRest } from "./Rest.ts"
import * as WebhookAccount from "./WebhookAccount.ts"
import type { RouteOptions } from "./WebhookConfig.ts"

export { serve } from "../../transports/WebhookServer.ts"

/** The account as a route. */
export const routed = (
  config: QqConfig,
  webhook: RouteOptions,
  options: AccountOptions
): Layer.Layer<QqApi | QqRest, never, Runtime | HttpRouter> =>
  Layer.effectDiscard(WebhookAccount.attach(config, webhook, options)).pipe(
    Layer.provideMerge(QqApi.layerNoDeps),
    Layer.provideMerge(QqRest.layer(config)),
    Layer.provide(QqCredentials.layer(config)),
    Layer.provide(QqClock.layer(config)),
    Layer.provide([WebhookRoutes.layer, layerClient(config.requestTimeout)])
  )
