/**
 * QQ's gateway: what the engine for gateway connections needs to know of it.
 *
 * - the address is asked for once and kept, so that a resume waits for no HTTP call; after a connection that came to
 *   nothing it is asked for again
 * - beginning a session passes through {@link SessionStarts}, resuming does not
 * - a token that the platform refused is dropped before the next connection; so is, after three vain resumes in a row,
 *   the session (seen: sessions that can neither be resumed nor are declared invalid)
 */
import { Clock, Duration, Effect, Redacted } from "effect"
import type { CredentialError } from "../../domain/CredentialError.ts"
import type { Position } from "../../domain/Event.ts"
import * as GatewayError from "../../domain/GatewayError.ts"
import type { RestError } from "../../domain/RestError.ts"
import * as GatewayConnection from "../../engines/GatewayConnection.ts"
import type { End, Envelope, GatewayProtocol, Plan } from "../../engines/GatewayProtocol.ts"
import type { Frame } from "../../engines/Session.ts"
import type { GatewayLink } from "../../ports/Platform.ts"
import { Transport } from "../../ports/Transport.ts"
import { rowOf, toReason } from "./CloseCode.ts"
import type { Keeper } from "./Credentials.ts"
import { decode } from "./Decode.ts"
import { Opcode } from "./Protocol.ts"
import type { Rest } from "./Rest.ts"
import * as SessionStarts from "./SessionStarts.ts"
import { fromCredentialError, fromRestError } from "./Trouble.ts"
import { unsaid } from "./Unsaid.ts"

export interface Options {
  /** `qq:<app id>`. */
  readonly account: string
  readonly intents: number
  readonly rest: Pick<Rest, "gatewayBot">
  readonly credentials: Pick<Keeper, "get" | "reject">
  /** Keeps the count of session starts over restarts. */
  readonly budget?: SessionStarts.BudgetStore | undefined
  readonly connection?: GatewayConnection.Options | undefined
  /** What to do when the platform refuses the intents: one sentence, see `IntentCheck`. */
  readonly refusalAdvice?: (() => string) | undefined
}

/** For which connection a session begins. */
type Start = Parameters<GatewayProtocol["prepare"]>[0]
/** The close code for an intent that this bot does not have. */
const notGranted = 4014

/** So many resumes in a row may fail before the session is given up. */
const vainResumes = 3

/** A platform recommends thousands for millions of guilds; more than this is a mistake of somebody's. */
const maxShards = 4096

/** Connections of one account; `connect` is `Platform.connect`. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const transport = yield* Transport
  const protocol = yield* makeProtocol(options)
  return {
    /** How many connections the platform recommends; 1 where it does not say. */
    recommended: Effect.mapBoth(options.rest.gatewayBot, {
      onSuccess: ({ shards }) => Math.min(maxShards, Math.max(1, shards ?? 1)),
      onFailure: (error) => new GatewayError.GatewayError({ account: options.account, reason: fromRestError(error) })
    }),
    connect: (link: GatewayLink) =>
      Effect.provideService(GatewayConnection.connect(protocol, link, options.connection), Transport, transport)
  }
})

/** What a shard remembers from one connection to the next. */
interface Memory {
  token: Redacted.Redacted<string> | undefined
  isRefused: boolean
  vain: number
  /** The last connection came to nothing: the address may be to blame. */
  hasFailed: boolean
  /** Epoch milliseconds before which no session may begin. */
  notBefore: number
  /** It has set out to begin or to resume a session. */
  isKnown: boolean
}

/** The protocol with its memory of addresses, tokens and failures, shared by the shards of an account. */
export const makeProtocol = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<GatewayProtocol> {
  const { account, credentials, intents, rest } = options
  const clock = yield* Clock.Clock
  const starts = SessionStarts.make(options.budget)
  const memories = new Map<number, Memory>()
  let url: string | undefined
  let heartbeatOf: number | null | undefined
  let heartbeatText = ""

  const memoryOf = (shard: number): Memory => {
    const known = memories.get(shard)
    if (known !== undefined) return known
    const fresh: Memory = {
      token: undefined,
      isRefused: false,
      vain: 0,
      hasFailed: false,
      notBefore: 0,
      isKnown: false
    }
    memories.set(shard, fresh)
    return fresh
  }

  const fail = (reason: GatewayError.Reason) => new GatewayError.GatewayError({ account, reason })

  const discover = rest.gatewayBot.pipe(
    Effect.tap((info) =>
      Effect.sync(() => {
        url = info.url
      })
    ),
    Effect.mapError((error: RestError) => fail(fromRestError(error)))
  )

  const tokenFor = Effect.fnUntraced(function* (memory: Memory) {
    if (memory.isRefused && memory.token !== undefined) yield* credentials.reject(memory.token)
    memory.isRefused = false
    const token = yield* Effect.mapError(credentials.get, (error: CredentialError) => fail(fromCredentialError(error)))
    memory.token = token
    return `QQBot ${Redacted.value(token)}`
  })

  const resume = Effect.fnUntraced(function* (memory: Memory, from: Position) {
    const before = from.resumeUrl
    const asked = Effect.catch(discover, (error) =>
      before !== undefined && error.isRetryable ? Effect.succeed({ url: before }) : Effect.fail(error)
    )
    const address = url ?? (memory.hasFailed ? undefined : before) ?? (yield* asked).url
    const token = yield* tokenFor(memory)
    const d = { token, session_id: from.session, seq: from.seq }
    return { url: address, resume: from, greeting: () => JSON.stringify({ op: Opcode.Resume, d }) } satisfies Plan
  })

  // Asked for anew, because it says how many starts are left; a known address stands in while the API is down.
  const left = Effect.catch(discover, (error) =>
    url !== undefined && error.isRetryable ? Effect.succeed({ url, startLimit: undefined }) : Effect.fail(error)
  )

  const identify = Effect.fnUntraced(function* (memory: Memory, { isSpare, shard, shards }: Start) {
    yield* Effect.sleep(Math.max(0, memory.notBefore - (yield* Clock.currentTimeMillis)))
    // Without a token there is no use in taking a start.
    yield* tokenFor(memory)
    const { answer, over } = yield* Effect.mapError(starts.take(left, isSpare === true), (error) =>
      error._tag === "Throttled" ? fail(error) : error
    )
    const token = yield* tokenFor(memory)
    const d = { token, intents, shard: [shard, shards] }
    const missedSince = memory.isKnown ? undefined : starts.unanswered()
    memory.isKnown = true
    return {
      url: answer.url,
      accepted: over,
      missedSince,
      resume: undefined,
      greeting: () => JSON.stringify({ op: Opcode.Identify, d })
    } satisfies Plan
  })

  /** A peer that explains itself may repeat what we said, and we said a token. */
  const withoutTokens = (text: string): string =>
    unsaid(
      text,
      Array.from(memories.values()).flatMap(({ token }) => (token === undefined ? [] : [token]))
    )

  const ended = ({ reason, shard, wasReady, wasResuming }: End): void => {
    const memory = memoryOf(shard)
    const wasReached = !(reason._tag === "ConnectionLost" && reason.network)
    memory.vain = wasReady ? 0 : wasResuming && wasReached ? memory.vain + 1 : memory.vain
    memory.hasFailed = !wasReady
    if (!wasReady) url = undefined
    if (reason._tag !== "SessionInvalidated") return
    memory.isRefused ||= reason.dropCredentials
    const delay = reason.code === undefined ? undefined : rowOf(reason.code)?.minimumDelay
    if (delay !== undefined) memory.notBefore = clock.currentTimeMillisUnsafe() + Duration.toMillis(delay)
  }

  return {
    account,
    prepare: (link, from) => {
      const memory = memoryOf(link.shard)
      memory.isKnown ||= from !== undefined
      if (from !== undefined && memory.vain < vainResumes) return resume(memory, from)
      memory.vain = 0
      return identify(memory, link)
    },
    read: (envelope) => read(envelope, url),
    decode: (envelope, fallbackKey) => decode(account, envelope, fallbackKey),
    heartbeat: (seq) => {
      // A quiet connection says the same again and again.
      if (seq !== heartbeatOf) heartbeatText = JSON.stringify({ op: Opcode.Heartbeat, d: seq })
      heartbeatOf = seq
      return heartbeatText
    },
    toReason: (code, detail) => {
      const reason = toReason(code, withoutTokens(detail))
      // The code's own advice knows neither what was asked for nor who needs it.
      return code === notGranted && reason._tag === "IntentsDisallowed" && options.refusalAdvice !== undefined
        ? new GatewayError.IntentsDisallowed({ code, detail: reason.detail, advice: options.refusalAdvice() })
        : reason
    },
    ended
  }
})

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null

/** When HELLO does not say; the documented interval is 45 seconds, the observed one 41.25. */
const usualInterval = 41_250

/**
 * What a frame is about. Total: whatever is missing or strange makes a frame that is ignored.
 *
 * @param resumeUrl the address the connection was made to; stored with the session, so that a restarted process can
 *   resume before it asked for one
 */
export const read = (envelope: Envelope, resumeUrl?: string): Frame => {
  switch (envelope.op) {
    case Opcode.Dispatch:
      return readDispatch(envelope, resumeUrl)
    case Opcode.HeartbeatAck:
      return { _tag: "HeartbeatAck" }
    case Opcode.Heartbeat:
      return { _tag: "HeartbeatRequest" }
    case Opcode.Reconnect:
      return { _tag: "ReconnectRequested" }
    // The documentation knows only `false`; Tencent's own SDK of 2026 reads it as "may be resumed".
    case Opcode.InvalidSession:
      return { _tag: "InvalidSession", resumable: envelope.d === true }
    case Opcode.Hello: {
      const interval = isRecord(envelope.d) ? envelope.d["heartbeat_interval"] : undefined
      const isUsable = typeof interval === "number" && interval >= 10 && interval <= 3_600_000
      return { _tag: "Hello", interval: isUsable ? interval : usualInterval }
    }
    default:
      return { _tag: "Unknown", op: envelope.op }
  }
}

/** Characters; seen are UUIDs. It is stored with every event, so it must not be what a frame may be: 16 MiB. */
const longestSession = 1024

const readDispatch = ({ d, s, t }: Envelope, resumeUrl: string | undefined): Frame => {
  const seq = typeof s === "number" && Number.isSafeInteger(s) ? s : -1
  if (typeof t !== "string") return { _tag: "Dispatch", seq, type: "UNKNOWN" }
  if (t === "RESUMED") return { _tag: "Resumed", seq }
  if (t !== "READY") return { _tag: "Dispatch", seq, type: t }
  const session = isRecord(d) ? d["session_id"] : undefined
  return typeof session === "string" && session !== "" && session.length <= longestSession
    ? { _tag: "Ready", seq, session, resumeUrl }
    : { _tag: "Malformed", why: "READY without a session_id that can be kept" }
}
