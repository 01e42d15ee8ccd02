import { createServer, type Server as HttpServer } from "node:http"
import { type AddressInfo, connect as connectTcp, createServer as createTcp, type Server, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { WebSocketServer, type WebSocket as WS } from "ws"
import { type Connection, type Listener, Transport } from "../../src/ports/Transport.ts"
import * as WebSocket from "../../src/transports/WebSocket.ts"

const listening = <A extends Server | HttpServer>(server: A) =>
  Effect.acquireRelease(
    Effect.callback<A>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

const urlOf = (server: Server | HttpServer) => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/?key=hunter2`

/** A WebSocket server and the sockets under its connections. */
const serve = Effect.fnUntraced(function* (connected: (socket: WS) => void) {
  const http = yield* listening(createServer())
  const sockets: Array<Socket> = []
  http.on("connection", (socket) => sockets.push(socket))
  const server = new WebSocketServer({ server: http })
  server.on("connection", connected)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
  )
  return { url: urlOf(http), sockets }
})

/** A listener that remembers, and a Deferred for how the connection closed. */
const listen = () => {
  const closed = Deferred.makeUnsafe<readonly [number, string]>()
  const texts: Array<string> = []
  const waiting: Array<{ readonly count: number; readonly done: Deferred.Deferred<void> }> = []
  const listener: Listener = {
    onMessage: (data) => {
      texts.push(Buffer.from(data).toString("utf8"))
      for (const { count, done } of waiting) if (texts.length >= count) Deferred.doneUnsafe(done, Exit.void)
    },
    onClose: (code, reason) => void Deferred.doneUnsafe(closed, Exit.succeed([code, reason]))
  }
  const received = (count: number) =>
    Effect.suspend(() => {
      if (texts.length >= count) return Effect.void
      const done = Deferred.makeUnsafe<void>()
      waiting.push({ count, done })
      return Deferred.await(done)
    })
  return { listener, closed, texts, received }
}

const dial = (url: string, listener: Listener) => Transport.use((transport) => transport.dial(url, listener))

describe("the WebSocket transport", () => {
  it.live("carries frames both ways, the first one included, and none before the dialler has the connection", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((socket) => {
        socket.send("first")
        socket.on("message", (data) => socket.send(`echo ${data}`))
      })
      const { listener, texts, received } = listen()
      const connection: Connection = yield* dial(url, listener)
      assert.deepStrictEqual(texts, [])
      connection.send("你好")
      yield* received(2)
      assert.deepStrictEqual(texts, ["first", "echo 你好"])
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("reports the peer's close code and words", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((socket) => socket.close(4009, "expired"))
      const { listener, closed } = listen()
      yield* dial(url, listener)
      assert.deepStrictEqual(yield* Deferred.await(closed), [4009, "expired"])
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("reports 1006 when the peer resets the connection, and when it just ends it", () =>
    Effect.gen(function* () {
      for (const how of ["resetAndDestroy", "end"] as const) {
        const { url, sockets } = yield* serve((socket) => socket.send("hi"))
        const { listener, closed, received } = listen()
        yield* dial(url, listener)
        yield* received(1)
        sockets[0]?.[how]()
        assert.strictEqual((yield* Deferred.await(closed))[0], 1006, how)
      }
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("fails with ConnectionLost when nobody listens, and says nothing of the URL", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(Effect.map(listening(createTcp()), urlOf))
      const error = yield* Effect.flip(dial(url, listen().listener))
      assert.deepInclude(error, { _tag: "ConnectionLost", network: true, detail: "ECONNREFUSED" })
      const wrong = yield* Effect.flip(dial("gopher://127.0.0.1/?key=hunter2", listen().listener))
      assert.deepInclude(wrong, { _tag: "ConnectionLost", network: true })
      for (const { message } of [error, wrong]) assert.notInclude(message, "hunter2")
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("names the status when the upgrade is refused", () =>
    Effect.gen(function* () {
      const server = yield* listening(
        createServer((_, response) => {
          response.writeHead(401, { connection: "close" }).end("hunter2")
        })
      )
      const error = yield* Effect.flip(dial(urlOf(server), listen().listener))
      assert.deepInclude(error, { _tag: "ConnectionLost", network: false, code: 401 })
      assert.include(error.message, "401")
      assert.notInclude(error.message, "hunter2")
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("gives up a peer that accepts and says nothing", () =>
    Effect.gen(function* () {
      const accepted: Array<Socket> = []
      const server = yield* listening(createTcp((socket) => void accepted.push(socket)))
      yield* Effect.addFinalizer(() => Effect.sync(() => accepted.forEach((socket) => void socket.destroy())))
      const error = yield* Effect.flip(dial(urlOf(server), listen().listener))
      assert.strictEqual(error._tag, "HandshakeTimedOut")
    }).pipe(Effect.provide(WebSocket.layerWith({ handshakeTimeout: "50 millis" })))
  )

  it.live("gives up a peer that answers the upgrade byte by byte", () =>
    Effect.gen(function* () {
      const accepted: Array<Socket> = []
      const server = yield* listening(
        createTcp((socket) => {
          accepted.push(socket)
          socket.on("error", () => {})
          socket.write("HTTP/1.1 101 Switching Protocols\r\n")
          const drip = setInterval(() => socket.write("X-More: x\r\n"), 20)
          socket.on("close", () => clearInterval(drip))
        })
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => accepted.forEach((socket) => void socket.destroy())))
      const error = yield* Effect.flip(dial(urlOf(server), listen().listener))
      assert.strictEqual(error._tag, "HandshakeTimedOut")
    }).pipe(Effect.provide(WebSocket.layerWith({ handshakeTimeout: "1 second" })))
  )

  it.live("answers pings", () =>
    Effect.gen(function* () {
      const answered = Deferred.makeUnsafe<string>()
      const { url } = yield* serve((socket) => {
        socket.on("pong", (data) => Deferred.doneUnsafe(answered, Exit.succeed(data.toString())))
        socket.ping("are you there")
      })
      yield* dial(url, listen().listener)
      assert.strictEqual(yield* Deferred.await(answered), "are you there")
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("leaves a peer that asks without end and reads no answer, before they fill the memory", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((socket) => {
        socket.pause()
        const ask = () => {
          if (socket.readyState !== socket.OPEN) return
          for (let n = 0; n < 500; n++) socket.ping("x".repeat(125))
          setImmediate(ask)
        }
        ask()
      })
      const { listener, closed } = listen()
      yield* dial(url, listener)
      assert.deepStrictEqual(yield* Deferred.await(closed), [1006, "the peer reads nothing"])
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("leaves nothing behind when dialling is interrupted", () =>
    Effect.gen(function* () {
      const gone = Deferred.makeUnsafe<void>()
      const server = yield* listening(
        createTcp((socket) => {
          socket.on("error", () => {})
          socket.on("close", () => Deferred.doneUnsafe(gone, Exit.void))
          socket.resume()
        })
      )
      const attempt = Effect.scoped(dial(urlOf(server), listen().listener))
      assert.strictEqual((yield* Effect.timeoutOption(attempt, "50 millis"))._tag, "None")
      yield* Deferred.await(gone)
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("cuts the socket with its scope, and with a code when asked to close", () =>
    Effect.gen(function* () {
      for (const [code, seen] of [
        [4000, 4000],
        [undefined, 1006]
      ] as const) {
        const closed = Deferred.makeUnsafe<number>()
        const { url } = yield* serve((socket) => {
          socket.on("close", (reason) => Deferred.doneUnsafe(closed, Exit.succeed(reason)))
        })
        const scope = yield* Scope.make()
        const connection = yield* dial(url, listen().listener).pipe(Scope.provide(scope))
        if (code === undefined) yield* Scope.close(scope, Exit.void)
        else connection.close(code)
        assert.strictEqual(yield* Deferred.await(closed), seen)
        connection.send("into the void")
        connection.close(4000)
        yield* Scope.close(scope, Exit.void)
      }
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("stops the sender while it is paused, loses nothing, and goes on when resumed", () =>
    Effect.gen(function* () {
      const frames = 3_000
      const frame = "x".repeat(16_384)
      let peer: WS | undefined
      const { url } = yield* serve((socket) => {
        peer = socket
        for (let n = 0; n < frames; n++) socket.send(frame)
      })
      const { listener, texts, received } = listen()
      const connection = yield* dial(url, listener)
      connection.pause()
      // The sender's buffer stops shrinking once the kernel's are full.
      let before = -1
      while (peer === undefined || before !== peer.bufferedAmount) {
        before = peer?.bufferedAmount ?? -1
        yield* Effect.sleep("100 millis")
      }
      assert.isAbove(before, 20_000_000)
      const read = texts.length
      assert.isBelow(read, 300)
      connection.resume()
      yield* received(frames)
      assert.isTrue(texts.every((text) => text === frame))
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("ends the connection, and only that, over a frame that is too large or is not WebSocket", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((socket) => socket.send("x".repeat(2000)))
      const { listener, closed, texts } = listen()
      yield* dial(url, listener)
      const [code, reason] = yield* Deferred.await(closed)
      assert.deepStrictEqual([code, reason], [1006, "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"])
      assert.deepStrictEqual(texts, [])
      const garbled = yield* serve((socket) => socket.on("message", () => garbled.sockets[0]?.write("garbage!")))
      const other = listen()
      const connection = yield* dial(garbled.url, other.listener)
      connection.send("go")
      assert.match((yield* Deferred.await(other.closed))[1], /^WS_ERR_/)
    }).pipe(Effect.provide(WebSocket.layerWith({ maxPayload: 1000 })))
  )

  it.live("passes a frame on whose text is not UTF-8, instead of losing the connection over it", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((socket) => {
        socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false })
        socket.send("next")
      })
      const { listener, texts, received } = listen()
      yield* dial(url, listener)
      yield* received(2)
      assert.deepStrictEqual(texts, ["{\ufffd\ufffd}", "next"])
    }).pipe(Effect.provide(WebSocket.layer))
  )

  it.live("a half-open peer looks alive: only the heartbeat can tell", () =>
    Effect.gen(function* () {
      const { url, sockets } = yield* serve((socket) => socket.send("hi"))
      // Between us and the peer: passes bytes until it is told to swallow them.
      let isOpen = true
      const target = Number(new URL(url).port)
      const held: Array<Socket> = []
      const proxy = yield* listening(
        createTcp((near) => {
          const far = connectTcp(target, "127.0.0.1")
          held.push(near, far)
          near.on("data", (data) => isOpen && far.write(data)).on("error", () => {})
          far.on("data", (data) => isOpen && near.write(data)).on("error", () => {})
        })
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => held.forEach((socket) => void socket.destroy())))
      const { listener, closed, received } = listen()
      const connection = yield* dial(urlOf(proxy), listener)
      yield* received(1)
      isOpen = false
      sockets[0]?.destroy()
      connection.send("anybody there?")
      assert.isFalse(yield* Deferred.isDone(closed))
      connection.close(4000)
      assert.strictEqual((yield* Deferred.await(closed))[0], 1006)
    }).pipe(Effect.provide(WebSocket.layer))
  )
})
