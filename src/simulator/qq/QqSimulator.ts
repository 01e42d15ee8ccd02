/**
 * A faithful fake of the QQ bot platform on loopback: token endpoint, gateway and REST, faults on command, and books.
 *
 * Time and randomness are Effect's; sockets are real, so run tests on the live clock (`it.live`).
 */
import {
  Config,
  ConfigProvider,
  Context,
  type Duration,
  Effect,
  Layer,
  Option,
  PubSub,
  Schedule,
  type Scope,
  Stream
} from "effect"
import { Books, type Offered } from "../Books.ts"
import type { Fault } from "../Faults.ts"
import { settling } from "../Judge.ts"
import * as Ambients from "./Ambient.ts"
import * as Listener from "./Listener.ts"
import * as Model from "./Model.ts"
import { type Options, settings as settingsOf } from "./Options.ts"
import * as Rest from "./Rest.ts"
import type { World } from "./rest/World.ts"
import { make as makeUntil } from "./Until.ts"
import type * as Webhooks from "./Webhook.ts"
import { listen, ofWebSocket } from "./Wire.ts"

export type { Place } from "../Books.ts"
export type { Utterance } from "./Model.ts"
export type { Options, WebhookOptions } from "./Options.ts"
export { tokenPrefix } from "./Tokens.ts"
export { WebhookRefused } from "./Webhook.ts"

export interface QqSimulator {
  readonly appId: string
  readonly clientSecret: string
  /** `http://127.0.0.1:<port>` */
  readonly apiUrl: string
  readonly tokenUrl: string
  readonly books: Books
  /** A guild with channels, members and roles, and groups. Live. */
  readonly world: World
  /** A user says something: a message event to the bot. */
  readonly say: (message: Model.Utterance) => Effect.Effect<Offered>
  /** The same without Effect, for load. */
  readonly sayUnsafe: (message: Model.Utterance) => Offered
  /** Any other event. A message event with its own payload is owed a reply, like one that was said. */
  readonly emit: (type: string, data: unknown, options?: { readonly eventId?: string }) => Effect.Effect<Offered>
  /** Breaks it now. */
  readonly fault: (fault: Fault) => Effect.Effect<void>
  /** Breaks it on a schedule, waiting `every` before each fault. */
  readonly timetable: (faults: ReadonlyArray<Fault>, every: Duration.Input) => Effect.Effect<void>
  /** Faults as they are injected. */
  readonly faults: Stream.Stream<Fault>
  /**
   * Registers an address of the bot, as a person does in the console: it is asked to prove that it knows the secret, and
   * from then on gets every event, instead of the gateway.
   */
  readonly registerWebhook: (url: string) => Effect.Effect<void, Webhooks.WebhookRefused>
  /** Decides a send that is held for audit. */
  readonly audit: (auditId: string, verdict: "pass" | "reject") => Effect.Effect<void>
  /** Audits that wait for `audit`. */
  readonly pendingAudits: () => ReadonlyArray<string>
  /** Waits until the books satisfy the condition. */
  readonly until: (condition: (books: Books) => boolean) => Effect.Effect<void>
  /** Waits until no message is owed a reply any more. */
  readonly settled: Effect.Effect<void>
}

/** Starts a platform on 127.0.0.1; it ends with the scope. */
export const make = (options?: Options): Effect.Effect<QqSimulator, never, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = settingsOf(options)
    const ambient = yield* Ambients.make
    const injected = yield* PubSub.sliding<Fault>(1024)
    const books = new Books()
    let door: Listener.Listener | undefined
    const model = Model.make(settings, ambient, books, {
      url: (protocol) => `${protocol}://127.0.0.1:${door?.port ?? 0}`,
      suspend: (millis, cut) => door?.suspend(millis, cut)
    })
    door = yield* Listener.make(settings.port, ambient, {
      request: Rest.serve(model.answer, ambient),
      socket: (ws, socket) => listen(ws, model.accept(ofWebSocket(ws, socket))),
      refuseUpgrade: (request) => model.refuseUpgrade(request.url ?? "")
    })
    const { port } = door
    const { audit, emit, inject, pendingAudits, sayUnsafe, webhook, world } = model
    const fault = (fault: Fault) =>
      Effect.andThen(
        PubSub.publish(injected, fault),
        Effect.sync(() => inject(fault))
      )

    const until = makeUntil(books, ambient)
    const { url } = settings.webhook
    if (url !== undefined) {
      yield* Effect.forkScoped(Effect.retry(webhook.register(url), Schedule.spaced("50 millis")))
    }

    return {
      appId: settings.appId,
      clientSecret: settings.clientSecret,
      apiUrl: `http://127.0.0.1:${port}`,
      tokenUrl: `http://127.0.0.1:${port}${Rest.tokenPath}`,
      books,
      world,
      say: (message) => Effect.sync(() => sayUnsafe(message)),
      sayUnsafe,
      emit: (type, data, options) => Effect.sync(() => emit(type, data, options?.eventId)),
      fault,
      timetable: (faults, every) =>
        Effect.forEach(faults, (next) => Effect.andThen(Effect.sleep(every), fault(next)), { discard: true }),
      faults: Stream.fromPubSub(injected),
      registerWebhook: webhook.register,
      audit: (auditId, verdict) => Effect.sync(() => audit(auditId, verdict)),
      pendingAudits,
      until,
      settled: Effect.suspend(() => until(settling(books)))
    }
  })

/** The running simulator, for handlers, tests and demos that also play the users. */
export class QqSimulatorService extends Context.Service<QqSimulatorService, QqSimulator>()(
  "everbot/simulator/QqSimulator"
) {}

export const layer = (options?: Options): Layer.Layer<QqSimulatorService> =>
  Layer.effect(QqSimulatorService, make(options))

/** Starts a simulator and points QQ_APP_ID, QQ_CLIENT_SECRET, QQ_API_URL and QQ_TOKEN_URL at it; other variables keep their source. */
export const layerConfig = (options?: Options): Layer.Layer<QqSimulatorService> =>
  Layer.effect(
    ConfigProvider.ConfigProvider,
    Effect.gen(function* () {
      const simulator = yield* QqSimulatorService
      const environment = yield* ConfigProvider.ConfigProvider
      const ours = ConfigProvider.fromEnvRecord({
        QQ_APP_ID: simulator.appId,
        QQ_CLIENT_SECRET: simulator.clientSecret,
        QQ_API_URL: simulator.apiUrl,
        QQ_TOKEN_URL: simulator.tokenUrl
      })
      return ConfigProvider.orElse(ours, environment)
    })
  ).pipe(Layer.provideMerge(layer(options)))

/**
 * The same, unless QQ_APP_ID is set already: then it is empty and the bot runs on QQ.
 * The simulator cannot be relied on, so it is not promised: ask with `Effect.serviceOption(QqSimulatorService)`.
 */
export const layerConfigUnlessSet = (options?: Options): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const appId = yield* Effect.option(Config.String("QQ_APP_ID"))
      return Option.isSome(appId) ? Layer.empty : layerConfig(options)
    })
  )

/** Breaks the simulator in the context on a schedule. */
export const timetable = (
  faults: ReadonlyArray<Fault>,
  every: Duration.Input
): Effect.Effect<void, never, QqSimulatorService> =>
  QqSimulatorService.use((simulator) => simulator.timetable(faults, every))
