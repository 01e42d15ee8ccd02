/**
 * What a gateway says, frame by frame: through the real frame reader, session, protocol and decoder into the intake,
 * journal and lanes of a running account, to a handler that looks at everything. After the bad comes a good frame.
 */
import { Clock, Deferred, Effect, Layer, ManagedRuntime, Redacted, References } from "effect"
import * as Bot from "../../../src/Bot.ts"
import * as State from "../../../src/domain/ConnectionState.ts"
import type { Event, Position } from "../../../src/domain/Event.ts"
import type { Account } from "../../../src/engines/Account.ts"
import { FrameReader } from "../../../src/engines/FrameReader.ts"
import type { GatewayProtocol } from "../../../src/engines/GatewayProtocol.ts"
import { verdictOf } from "../../../src/platforms/qq/Audit.ts"
import { decodeRaw } from "../../../src/platforms/qq/Decode.ts"
import * as Gateway from "../../../src/platforms/qq/Gateway.ts"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import type { GatewayLink, Platform } from "../../../src/ports/Platform.ts"
import { Store } from "../../../src/ports/Store.ts"
import { Transport } from "../../../src/ports/Transport.ts"
import * as Memory from "../../../src/stores/Memory.ts"
import * as FakeTransport from "../../../src/testing/FakeTransport.ts"
import { frames as fixtures } from "../../platforms/qq/fixtures.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { Ears } from "../Ears.ts"
import { encoded, fieldsOf, type Input, listOf, numberOf, textOf, textsOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import { look } from "../Look.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"

const account = "qq:102000001"
const hello = JSON.stringify({ op: 10, d: { heartbeat_interval: 41_250 } })
const ready = JSON.stringify({ op: 0, s: 1, t: "READY", d: { version: 1, session_id: "a-session", user: { id: "1" } } })
const real: readonly [unknown, ...ReadonlyArray<unknown>] = [
  { op: 11 },
  ...Object.values(fixtures).map(({ envelope }) => envelope),
  { op: 10, d: { heartbeat_interval: 41_250 } },
  { op: 9, d: false },
  { op: 7 },
  { op: 1, d: 3 },
  { op: 0, s: 2, t: "RESUMED", d: "" }
]

/** One frame, as bytes. */
export const aFrame = (chance: Chance): string => {
  switch (chance.below(10)) {
    case 0:
      return encoded(Json.write(Json.value(chance)))
    case 1:
    case 2:
      return Bytes.damage(chance, encoded(JSON.stringify(chance.pick(real))))
    case 3:
      return chance.oneIn(2) ? Bytes.noise(chance, chance.below(60)) : encoded(JSON.stringify(chance.pick(real)))
    default:
      return encoded(Json.write(Json.mutate(chance, chance.pick(real))))
  }
}

const generate = (chance: Chance): Input => {
  const bad = chance.times(1 + chance.below(4), () => aFrame(chance))
  const begun = chance.oneIn(8) ? [] : [hello, ready]
  const close = [chance.pick([1000, 1006, 4004, 4006, 4009, 4914, 70_000]), Json.text(chance)]
  return {
    frames: chance.oneIn(5) ? [...bad, ...begun] : [...begun, ...bad],
    resume: chance.oneIn(4),
    ...(chance.oneIn(6) ? { close } : {})
  }
}

/** What one connection was seen to do. */
class Watch {
  delivered = 0
  ignored = 0
  /** Anything that a frame may lead to. */
  signs = 0
  isUp = false
  readonly positions: Array<Position> = []
  readonly link: GatewayLink

  constructor(link: GatewayLink) {
    this.link = {
      ...link,
      deliver: (event, raw, position) => {
        this.signs++
        this.delivered++
        this.positions.push(position)
        link.deliver(event, raw, position)
      },
      advance: (position) => {
        this.positions.push(position)
        link.advance(position)
      },
      transition: (to) => {
        this.signs++
        this.isUp = to._tag === "Ready"
        link.transition(to)
      },
      ignored: (why) => {
        this.signs++
        this.ignored++
        Oracle.sayable("what is said of an ignored frame", why)
        link.ignored(why)
      }
    }
  }
}

const envelopeOf = (frame: string): { readonly [key: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(toBytes(frame).toString())
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** A heartbeat's answer that nobody waits for, and a second refusal of a session, change nothing. */
const mayBeSilent = (envelope: ReturnType<typeof envelopeOf>): boolean =>
  envelope?.["op"] === 11 || envelope?.["op"] === 9

const platform: Platform = {
  name: "qq",
  account,
  shards: Effect.succeed(1),
  connect: () => Effect.never,
  decode: (raw) => decodeRaw(account, raw),
  send: () => Effect.succeed({ messageId: "sent", status: "sent" }),
  isIdempotent: () => true,
  verdict: verdictOf,
  refreshCredentials: Effect.void
}

const curious = (event: Event) =>
  Effect.suspend(() => {
    look(event)
    return event._tag === "MessageReceived" && event.text.length % 8 === 3 ? Bot.reply(event, event.text) : Effect.void
  })

const features = Layer.mergeAll(
  Bot.on("MessageReceived", curious),
  Bot.on("MessageDeleted", curious),
  Bot.on("PlatformEvent", curious),
  Bot.command("ping", (event, { words }) => Bot.reply(event, `pong ${words.length}`))
)

const makeProtocol = Gateway.makeProtocol({
  account,
  intents: Intents.defaults,
  rest: { gatewayBot: Effect.succeed({ url: "ws://fake", shards: 1, startLimit: undefined }) },
  credentials: { get: Effect.succeed(Redacted.make(Secrets.accessToken)), reject: () => Effect.void }
}).pipe(Effect.provideService(Transport, FakeTransport.make({}).service))

const open = async (): Promise<Subject> => {
  const ears = new Ears()
  let bot: Account | undefined
  const attached = Layer.effectDiscard(
    Effect.gen(function* () {
      bot = yield* (yield* Bot.Runtime).attach(platform)
    })
  )
  const runtime = ManagedRuntime.make(
    attached.pipe(
      Layer.provideMerge(features),
      Layer.provideMerge(Bot.layerWith({ health: false })),
      Layer.provideMerge(Memory.layer),
      Layer.provideMerge(ears.layer),
      Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "Debug"))
    )
  )
  await runtime.runPromise(Bot.Runtime.use(({ start }) => start))
  if (bot === undefined) throw new Error("the account did not start")
  const it: Account = bot
  const clock = await runtime.runPromise(Clock.Clock)
  const protocol: GatewayProtocol = await runtime.runPromise(makeProtocol)
  // Once, because session starts are paced; from then on the protocol knows the token it must not say.
  const { greeting, url } = await runtime.runPromise(
    Effect.scoped(protocol.prepare({ shard: 0, shards: 1 }, undefined))
  )
  let shard = 0

  /** Everything that was delivered is handled or a duplicate, and no handler failed. */
  const settled = async (before: { readonly handled: number; readonly duplicates: number }, delivered: number) => {
    await runtime.runPromise(it.dispatcher.idle)
    const { dead, failedTurns, handled } = it.dispatcher.counters
    Oracle.must("handlers can look", failedTurns === 0 && dead === 0, () => "a handler died of an event")
    const done = handled - before.handled + it.intake.duplicates - before.duplicates
    Oracle.must("no event is lost", done === delivered, () => `${delivered} events delivered, ${done} handled`)
  }

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const counted = { handled: it.dispatcher.counters.handled, duplicates: it.intake.duplicates }
    const base = it.intake.link(++shard, 1, `gateway/${shard}`, undefined)
    const watch = new Watch(base)
    const resume =
      given["resume"] === true
        ? { stream: `gateway/${shard}`, session: "before", seq: 7, startedAt: 0, resumeUrl: undefined }
        : undefined
    const plan = { url, resume, greeting }
    const reader = new FrameReader(protocol, watch.link, plan, clock)
    const sent: Array<string> = []
    reader.attach({ send: (text) => sent.push(text), pause: () => {}, resume: () => {}, close: () => {} })
    watch.link.transition(State.Connecting({ attempt: 1 }))
    let newest = resume?.seq ?? 1
    const isOver = () => Deferred.isDoneUnsafe(reader.ended)

    const feed = (frame: string) => {
      const wasOver = isOver()
      const envelope = envelopeOf(frame)
      const seq = envelope?.["op"] === 0 ? envelope["s"] : undefined
      if (typeof seq === "number" && Number.isSafeInteger(seq)) newest = Math.max(newest, seq)
      const before = watch.signs + sent.length
      reader.onMessage(toBytes(frame))
      const isNoticed = watch.signs + sent.length > before || isOver() || mayBeSilent(envelope)
      Oracle.must("every frame counts", wasOver || isNoticed, () => `nothing came of ${frame.slice(0, 200)}`)
    }

    for (const frame of textsOf(given["frames"])) feed(frame)
    const [code, detail] = listOf(given["close"])
    if (code !== undefined) reader.onClose(numberOf(code, 1006), Buffer.from(textOf(detail)).toString())
    if (!isOver() && !watch.isUp) {
      feed(hello)
      feed(JSON.stringify({ op: 0, s: 1, t: "READY", d: { session_id: "another" } }))
    }
    if (isOver()) {
      Oracle.judged("the connection", await runtime.runPromiseExit(Deferred.await(reader.ended)), shard % 16 === 0)
    } else if (watch.isUp) {
      const delivered = watch.delivered
      feed(
        JSON.stringify({
          op: 0,
          s: newest + 1,
          t: "C2C_MESSAGE_CREATE",
          d: { id: `probe-${shard}`, author: { user_openid: "p" } }
        })
      )
      Oracle.must("service goes on", watch.delivered === delivered + 1, () => "a good frame was not taken")
    }
    judgePositions(watch.positions, newest)
    await settled(counted, watch.delivered)
    const last = watch.positions.at(-1)
    const kept = await runtime.runPromise(
      Effect.andThen(
        base.resumeFrom,
        Store.use((store) => store.positions(account))
      )
    )
    const stored = kept.find(({ stream }) => stream === `gateway/${shard}`)
    // A session that was given up stays stored until the next one begins.
    Oracle.must(
      "the position is stored",
      stored?.seq === last?.seq,
      () => `stored ${stored?.seq}, reached ${last?.seq}`
    )
    base.forget({ since: 0, why: "the input is over" })
    ears.judge()
  }
  return { run, close: () => runtime.dispose() }
}

/** Within a session a position only grows, and never beyond what the platform has said. */
const judgePositions = (positions: ReadonlyArray<Position>, newest: number): void => {
  positions.forEach(({ seq, session }, at) => {
    const before = positions[at - 1]
    Oracle.must(
      "positions only grow",
      before === undefined || before.session !== session || before.seq <= seq,
      () => `from ${before?.seq} to ${seq}`
    )
    Oracle.must("positions keep behind", seq <= newest, () => `at ${seq}, the platform was at ${newest}`)
    Oracle.must("positions keep small", session.length <= 1024, () => `a session of ${session.length} characters`)
  })
}

export const frames: Target = {
  name: "frames",
  about: "gateway frames, through session, decoder, inbox and lanes to a handler",
  share: 360,
  renew: 2000,
  generate,
  open
}
