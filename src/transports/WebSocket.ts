/**
 * The {@link Transport} over real sockets, by the `ws` package.
 *
 * No compression (the gateways' small JSON frames do not repay it), frames up to 16 MiB, an upgrade within 10 seconds.
 * A closed scope cuts the socket at once; `pause` stops reading, so the kernel's buffers fill and the sender waits.
 */
import { Duration, Effect, Layer } from "effect"
import WS from "ws"
import { ConnectionLost, HandshakeTimedOut } from "../domain/GatewayError.ts"
import { type Connection, type Listener, Transport } from "../ports/Transport.ts"

export interface Options {
  /** How long TCP, TLS and the HTTP upgrade may take together. Default: 10 seconds. */
  readonly handshakeTimeout?: Duration.Input | undefined
  /** Bytes; a larger frame ends the connection. Default: 16 MiB. */
  readonly maxPayload?: number | undefined
}

/** A transport with these options. */
export const layerWith = (options: Options): Layer.Layer<Transport> =>
  Layer.succeed(Transport, Transport.of({ dial: (url, listener) => dial(url, listener, options) }))

export const layer: Layer.Layer<Transport> = layerWith({})

const dial = Effect.fnUntraced(function* (url: string, listener: Listener, options: Options) {
  const timeout = Duration.fromInputUnsafe(options.handshakeTimeout ?? "10 seconds")
  const socket = yield* Effect.acquireRelease(
    Effect.try({
      try: () => open(url, Duration.toMillis(timeout), options.maxPayload ?? 16 * 1024 * 1024),
      // ws repeats the URL in its complaint, and a URL may hold a key.
      catch: () => new ConnectionLost({ network: true, detail: "the gateway's URL is not a WebSocket URL" })
    }),
    (socket) => Effect.sync(() => socket.terminate())
  )
  // What ws limits is silence: a peer that answers byte by byte would never be given up.
  return yield* Effect.timeoutOrElse(opened(socket, listener, timeout), {
    duration: timeout,
    orElse: () => Effect.fail(notOpened(timeout))
  })
})

const notOpened = (timeout: Duration.Duration): HandshakeTimedOut =>
  new HandshakeTimedOut({ detail: `the socket did not open within ${Duration.format(timeout)}` })

/**
 * Bytes that may wait for a peer to read them. What we say is small and seldom, unless the peer asks for it: one that
 * sends pings and heartbeats without end, and reads no answer, would fill the memory.
 */
const maxUnsent = 1024 * 1024

const open = (url: string, handshakeTimeout: number, maxPayload: number): WS => {
  const socket = new WS(url, {
    perMessageDeflate: false,
    // Answered below, within limits.
    autoPong: false,
    handshakeTimeout,
    maxPayload,
    followRedirects: false,
    // A frame with broken UTF-8 would otherwise end the connection, be replayed, and end the next one.
    skipUTF8Validation: true
  })
  // An "error" nobody listens to would end the process; "close" always follows it.
  socket.on("error", () => {})
  return socket
}

const opened = (socket: WS, listener: Listener, timeout: Duration.Duration) =>
  Effect.callback<Connection, ConnectionLost | HandshakeTimedOut>((resume) => {
    const failed = (error: Error) => {
      settle()
      resume(Effect.fail(toReason(error, timeout)))
    }
    const refused = (_: unknown, response: { readonly statusCode?: number; readonly destroy: () => void }) => {
      settle()
      const status = response.statusCode
      response.destroy()
      resume(
        Effect.fail(
          new ConnectionLost({ network: false, code: status, detail: `the upgrade was answered with HTTP ${status}` })
        )
      )
    }
    const isOpen = () => {
      settle()
      resume(Effect.succeed(attach(socket, listener)))
    }
    const settle = () => {
      socket.off("error", failed)
      socket.off("unexpected-response", refused)
      socket.off("open", isOpen)
    }
    socket.on("error", failed)
    socket.on("unexpected-response", refused)
    socket.on("open", isOpen)
    return Effect.sync(settle)
  })

/** Listens from the tick of "open" on, so that no frame is missed, but reads only when the caller has yielded. */
const attach = (socket: WS, listener: Listener): Connection => {
  let failure = ""
  let wantsPause = false
  socket.pause()
  setImmediate(() => setImmediate(() => wantsPause || socket.resume()))
  // Called directly: one function less for each frame.
  socket.on("message", listener.onMessage)
  socket.on("error", (error) => {
    failure = codeOf(error)
  })
  socket.on("close", (code, reason) => listener.onClose(code, reason.length > 0 ? reason.toString("utf8") : failure))
  const say = (speak: () => void): void => {
    if (socket.readyState !== WS.OPEN) return
    if (socket.bufferedAmount <= maxUnsent) return speak()
    failure = "the peer reads nothing"
    socket.terminate()
  }
  socket.on("ping", (data) => say(() => socket.pong(data)))
  return {
    send: (text) => say(() => socket.send(text)),
    pause: () => {
      wantsPause = true
      socket.pause()
    },
    resume: () => {
      wantsPause = false
      socket.resume()
    },
    close: (code) => {
      if (socket.readyState === WS.OPEN) socket.close(code)
      socket.terminate()
    }
  }
}

/** Node's and ws's error codes are safe to print; their messages may hold what was dialled. */
const codeOf = (error: Error): string => ("code" in error && typeof error.code === "string" ? error.code : error.name)

const toReason = (error: Error, timeout: Duration.Duration): ConnectionLost | HandshakeTimedOut =>
  error.message.includes("handshake has timed out")
    ? notOpened(timeout)
    : new ConnectionLost({ network: true, detail: codeOf(error) })
