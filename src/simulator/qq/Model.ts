/**
 * The platform without its sockets: sessions, chats, tokens and REST on a clock that is given, so that it runs on loopback
 * and, where time itself is simulated, in memory.
 */
import { type Books, Offered, type Place, type Sent } from "../Books.ts"
import type { Fault } from "../Faults.ts"
import type { Ambient } from "./Ambient.ts"
import * as Chats from "./Chats.ts"
import { isFields } from "./Frames.ts"
import * as Gateways from "./Gateway.ts"
import * as Injector from "./Injector.ts"
import type { Settings } from "./Options.ts"
import { defaultAuthor, eventOf, placeOf } from "./Payloads.ts"
import * as Rest from "./Rest.ts"
import * as Routes from "./Routes.ts"
import * as RestOfIt from "./rest/All.ts"
import * as Uploads from "./rest/Uploads.ts"
import { World } from "./rest/World.ts"
import * as Sessions from "./Sessions.ts"
import { make as makeSwitches, strikes } from "./Switches.ts"
import * as Tokens from "./Tokens.ts"
import * as Webhooks from "./Webhook.ts"
import type { Ear, Wire } from "./Wire.ts"

/** What a user says, and where. */
export interface Utterance {
  readonly in: Place
  /** Who says it: an openid or user id. @defaultValue one person per chat */
  readonly from?: string
  readonly text: string
}

/** Where the platform can be reached. */
export interface Door {
  readonly url: (protocol: "http" | "ws") => string
  /** Nobody gets in for a while; cutting drops what is connected as well. */
  readonly suspend: (millis: number, cut: boolean) => void
}

export interface Model {
  readonly world: World
  readonly webhook: Webhooks.Webhook
  readonly sayUnsafe: (message: Utterance) => Offered
  readonly emit: (type: string, data: unknown, eventId?: string) => Offered
  readonly audit: (auditId: string, verdict: "pass" | "reject") => void
  readonly pendingAudits: () => ReadonlyArray<string>
  readonly inject: (fault: Fault) => void
  /** One HTTP request; nothing when it is left hanging. */
  readonly answer: (request: Rest.Incoming) => Rest.Outgoing | undefined
  /** Why a socket is turned away, as an HTTP status. @param url path and query */
  readonly refuseUpgrade: (url: string) => number | undefined
  readonly accept: (wire: Wire) => Ear
}

export const make = (settings: Settings, ambient: Ambient, books: Books, door: Door): Model => {
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

  const uploads = Uploads.make(settings, ambient, () => door.url("http"))
  const routes = Routes.make({
    ambient,
    books,
    chats,
    uploads,
    more: RestOfIt.make(world, chats, ambient, (type, data) => void emit(type, data)),
    gatewayUrl: () => `${door.url("ws")}/websocket/`,
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

  const inject = Injector.make({
    ...{ ambient, books, door, gateway, sessions, switches, tokens, webhook },
    emit: (type, data) => void emit(type, data)
  })

  return {
    world,
    webhook,
    sayUnsafe,
    emit,
    audit,
    pendingAudits: () => [...audits.keys()],
    inject,
    answer: Rest.make(settings, ambient, books, tokens, switches, routes),
    accept: gateway.accept,
    refuseUpgrade: (url) => {
      const status = strikes(switches.refuseUpgrade) ? switches.refuseUpgrade.status : undefined
      const verdict = status ?? (url.startsWith("/websocket") ? undefined : 404)
      books.dials.push({ at: ambient.now(), outcome: verdict === undefined ? "open" : "refused" })
      if (verdict !== undefined) books.noted("dial:refused")
      return verdict
    }
  }
}
