/** Carries out faults. */
import type { Books } from "../Books.ts"
import type { Fault } from "../Faults.ts"
import type { Ambient } from "./Ambient.ts"
import { Close, endsSession } from "./Codes.ts"
import type { Connection } from "./Connection.ts"
import type { Gateway } from "./Gateway.ts"
import type { Door } from "./Model.ts"
import type { Session, Sessions } from "./Sessions.ts"
import type { Switches } from "./Switches.ts"
import type { Tokens } from "./Tokens.ts"
import type { Webhook } from "./Webhook.ts"

export interface Target {
  readonly ambient: Ambient
  readonly books: Books
  readonly gateway: Gateway
  readonly door: Door
  readonly sessions: Sessions
  readonly switches: Switches
  readonly tokens: Tokens
  readonly webhook: Webhook
  readonly emit: (type: string, data: unknown) => void
}

const malformed = {
  text: "this is not json{",
  array: "[1,2,3]",
  missing: "{}",
  null: "null"
} as const

/** Whether a session is of the shard a fault is about. */
const isOf = (shard: number | undefined, session: Session | undefined): boolean =>
  shard === undefined || session?.shard[0] === shard

export const make = (target: Target) => {
  const { ambient, books, door, gateway, sessions, switches, tokens } = target

  /** Sockets a fault hits: the ones with a session, or whatever is connected when none has one. */
  const live = (shard?: number): ReadonlyArray<Connection> => {
    const open = [...gateway.connections].filter(
      (connection) => !connection.leaving && !connection.deaf && isOf(shard, connection.session)
    )
    const settled = open.filter((connection) => connection.session !== undefined)
    return settled.length > 0 ? settled : open
  }

  /**
   * Ends every session, also those waiting to be resumed: a bot told so while it dials must not be blamed for believing it.
   * After the goodbyes, which still belong to their sessions.
   */
  const endSessions = (shard?: number) => {
    for (const session of sessions.alive()) if (isOf(shard, session)) sessions.end(session, "platform")
  }

  const closeAll = (code: number, ends = endsSession(code), shard?: number) => {
    for (const connection of live(shard)) connection.close(code, "closed by the platform", ends)
    if (ends) endSessions(shard)
  }

  const invalidate = (resumable: boolean, shard?: number) => {
    const code = resumable ? Close.TimedOut : Close.SessionInvalid
    for (const connection of live(shard)) connection.invalidate(resumable, code, "invalid session")
    if (!resumable) endSessions(shard)
  }

  const insistOnShards = (shards: number) => {
    switches.requiredShards = shards
    for (const session of sessions.alive()) {
      if (session.shard[1] >= shards) continue
      session.connection?.close(Close.ShardingRequired, "too many guilds", true)
      sessions.end(session, "platform")
    }
  }

  const raw = (text: string) => {
    for (const connection of live()) connection.sendText(text)
  }

  const run = (fault: Fault): void => {
    switch (fault.kind) {
      case "cut":
        // Deaf sockets too: the network is gone for everybody.
        for (const connection of gateway.connections) {
          if (isOf(fault.shard, connection.session)) connection.cut(fault.by)
        }
        return
      case "halfOpen":
        for (const connection of live(fault.shard)) connection.goDeaf()
        return
      case "silence":
        for (const connection of live(fault.shard)) {
          connection.ackless = connection.ackless || fault.of !== "dispatches"
          connection.mute = connection.mute || fault.of !== "acks"
        }
        return
      case "reconnect":
        for (const connection of live(fault.shard)) connection.askToReconnect()
        return
      case "invalidSession":
        invalidate(fault.resumable, fault.shard)
        return
      case "close":
        closeAll(fault.code, fault.endsSession, fault.shard)
        return
      case "moreShards":
        switches.recommendedShards = fault.shards
        if (fault.insists === true) insistOnShards(fault.shards)
        return
      case "expireToken":
        tokens.expireAll()
        return
      case "revokeToken":
        tokens.expireAll()
        closeAll(Close.AuthenticationFailed)
        return
      case "rateLimited":
        switches.rateLimited = { left: fault.times, retryAfter: fault.retryAfter }
        return
      case "serverError":
        switches.serverError = { left: fault.times, status: fault.status ?? 500, code: fault.code ?? 50055001 }
        return
      case "htmlError":
        switches.htmlError = { left: fault.times, status: fault.status ?? 502 }
        return
      case "lostAnswer":
        switches.lostAnswer = { left: fault.times }
        return
      case "slowAnswer":
        switches.slowAnswer = { left: fault.times ?? 1, ms: fault.ms }
        return
      case "audit":
        switches.audit = { left: fault.times, verdict: fault.verdict }
        return
      case "duplicateOnResume":
        switches.duplicateOnResume = fault.events
        return
      case "malformedFrame":
        raw(malformed[fault.form])
        return
      case "unknownOpcode":
        raw(JSON.stringify({ op: 42, d: { what: "is this" } }))
        return
      case "unknownEvent":
        target.emit("SOMETHING_NEW_CREATE", { id: ambient.uuid(), unheard_of: true })
        return
      case "hugeFrame":
        // Unknown to everybody: it needs no intent and nobody owes an answer.
        target.emit("SOMETHING_HUGE_UPDATE", { description: "x".repeat(fault.bytes) })
        return
      case "slowReads":
        for (const connection of live()) connection.stopReading(fault.ms)
        return
      case "noHello":
        switches.noHello = { left: fault.times }
        return
      case "refuseUpgrade":
        switches.refuseUpgrade = { left: fault.times, status: fault.status ?? 503 }
        return
      case "refuseConnections":
        door.suspend(fault.ms, false)
        return
      case "restart":
        if (fault.keepSessions === false) endSessions()
        door.suspend(fault.ms, true)
        return
      case "tokenServerError":
        switches.token = { left: fault.times, form: fault.form ?? "json" }
        return
      case "wrongSecret":
        switches.wrongSecret = fault.on ?? true
        if (switches.wrongSecret) tokens.expireAll()
        return
      case "banned":
        switches.banned = fault.on ?? true
        if (switches.banned) closeAll(Close.Banned)
        return
      case "ipForbidden":
        switches.addressForbidden = fault.on ?? true
        if (switches.addressForbidden) closeAll(Close.AddressForbidden)
        return
      case "lostEvents":
        switches.lostEvents = { left: fault.times }
        return
      case "historyForbidden":
        switches.historyForbidden = fault.on ?? true
        return
      case "intentsForbidden":
        switches.forbiddenIntents = fault.intents
        return
      default:
        target.webhook.inject(fault)
    }
  }

  return (fault: Fault): void => {
    books.faults.push({ at: ambient.now(), fault })
    run(fault)
    books.noted(`fault:${fault.kind}`)
  }
}
