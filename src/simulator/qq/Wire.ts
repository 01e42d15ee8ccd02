/** One socket of the gateway as the platform needs it: a WebSocket on loopback, or one in memory. */
import type { Socket } from "node:net"
import type { WebSocket } from "ws"

export interface Wire {
  readonly isOpen: () => boolean
  /** Bytes that were handed over and have not left yet. */
  readonly unsent: () => number
  /** `done` is called when the frame has left. */
  readonly send: (text: string, done?: () => void) => void
  readonly close: (code: number, reason: string) => void
  /** Reads nothing; the peer's frames wait. */
  readonly pause: () => void
  readonly resume: () => void
  /** Neither reads nor notices that the peer went: half open. */
  readonly deafen: () => void
  /** An orderly end without a close frame. */
  readonly end: () => void
  readonly reset: () => void
  readonly destroy: () => void
}

/** What the platform hears of a wire. */
export interface Ear {
  readonly message: (text: string) => void
  /** Once, last; 1006 when there was no close frame. */
  readonly closed: (code: number) => void
}

/** The wire of a real socket. */
export const ofWebSocket = (ws: WebSocket, socket: Socket): Wire => ({
  isOpen: () => ws.readyState === ws.OPEN && socket.writable,
  unsent: () => ws.bufferedAmount,
  send: (text, done) => ws.send(text, done),
  close: (code, reason) => ws.close(code, reason),
  pause: () => ws.pause(),
  resume: () => ws.resume(),
  deafen: () => {
    ws.pause()
    socket.pause()
  },
  end: () => void socket.end(),
  reset: () => void socket.resetAndDestroy(),
  destroy: () => void socket.destroy()
})

/** Lets the platform hear a real socket. */
export const listen = (ws: WebSocket, ear: Ear): void => {
  ws.on("message", (data) => ear.message(String(data)))
  // "close" always follows and is where everything is settled.
  ws.on("error", () => {})
  ws.on("close", (code) => ear.closed(code))
}
