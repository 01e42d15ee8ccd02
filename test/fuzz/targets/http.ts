/** Answers as raw bytes from a real socket, to the real HTTP client: broken heads, wrong lengths, cuts, silence. */
import { type AddressInfo, createServer, type Socket } from "node:net"
import { Duration, Effect, FileSystem, Layer, ManagedRuntime, Redacted, References } from "effect"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import { layerClient } from "../../../src/platforms/qq/Http.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { Ears } from "../Ears.ts"
import { encoded, fieldsOf, type Input, textOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"
import { config, perform } from "./rest.ts"

const ends = ["end", "end", "destroy", "keep"] as const
const calls = ["send", "reply", "gatewayBot", "me", "token", "url"] as const

const aHead = (chance: Chance, length: number): string => {
  const status = chance.pick([
    "200 OK",
    "204 No Content",
    "100 Continue",
    "302 Found",
    "429 Slow",
    "500 Bad",
    "99",
    "1000 X",
    "200"
  ])
  const lines = [`HTTP/${chance.pick(["1.1", "1.1", "1.0", "2", "9.9"])} ${status}`]
  const lengths = [
    `${length}`,
    `${length + 7}`,
    `${Math.max(0, length - 3)}`,
    "-1",
    "1e9",
    "99999999999999999999",
    "0x10",
    " 5 5"
  ]
  if (!chance.oneIn(3))
    lines.push(`Content-Length: ${chance.oneIn(2) ? length : chance.pick([`${length}`, ...lengths])}`)
  if (chance.oneIn(4)) lines.push("Transfer-Encoding: chunked")
  if (chance.oneIn(4))
    lines.push(`Retry-After: ${chance.pick(["1", "Thu, 01 Jan 1970 00:00:00 GMT", "\u0000", "9".repeat(40)])}`)
  if (chance.oneIn(4)) lines.push(`X-Tps-Trace-Id: ${chance.pick(["t", Secrets.accessToken, "\u001b[31m"])}`)
  if (chance.oneIn(5)) lines.push(`Location: http://127.0.0.1:1/?k=${Secrets.accessToken}`)
  if (chance.oneIn(6)) lines.push(`Content-Encoding: ${chance.pick(["gzip", "br", "zstd", "x"])}`)
  if (chance.oneIn(20)) lines.push(`X-Long: ${"x".repeat(chance.pick([1000, 20_000, 100_000]))}`)
  if (chance.oneIn(8)) lines.push(Json.text(chance))
  return lines.join("\r\n")
}

const generate = (chance: Chance): Input => {
  const json = chance.oneIn(3)
    ? `{"message":"no: ${Secrets.accessToken}"}`
    : Json.write(Json.mutate(chance, { id: "1", url: "wss://x" }))
  const body = chance.oneIn(4) ? `${json.length.toString(16)}\r\n${encoded(json)}\r\n0\r\n\r\n` : encoded(json)
  const whole = `${encoded(aHead(chance, body.length))}\r\n\r\n${body}`
  const call = chance.pick(calls)
  // Each repeats what it was told, and only that.
  const repeat = (text: string) =>
    call === "token" ? text.replaceAll(Secrets.accessToken, Secrets.clientSecret) : text
  return {
    call,
    // To wait for a peer that says nothing takes its time, so it is rare.
    end: chance.oneIn(40) ? "keep" : chance.pick(ends.slice(0, 3) as unknown as typeof ends),
    bytes: repeat(chance.oneIn(2) ? Bytes.damage(chance, whole) : whole)
  }
}

const good = (): string => {
  const body = JSON.stringify({ id: "1", access_token: Secrets.accessToken, expires_in: 7200 })
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
}

const open = async (): Promise<Subject> => {
  const ears = new Ears()
  const sockets = new Set<Socket>()
  let answer = ""
  let how = "end"
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket)).on("error", () => {})
    socket.on("data", () => {
      socket.write(toBytes(answer))
      if (how === "end") socket.end()
      if (how === "destroy") setImmediate(() => socket.destroy())
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const requestTimeout = Duration.millis(400)
  const here = { ...config, apiUrl: origin, tokenUrl: `${origin}/app/getAppAccessToken`, requestTimeout }
  const runtime = ManagedRuntime.make(
    layerClient(requestTimeout).pipe(
      Layer.provideMerge(ears.layer),
      Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "Debug"))
    )
  )
  const token = Redacted.make(Secrets.accessToken)
  const keeper = {
    get: Effect.succeed(token),
    invalidate: Effect.void,
    reject: () => Effect.void,
    view: () => ({ usableUntil: undefined, failure: undefined })
  }
  const restOf = (settings: typeof config) => QqRest.make(settings).pipe(Effect.provideService(QqCredentials, keeper))
  let runs = 0

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const call = textOf(given["call"], "me")
    const deep = ++runs % 8 === 0
    answer = textOf(given["bytes"])
    how = textOf(given["end"], "end")
    const program = Effect.gen(function* () {
      const rest = yield* restOf(here)
      if (call === "token") {
        const credentials = yield* QqCredentials.make(here)
        Oracle.judged(call, yield* Effect.exit(credentials.get), deep)
      } else if (call === "url") {
        // A password in an address is a secret too.
        const odd = yield* restOf({
          ...here,
          apiUrl: `${origin.replace("//", `//u:${Secrets.password}@`)}/${Secrets.password}`
        })
        Oracle.judged(call, yield* Effect.exit(odd.call("GET", "/users/@me")), deep)
      } else Oracle.judged(call, yield* Effect.exit(perform(rest, call, "text")), deep)
      answer = good()
      how = "end"
      const last = yield* Effect.exit(Effect.retry(rest.call("GET", "/users/@me"), { times: 5 }))
      Oracle.must("service goes on", last._tag === "Success", () => Secrets.dump(last).slice(0, 400))
    }).pipe(Effect.provide(FileSystem.layerNoop({})), Effect.scoped)
    await runtime.runPromise(program)
    ears.judge()
  }
  return {
    run,
    close: async () => {
      await runtime.dispose()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

export const http: Target = {
  name: "http",
  about: "raw answers of an HTTP server, over a real socket",
  share: 4,
  renew: 1000,
  patience: 2500,
  generate,
  open
}
