/**
 * The demo: a bot, a simulated QQ that keeps breaking, users who do not care, and a verdict from the platform's books.
 *
 * The bot's settings suit a peer that fails every second and not every month: it comes back sooner and forgives sooner.
 * Nothing else differs from a bot on QQ: real sockets, real HTTP, a real database.
 */
import { randomBytes } from "node:crypto"
import { createServer } from "node:net"
import { Clock, Deferred, Effect, Fiber, Layer, Random, Redacted, Schedule, Stream } from "effect"
import * as Bot from "../../Bot.ts"
import * as Status from "../../bot/Status.ts"
import { Runtime } from "../../engines/Runtime.ts"
import * as Schedules from "../../engines/Schedules.ts"
import { StatusStream } from "../../engines/StatusStream.ts"
import { Monitor } from "../../monitor/index.ts"
import * as Qq from "../../platforms/qq/Qq.ts"
import * as QqSimulator from "../../simulator/qq/QqSimulator.ts"
import * as Sqlite from "../../stores/Sqlite.ts"
import * as ErrorRecoveryBot from "./ErrorRecoveryBot.ts"
import * as Playground from "./Playground.ts"
import { Scoreboard } from "./Scoreboard.ts"
import * as Screen from "./Screen.ts"
import { type Summary, summarize } from "./Summary.ts"
import * as Timetable from "./Timetable.ts"
import * as Users from "./Users.ts"

export interface Options {
  /** Milliseconds until the users leave; without it they stay until the demo is interrupted. */
  readonly duration: number | undefined
  readonly seed: number
  /** The bot's database. */
  readonly filename: string
  /** Messages per second. */
  readonly rate: number
  /** QQ calls the bot's webhook, instead of the bot dialling QQ. */
  readonly webhook: boolean
  /** Nothing breaks and nobody talks by itself: the dashboard is for that. */
  readonly calm: boolean
  /** Where the dashboard listens; 0 takes a free port. */
  readonly port: number
}

/** How long the bot may take to answer what is left, once the users are gone. */
const patience = "15 seconds"

const layerQq = (simulator: QqSimulator.QqSimulator, port: number | undefined) => {
  const options: Qq.Options = {
    appId: simulator.appId,
    clientSecret: Redacted.make(simulator.clientSecret),
    apiUrl: simulator.apiUrl,
    tokenUrl: simulator.tokenUrl,
    requestTimeout: "3 seconds",
    connection: { helloTimeout: "1 second", readyTimeout: "3 seconds" },
    reconnect: Schedules.reconnect({ base: "100 millis", cap: "1 second", stableAfter: "500 millis" }),
    identify: Schedules.identify({ base: "200 millis", cap: "1 second" }),
    resend: Schedules.resend({ base: "100 millis", cap: "2 seconds" }),
    maxAttempts: 10
  }
  return port === undefined ? Qq.layer(options) : Qq.layerWebhook({ ...options, webhook: { port } })
}

/** A port that was free a moment ago. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" ? (address?.port ?? 0) : 0)))
  })
})

/** What a person does in the console, until it works. */
const register = (simulator: QqSimulator.QqSimulator, port: number) =>
  Effect.retry(simulator.registerWebhook(`http://127.0.0.1:${port}/qq`), {
    schedule: Schedule.spaced("100 millis"),
    times: 50
  }).pipe(Effect.orDie)

/** Lets the scoreboard see the bot from inside. */
const layerWatch = (board: Scoreboard) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const runtime = yield* Runtime
      const clock = yield* Clock.Clock
      const { listen } = yield* StatusStream
      board.watch(() => runtime.accounts().map((account) => Status.ofAccount(account, clock.currentTimeMillisUnsafe())))
      yield* listen((status) => board.onStatus(status))
    })
  )

/** A token for one run: short enough for a line of a terminal, and 144 bits of chance all the same. */
const passToken = (): Redacted.Redacted => Redacted.make(randomBytes(18).toString("base64url"))

/** The dashboard, with the simulator's controls; tells where it is. */
const layerMonitor = (simulator: QqSimulator.QqSimulator, board: Scoreboard, port: number, ready: Ready) =>
  Layer.effectDiscard(
    Effect.flatMap(Monitor.Monitor, (monitor) => Deferred.succeed(ready, Monitor.loginLink(monitor)))
  ).pipe(
    Layer.provide(
      Monitor.layerConfigWith({
        port,
        token: passToken(),
        restartProcess: false,
        playground: Playground.make(simulator, board)
      })
    )
  )

type Ready = Deferred.Deferred<string>

const bot = (
  simulator: QqSimulator.QqSimulator,
  board: Scoreboard,
  options: Options,
  port: number | undefined,
  ready: Ready
) =>
  Layer.mergeAll(
    ErrorRecoveryBot.layer(board.tally),
    layerWatch(board),
    layerMonitor(simulator, board, options.port, ready)
  ).pipe(
    Layer.provideMerge(layerQq(simulator, port)),
    Bot.launchWith({ redeliver: Schedules.redeliver({ base: "100 millis" }) }),
    Effect.provide(Sqlite.layer({ filename: options.filename }))
  )

/** Who talks, and what breaks. A seed each, so that the order of the faults does not depend on who says what in between. */
const play = (simulator: QqSimulator.QqSimulator, board: Scoreboard, options: Options): Effect.Effect<never> => {
  if (options.calm) return Effect.never
  const scenes = options.webhook ? Timetable.webhookScenes : Timetable.scenes
  return Effect.raceFirst(
    Users.chat(simulator, options.rate).pipe(Random.withSeed(`users ${options.seed}`)),
    Timetable.run(simulator, { connected: board.connected.await, lost: board.lost.await }, scenes).pipe(
      Random.withSeed(`faults ${options.seed}`)
    )
  )
}

/** Runs the whole demo. An interruption sends the users away, and the verdict follows all the same. */
export const run = Effect.fn("Demo.run")(
  function* (options: Options) {
    const simulator = yield* QqSimulator.make({
      heartbeatInterval: "2 seconds",
      reconnectGrace: "1 second",
      sessionStarts: { total: 100_000, maxConcurrency: 20 }
    })
    const board = new Scoreboard(simulator.books, yield* Clock.Clock)
    yield* Effect.forkScoped(Stream.runForEach(simulator.faults, (fault) => Effect.sync(() => board.onFault(fault))))
    const port = options.webhook ? yield* freePort : undefined
    const ready: Ready = yield* Deferred.make<string>()
    const running = yield* Effect.forkScoped(bot(simulator, board, options, port, ready))
    const address = yield* Effect.raceFirst(Deferred.await(ready), Effect.as(Fiber.await(running), undefined))
    yield* Screen.show(board, { ...options, address })
    const connected = board.connected.await
    const heard = port === undefined ? connected : Effect.andThen(connected, register(simulator, port))
    const time = options.duration === undefined ? Effect.never : Effect.sleep(options.duration)
    yield* Effect.andThen(heard, Effect.raceFirst(play(simulator, board, options), time)).pipe(
      Effect.raceFirst(Fiber.await(running)),
      Effect.interruptible,
      Effect.exit
    )
    return yield* conclude(simulator, board, running)
  },
  Effect.scoped,
  Effect.uninterruptible
)

/** The users are gone: lets the bot finish, stops it, and judges. A bot that ended by itself has failed. */
const conclude = Effect.fnUntraced(function* <E>(
  simulator: QqSimulator.QqSimulator,
  board: Scoreboard,
  running: Fiber.Fiber<never, E>
): Effect.fn.Return<Summary, E> {
  if (running.pollUnsafe() !== undefined) return yield* Fiber.join(running)
  board.tell("note", "the users leave; the bot finishes")
  yield* Effect.timeoutOption(simulator.settled, patience)
  yield* Fiber.interrupt(running)
  board.second()
  return summarize(board)
})
