/** Whether a request can have arrived, told on real sockets and for every code that Node and undici give. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, type Scope } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { complaint, exchange, jsonRequest, layerClient, retryAfter } from "../../../src/platforms/qq/Http.ts"

const limit = Duration.seconds(10)

const listen = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

/** A server that hands each request to `handle` once its body was read. */
const http = (handle: (response: ServerResponse, request: IncomingMessage, count: number) => void) => {
  let count = 0
  const server = createHttpServer((request, response) => {
    request.resume().on("end", () => handle(response, request, ++count))
  })
  return listen(server)
}

const tcp = (handle: (socket: Socket) => void) =>
  listen(createTcpServer((socket) => handle(socket.on("error", () => {}))))

/** A port on which nobody listens. */
const closedPort = Effect.scoped(tcp(() => {}))

const post = (url: string) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    return yield* exchange(client, jsonRequest("POST", url, { "x-test": "1" }, { text: "hello" }), limit)
  })

describe("on real sockets, a request", () => {
  const live = <A, E>(name: string, effect: Effect.Effect<A, E, HttpClient.HttpClient | Scope.Scope>) =>
    it.effect(name, () => effect.pipe(Effect.provide(layerClient(limit))))

  live(
    "that is answered gives status, headers and the parsed body",
    Effect.gen(function* () {
      let seen: unknown
      const port = yield* http((response, request) => {
        seen = [request.method, request.url, request.headers["x-test"], request.headers["content-type"]]
        response.writeHead(202, { "X-Tps-trace-ID": "t" }).end('{"a":[1]}')
      })
      const answer = yield* post(`http://127.0.0.1:${port}/x?y=1`)
      assert.deepStrictEqual([answer.status, answer.body, answer.headers["x-tps-trace-id"]], [202, { a: [1] }, "t"])
      assert.deepStrictEqual(seen, ["POST", "/x?y=1", "1", "application/json"])
    })
  )

  live(
    "that is answered with HTML keeps the text and says what it says",
    Effect.gen(function* () {
      const port = yield* http((response) => void response.writeHead(502).end("<html><h1>Bad\n gateway</h1></html>"))
      const answer = yield* post(`http://127.0.0.1:${port}/`)
      assert.strictEqual(answer.status, 502)
      assert.strictEqual(complaint(answer, 0).message, "Bad gateway")
    })
  )

  live(
    "whose answer never ends is given up, before it fills the memory",
    Effect.gen(function* () {
      const port = yield* http((response) => {
        const chunk = Buffer.alloc(1024 * 1024, "x")
        const more = () => {
          while (!response.destroyed && response.write(chunk));
        }
        response.writeHead(200).on("drain", more)
        more()
      })
      const failure = yield* Effect.flip(post(`http://127.0.0.1:${port}/`))
      assert.deepInclude(failure, { _tag: "AnswerLost", detail: "its answer is longer than 8388608 bytes" })
    })
  )

  live(
    "that is answered with nothing has no body",
    Effect.gen(function* () {
      const port = yield* http((response) => void response.writeHead(204).end())
      assert.deepStrictEqual(yield* Effect.map(post(`http://127.0.0.1:${port}/`), (answer) => answer.body), undefined)
    })
  )

  live(
    "to a closed port never arrived, by number or by name",
    Effect.gen(function* () {
      const port = yield* closedPort
      for (const host of ["127.0.0.1", "localhost"]) {
        const failure = yield* Effect.flip(post(`http://${host}:${port}/`))
        assert.strictEqual(failure._tag, "NotReached", host)
        assert.isTrue(failure._tag === "NotReached" && failure.detail === "ECONNREFUSED")
      }
    })
  )

  live(
    "to a name that does not exist never arrived",
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(post("http://nobody.invalid/")))._tag, "NotReached")
    })
  )

  live(
    "that is no address never arrived",
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(post("http://[")))._tag, "NotReached")
    })
  )

  live(
    "cut during the TLS handshake never arrived",
    Effect.gen(function* () {
      const port = yield* tcp((socket) => socket.once("data", () => socket.destroy()))
      assert.strictEqual((yield* Effect.flip(post(`https://127.0.0.1:${port}/`)))._tag, "NotReached")
    })
  )

  live(
    "whose connection is cut after it was read may have been carried out",
    Effect.gen(function* () {
      const port = yield* http((response) => response.socket?.destroy())
      assert.strictEqual((yield* Effect.flip(post(`http://127.0.0.1:${port}/`)))._tag, "AnswerLost")
    })
  )

  live(
    "whose connection is reset after it was read may have been carried out",
    Effect.gen(function* () {
      const port = yield* http((response) => response.socket?.resetAndDestroy())
      assert.strictEqual((yield* Effect.flip(post(`http://127.0.0.1:${port}/`)))._tag, "AnswerLost")
    })
  )

  live(
    "on a kept connection that is cut then may have been carried out",
    Effect.gen(function* () {
      const port = yield* http((response, _, count) => {
        if (count === 1) response.end("{}")
        else response.socket?.destroy()
      })
      yield* post(`http://127.0.0.1:${port}/`)
      assert.strictEqual((yield* Effect.flip(post(`http://127.0.0.1:${port}/`)))._tag, "AnswerLost")
    })
  )

  live(
    "whose answer breaks off may have been carried out",
    Effect.gen(function* () {
      const port = yield* http((response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write('{"id":', () => response.socket?.destroy())
      })
      assert.strictEqual((yield* Effect.flip(post(`http://127.0.0.1:${port}/`)))._tag, "AnswerLost")
    })
  )

  live(
    "answered with something that is not HTTP may have been carried out",
    Effect.gen(function* () {
      const port = yield* tcp((socket) => socket.once("data", () => socket.end("hello\r\n\r\n")))
      assert.strictEqual((yield* Effect.flip(post(`http://127.0.0.1:${port}/`)))._tag, "AnswerLost")
    })
  )

  const silent = (name: string, greet: (response: ServerResponse) => void) =>
    live(
      name,
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<ServerResponse>()
        const port = yield* http((response) => {
          greet(response)
          Deferred.doneUnsafe(arrived, Effect.succeed(response))
        })
        const asking = yield* Effect.forkChild(Effect.flip(post(`http://127.0.0.1:${port}/`)), {
          startImmediately: true
        })
        const response = yield* Deferred.await(arrived)
        const hungUp = yield* Deferred.make<void>()
        response.once("close", () => Deferred.doneUnsafe(hungUp, Effect.void))
        yield* TestClock.adjust("10 seconds")
        const failure = yield* Fiber.join(asking)
        assert.isTrue(failure._tag === "NoAnswer" && failure.limit === limit)
        yield* Deferred.await(hungUp)
      })
    )
  silent("that is not answered fails when its time is over, and hangs up", () => {})
  silent("whose answer does not end fails when its time is over, and hangs up", (response) => {
    response.writeHead(200, { "content-length": "100" })
    response.write("{")
  })
})

describe("a transport failure", () => {
  const failWith = (cause: unknown) =>
    Effect.flip(
      exchange(
        HttpClient.make((request) =>
          Effect.fail(
            new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
          )
        ),
        jsonRequest("GET", "http://127.0.0.1/", {}, undefined),
        limit
      )
    )
  const fault = (code: string, syscall?: string) => Object.assign(new Error("broken"), { code, syscall })

  const rows: ReadonlyArray<readonly [unknown, "NotReached" | "AnswerLost", string]> = [
    ...[
      "ECONNREFUSED",
      "ENOTFOUND",
      "EAI_AGAIN",
      "EHOSTUNREACH",
      "EHOSTDOWN",
      "ENETUNREACH",
      "ENETDOWN",
      "EADDRNOTAVAIL",
      "UND_ERR_CONNECT_TIMEOUT",
      "UND_ERR_INVALID_ARG",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "CERT_HAS_EXPIRED",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    ].map((code) => [fault(code), "NotReached", code] as const),
    ...["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_DESTROYED", "ETIMEDOUT", "UND_ERR_ABORTED"].map(
      (code) => [fault(code), "AnswerLost", code] as const
    ),
    [fault("ETIMEDOUT", "connect"), "NotReached", "ETIMEDOUT"],
    [fault("ECONNRESET", "read"), "AnswerLost", "ECONNRESET"],
    [new TypeError("fetch failed", { cause: fault("ENOTFOUND") }), "NotReached", "ENOTFOUND"],
    [new AggregateError([fault("ECONNREFUSED"), fault("ENETUNREACH")]), "NotReached", "ECONNREFUSED"],
    [new AggregateError([fault("ECONNREFUSED"), fault("ECONNRESET")]), "AnswerLost", "ECONNREFUSED"],
    ["a text", "AnswerLost", "the connection failed"],
    [undefined, "AnswerLost", "the connection failed"]
  ]
  for (const [cause, tag, detail] of rows) {
    it.effect(`of ${String(cause)} ${detail} is ${tag}`, () =>
      Effect.gen(function* () {
        const failure = yield* failWith(cause)
        assert.strictEqual(failure._tag, tag)
        assert.isTrue(failure._tag !== "NoAnswer" && failure.detail === detail)
      })
    )
  }

  it.effect("that causes itself is read to an end", () =>
    Effect.gen(function* () {
      const loop = new Error("round")
      loop.cause = loop
      assert.strictEqual((yield* failWith(loop))._tag, "AnswerLost")
    })
  )
})

describe("a Retry-After", () => {
  const now = Date.UTC(2026, 10, 2)
  const rows: ReadonlyArray<readonly [string | undefined, number | undefined]> = [
    ["0", 0],
    [" 5 ", 5],
    ["1.5", 1.5],
    [new Date(now + 7000).toUTCString(), 7],
    [new Date(now - 7000).toUTCString(), 0],
    ["-1", undefined],
    ["", undefined],
    ["later", undefined],
    ["1e99", undefined],
    ["99999999999999999999", undefined],
    [undefined, undefined]
  ]
  for (const [header, seconds] of rows) {
    it(`of ${String(header)} is ${seconds} seconds`, () => {
      const wait = retryAfter(header, now)
      assert.strictEqual(wait && Duration.toSeconds(wait), seconds)
    })
  }
})
