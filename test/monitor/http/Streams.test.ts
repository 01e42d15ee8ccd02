/** Many readers of the live stream, and bad ones: the bot must not notice. */
import { type ClientRequest, type IncomingMessage, request } from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Logger } from "effect"
import { Monitor } from "everbot/monitor"
import { StatusStream } from "../../../src/engines/StatusStream.ts"
import { Events, start } from "../../../src/testing/index.ts"
import { call, eventually, served, token } from "./served.ts"

interface Reader {
  text: string
  readonly sent: ClientRequest
  response: IncomingMessage | undefined
}

const headers = { authorization: `Bearer ${token}` }

/** Opens a stream; answers once the first byte is there. */
const open = (more: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Monitor.Monitor, ({ url }) =>
    Effect.acquireRelease(
      Effect.callback<Reader>((resume) => {
        const sent = request(`${url}/api/events`, { headers: { ...headers, ...more }, agent: false })
        const reader: Reader = { text: "", sent, response: undefined }
        sent.on("error", () => {})
        sent.on("response", (response) => {
          reader.response = response
          response.setEncoding("utf8")
          response.on("error", () => {})
          response.on("data", (chunk: string) => {
            reader.text += chunk
            resume(Effect.succeed(reader))
          })
        })
        sent.end()
      }),
      ({ sent }) => Effect.sync(() => sent.destroy())
    )
  )

const readers = (count: number) => Effect.forEach(Array.from({ length: count }), () => open(), { concurrency: 50 })

/** Somebody who asks for the stream and then reads nothing. */
const deaf = Effect.flatMap(Monitor.Monitor, ({ url }) =>
  Effect.acquireRelease(
    Effect.callback<import("node:net").Socket>((resume) => {
      const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" }, () => {
        socket.write(`GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`)
        socket.once("data", () => {
          socket.pause()
          resume(Effect.succeed(socket))
        })
      })
      socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )
)

const streams = Effect.map(call("/metrics"), ({ text }) => Number(/^everbot_monitor_streams (\d+)$/m.exec(text)?.[1]))

/** Milliseconds until so many messages are answered. */
const answer = (fake: ReturnType<typeof served>["fake"], count: number, name: string) =>
  Effect.gen(function* () {
    const before = fake.sent().length
    const startedAt = yield* Clock.currentTimeMillis
    for (let n = 0; n < count; n += 100) {
      yield* fake.emit(
        ...Array.from({ length: 100 }, (_, m) => Events.message({ text: "hi", in: `${name} ${(n + m) % 50}` }))
      )
      yield* Effect.sleep("5 millis")
    }
    yield* fake.awaitSent(before + count)
    return (yield* Clock.currentTimeMillis) - startedAt
  })

const flood = (status: StatusStream["Service"], count: number) =>
  Effect.gen(function* () {
    for (let n = 0; n < count; n++) {
      status.publish({ _tag: "FrameIgnored", account: "fake:1", why: `flood ${n} ${"x".repeat(10_000)}` })
      if (n % 400 === 399) yield* Effect.sleep("300 millis")
    }
  })

describe("the live stream", () => {
  it.live("serves a thousand readers at once, deaf ones among them, and the bot answers as before", () => {
    const { fake, layer } = served()
    return Effect.gen(function* () {
      yield* start
      const status = yield* StatusStream
      yield* answer(fake, 1000, "warm")
      const alone = yield* answer(fake, 3000, "alone")
      const all = yield* readers(1000)
      yield* Effect.forEach(Array.from({ length: 10 }), () => deaf, { concurrency: 10 })
      assert.strictEqual(yield* streams, 1010)
      const watched = yield* answer(fake, 3000, "watched")
      // The readers run in this process and cost time as well; being held up by deaf ones would be for ever.
      assert.isBelow(watched, alone * 3 + 3000, `${alone} ms alone, ${watched} ms watched by 1,010`)
      status.publish({ _tag: "IntakePaused", account: "fake:1", why: "everybody shall hear this" })
      yield* eventually(
        Effect.sync(() => all.filter(({ text }) => text.includes("everybody shall hear this")).length),
        (heard) => heard === 1000
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.live("drops for a slow reader what it cannot take, tells it how much, and keeps others whole", () => {
    const { layer } = served()
    return Effect.gen(function* () {
      const status = yield* StatusStream
      const quick = yield* open()
      const slow = yield* open()
      slow.response?.pause()
      // 60 MB: more than the buffers of sockets hold (up to 37 MB), and than a reader may be behind.
      yield* flood(status, 7000)
      yield* eventually(
        Effect.sync(() => quick.text.includes("flood 6999 ")),
        (is) => is
      )
      assert.notInclude(quick.text, "Missed")
      slow.response?.resume()
      yield* eventually(
        Effect.sync(() => slow.text.includes("flood 6999 ")),
        (is) => is
      )
      const missed = Array.from(slow.text.matchAll(/"_tag":"Missed","count":(\d+)/g), ([, count]) => Number(count))
      const told = slow.text.split("\ndata: ").length - 1 - missed.length
      assert.isAbove(
        missed.reduce((sum, count) => sum + count, 0),
        0
      )
      // Nothing is unaccounted for: ids are numbered without holes.
      const last = Number(Array.from(slow.text.matchAll(/^id: (\d+)$/gm)).at(-1)?.[1])
      const first = Number(/^id: (\d+)$/m.exec(slow.text)?.[1])
      assert.strictEqual(told + missed.reduce((sum, count) => sum + count, 0), last - first + 1)
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.provide(Logger.layer([])))
  })

  it.live("goes on where a reader was when it was cut off", () => {
    const { layer } = served()
    return Effect.gen(function* () {
      const status = yield* StatusStream
      const first = yield* open()
      status.publish({ _tag: "IntakePaused", account: "fake:1", why: "before the cut" })
      yield* eventually(
        Effect.sync(() => first.text.includes("before the cut")),
        (is) => is
      )
      const seen = Array.from(first.text.matchAll(/^id: (\d+)$/gm)).at(-1)?.[1] ?? ""
      first.sent.destroy()
      status.publish({ _tag: "IntakePaused", account: "fake:1", why: "meanwhile" })
      const second = yield* open({ "last-event-id": seen })
      yield* eventually(
        Effect.sync(() => second.text.includes("meanwhile")),
        (is) => is
      )
      assert.notInclude(second.text, "before the cut")
      yield* eventually(streams, (count) => count === 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.live("takes no more readers than it may, and says so", () => {
    const { layer } = served({ maxStreams: 2 })
    return Effect.gen(function* () {
      const [one] = yield* readers(2)
      const refused = yield* call("/api/events")
      assert.strictEqual(refused.status, 503)
      assert.include(refused.text, "2 streams are open")
      one?.sent.destroy()
      yield* eventually(streams, (count) => count === 1)
      yield* open()
    }).pipe(Effect.scoped, Effect.provide(layer))
  })
})
