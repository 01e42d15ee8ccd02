/**
 * What happened on the simulated platform: the only witness a guarantee test may call.
 *
 * Rows are appended by the platform and never removed; an event costs one small row, its frames are rendered when written.
 */
import { type JudgeOptions, judge, type Verdict } from "./Judge.ts"
import type { StartLimits } from "./StartLimits.ts"

/** Where something is said: the kind of chat and its id on the platform. */
export interface Place {
  readonly kind: "group" | "direct" | "channel" | "guildDirect"
  readonly id: string
}

/** A gateway session as the books know it. */
export interface SessionEntry {
  readonly id: string
  readonly shard: readonly [number, number]
  readonly intents: number
  readonly startedAt: number
  /** Highest sequence handed to a socket. */
  writtenUpTo: number
  /** Highest sequence the bot certainly has: it named it, or answered a frame that came after it. */
  receivedUpTo: number
  /** Set once the session can no longer be resumed. */
  endedAt?: number
  /** Who gave the session up: only a session the platform ended excuses what was not delivered. */
  endedBy?: "platform" | "bot"
  /** The bot started another session while this one could be resumed. */
  abandoned: boolean
}

/** One event put into one session, under that session's sequence. */
export interface Delivery {
  readonly session: SessionEntry
  readonly s: number
}

const nowhere: ReadonlyArray<Delivery> = []

/** One event the platform offered to the bot. */
export class Offered {
  /** The sessions it went to; empty when nobody was listening. */
  deliveries: ReadonlyArray<Delivery> = nowhere
  /** Its number in its channel; 0 elsewhere. */
  seqInChannel = 0
  /** Accepted replies to it, in order of acceptance. */
  replies: ReadonlyArray<Sent> = none
  /** Order in which things were offered, from 0. */
  readonly index: number
  /** Message id, or the envelope id of any other event. */
  readonly id: string
  readonly type: string
  readonly at: number
  /** Where it was said; only what users say has a place, and is judged. */
  readonly place: Place | undefined
  readonly from: string
  readonly text: string
  /** Payload as emitted; what users say is rendered when it is written. */
  readonly data: unknown
  /** Envelope id, where one was given. */
  readonly eventId: string | undefined
  constructor(row: Pick<Offered, "index" | "id" | "type" | "at" | "place" | "from" | "text" | "data" | "eventId">) {
    this.index = row.index
    this.id = row.id
    this.type = row.type
    this.at = row.at
    this.place = row.place
    this.from = row.from
    this.text = row.text
    this.data = row.data
    this.eventId = row.eventId
  }
  /** Whether it was written to at least one socket. */
  get delivered(): boolean {
    return this.deliveries.some(({ s, session }) => session.writtenUpTo >= s)
  }
}

const none: ReadonlyArray<Sent> = []

/** One message the bot sent by REST, accepted or not. */
export interface Sent {
  /** The id it was given, when accepted. */
  readonly id: string
  readonly at: number
  readonly place: Place
  readonly text: string
  /** The whole body, when it said more than text: markdown, keyboard, ark, embed, media. */
  readonly rich?: Readonly<Record<string, unknown>>
  readonly msgId?: string | undefined
  readonly eventId?: string | undefined
  readonly msgSeq?: number | undefined
  readonly accepted: boolean
  /** Business code of a refusal. */
  readonly code?: number | undefined
  /** Refused as a repetition of an accepted send: a retry that did no harm. */
  readonly duplicate: boolean
  /** Its number in its channel. */
  seqInChannel?: number
  /** Held for audit, and how that ended. */
  audit?: "pending" | "pass" | "reject"
  /** Processed, but the answer never reached the bot. */
  answerLost?: boolean
}

export interface Dial {
  readonly at: number
  readonly outcome: "open" | "refused"
}

export interface Identify {
  readonly at: number
  readonly intents: number
  readonly shard: readonly [number, number]
  /** The session it started, or the close code it got. */
  readonly session?: string
  readonly refused?: number
}

export interface Resume {
  readonly at: number
  readonly session: string
  readonly seq: number
  readonly replayed?: number
  readonly refused?: number
}

export interface Heartbeat {
  readonly at: number
  readonly session: string | undefined
  readonly d: number | null
  readonly acknowledged: boolean
}

/** One call of the bot's webhook. */
export interface PushEntry {
  readonly at: number
  /** What it was about. */
  readonly id: string
  /** 1 for the first. */
  readonly attempt: number
  /** Of the answer; `undefined` when none came. */
  readonly status: number | undefined
}

/** One time the bot had to prove that its webhook knows the secret. */
export interface ValidationEntry {
  readonly at: number
  readonly status: number | undefined
  readonly accepted: boolean
}

/** One call by somebody who is not the platform. */
export interface HostileEntry {
  readonly at: number
  readonly kind: "forged" | "replayed"
  readonly status: number | undefined
}

export interface FaultEntry<F = { readonly kind: string }> {
  readonly at: number
  readonly fault: F
}

/** The books of one platform. The lists are live. */
export class Books {
  readonly offered: Array<Offered> = []
  readonly sent: Array<Sent> = []
  readonly sessions: Array<SessionEntry> = []
  readonly dials: Array<Dial> = []
  readonly identifies: Array<Identify> = []
  readonly resumes: Array<Resume> = []
  readonly heartbeats: Array<Heartbeat> = []
  readonly faults: Array<FaultEntry> = []
  readonly pushes: Array<PushEntry> = []
  readonly validations: Array<ValidationEntry> = []
  readonly hostile: Array<HostileEntry> = []
  /** Interactions the bot acknowledged, with the code it gave. */
  readonly interactions: Array<{ readonly at: number; readonly id: string; readonly code: number }> = []
  /** Close codes the bot's sockets ended with, as the server saw them. */
  readonly closes: Array<{ readonly at: number; readonly code: number; readonly byPlatform: boolean }> = []
  /** Counts by name: `fault:cut`, `route:POST /v2/groups`, `refused:40054005`, `status:200`. */
  readonly counts = new Map<string, number>()
  /** Messages said by users, and how many of them have an accepted reply. */
  said = 0
  answered = 0

  /** What the bot has to keep to when it starts sessions. */
  startLimits: StartLimits | undefined

  private readonly listeners = new Set<() => void>()

  count(name: string): number {
    return this.counts.get(name) ?? 0
  }

  /** Calls back after every entry; returns how to stop it. Keep it cheap: a flood calls it often. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** For the platform: counts `names` and tells the subscribers that something happened. */
  noted(...names: ReadonlyArray<string>): void {
    for (const name of names) this.counts.set(name, this.count(name) + 1)
    for (const listener of this.listeners) listener()
  }

  /** For the platform: an accepted reply to `offered`. */
  reply(offered: Offered, sent: Sent): void {
    if (offered.replies.length === 0 && offered.place !== undefined) this.answered++
    offered.replies = [...offered.replies, sent]
    // Who answers has read it, and everything before it in the same session. Channels have a history to read from instead.
    const [delivery, ...others] = offered.deliveries
    if (delivery === undefined || others.length > 0 || offered.place?.kind === "channel") return
    delivery.session.receivedUpTo = Math.max(delivery.session.receivedUpTo, delivery.s)
  }

  /** What the bot still owes and what it did wrong, as of now. */
  judge(options?: JudgeOptions): Verdict {
    return judge(this, options)
  }
}
