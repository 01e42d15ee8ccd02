/** Raw bytes of a WebSocket server: broken handshakes and frames, control frames, compressed garbage, halves; over TCP. */
import { createHash } from "node:crypto"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { Deferred, Effect, Exit, Scope } from "effect"
import { type Listener, Transport } from "../../../src/ports/Transport.ts"
import * as WebSocket from "../../../src/transports/WebSocket.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { encoded, fieldsOf, fromBytes, type Input, textOf, textsOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"

const maxPayload = 64 * 1024

/** A frame with any opcode, any flags and any idea of its length. */
const frame = (chance: Chance, opcode: number, payload: string, flags = 0x80): string => {
  const length = payload.length
  const claimed = chance.oneIn(8) ? chance.pick([length, 0, 125, 126, 65_536, 2 ** 31, 2 ** 53, 2 ** 62]) : length
  const head = [flags | opcode]
  if (claimed < 126) head.push(claimed)
  else if (claimed < 65_536) head.push(126, claimed >> 8, claimed & 255)
  else head.push(127, ...Array.from({ length: 8 }, (_, i) => Number((BigInt(claimed) >> BigInt(56 - 8 * i)) & 255n)))
  if (chance.oneIn(12)) head[1] = (head[1] ?? 0) | 0x80
  return String.fromCharCode(...head) + payload
}

const aFrame = (chance: Chance): string => {
  const payload = chance.oneIn(2) ? encoded(Json.text(chance)) : Bytes.noise(chance, chance.below(200))
  switch (chance.below(8)) {
    case 0:
      // Compressed, which nobody agreed to.
      return frame(chance, 1, payload, 0xc0)
    case 1:
      return frame(
        chance,
        8,
        chance.oneIn(2) ? `${String.fromCharCode(chance.below(64), chance.below(256))}${payload}` : payload
      )
    case 2:
      return frame(chance, chance.pick([9, 10]), payload)
    case 3:
      // A message in pieces, of which the last may never come.
      return (
        chance.times(1 + chance.below(5), (n) => frame(chance, n === 0 ? 1 : 0, payload, 0)).join("") +
        frame(chance, 0, "")
      )
    case 4:
      return frame(chance, chance.below(16), payload, chance.below(16) << 4)
    default:
      return frame(chance, 1, encoded(JSON.stringify({ op: 11 })))
  }
}

const generate = (chance: Chance): Input => ({
  handshake: chance.oneIn(4)
    ? Bytes.damage(
        chance,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: <key>\r\n\r\n"
      )
    : chance.oneIn(6)
      ? `HTTP/1.1 ${chance.pick(["101 X", "200 OK", "401 No", "302 Found\r\nLocation: ws://127.0.0.1:1/"])}\r\n${encoded(Json.text(chance))}\r\n\r\n`
      : "good",
  extra: chance.oneIn(8)
    ? chance.pick([
        "Sec-WebSocket-Extensions: permessage-deflate",
        "Sec-WebSocket-Protocol: x",
        `X: ${"y".repeat(20_000)}`
      ])
    : "",
  chunks: chance.times(1 + chance.below(5), () => {
    const whole = aFrame(chance)
    return chance.oneIn(4) ? Bytes.damage(chance, whole) : whole
  }),
  end: chance.pick(["end", "destroy", "reset"])
})

const acceptOf = (request: string): string => {
  const key = /sec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? ""
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
}

const open = async (): Promise<Subject> => {
  let script: { readonly [key: string]: Input } = {}
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket)).on("error", () => {})
    socket.once("data", (data) => {
      const accept = acceptOf(data.toString("latin1"))
      const extra = textOf(script["extra"])
      const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${extra === "" ? "" : `${extra}\r\n`}Sec-WebSocket-Accept: <key>\r\n\r\n`
      const handshake = textOf(script["handshake"], "good")
      socket.write(toBytes((handshake === "good" ? head : handshake).replace("<key>", accept)))
      for (const chunk of textsOf(script["chunks"])) socket.write(toBytes(chunk))
      const end = textOf(script["end"], "end")
      if (end === "end") socket.end()
      else setImmediate(() => (end === "reset" ? socket.resetAndDestroy() : socket.destroy()))
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/?access_token=${Secrets.accessToken}`
  const dial = (listener: Listener) => Transport.use((transport) => transport.dial(url, listener))
  const layer = WebSocket.layerWith({ handshakeTimeout: "2 seconds", maxPayload })

  const run = async (input: Input) => {
    script = fieldsOf(input)
    const closed = Deferred.makeUnsafe<number>()
    let closes = 0
    const listener: Listener = {
      onMessage: (data) => {
        Oracle.must("nothing comes after the close", closes === 0, () => "a message")
        Oracle.must("messages keep small", data.length <= maxPayload, () => `${data.length} bytes`)
        JSON.stringify(fromBytes(data))
      },
      onClose: (code, reason) => {
        closes++
        Oracle.must("codes are numbers", Number.isInteger(code), () => String(code))
        // A peer that repeats the address it was called by is held back where its words become an error.
        Oracle.must("reasons are texts", typeof reason === "string", () => typeof reason)
        Deferred.doneUnsafe(closed, Exit.succeed(code))
      }
    }
    const scope = Scope.makeUnsafe()
    const exit = await Effect.runPromiseExit(dial(listener).pipe(Scope.provide(scope), Effect.provide(layer)))
    const connection = Oracle.judged("the dial", exit, true)
    if (connection !== undefined) {
      connection.send("hello")
      const seen = await Effect.runPromise(Effect.timeoutOption(Deferred.await(closed), "3 seconds"))
      Oracle.must("a connection ends", seen._tag === "Some", () => "the peer is gone and nobody was told")
      connection.send("into the void")
      connection.close(4000)
    }
    await Effect.runPromise(Scope.close(scope, Exit.void))
    Oracle.must("a connection ends once", closes <= 1, () => `${closes} times`)
  }
  return {
    run,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

export const sockets: Target = {
  name: "sockets",
  about: "raw bytes of a WebSocket server, over a real socket",
  share: 4,
  renew: 1000,
  patience: 2500,
  generate,
  open
}
