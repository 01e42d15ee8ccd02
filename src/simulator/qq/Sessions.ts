/** Gateway sessions: which there are, what each one has to say, and how long it waits to be resumed. */
import type { Books, Delivery, Offered, SessionEntry } from "../Books.ts"
import type { Ambient } from "./Ambient.ts"
import { intentOf, Op } from "./Codes.ts"
import type { Connection } from "./Connection.ts"
import type { Settings } from "./Options.ts"
import { dataOf, eventIdOf } from "./Payloads.ts"

/** One dispatch under its sequence; frames are rendered when written, so that a waiting event costs no frame. */
interface Entry {
  readonly at: number
  readonly what: Offered | { readonly t: string; readonly d: unknown }
  /** READY and RESUMED belong to one connection and are not replayed. */
  readonly once: boolean
}

export class Session implements SessionEntry {
  writtenUpTo = 0
  receivedUpTo = 0
  endedAt?: number
  endedBy?: "platform" | "bot"
  /** The bot started another session although this one could be resumed: what is missing is its own doing. */
  abandoned = false
  /** The bot was told that the session is invalid: starting another one is what it should do. */
  excused = false
  connection: Connection | undefined
  cancelExpiry: (() => void) | undefined
  /** Dispatches `first`, `first + 1`, ... `last`. */
  log: Array<Entry> = []
  first = 1
  readonly id: string
  readonly shard: readonly [number, number]
  readonly intents: number
  readonly startedAt: number
  constructor(id: string, shard: readonly [number, number], intents: number, startedAt: number) {
    this.id = id
    this.shard = shard
    this.intents = intents
    this.startedAt = startedAt
  }
  get last(): number {
    return this.first + this.log.length - 1
  }
  append(entry: Entry): number {
    this.log.push(entry)
    return this.last
  }
  /** The frame of sequence `s`, or nothing where a replay has nothing to repeat. */
  frame(s: number, replaying: boolean): string | undefined {
    const entry = this.log[s - this.first]
    if (entry === undefined || (entry.once && replaying)) return undefined
    const { what } = entry
    return "t" in what
      ? JSON.stringify({ op: Op.Dispatch, s, t: what.t, d: what.d })
      : JSON.stringify({ op: Op.Dispatch, s, t: what.type, id: eventIdOf(what), d: dataOf(what) })
  }
}

export interface Sessions {
  readonly start: (shard: readonly [number, number], intents: number) => Session
  /** A session that can be resumed, or is live. */
  readonly find: (id: string) => Session | undefined
  readonly alive: () => ReadonlyArray<Session>
  /** Puts an event into every session that should get it. */
  readonly offer: (offered: Offered) => void
  /** The socket of the session is gone; it may be resumed for a while. */
  readonly detach: (session: Session) => void
  readonly attach: (session: Session, connection: Connection) => void
  readonly end: (session: Session, by: "platform" | "bot") => void
}

export const make = (settings: Settings, ambient: Ambient, books: Books): Sessions => {
  const sessions = new Map<string, Session>()

  const end = (session: Session, by: "platform" | "bot") => {
    if (session.endedAt !== undefined) return
    session.endedAt = ambient.now()
    session.endedBy = session.abandoned ? "bot" : by
    session.cancelExpiry?.()
    session.connection = undefined
    session.first = session.last + 1
    session.log = []
    sessions.delete(session.id)
    books.noted("session:ended")
  }

  /** Forgets what is too old to be replayed; an unread backlog over the limit ends the session. */
  const trim = (session: Session) => {
    const limit = settings.resumeLimit
    if (session.log.length % 4096 !== 0 && session.log.length <= limit) return
    const oldest = ambient.now() - settings.resumeWindow
    let drop = Math.max(0, session.log.length - limit)
    while ((session.log[drop]?.at ?? oldest) < oldest) drop++
    const written = Math.max(0, session.writtenUpTo - session.first + 1)
    if (session.log.length - written > limit) {
      const connection = session.connection
      end(session, "platform")
      connection?.close(4900, "backlog too long")
      return
    }
    drop = Math.min(drop, written)
    session.log.splice(0, drop)
    session.first += drop
  }

  const wants = (session: Session, offered: Offered) => {
    const intent = intentOf(offered.type)
    // Bit arithmetic on 32-bit ints is safe here: bit 31 is unused.
    if (intent !== 0 && (session.intents & intent) === 0) return false
    const [shard, count] = session.shard
    return count <= 1 || shardOf(offered, count) === shard
  }

  return {
    start: (shard, intents) => {
      const session = new Session(ambient.uuid(), shard, intents, ambient.now())
      for (const other of sessions.values()) {
        const deserted = other.connection === undefined || other.connection.deaf || other.connection.leaving
        if (!deserted || other.shard[0] !== shard[0]) continue
        // Without proof of READY the bot may never have learned that there is something to resume.
        if (other.excused || other.receivedUpTo === 0) end(other, "platform")
        else other.abandoned = true
      }
      sessions.set(session.id, session)
      books.sessions.push(session)
      return session
    },
    find: (id) => sessions.get(id),
    alive: () => [...sessions.values()],
    offer: (offered) => {
      const deliveries: Array<Delivery> = []
      const interested = [...sessions.values()].filter((session) => wants(session, offered))
      const live = interested.filter((session) => session.connection !== undefined)
      for (const session of live.length > 0 ? live : interested) {
        deliveries.push({ session, s: session.append({ at: offered.at, what: offered, once: false }) })
        session.connection?.pump()
        trim(session)
      }
      if (deliveries.length > 0) offered.deliveries = deliveries
    },
    attach: (session, connection) => {
      session.cancelExpiry?.()
      session.cancelExpiry = undefined
      session.abandoned = false
      session.excused = false
      session.connection = connection
    },
    detach: (session) => {
      session.connection = undefined
      session.cancelExpiry?.()
      session.cancelExpiry = ambient.after(settings.resumeWindow, () => end(session, "platform"))
    },
    end
  }
}

/** Guild events by guild; where group and direct events go is undocumented, so they go to shard 0. */
const shardOf = (offered: Offered, count: number): number => {
  const data = dataOf(offered)
  const guild = typeof data === "object" && data !== null && "guild_id" in data ? String(data.guild_id) : ""
  return /^\d+$/.test(guild) ? Number((BigInt(guild) >> 22n) % BigInt(count)) : 0
}
