/**
 * A WebSocket, as small as the gateways need it. Tests and simulations put an in-memory one in its place.
 */
import { Context, type Effect, type Scope } from "effect"
import type { ConnectionLost, HandshakeTimedOut } from "../domain/GatewayError.ts"

/** Its functions are called without `this`. */
export interface Listener {
  /** One whole message. The bytes are never written again, but may be a view on a larger buffer. */
  readonly onMessage: (data: Uint8Array) => void
  /** Called once, last. `code` is 1006 when the peer vanished without a close frame. */
  readonly onClose: (code: number, reason: string) => void
}

export interface Connection {
  /** Sends a text frame; does nothing once the connection is closed. */
  readonly send: (text: string) => void
  /** Stops reading: the peer's own buffers fill, and slowness travels upstream. */
  readonly pause: () => void
  readonly resume: () => void
  /** Sends a close frame, so that the peer knows why, and cuts without waiting for its answer. */
  readonly close: (code: number) => void
}

export class Transport extends Context.Service<
  Transport,
  {
    /**
     * Opens a connection. Messages reach the listener from the first one on, and none before `dial` returned and its
     * caller yielded. Closing the scope cuts the connection at once.
     */
    readonly dial: (
      url: string,
      listener: Listener
    ) => Effect.Effect<Connection, ConnectionLost | HandshakeTimedOut, Scope.Scope>
  }
>()("everbot/ports/Transport") {}
