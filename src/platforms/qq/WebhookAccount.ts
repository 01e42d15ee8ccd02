/** A QQ account that QQ calls, instead of a connection that the account dials. Everything behind it is the same. */
import { Duration, Effect } from "effect"
import type { AccountOptions } from "../../engines/Account.ts"
import { Runtime } from "../../engines/Runtime.ts"
import * as WebhookIntake from "../../engines/WebhookIntake.ts"
import type { Platform } from "../../ports/Platform.ts"
import { WebhookRoutes } from "../../transports/WebhookRoutes.ts"
import { QqApi } from "./Api.ts"
import { QqClock } from "./Clock.ts"
import type { QqConfig } from "./Config.ts"
import { QqCredentials } from "./Credentials.ts"
import { outbound } from "./Outbound.ts"
import * as Probe from "./Probe.ts"
import { QqRest } from "./Rest.ts"
import * as Webhook from "./Webhook.ts"
import { defaultPath, type RouteOptions } from "./WebhookConfig.ts"

/** Attaches the account and mounts its route, until the scope closes. */
export const attach = Effect.fnUntraced(function* (config: QqConfig, webhook: RouteOptions, options: AccountOptions) {
  const runtime = yield* Runtime
  const routes = yield* WebhookRoutes
  const rest = yield* QqRest
  const api = yield* QqApi
  const credentials = yield* QqCredentials
  const clock = yield* QqClock
  const shared = outbound(config, rest, api, credentials, clock)
  const { account } = shared
  const intake = yield* WebhookIntake.make(Webhook.protocol(config, webhook), webhook)

  const every = Duration.fromInputUnsafe(webhook.probeEvery ?? "5 minutes")
  const probe = Probe.make(account, api.me.get(), every)
  const platform: Platform = {
    ...shared,
    probe: probe.ask,
    heartbeats: false,
    webhook: intake.view,
    shards: Effect.succeed(1),
    connect: (link) => Effect.raceFirst(intake.connect(link), probe.watch)
  }
  yield* runtime.attach(platform, options)
  yield* routes.mount(webhook.path ?? defaultPath, intake)
})
