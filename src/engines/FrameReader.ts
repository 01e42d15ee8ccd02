/**
 * The listener of one gateway connection: parses each frame once and performs what {@link Session.step} decides, inside
 * the transport's callback, without a fiber. Whatever a frame holds, or the platform's code throws at it, can do no
 * more than end its own connection.
 */
import { type Clock, Deferred, Exit, Latch } from "effect"
import * as State from "../domain/ConnectionState.ts"
import type { Event, Position } from "../domain/Event.ts"
import { GatewayError, InboxUnavailable, type Reason } from "../domain/GatewayError.ts"
import type { GatewayLink } from "../ports/Platform.ts"
import type { Connection, Listener } from "../ports/Transport.ts"
import type { Envelope, GatewayProtocol, Plan } from "./GatewayProtocol.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as Session from "./Session.ts"

/** The stream that a shard's positions belong to. */
export const streamOf = (shard: number): string => `gateway/${shard}`

/** A step of the handshake that fibers wait for and the callback reaches. */
export class Milestone {
  readonly name: string
  readonly #latch = Latch.makeUnsafe()
  hasCome = false

  constructor(name: string) {
    this.name = name
  }

  get await() {
    return this.#latch.await
  }

  reach(): void {
    this.hasCome = true
    this.#latch.openUnsafe()
  }
}

export class FrameReader implements Listener {
  readonly life = new Heartbeat.Life()
  readonly ended = Deferred.makeUnsafe<never, GatewayError>()
  readonly greeted = new Milestone("HELLO")
  readonly ready = new Milestone("READY or RESUMED")
  readonly invalidated = new Milestone("an invalid session")
  /** Milliseconds between heartbeats, once HELLO came. */
  interval = 45_000
  /** Events that were handed on. */
  delivered = 0
  readonly #protocol: GatewayProtocol
  readonly #link: GatewayLink
  readonly #plan: Plan
  readonly #clock: Clock.Clock
  #state: Session.State
  #session: { readonly id: string; readonly startedAt: number; readonly resumeUrl: string | undefined }
  #envelope: Envelope = nothing
  readonly #stream: string
  #hasEnded = false
  #connection: Connection | undefined

  constructor(protocol: GatewayProtocol, link: GatewayLink, plan: Plan, clock: Clock.Clock) {
    this.#protocol = protocol
    this.#link = link
    this.#plan = plan
    this.#clock = clock
    this.#stream = streamOf(link.shard)
    const from = plan.resume
    this.#state = Session.start(from)
    this.#session = { id: from?.session ?? "", startedAt: from?.startedAt ?? 0, resumeUrl: from?.resumeUrl }
  }

  attach(connection: Connection): void {
    this.#connection = connection
  }

  /** Takes nothing more, and says goodbye so that the session stays resumable. */
  detach(code: number): void {
    this.#hasEnded = true
    this.#connection?.close(code)
  }

  /** The handshake is over, or came to the replay. */
  private get isIn(): boolean {
    return this.ready.hasCome || this.delivered > 0
  }

  press(isFull: boolean): void {
    const now = Heartbeat.monotonic(this.#clock)
    if (isFull) {
      this.life.pause(now)
      // What is under way is let in first: there are platforms that send for nobody who is not connected, and what
      // waits to be sent may be what we are full of.
      if (this.isIn) this.#connection?.pause()
    } else {
      this.life.resume(now)
      this.#connection?.resume()
    }
  }

  beat(): void {
    this.#connection?.send(this.#protocol.heartbeat(Session.received(this.#state)))
  }

  onMessage = (data: Uint8Array): void => {
    if (this.#hasEnded) return
    this.life.frames++
    const envelope = parse(data)
    try {
      if (typeof envelope === "string") this.#link.ignored(envelope)
      else this.#step(this.#protocol.read(envelope), envelope, data)
    } catch (defect) {
      this.#die(defect)
    }
  }

  onClose = (code: number, detail: string): void => {
    if (!this.#hasEnded) this.take({ _tag: "Closed", reason: this.#protocol.toReason(code, detail) })
  }

  /** Steps over a frame that did not come from the wire. */
  take(frame: Session.Frame): void {
    if (this.#hasEnded) return
    try {
      this.#step(frame, nothing, noBytes)
    } catch (defect) {
      this.#die(defect)
    }
  }

  /** A bug of ours ends this connection and reaches the supervisor, instead of the process. */
  #die(defect: unknown): void {
    this.#hasEnded = true
    Deferred.doneUnsafe(this.ended, Exit.die(defect))
  }

  end(reason: Reason, session: "keep" | "forget"): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (session === "forget") this.#link.forget()
    this.#protocol.ended?.({
      shard: this.#link.shard,
      reason,
      // A replay that had begun is no refusal, though we may have been too full to read to its end.
      wasReady: this.isIn,
      wasResuming: this.#plan.resume !== undefined
    })
    Deferred.doneUnsafe(this.ended, Exit.fail(new GatewayError({ account: this.#protocol.account, reason })))
  }

  #step(frame: Session.Frame, envelope: Envelope, raw: Uint8Array): void {
    if (frame._tag === "Hello") this.interval = frame.interval
    if (frame._tag === "Ready" && (this.#state._tag === "Identifying" || this.#state._tag === "Resuming")) {
      const startedAt = this.#clock.currentTimeMillisUnsafe()
      this.#session = { id: frame.session, startedAt, resumeUrl: frame.resumeUrl }
    }
    const [state, actions] = Session.step(this.#state, frame)
    this.#state = state
    for (let i = 0; i < actions.length; i++) this.#perform(actions[i] as Session.Action, envelope, raw)
  }

  #perform(action: Session.Action, envelope: Envelope, raw: Uint8Array): void {
    switch (action._tag) {
      case "Deliver":
        this.#deliver(envelope, raw)
        break
      case "Acknowledge":
        this.#acknowledge()
        break
      case "SendHeartbeat":
        this.#connection?.send(this.#protocol.heartbeat(action.seq))
        break
      case "SendIdentify":
        this.#greet(State.Identifying())
        break
      case "SendResume":
        this.#greet(State.Resuming({ session: action.session, seq: action.seq }))
        break
      case "Advance":
        this.#link.advance(this.#position(action.seq))
        break
      case "Announce":
        this.ready.reach()
        if (this.life.isPaused) this.#connection?.pause()
        this.#plan.accepted?.()
        this.#link.transition(State.Ready({ session: action.session, resumed: action.resumed }))
        break
      case "AwaitCause":
        this.invalidated.reach()
        break
      case "Ignore":
        this.#link.ignored(action.why)
        break
      case "End":
        this.end(action.reason, action.session)
    }
  }

  #acknowledge(): void {
    const roundTrip = this.life.acknowledged(Heartbeat.monotonic(this.#clock))
    if (roundTrip !== undefined) this.#link.beat(roundTrip)
  }

  #greet(state: State.ConnectionState): void {
    this.#link.transition(state)
    this.#connection?.send(this.#plan.greeting())
    this.greeted.reach()
  }

  #deliver(envelope: Envelope, raw: Uint8Array): void {
    const seq = Session.received(this.#state) ?? 0
    this.delivered++
    if (this.life.isPaused) this.#connection?.pause()
    let event: Event | undefined
    try {
      this.#envelope = envelope
      event = this.#protocol.decode(envelope, this.#fallbackKey)
    } catch (defect) {
      this.#link.ignored(`an event that could not be decoded: ${String(defect).slice(0, 200)}`)
    }
    if (event === undefined) {
      this.#link.advance(this.#position(seq))
      return
    }
    try {
      this.#link.deliver(event, raw, this.#position(seq))
    } catch (defect) {
      // Reading on would move the position past an event that nobody holds.
      this.end(new InboxUnavailable({ detail: String(defect).slice(0, 200) }), "keep")
    }
  }

  /** Names an event that has no identity of its own; without a sequence number, by its place on this connection. */
  readonly #fallbackKey = (): string => {
    const { s } = this.#envelope
    return `${this.#session.id}:${typeof s === "number" ? s : `${Session.received(this.#state) ?? 0}+${this.delivered}`}`
  }

  #position(seq: number): Position {
    const { id, startedAt, resumeUrl } = this.#session
    return { stream: this.#stream, session: id, seq, startedAt, resumeUrl, shards: this.#link.shards }
  }
}

const nothing: Envelope = {}
const noBytes = new Uint8Array(0)

/** The frame's object, or what is wrong with it. */
const parse = (data: Uint8Array): Envelope | string => {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    return `a frame of ${data.length} bytes that is not JSON`
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value
    : "a frame that is not a JSON object"
}
