/** One life of the bot's process: the app as a user composes it, on the simulated disk and network. */
import { Cause, Duration, Effect, type Exit, type Fiber, Layer, Logger, Redacted, References } from "effect"
import * as Bot from "../../src/Bot.ts"
import type { Status } from "../../src/domain/Status.ts"
import * as Retention from "../../src/engines/Retention.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { LoopDelay } from "../../src/monitor/health/LoopDelay.ts"
import * as Intents from "../../src/platforms/qq/Intents.ts"
import * as Qq from "../../src/platforms/qq/Qq.ts"
import { features, type Witness } from "./App.ts"
import type { Disk } from "./Disk.ts"
import type { Life, Realm } from "./Realm.ts"
import type { Setting } from "./Setting.ts"
import type { Site } from "./Site.ts"
import type { Snapshots } from "./Snapshots.ts"

export interface Surroundings {
  readonly realm: Realm
  readonly setting: Setting
  readonly disk: Disk
  readonly snapshots: Snapshots
  readonly sites: ReadonlyArray<Site>
  readonly witness: Witness
  readonly onStatus: (status: Status) => void
  readonly onLog: (line: string) => void
  readonly onExit: (exit: Exit.Exit<never, unknown>) => void
}

/** Begins a life; returns how to ask it to stop. */
export const start = (life: Life, around: Surroundings): { readonly terminate: () => void } => {
  const { realm } = around
  let fiber: Fiber.Fiber<never, unknown> | undefined
  realm.enter(life, () => {
    fiber = Effect.runFork(program(life, around))
    fiber.addObserver(around.onExit)
  })
  return { terminate: () => realm.enter(life, () => fiber?.interruptUnsafe()) }
}

const program = (life: Life, around: Surroundings): Effect.Effect<never, unknown> => {
  const { disk, setting, sites, snapshots, witness } = around
  const announcers = setting.hasAnnouncer ? sites.map(({ account }) => account) : []
  const app = Layer.mergeAll(
    features(witness, { hasObserver: setting.hasObserver, announcers }),
    listener(around),
    ...sites.map((site) => account(life, site))
  )
  return Bot.launchWith(options(setting))(app).pipe(
    Effect.provide(Layer.mergeAll(disk.layer(life), snapshots.layer(life), logger(around))),
    Effect.provideService(References.MinimumLogLevel, setting.logsAll ? "All" : "Info"),
    Effect.provideService(
      LoopDelay,
      Effect.succeed(() => ({ p99: 0, max: 0 }))
    )
  )
}

/** A bot keeps nothing for less than a day: the disk makes its rows look older where a world wants less. */
const kept = ({ retention }: Setting) => Duration.max(Retention.shortest, Duration.millis(retention))

const options = (setting: Setting): Parameters<typeof Bot.launchWith>[0] => ({
  concurrency: setting.concurrency,
  handlerTimeout: Duration.millis(setting.handlerTimeout),
  maxResident: setting.maxResident,
  maxBacklog: setting.maxBacklog,
  maxQueued: setting.maxQueued,
  maxAttempts: setting.maxAttempts,
  maxBatch: setting.maxBatch,
  drainTimeout: Duration.millis(setting.drainTimeout),
  onUnknown: setting.onUnknown,
  keep: { events: kept(setting), messages: kept(setting) }
})

const account = (life: Life, { net, setting: own }: Site) =>
  Qq.layerNoDeps({
    appId: own.appId,
    clientSecret: Redacted.make(own.clientSecret),
    intents: Intents.add(Intents.defaults, "MESSAGE_AUDIT"),
    apiUrl: `http://${own.appId}.api.test`,
    tokenUrl: `http://${own.appId}.token.test`,
    shards: own.shards
  }).pipe(Layer.provide([net.transport(life), net.client(life)]))

const listener = ({ onStatus }: Surroundings) =>
  Layer.effectDiscard(Effect.flatMap(StatusStream, ({ listen }) => listen(onStatus)))

const logger = ({ onLog }: Surroundings) =>
  Logger.layer([
    Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
      const text = (Array.isArray(message) ? message : [message]).map((part) =>
        typeof part === "string" ? part : Cause.isCause(part) ? Cause.pretty(part) : JSON.stringify(part)
      )
      const more = cause.reasons.length === 0 ? "" : ` ${Cause.pretty(cause)}`
      onLog(`${logLevel} ${text.join(" ")}${more} ${JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))}`)
    })
  ])
