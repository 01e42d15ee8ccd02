/** A gateway in miniature for the tests of the engine: QQ's opcodes, a recording link, a scripted server. */
import { Cause, Effect, Exit, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { ConnectionState } from "../../src/domain/ConnectionState.ts"
import type { Event, Position } from "../../src/domain/Event.ts"
import {
  AuthenticationFailed,
  ConnectionLost,
  type GatewayError,
  type Reason,
  SessionInvalidated
} from "../../src/domain/GatewayError.ts"
import * as GatewayConnection from "../../src/engines/GatewayConnection.ts"
import type { End, Envelope, GatewayProtocol } from "../../src/engines/GatewayProtocol.ts"
import type { Frame } from "../../src/engines/Session.ts"
import type { GatewayLink } from "../../src/ports/Platform.ts"
import * as FakeTransport from "../../src/testing/FakeTransport.ts"

export const hello = { op: 10, d: { heartbeat_interval: 40_000 } }
export const ready = { op: 0, s: 1, t: "READY", d: { session_id: "S1" } }
export const resumed = (s: number) => ({ op: 0, s, t: "RESUMED", d: "" })
export const message = (s: number, content = "hi") => ({ op: 0, s, t: "SAID", id: `E${s}`, d: { content } })
export const ack = { op: 11 }

const readDispatch = (envelope: Envelope): Frame => {
  const seq = typeof envelope.s === "number" ? envelope.s : -1
  const d = envelope.d as { readonly session_id?: string } | undefined
  if (envelope.t === "READY") return { _tag: "Ready", seq, session: d?.session_id ?? "", resumeUrl: undefined }
  if (envelope.t === "RESUMED") return { _tag: "Resumed", seq }
  return { _tag: "Dispatch", seq, type: String(envelope.t) }
}

export const read = (envelope: Envelope): Frame => {
  switch (envelope.op) {
    case 0:
      return readDispatch(envelope)
    case 1:
      return { _tag: "HeartbeatRequest" }
    case 7:
      return { _tag: "ReconnectRequested" }
    case 9:
      return { _tag: "InvalidSession", resumable: envelope.d === true }
    case 10:
      return { _tag: "Hello", interval: (envelope.d as { readonly heartbeat_interval: number }).heartbeat_interval }
    case 11:
      return { _tag: "HeartbeatAck" }
    default:
      return { _tag: "Unknown", op: envelope.op }
  }
}

export const toReason = (code: number, detail: string): Reason => {
  if (code === 4004) return new AuthenticationFailed({ code, advice: "Check the token." })
  if (code === 4006) return new SessionInvalidated({ code, detail, resumable: false, dropCredentials: false })
  return new ConnectionLost({ code, detail, network: false })
}

export const eventOf = (envelope: Envelope, key: string): Event => ({
  _tag: "PlatformEvent",
  account: "test:1",
  platform: "test",
  key: typeof envelope.id === "string" ? envelope.id : key,
  conversation: { account: "test:1", kind: "group", id: "g" },
  type: String(envelope.t),
  data: envelope.d,
  isKnown: false
})

/** Everything the engine told the link and the protocol, in order. */
export class Record {
  readonly delivered: Array<{ readonly event: Event; readonly raw: string; readonly position: Position }> = []
  readonly advanced: Array<Position> = []
  readonly states: Array<ConnectionState> = []
  readonly ignored: Array<string> = []
  readonly beats: Array<number> = []
  readonly ends: Array<End> = []
  forgotten = 0
  press: (isFull: boolean) => void = () => {}

  get keys(): ReadonlyArray<string> {
    return this.delivered.map(({ event }) => event.key)
  }
}

export interface Setup {
  readonly server: FakeTransport.Server
  readonly resumeFrom?: Position | undefined
  readonly options?: GatewayConnection.Options | undefined
  readonly protocol?: Partial<GatewayProtocol> | undefined
  readonly link?: Partial<GatewayLink> | undefined
}

/** Connects to `server` in the background. */
export const open = Effect.fnUntraced(function* (setup: Setup) {
  const record = new Record()
  const fake = FakeTransport.make(setup.server)
  const link: GatewayLink = {
    shard: 0,
    shards: 1,
    deliver: (event, raw, position) =>
      void record.delivered.push({ event, raw: Buffer.from(raw).toString("utf8"), position }),
    advance: (position) => void record.advanced.push(position),
    forget: () => void record.forgotten++,
    resumeFrom: Effect.succeed(setup.resumeFrom),
    onPressure: (listener) =>
      Effect.sync(() => {
        record.press = listener
      }),
    transition: (to) => void record.states.push(to),
    ignored: (why) => void record.ignored.push(why),
    beat: (roundTrip) => void record.beats.push(roundTrip),
    ...setup.link
  }
  const protocol: GatewayProtocol = {
    account: "test:1",
    prepare: (_, from) =>
      Effect.succeed({
        url: "ws://fake",
        resume: from,
        greeting: () => JSON.stringify(from === undefined ? { op: 2 } : { op: 6, d: { seq: from.seq } })
      }),
    read,
    decode: (envelope, key) => eventOf(envelope, key()),
    heartbeat: (d) => JSON.stringify({ op: 1, d }),
    toReason,
    ended: (end) => void record.ends.push(end),
    ...setup.protocol
  }
  const scoped: Effect.Effect<never, GatewayError, Scope.Scope> = GatewayConnection.connect(
    protocol,
    link,
    setup.options
  ).pipe(Effect.provide(fake.layer))
  const fiber = yield* Effect.forkChild(Effect.scoped(scoped))
  yield* settle
  return { record, fiber, peers: fake.peers }
})

/** Lets everything run that needs no time. */
export const settle = Effect.repeat(TestClock.adjust(0), { times: 20 })

/** The reason a connection ended with. */
export const reasonOf = Effect.fnUntraced(function* (fiber: Fiber.Fiber<never, GatewayError>) {
  yield* settle
  if (fiber.pollUnsafe() === undefined) throw new Error("the connection has not ended")
  const exit = yield* Fiber.await(fiber)
  if (Exit.isSuccess(exit)) throw new Error("a connection never succeeds")
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") throw new Error(`no typed failure: ${Cause.pretty(exit.cause)}`)
  return error.value.reason
})

/** A server that greets, accepts and acknowledges. */
export const polite = (more: FakeTransport.Server = {}): FakeTransport.Server => ({
  opened: (peer) => peer.send(hello),
  received: (peer, text) => {
    const frame = JSON.parse(text) as { readonly op: number; readonly d?: { readonly seq?: number } }
    if (frame.op === 2) peer.send(ready)
    if (frame.op === 6) peer.send(resumed((frame.d?.seq ?? 0) + 1))
    if (frame.op === 1) peer.send(ack)
  },
  ...more
})
