/** The port: HTTP and WebSocket upgrades on loopback, which can go away and come back. */
import { createServer, type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { Effect, type Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import type { Ambient } from "./Ambient.ts"

export interface Listener {
  readonly port: number
  /** Stops listening for a while; cutting drops what is connected as well. */
  readonly suspend: (millis: number, cut: boolean) => void
}

export interface Handlers {
  readonly request: RequestListener
  readonly socket: (ws: WebSocket, socket: Socket) => void
  /** An HTTP status when an upgrade is to be refused. */
  readonly refuseUpgrade: (request: IncomingMessage) => number | undefined
}

/** Time between attempts to get the port back. */
const retryPort = 20

export const make = (port: number, ambient: Ambient, handlers: Handlers): Effect.Effect<Listener, never, Scope.Scope> =>
  Effect.gen(function* () {
    const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 20 })
    const sockets = new Set<Socket>()
    let server: Server | undefined
    let closed = false
    let back = 0

    const upgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const status = handlers.refuseUpgrade(request)
      if (status === undefined) {
        upgrades.handleUpgrade(request, socket, head, (ws) => handlers.socket(ws, socket))
        return
      }
      socket.on("error", () => {})
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }

    const open = (on: number) => {
      const next = createServer(handlers.request)
      // Pooled connections must not die of old age: every broken call shall be one that was asked for.
      next.keepAliveTimeout = 600_000
      next.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
        socket.on("error", () => {})
      })
      next.on("upgrade", (request, socket, head) => upgrade(request, socket as Socket, head))
      next.listen(on, "127.0.0.1")
      server = next
      return next
    }

    const reopen = () => {
      if (closed || ambient.now() < back || server?.listening === true) return
      open(address.port).once("error", () => void ambient.after(retryPort, reopen))
    }

    const cutAll = () => {
      for (const socket of sockets) socket.destroy()
    }

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        server?.close()
        cutAll()
      })
    )
    const address = yield* Effect.callback<AddressInfo>((resume) => {
      const first = open(port)
      first.once("listening", () => {
        const bound = first.address()
        if (bound !== null && typeof bound === "object") resume(Effect.succeed(bound))
      })
      first.once("error", (cause) => resume(Effect.die(cause)))
    })
    return {
      port: address.port,
      suspend: (millis, cut) => {
        back = Math.max(back, ambient.now() + millis)
        server?.close()
        if (cut) cutAll()
        // Idle pooled connections would otherwise still reach a platform that is said to be away.
        else server?.closeIdleConnections()
        ambient.after(millis + 1, reopen)
      }
    }
  })
