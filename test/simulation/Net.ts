/** The way from a process of the bot to one simulated platform and back: WebSockets and HTTP, in memory, with a network's faults. */
import { Effect, Layer, Stream } from "effect"
import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { ConnectionLost, HandshakeTimedOut } from "../../src/domain/GatewayError.ts"
import { Transport } from "../../src/ports/Transport.ts"
import type { Model } from "../../src/simulator/qq/Model.ts"
import type { Outgoing } from "../../src/simulator/qq/Rest.ts"
import type { Chance } from "./Chance.ts"
import { Line } from "./Line.ts"
import type { Life, Realm } from "./Realm.ts"

/** How the network does at the moment. */
export interface Traffic {
  /** Milliseconds one way, on average. */
  latency: number
  /** Nobody listens: connections are refused. */
  isRefusing: boolean
  /** Packets vanish: nothing is answered, not even a connection attempt. */
  isDark: boolean
  /** Chance of an HTTP request to vanish on its way, unprocessed, after it was written. */
  losesRequests: number
  /** Chance of an HTTP answer to vanish on its way. */
  losesAnswers: number
}

export interface Count {
  dials: number
  requests: number
}

const dialTimeout = 10_000

export class Net {
  readonly traffic: Traffic
  readonly count: Count = { dials: 0, requests: 0 }
  /** Times of dials, in milliseconds since the beginning. */
  readonly dials: Array<number> = []
  private readonly lines = new Set<Line>()
  private readonly ofLife = new Map<Life, Set<Line>>()
  private readonly realm: Realm
  private readonly chance: Chance
  readonly host: string
  /** Access tokens that were handed out. */
  readonly tokens = new Set<string>()
  private model: Model | undefined
  private readonly note: (what: string) => void

  constructor(realm: Realm, chance: Chance, host: string, latency: number, note: (what: string) => void) {
    this.realm = realm
    this.chance = chance
    this.host = host
    this.note = note
    this.traffic = { latency, isRefusing: false, isDark: false, losesRequests: 0, losesAnswers: 0 }
  }

  serve(model: Model): void {
    this.model = model
  }

  private readonly latency = (): number => {
    // Mostly near the average, now and then much more: that is how packets overtake.
    const spread = this.chance.isTrue(0.05) ? 8 : 1
    return this.traffic.latency * spread * (0.5 + this.chance.next())
  }

  /** Cuts everything that is connected. */
  cutAll(): void {
    for (const line of this.lines) line.reset()
  }

  /** The process is gone: its operating system closes what it had open, unless the machine went with it. */
  crash(life: Life, machineToo: boolean): void {
    for (const line of this.ofLife.get(life) ?? []) {
      if (machineToo) line.vanish()
      else line.hangUp(1006)
    }
    this.ofLife.delete(life)
  }

  transport(life: Life): Layer.Layer<Transport> {
    return Layer.succeed(
      Transport,
      Transport.of({
        dial: (url, listener) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.gen({ self: this }, function* () {
              const line = yield* restore(this.open(life, url, listener))
              yield* Effect.addFinalizer(() => Effect.sync(() => line.hangUp(1006)))
              return line.connection()
            })
          )
      })
    )
  }

  private open(life: Life, url: string, listener: Parameters<Transport["Service"]["dial"]>[1]) {
    const { realm } = this
    return Effect.callback<Line, ConnectionLost | HandshakeTimedOut>((resume) => {
      let isWanted = true
      const answer = (effect: Effect.Effect<Line, ConnectionLost | HandshakeTimedOut>) =>
        realm.enter(life, () => resume(effect))
      this.count.dials++
      this.dials.push(realm.now)
      realm.later(this.latency(), () => {
        if (!isWanted || life.isOver) return
        if (this.traffic.isDark) {
          realm.later(dialTimeout, () => answer(Effect.fail(new HandshakeTimedOut({ detail: "no answer" }))))
          return
        }
        const refusal = this.traffic.isRefusing
          ? new ConnectionLost({ network: true, detail: "ECONNREFUSED" })
          : this.turnedAway(url)
        this.note(refusal === undefined ? "dial" : `dial refused: ${refusal.message}`)
        if (refusal !== undefined) return void realm.later(this.latency(), () => answer(Effect.fail(refusal)))
        const line = this.connect(life, listener)
        realm.later(this.latency(), () => {
          if (life.isOver || !isWanted) return line.hangUp(1006)
          answer(Effect.succeed(line))
          line.read()
        })
      })
      return Effect.sync(() => {
        isWanted = false
      })
    })
  }

  private turnedAway(url: string): ConnectionLost | undefined {
    const { pathname, search } = new URL(url)
    const status = this.model?.refuseUpgrade(pathname + search)
    return status === undefined
      ? undefined
      : new ConnectionLost({ network: false, code: status, detail: `HTTP ${status}` })
  }

  private connect(life: Life, listener: Parameters<Transport["Service"]["dial"]>[1]): Line {
    const own = this.ofLife.get(life) ?? new Set<Line>()
    this.ofLife.set(life, own)
    const gone = (line: Line) => {
      own.delete(line)
      this.lines.delete(line)
    }
    const line = new Line({ realm: this.realm, life, listener, latency: this.latency, gone })
    own.add(line)
    this.lines.add(line)
    line.ear = this.model?.accept(line)
    return line
  }

  client(life: Life): Layer.Layer<HttpClient.HttpClient> {
    return Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request, url) => this.exchange(life, request, url))
    )
  }

  private exchange(life: Life, request: HttpClientRequest.HttpClientRequest, url: URL) {
    const { realm } = this
    return Effect.callback<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((resume) => {
      let isWanted = true
      const answer = (effect: Parameters<typeof resume>[0]) => {
        if (isWanted) realm.enter(life, () => resume(effect))
      }
      const fail = (code: string) => answer(Effect.fail(broken(request, code)))
      const isDark = this.traffic.isDark
      realm.later(this.latency(), () => {
        if (isDark || this.traffic.isDark) return
        if (this.traffic.isRefusing) return void realm.later(this.latency(), () => fail("ECONNREFUSED"))
        if (this.chance.isTrue(this.traffic.losesRequests)) return fail("ECONNRESET")
        this.count.requests++
        const outgoing = this.ask(request, url)
        if (outgoing === undefined) return
        const [, token] = /"access_token":"([^"]+)"/.exec(outgoing.text) ?? []
        if (token !== undefined) this.tokens.add(token)
        this.note(`${request.method} ${url.pathname} ${outgoing.isCut ? "answer lost" : outgoing.status}`)
        if (outgoing.isCut || this.chance.isTrue(this.traffic.losesAnswers)) {
          outgoing.lost()
          return void realm.later(this.latency(), () => fail("UND_ERR_SOCKET"))
        }
        realm.later(outgoing.delay + this.latency(), () => {
          if (!isWanted || life.isOver || this.traffic.isDark) outgoing.lost()
          else answer(Effect.succeed(respond(request, outgoing)))
        })
      })
      return Effect.sync(() => {
        isWanted = false
      })
    })
  }

  private ask(request: HttpClientRequest.HttpClientRequest, url: URL): Outgoing | undefined {
    return this.model?.answer({
      method: request.method,
      url: url.pathname + url.search,
      authorization: request.headers["authorization"],
      contentType: request.body._tag === "Empty" ? "" : (request.body.contentType ?? ""),
      body: Buffer.from(request.body._tag === "Uint8Array" ? request.body.body : new Uint8Array(0))
    })
  }
}

const broken = (request: HttpClientRequest.HttpClientRequest, code: string) => {
  const cause = Object.assign(new Error(code), { code })
  return new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
}

/** A response whose body is there at once: a real one would be read by promises, which no simulated clock moves. */
const respond = (request: HttpClientRequest.HttpClientRequest, { headers, status, text }: Outgoing) => {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
  const response = HttpClientResponse.fromWeb(request, new Response(null, { status, headers: entries }))
  const body = text === "" ? Stream.empty : Stream.succeed(encoder.encode(text))
  return Object.defineProperties(response, { text: { value: Effect.succeed(text) }, stream: { value: body } })
}

const encoder = new TextEncoder()
