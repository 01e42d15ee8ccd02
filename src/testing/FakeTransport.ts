/**
 * An in-memory {@link Transport}: the test is the server. Works in virtual time, delivers in order, never re-enters the
 * listener, and can do what networks do: refuse, drop, fall silent, close with a code.
 */
import { Effect, Layer } from "effect"
import type { ConnectionLost, HandshakeTimedOut } from "../domain/GatewayError.ts"
import { type Listener, Transport } from "../ports/Transport.ts"

/** What the server does; every part is optional. */
export interface Server {
  /** Refuses a connection by answering the reason. */
  readonly accept?: ((url: string) => ConnectionLost | HandshakeTimedOut | undefined) | undefined
  readonly opened?: ((peer: Peer) => void) | undefined
  readonly received?: ((peer: Peer, text: string) => void) | undefined
  /** The client closed with `code`, or cut the connection without one. */
  readonly closed?: ((peer: Peer, code: number | undefined) => void) | undefined
}

const encoder = new TextEncoder()

/** The server's end of one connection. */
export class Peer {
  readonly url: string
  /** What the client sent, oldest first. */
  readonly received: Array<string> = []
  /** The code the client closed with; 1006 when it cut the connection without one. */
  closedWith: number | undefined
  isOpen = true
  /** Whether the client has stopped reading. */
  isPaused = false
  #isSilent = false
  #isScheduled = false
  readonly #inFlight: Array<Uint8Array | readonly [number, string]> = []
  readonly #listener: Listener
  readonly #later: (run: () => void) => void

  constructor(url: string, listener: Listener, later: (run: () => void) => void) {
    this.url = url
    this.#listener = listener
    this.#later = later
  }

  /** Frames and a close that the client has not read yet. */
  get unread(): number {
    return this.#inFlight.length
  }

  /** Sends one frame: bytes and text as they are, anything else as JSON. */
  send(data: unknown): void {
    if (!this.isOpen || this.#isSilent) return
    const bytes =
      data instanceof Uint8Array ? data.slice() : encoder.encode(typeof data === "string" ? data : JSON.stringify(data))
    this.#inFlight.push(bytes)
    this.#schedule()
  }

  /** Sends a close frame and closes. */
  close(code: number, reason = ""): void {
    if (!this.isOpen || this.#isSilent) return
    this.isOpen = false
    this.#inFlight.push([code, reason])
    this.#schedule()
  }

  /** The connection breaks: what the client has not read is lost, and it sees code 1006. */
  drop(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#inFlight.length = 0
    this.#inFlight.push([1006, ""])
    this.#schedule()
  }

  /** Half-open from now on: nothing arrives on either side, and nobody is told. */
  silence(): void {
    this.#isSilent = true
    this.#inFlight.length = 0
  }

  /** The client's end. */
  static connection(peer: Peer, server: Server) {
    const cut = (code: number | undefined) => {
      if (!peer.isOpen) return
      peer.isOpen = false
      peer.closedWith = code ?? 1006
      peer.#inFlight.length = 0
      if (!peer.#isSilent) server.closed?.(peer, code)
    }
    return {
      send: (text: string) => {
        if (!peer.isOpen || peer.#isSilent) return
        peer.received.push(text)
        peer.#later(() => server.received?.(peer, text))
      },
      pause: () => {
        peer.isPaused = true
      },
      resume: () => {
        peer.isPaused = false
        peer.#schedule()
      },
      close: (code: number) => cut(code),
      cut: () => {
        cut(undefined)
        peer.#inFlight.length = 0
      }
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#later(() => {
      this.#isScheduled = false
      while (!this.isPaused) {
        const next = this.#inFlight.shift()
        if (next === undefined) return
        if (next instanceof Uint8Array) this.#listener.onMessage(next)
        else this.#listener.onClose(next[0], next[1])
      }
    })
  }
}

/** The transport and the connections that were dialled through it, oldest first. */
export const make = (server: Server) => {
  const peers: Array<Peer> = []
  const service = Transport.of({
    dial: Effect.fnUntraced(function* (url, listener) {
      const refusal = server.accept?.(url)
      if (refusal !== undefined) return yield* refusal
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const later = (f: () => void) => void run(Effect.andThen(Effect.yieldNow, Effect.sync(f)))
      const peer = new Peer(url, listener, later)
      peers.push(peer)
      const { cut, ...connection } = Peer.connection(peer, server)
      yield* Effect.addFinalizer(() => Effect.sync(cut))
      later(() => server.opened?.(peer))
      return connection
    })
  })
  return { peers, service, layer: Layer.succeed(Transport, service) }
}

/** A transport whose connections all end at `server`. */
export const layer = (server: Server): Layer.Layer<Transport> => make(server).layer
