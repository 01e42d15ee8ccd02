/**
 * How fast a bot is back: from the moment the platform cuts the socket to the first replayed event in the handler, as a
 * ratio to the least a client can do (raw `ws` that dials and resumes at once), in the same process and run. Then an
 * outage of one second: how many dials, what was lost; and a half-open socket: how long until it is cut.
 */
import { Deferred, Duration, Effect, Layer, Redacted } from "effect"
import { Bot, Schedules } from "everbot"
import { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { WebSocket } from "ws"
import * as Memory from "../../src/stores/Memory.ts"
import { median } from "./processes.ts"

const place = { kind: "group", id: "C9F778FE6ADF9D1D1DBE395BF744A33A" } as const
const heartbeatInterval = 1000

/** Calls `arrived` when the event of a cut reaches the client, whichever client it is. */
interface Client {
  arrived: () => void
}

/** The least a client can do: on close, dial and resume. */
const floorClient = (simulator: QqSimulator.QqSimulator, client: Client) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const answer = await fetch(simulator.tokenUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ appId: simulator.appId, clientSecret: simulator.clientSecret })
      })
      const { access_token } = (await answer.json()) as { access_token: string }
      const authorization = `QQBot ${access_token}`
      const gateway = await fetch(`${simulator.apiUrl}/gateway`, { headers: { authorization } })
      const { url } = (await gateway.json()) as { url: string }
      const state = { session: "", seq: 0, isOver: false, socket: undefined as WebSocket | undefined }
      const dial = (ready: () => void): void => {
        const socket = new WebSocket(url, { perMessageDeflate: false })
        state.socket = socket
        socket.on("error", () => {})
        socket.on("close", () => state.isOver || dial(() => {}))
        socket.on("message", (data: Buffer) => {
          const frame = JSON.parse(data.toString()) as {
            op: number
            s?: number
            t?: string
            d?: { session_id?: string }
          }
          if (typeof frame.s === "number") state.seq = frame.s
          if (frame.op === 10) {
            const resume = { op: 6, d: { token: authorization, session_id: state.session, seq: state.seq } }
            const identify = { op: 2, d: { token: authorization, intents: 1 << 25, shard: [0, 1] } }
            socket.send(JSON.stringify(state.session === "" ? identify : resume))
          }
          if (frame.t === "READY") {
            state.session = frame.d?.session_id ?? ""
            ready()
          }
          if (frame.t === "GROUP_AT_MESSAGE_CREATE") client.arrived()
        })
      }
      await new Promise<void>((resolve) => dial(resolve))
      return state
    }),
    (state) =>
      Effect.sync(() => {
        state.isOver = true
        state.socket?.terminate()
      })
  )

/** everbot with its engines as they are; only what counts as a stable session is shorter, because cuts come quickly. */
const everbotClient = (simulator: QqSimulator.QqSimulator, client: Client) =>
  Effect.gen(function* () {
    const { apiUrl, appId, clientSecret, tokenUrl } = simulator
    const account = Qq.layer({
      appId,
      clientSecret: Redacted.make(clientSecret),
      apiUrl,
      tokenUrl,
      reconnect: Schedules.reconnect({ stableAfter: "20 millis" }),
      stableAfter: Duration.millis(20)
    })
    const Arrived = Bot.on("MessageReceived", (event) =>
      Effect.andThen(
        Effect.sync(() => client.arrived()),
        Bot.reply(event, "here")
      )
    )
    let figures: Effect.Effect<ReadonlyArray<Bot.AccountStatus>> = Effect.succeed([])
    const Watch = Layer.effectDiscard(
      Effect.gen(function* () {
        figures = Effect.provideService(Bot.status, Bot.Runtime, yield* Bot.Runtime)
      })
    )
    yield* Layer.mergeAll(Arrived, Watch, account).pipe(Bot.launch, Effect.provide(Memory.layer), Effect.forkScoped)
    yield* simulator.until((books) => books.sessions.length > 0)
    return Effect.suspend(() => figures)
  })

/** Milliseconds from a cut to the event that was said during it, `rounds` times. */
const cuts = (make: typeof everbotClient | typeof floorClient, rounds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.make({ heartbeatInterval })
      const client: Client = { arrived: () => {} }
      yield* make(simulator, client)
      const times: Array<number> = []
      for (let round = 0; round < rounds; round++) {
        yield* Effect.sleep("100 millis")
        const arrival = Deferred.makeUnsafe<number>()
        client.arrived = () => Deferred.doneUnsafe(arrival, Effect.succeed(performance.now()))
        const cutAt = performance.now()
        yield* simulator.fault({ kind: "cut", by: round % 2 === 0 ? "rst" : "fin" })
        yield* simulator.say({ in: place, text: `round ${round}` })
        times.push((yield* Deferred.await(arrival)) - cutAt)
      }
      return times
    })
  )

const outage = Effect.scoped(
  Effect.gen(function* () {
    const simulator = yield* QqSimulator.make({ heartbeatInterval })
    const figures = yield* everbotClient(simulator, { arrived: () => {} })
    // Dials that nobody answered are in no book of the platform.
    const dialled = Effect.map(figures, ([account]) => account?.shards[0]?.attempts ?? 0)
    yield* Effect.sleep("100 millis")
    const dials = yield* dialled
    const identifies = simulator.books.identifies.length
    yield* simulator.fault({ kind: "restart", ms: 1000, keepSessions: true })
    for (let i = 0; i < 50; i++) yield* simulator.say({ in: place, text: `during the outage ${i}` })
    yield* simulator.settled
    const { lost, duplicated } = simulator.books.judge()
    return {
      dials: (yield* dialled) - dials,
      resumed: simulator.books.identifies.length === identifies,
      lost: lost.length,
      duplicated: duplicated.length
    }
  })
)

const halfOpen = Effect.scoped(
  Effect.gen(function* () {
    const simulator = yield* QqSimulator.make({ heartbeatInterval })
    const client: Client = { arrived: () => {} }
    yield* everbotClient(simulator, client)
    yield* Effect.sleep("2500 millis")
    const arrival = Deferred.makeUnsafe<number>()
    client.arrived = () => Deferred.doneUnsafe(arrival, Effect.succeed(performance.now()))
    const deafAt = performance.now()
    yield* simulator.fault({ kind: "halfOpen" })
    yield* simulator.say({ in: place, text: "can you hear me?" })
    const ms = (yield* Deferred.await(arrival)) - deafAt
    return {
      heartbeatIntervalMs: heartbeatInterval,
      backAfterMs: Math.round(ms),
      intervals: Number((ms / heartbeatInterval).toFixed(2))
    }
  })
)

export const recover = async (options: { readonly json: boolean; readonly rounds: number }) => {
  const rounds = Math.max(options.rounds, 20)
  const program = Effect.gen(function* () {
    const floor = yield* cuts(floorClient, rounds)
    const everbot = yield* cuts(everbotClient, rounds)
    return {
      benchmark: "recover",
      rounds,
      floorMs: Number(median(floor).toFixed(2)),
      everbotMs: Number(median(everbot).toFixed(2)),
      ratio: Number((median(everbot) / median(floor)).toFixed(2)),
      everbotWorstMs: Number(Math.max(...everbot).toFixed(2)),
      outage: yield* outage,
      halfOpen: yield* halfOpen
    }
  })
  const result = await Effect.runPromise(program)
  console.log(options.json ? JSON.stringify(result) : result)
}
