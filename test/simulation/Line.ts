/**
 * One WebSocket in memory, between a process of the bot and the simulated platform: frames travel in order and take
 * time, what is not read waits, and either end can vanish without a word.
 */

import type { Connection, Listener } from "../../src/ports/Transport.ts"
import type { Ear, Wire } from "../../src/simulator/qq/Wire.ts"
import type { Life, Realm } from "./Realm.ts"

const encoder = new TextEncoder()

/** What travels to the bot. */
type Arrival =
  | { readonly frame: Uint8Array; readonly sent: (() => void) | undefined }
  | { readonly code: number; readonly reason: string }

/** Milliseconds that the platform waits for the answer to its close frame. */
const closeTimeout = 30_000

export interface Ends {
  readonly realm: Realm
  readonly life: Life
  readonly listener: Listener
  /** Milliseconds that the next thing takes on its way. */
  readonly latency: () => number
  /** Told once when the line is of no more use to either end. */
  readonly gone: (line: Line) => void
}

export class Line implements Wire {
  ear: Ear | undefined
  private readonly ends: Ends
  private readonly inbound: Array<Arrival> = []
  private bytes = 0
  /** Nothing is on its way that would arrive later than this. */
  private inboundAt = 0
  private outboundAt = 0
  /** Counts resets: what was on its way before one never arrives, or a stream would have a hole. */
  private epoch = 0
  private isServerOpen = true
  private isClientOpen = true
  private isReading = false
  private wantsPause = false
  private isDeaf = false
  private isServerPaused = false
  private hasClosed = false
  /** The platform's operating system knows nothing of this connection any more: who writes is told so. */
  private isForgotten = false
  private readonly held: Array<() => void> = []

  constructor(ends: Ends) {
    this.ends = ends
  }

  // ---------------------------------------------------------------- the platform's end

  readonly isOpen = (): boolean => this.isServerOpen
  readonly unsent = (): number => this.bytes
  readonly send = (text: string, done?: () => void): void => {
    if (!this.isServerOpen) return
    const frame = encoder.encode(text)
    this.bytes += frame.length
    this.toBot({ frame, sent: done })
  }
  readonly close = (code: number, reason: string): void => {
    if (!this.isServerOpen) return
    this.isServerOpen = false
    this.toBot({ code, reason })
    // Who does not answer the close frame is hung up on.
    this.ends.realm.later(closeTimeout, () => this.closed(1006))
  }
  readonly pause = (): void => {
    this.isServerPaused = true
  }
  readonly resume = (): void => {
    this.isServerPaused = false
    for (const run of this.held.splice(0)) run()
  }
  /** Nothing gets through any more, in either direction, and nobody is told. */
  readonly deafen = (): void => {
    this.isDeaf = true
    this.isServerOpen = false
    this.inbound.length = 0
  }
  readonly end = (): void => {
    if (!this.isServerOpen) return
    this.isServerOpen = false
    this.toBot({ code: 1006, reason: "" })
    this.closed(1006)
  }
  readonly reset = (): void => {
    this.isServerOpen = false
    this.inbound.length = 0
    this.epoch++
    this.isDeaf = false
    this.toBot({ code: 1006, reason: "ECONNRESET" })
    this.closed(1006)
  }
  readonly destroy = (): void => {
    if (!this.hasClosed) this.reset()
  }

  private toBot(arrival: Arrival): void {
    const { realm, latency } = this.ends
    const { epoch } = this
    this.inboundAt = Math.max(this.inboundAt, realm.now + latency())
    realm.later(this.inboundAt - realm.now, () => {
      if (this.isDeaf || !this.isClientOpen || epoch !== this.epoch) return
      this.inbound.push(arrival)
      this.deliver()
    })
  }

  private deliver(): void {
    const { life, listener, realm } = this.ends
    // What a process that stands still has not read stays in its socket.
    if (life.stillUntil > realm.now) return void realm.later(life.stillUntil - realm.now, () => this.deliver())
    while (this.isReading && !this.wantsPause && this.isClientOpen) {
      const arrival = this.inbound.shift()
      if (arrival === undefined) return
      if ("code" in arrival) {
        this.isClientOpen = false
        realm.enter(life, () => listener.onClose(arrival.code, arrival.reason))
        // A close frame is answered with one.
        this.toPlatform(() => this.closed(arrival.code))
        return
      }
      this.bytes -= arrival.frame.length
      realm.enter(life, () => listener.onMessage(arrival.frame))
      arrival.sent?.()
    }
  }

  private closed(code: number): void {
    if (this.hasClosed || this.isDeaf) return
    this.hasClosed = true
    this.isForgotten = true
    this.isServerOpen = false
    this.ear?.closed(code)
    this.ends.gone(this)
  }

  // ---------------------------------------------------------------- the bot's end

  /** A little later, so that the caller of `dial` has yielded. */
  read(): void {
    const { life, realm } = this.ends
    const start = () => {
      this.isReading = true
      this.deliver()
    }
    realm.enter(life, () => realm.immediate(() => realm.immediate(start)))
  }

  connection(): Connection {
    return {
      send: (text) => {
        if (this.isClientOpen) this.toPlatform(() => this.heard(text))
      },
      pause: () => {
        this.wantsPause = true
      },
      resume: () => {
        this.wantsPause = false
        // As from a socket: not on top of whoever resumes.
        this.ends.realm.immediate(() => this.deliver())
      },
      close: (code) => this.hangUp(code)
    }
  }

  private heard(text: string): void {
    if (this.isServerOpen) return this.ear?.message(text)
    if (!this.isForgotten) return
    // A reset is noticed by who writes, also while it reads nothing.
    const { latency, life, listener, realm } = this.ends
    realm.later(latency(), () => {
      if (!this.isClientOpen) return
      this.isClientOpen = false
      realm.enter(life, () => listener.onClose(1006, "ECONNRESET"))
    })
  }

  /** The bot closes, or its operating system does: 1006 says nothing but that it is gone. */
  hangUp(code: number): void {
    if (!this.isClientOpen) return
    this.isClientOpen = false
    this.inbound.length = 0
    this.bytes = 0
    this.toPlatform(() => this.closed(code))
  }

  /** The bot's machine lost its power: the platform hears nothing. */
  vanish(): void {
    this.isClientOpen = false
    this.deafen()
  }

  private toPlatform(run: () => void): void {
    const { latency, realm } = this.ends
    this.outboundAt = Math.max(this.outboundAt, realm.now + latency())
    realm.later(this.outboundAt - realm.now, () => {
      if (this.isDeaf) return
      if (this.isServerPaused) this.held.push(run)
      else run()
    })
  }
}
