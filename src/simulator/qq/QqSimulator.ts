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
import { Books, Offered, type Place, type Sent } from "../Books.ts"
import type { Fault } from "../Faults.ts"
import * as Ambients from "./Ambient.ts"
import * as Chats from "./Chats.ts"
import { isFields } from "./Frames.ts"
import * as Gateways from "./Gateway.ts"
import * as Injector from "./Injector.ts"
import * as Listener from "./Listener.ts"
import { type Options, settings as settingsOf } from "./Options.ts"
import { defaultAuthor, eventOf, placeOf } from "./Payloads.ts"
import * as Rest from "./Rest.ts"
import * as Routes from "./Routes.ts"
import * as RestOfIt from "./rest/All.ts"
import * as Uploads from "./rest/Uploads.ts"
import { World } from "./rest/World.ts"
import * as Sessions from "./Sessions.ts"
import { make as makeSwitches, strikes } from "./Switches.ts"
import * as Tokens from "./Tokens.ts"
import { make as makeUntil } from "./Until.ts"
import * as Webhooks from "./Webhook.ts"

export type { Place } from "../Books.ts"
export type { Options, WebhookOptions } from "./Options.ts"
export { tokenPrefix } from "./Tokens.ts"
export { WebhookRefused } from "./Webhook.ts"

/** What a user says, and where. */
export interface Utterance {
  readonly in: Place
  /** Who says it: an openid or user id. @defaultValue one person per chat */
  readonly from?: string
  readonly text: string
}

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
  readonly say: (message: Utterance) => Effect.Effect<Offered>
  /** The same without Effect, for load. */
  readonly sayUnsafe: (message: Utterance) => Offered
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
    const tokens = Tokens.make(settings, ambient)
    const switches = makeSwitches()
    const sessions = Sessions.make(settings, ambient, books)
    const gateway = Gateways.make(settings, ambient, books, tokens, sessions, switches)
    const webhook = Webhooks.make(settings, ambient, books)
    const isConnected = () =>
      webhook.address() !== undefined || sessions.alive().some((session) => session.connection !== undefined)
    const chats = Chats.make(settings, ambient, books, isConnected)
    const audits = new Map<string, Sent>()
    const world = new World(ambient, (channel) => chats.history(channel).length > 0)

    const offer = (row: Omit<ConstructorParameters<typeof Offered>[0], "index" | "at">): Offered => {
      const offered = new Offered({ ...row, index: books.offered.length, at: ambient.now() })
      books.offered.push(offered)
      if (offered.place !== undefined) books.said++
      chats.know(offered)
      if (!strikes(switches.lostEvents)) {
        if (webhook.address() === undefined) sessions.offer(offered)
        else webhook.offer(offered)
      }
      books.noted(`offered:${offered.type}`)
      return offered
    }

    const sayUnsafe = ({ from, in: place, text }: Utterance): Offered =>
      offer({
        id: Chats.messageId(ambient, place.kind),
        type: eventOf[place.kind],
        place,
        from: from ?? defaultAuthor(place),
        text,
        data: undefined,
        eventId: undefined
      })

    const emit = (type: string, data: unknown, eventId?: string): Offered => {
      if (isFields(data)) world.noticed(type, data)
      const said = placeOf(type, data)
      const row = { type, data, from: "", text: "" }
      // One message may arrive as two events; only the first is owed an answer.
      if (said !== undefined && chats.message(said.id) === undefined) return offer({ ...row, ...said, eventId })
      const id = eventId ?? `${type}:${ambient.uuid()}`
      return offer({ ...row, id, place: undefined, eventId: id })
    }

    const audit = (auditId: string, verdict: "pass" | "reject") => {
      const sent = audits.get(auditId)
      if (sent === undefined) return
      audits.delete(auditId)
      sent.audit = verdict
      emit(verdict === "pass" ? "MESSAGE_AUDIT_PASS" : "MESSAGE_AUDIT_REJECT", {
        audit_id: auditId,
        ...(verdict === "pass" ? { message_id: sent.id } : {}),
        guild_id: "18700000000001",
        channel_id: sent.place.id,
        audit_time: new Date(ambient.now()).toISOString(),
        create_time: new Date(sent.at).toISOString(),
        seq_in_channel: "1"
      })
    }

    let port = 0
    const uploads = Uploads.make(settings, ambient, () => `http://127.0.0.1:${port}`)
    const routes = Routes.make({
      ambient,
      books,
      chats,
      uploads,
      more: RestOfIt.make(world, chats, ambient, (type, data) => void emit(type, data)),
      gatewayUrl: () => `ws://127.0.0.1:${port}/websocket/`,
      get shards() {
        return Math.max(settings.shards, switches.recommendedShards)
      },
      sessionStartLimit: gateway.sessionStartLimit,
      isHistoryForbidden: () => switches.historyForbidden,
      holdForAudit: () => (strikes(switches.audit) ? ambient.uuid() : undefined),
      audited: (auditId, sent) => {
        audits.set(auditId, sent)
        const { verdict } = switches.audit
        // After the answer: a bot must know the audit before it hears its verdict.
        if (verdict !== undefined) ambient.after(20, () => audit(auditId, verdict))
      }
    })

    const listener = yield* Listener.make(settings.port, ambient, {
      request: Rest.make(settings, ambient, books, tokens, switches, routes),
      socket: gateway.accept,
      refuseUpgrade: (request) => {
        const refused = strikes(switches.refuseUpgrade)
        const status = refused ? switches.refuseUpgrade.status : undefined
        const verdict = status ?? (request.url?.startsWith("/websocket") === true ? undefined : 404)
        books.dials.push({ at: ambient.now(), outcome: verdict === undefined ? "open" : "refused" })
        if (verdict !== undefined) books.noted("dial:refused")
        return verdict
      }
    })
    port = listener.port

    const inject = Injector.make({
      ...{ ambient, books, gateway, listener, sessions, switches, tokens, webhook },
      emit: (type, data) => void emit(type, data)
    })
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
      pendingAudits: () => [...audits.keys()],
      until,
      settled: until((books) => books.answered >= books.said || books.judge().lost.length === 0)
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
