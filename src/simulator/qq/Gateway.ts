/** The gateway's side of the WebSocket protocol: hello, identify, resume, heartbeat, and when to hang up. */
import type { Books } from "../Books.ts"
import type { Ambient } from "./Ambient.ts"
import { Close, knownIntents, Op } from "./Codes.ts"
import { Connection } from "./Connection.ts"
import { decode, type Inbound } from "./Frames.ts"
import type { Settings } from "./Options.ts"
import { self } from "./Payloads.ts"
import type { Session, Sessions } from "./Sessions.ts"
import { type Switches, strikes } from "./Switches.ts"
import type { Tokens } from "./Tokens.ts"
import type { Ear, Wire } from "./Wire.ts"

export interface Gateway {
  /** Takes a socket and greets it; answers who is to be told what comes in on it. */
  readonly accept: (wire: Wire) => Ear
  /** Sockets that are open, greeted or not. */
  readonly connections: ReadonlySet<Connection>
  readonly sessionStartLimit: () => {
    readonly total: number
    readonly remaining: number
    readonly reset_after: number
    readonly max_concurrency: number
  }
}

const day = 86_400_000
/** The span in which `maxConcurrency` sessions may start. */
const startWindow = 5000

export const make = (
  settings: Settings,
  ambient: Ambient,
  books: Books,
  tokens: Tokens,
  sessions: Sessions,
  switches: Switches
): Gateway => {
  const connections = new Set<Connection>()
  const { maxConcurrency, total } = settings.sessionStarts
  let remaining = settings.sessionStarts.remaining
  let resetAt = ambient.now() + day
  let starts: ReadonlyArray<number> = []
  books.startLimits = { atOnce: maxConcurrency, window: startWindow, total: remaining }

  const refreshBudget = () => {
    if (ambient.now() < resetAt) return
    remaining = total
    resetAt = ambient.now() + day
  }

  /** Why nobody gets in, whatever they bring. */
  const doorClosed = (): number | undefined =>
    switches.banned ? Close.Banned : switches.addressForbidden ? Close.AddressForbidden : undefined

  const tokenOk = (token: string) => ["valid", "legacy"].includes(tokens.check(token))

  const whyNotIdentify = (frame: Extract<Inbound, { op: 2 }>): number | undefined => {
    const [shard, count] = frame.shard
    // Only Resume is known to take a token without its prefix.
    if (!/^(QQ)?Bot /.test(frame.token) || !tokenOk(frame.token)) return Close.AuthenticationFailed
    if (count < 1 || shard < 0 || shard >= count) return Close.BadShard
    if (count < switches.requiredShards) return Close.ShardingRequired
    if (frame.intents < 0 || (frame.intents & ~knownIntents) !== 0) return Close.BadIntents
    if ((frame.intents & ~(settings.grantedIntents & ~switches.forbiddenIntents)) !== 0) {
      return Close.IntentsNotPermitted
    }
    refreshBudget()
    if (remaining <= 0) return Close.CannotCreateSession
    starts = starts.filter((at) => at > ambient.now() - startWindow)
    if (settings.enforceConcurrency && starts.length >= maxConcurrency) return Close.CannotCreateSession
    return undefined
  }

  const identify = (connection: Connection, frame: Extract<Inbound, { op: 2 }>) => {
    const entry = { at: ambient.now(), intents: frame.intents, shard: frame.shard }
    const refused = doorClosed() ?? whyNotIdentify(frame)
    if (refused !== undefined) {
      books.identifies.push({ ...entry, refused })
      books.noted("identify:refused")
      return connection.invalidate(false, refused, "identify refused")
    }
    remaining--
    starts = [...starts, ambient.now()]
    const session = sessions.start(frame.shard, frame.intents)
    const ready = { version: 1, session_id: session.id, user: { ...self, status: 1 }, shard: frame.shard }
    connection.serve(session, 0)
    session.append({ at: ambient.now(), what: { t: "READY", d: ready }, once: true })
    greet(connection, session)
    books.identifies.push({ ...entry, session: session.id })
    books.noted("identify:accepted")
  }

  const whyNotResume = (frame: Extract<Inbound, { op: 6 }>, session: Session | undefined): number | undefined => {
    if (!tokenOk(frame.token)) return Close.AuthenticationFailed
    if (session === undefined) return Close.SessionInvalid
    // Either the bot invents sequences, or it comes back to what was already forgotten.
    if (frame.seq > session.last || frame.seq < session.first - 1) return Close.BadSequence
    return undefined
  }

  const resume = (connection: Connection, frame: Extract<Inbound, { op: 6 }>) => {
    const session = sessions.find(frame.session)
    const entry = { at: ambient.now(), session: frame.session, seq: frame.seq }
    const refused = doorClosed() ?? whyNotResume(frame, session)
    if (refused !== undefined || session === undefined) {
      if (session !== undefined) session.excused = true
      // A bad token is no fault of the session: with a fresh one it may still be resumed.
      if (session !== undefined && refused === Close.BadSequence) {
        const previous = session.connection
        sessions.end(session, frame.seq > session.last ? "bot" : "platform")
        previous?.close(Close.SessionInvalid, "session is gone")
      }
      books.resumes.push({ ...entry, refused: refused ?? Close.SessionInvalid })
      books.noted("resume:refused")
      return connection.invalidate(false, refused ?? Close.SessionInvalid, "resume refused")
    }
    const previous = session.connection
    if (previous !== undefined) {
      previous.close(Close.ResetByResume, "reset by resume", false)
      previous.session = undefined
    }
    session.receivedUpTo = Math.max(session.receivedUpTo, frame.seq)
    connection.serve(session, Math.max(session.first - 1, frame.seq - switches.duplicateOnResume))
    switches.duplicateOnResume = 0
    books.resumes.push({ ...entry, replayed: session.last - frame.seq })
    session.append({ at: ambient.now(), what: { t: "RESUMED", d: "" }, once: true })
    greet(connection, session)
    books.noted("resume:accepted")
  }

  const greet = (connection: Connection, session: Session) => {
    sessions.attach(session, connection)
    connection.lastBeat = ambient.now()
    connection.pump()
    watch(connection)
  }

  /** A bot that misses its beat is hung up on; its session may be resumed. */
  const watch = (connection: Connection) => {
    const patience = settings.heartbeatInterval * 1.5
    const wait = connection.lastBeat + patience - ambient.now()
    ambient.after(Math.max(1, wait), () => {
      if (!connections.has(connection) || connection.leaving) return
      if (connection.paused) connection.lastBeat = ambient.now()
      if (connection.lastBeat + patience > ambient.now()) return watch(connection)
      books.noted("heartbeat:missed")
      connection.close(Close.TimedOut, "Session timed out")
      release(connection)
    })
  }

  const release = (connection: Connection) => {
    const { session } = connection
    if (session?.connection === connection && session.endedAt === undefined) sessions.detach(session)
  }

  const heartbeat = (connection: Connection, d: number | null) => {
    const { session } = connection
    connection.lastBeat = ambient.now()
    if (session !== undefined && d !== null && d <= session.writtenUpTo) {
      session.receivedUpTo = Math.max(session.receivedUpTo, d)
    }
    const acknowledged = !connection.ackless && !connection.deaf
    books.heartbeats.push({ at: ambient.now(), session: session?.id, d, acknowledged })
    if (acknowledged) connection.send({ op: Op.HeartbeatAck })
    books.noted("heartbeat")
  }

  const receive = (connection: Connection, text: string) => {
    if (connection.leaving || connection.deaf) return
    const frame = decode(text)
    if (typeof frame === "number") return connection.close(frame, "bad frame")
    if (frame.op === Op.Heartbeat) return heartbeat(connection, frame.d)
    if (connection.session !== undefined) return connection.close(Close.AlreadyAuthenticated, "already authenticated")
    if (frame.op === Op.Identify) return identify(connection, frame)
    return resume(connection, frame)
  }

  return {
    connections,
    sessionStartLimit: () => {
      refreshBudget()
      return { total, remaining, reset_after: resetAt - ambient.now(), max_concurrency: maxConcurrency }
    },
    accept: (wire) => {
      const connection = new Connection(wire, settings, ambient)
      connections.add(connection)
      books.noted("dial:open")
      if (!strikes(switches.noHello)) {
        connection.send({ op: Op.Hello, d: { heartbeat_interval: settings.heartbeatInterval } })
      }
      return {
        message: (text) => receive(connection, text),
        closed: (code) => {
          connections.delete(connection)
          if (code !== 1006) connection.answered(code)
          release(connection)
          books.closes.push({ at: ambient.now(), code, byPlatform: connection.leaving })
          books.noted("close")
        }
      }
    }
  }
}
