/**
 * The life of one gateway connection as a pure function: `step(state, frame) → [state, actions]`.
 *
 * It knows nothing of sockets, clocks or JSON. A connection either identifies or resumes, never both: a resume that is
 * refused ends the connection and forgets the session, so that the next one identifies. Once `Ended`, nothing happens.
 * `received` is the newest sequence number seen, which heartbeats carry; where to resume is the inbox's to know.
 *
 * QQ and Discord share the opcodes behind it (QQ: Tencent's bot docs, "WebSocket"; Discord: gateway documentation).
 */
import { ConnectionLost, type Reason, ServerRequestedReconnect, SessionInvalidated } from "../domain/GatewayError.ts"

/** What came in, in the words of the protocol. `seq` is -1 where the frame has none. */
export type Frame =
  | { readonly _tag: "Dispatch"; readonly seq: number; readonly type: string }
  | { readonly _tag: "Hello"; readonly interval: number }
  | {
      readonly _tag: "Ready"
      readonly seq: number
      readonly session: string
      readonly resumeUrl: string | undefined
    }
  | { readonly _tag: "Resumed"; readonly seq: number }
  | { readonly _tag: "HeartbeatAck" }
  | { readonly _tag: "HeartbeatRequest" }
  | { readonly _tag: "ReconnectRequested" }
  | { readonly _tag: "InvalidSession"; readonly resumable: boolean }
  /** The socket closed; the platform's table has already said what its code means. */
  | { readonly _tag: "Closed"; readonly reason: Reason }
  /** We waited long enough for the close frame that follows an invalid session. */
  | { readonly _tag: "CauseOverdue" }
  | { readonly _tag: "Unknown"; readonly op: unknown }
  | { readonly _tag: "Malformed"; readonly why: string }

export interface Resume {
  readonly session: string
  /** The newest sequence number that is stored. */
  readonly seq: number
}

export type State =
  | { readonly _tag: "AwaitingHello"; readonly resume: Resume | undefined }
  | { readonly _tag: "Identifying" }
  | { readonly _tag: "Resuming"; readonly session: string; readonly received: number }
  | { readonly _tag: "Ready"; readonly session: string; readonly received: number }
  /** The platform refused the session, and its close frame with the real cause is awaited. */
  | {
      readonly _tag: "Invalidated"
      readonly resumable: boolean
      readonly session: string | undefined
      readonly received: number
    }
  | { readonly _tag: "Ended" }

export type Action =
  | { readonly _tag: "SendIdentify" }
  | { readonly _tag: "SendResume"; readonly session: string; readonly seq: number }
  | { readonly _tag: "SendHeartbeat"; readonly seq: number | null }
  /** A heartbeat was answered. */
  | { readonly _tag: "Acknowledge" }
  /** The frame just stepped over is an event; it stands at the new state's `received`. */
  | { readonly _tag: "Deliver" }
  | { readonly _tag: "Advance"; readonly seq: number }
  | { readonly _tag: "Announce"; readonly session: string; readonly resumed: boolean }
  /** Wait briefly, then step over `CauseOverdue`. */
  | { readonly _tag: "AwaitCause" }
  | { readonly _tag: "End"; readonly reason: Reason; readonly session: "keep" | "forget" }
  | { readonly _tag: "Ignore"; readonly why: string }

export type Step = readonly [State, ReadonlyArray<Action>]

export const start = (resume: Resume | undefined): State => ({ _tag: "AwaitingHello", resume })

const ended: State = { _tag: "Ended" }
const nothing: ReadonlyArray<Action> = []
// Shared: a dispatch, the one frame that is frequent, allocates only its new state.
const deliver: ReadonlyArray<Action> = [{ _tag: "Deliver" }]
const acknowledge: ReadonlyArray<Action> = [{ _tag: "Acknowledge" }]
const awaitCause: ReadonlyArray<Action> = [{ _tag: "AwaitCause" }]

const ignore = (state: State, why: string): Step => [state, [{ _tag: "Ignore", why }]]

/** Only numbers are quoted: what stands in a number's place may be anything, down to what has no text. */
const nameOf = (op: unknown): string => (typeof op === "number" ? String(op) : op === null ? "null" : typeof op)

/** Whether it is written as platforms write the names of events: only such a one is quoted. */
const isName = (type: string): boolean => /^[A-Z][A-Z0-9_]{0,63}$/.test(type)

const end = (reason: Reason, session: "keep" | "forget"): Step => [ended, [{ _tag: "End", reason, session }]]

/** The newest sequence number seen, `null` before the first: what a heartbeat says. */
export const received = (state: State): number | null => {
  switch (state._tag) {
    case "Ready":
    case "Resuming":
      return state.received
    case "AwaitingHello":
      return state.resume === undefined ? null : state.resume.seq
    case "Invalidated":
      return state.session === undefined ? null : state.received
    default:
      return null
  }
}

export const step = (state: State, frame: Frame): Step => {
  if (state._tag === "Ended") return [state, nothing]
  switch (frame._tag) {
    case "Dispatch":
      return dispatch(state, frame.seq, frame.type)
    case "HeartbeatAck":
      return [state, acknowledge]
    case "HeartbeatRequest":
      return [state, [{ _tag: "SendHeartbeat", seq: received(state) }]]
    case "Hello":
      return hello(state)
    case "Ready":
      return ready(state, frame.session, frame.seq)
    case "Resumed":
      return resumed(state, frame.seq)
    case "ReconnectRequested":
      return end(new ServerRequestedReconnect({}), state._tag === "Invalidated" && !state.resumable ? "forget" : "keep")
    case "InvalidSession":
      return invalidated(state, frame.resumable)
    case "Closed":
      return closed(state, frame.reason)
    case "CauseOverdue":
      return state._tag === "Invalidated" ? closed(state, unexplained) : [state, nothing]
    case "Unknown":
      return ignore(state, `unknown opcode ${nameOf(frame.op)}`)
    case "Malformed":
      return ignore(state, frame.why)
  }
}

/** Replayed events come before RESUMED, so they are delivered while resuming too. */
const dispatch = (state: State, seq: number, type: string): Step => {
  switch (state._tag) {
    case "Ready":
      return [seq > state.received ? { _tag: "Ready", session: state.session, received: seq } : state, deliver]
    case "Resuming":
      return [seq > state.received ? { _tag: "Resuming", session: state.session, received: seq } : state, deliver]
    case "Invalidated":
      if (state.session === undefined) break
      return [seq > state.received ? { ...state, received: seq } : state, deliver]
  }
  return ignore(state, `${isName(type) ? type : "an event of no usual name"} before a session`)
}

const hello = (state: State): Step => {
  if (state._tag !== "AwaitingHello") return ignore(state, "a second HELLO")
  const resume = state.resume
  if (resume === undefined) return [{ _tag: "Identifying" }, [{ _tag: "SendIdentify" }]]
  return [
    { _tag: "Resuming", session: resume.session, received: resume.seq },
    [{ _tag: "SendResume", session: resume.session, seq: resume.seq }]
  ]
}

/** READY consumes a sequence number (QQ: s = 1) which a resume must not ask for again. */
const ready = (state: State, session: string, seq: number): Step => {
  // READY in answer to a resume: the platform started a new session instead, which replaces the old one.
  if (state._tag !== "Identifying" && state._tag !== "Resuming") return ignore(state, `READY while ${state._tag}`)
  const at = Math.max(seq, 0)
  return [
    { _tag: "Ready", session, received: at },
    [
      { _tag: "Announce", session, resumed: false },
      { _tag: "Advance", seq: at }
    ]
  ]
}

const resumed = (state: State, seq: number): Step => {
  if (state._tag !== "Resuming") return ignore(state, `RESUMED while ${state._tag}`)
  const at = Math.max(seq, state.received)
  return [
    { _tag: "Ready", session: state.session, received: at },
    [
      { _tag: "Announce", session: state.session, resumed: true },
      { _tag: "Advance", seq: at }
    ]
  ]
}

const invalidated = (state: State, resumable: boolean): Step => {
  if (state._tag === "Invalidated") return [{ ...state, resumable: state.resumable && resumable }, nothing]
  const session = state._tag === "Ready" || state._tag === "Resuming" ? state.session : undefined
  return [{ _tag: "Invalidated", resumable, session, received: received(state) ?? 0 }, awaitCause]
}

const unexplained = new ConnectionLost({ network: false })

/** The close code knows the cause better than "invalid session" does, unless it only says that the socket is gone. */
const closed = (state: State, reason: Reason): Step => {
  const forgets = reason._tag === "SessionInvalidated" && !reason.resumable
  if (state._tag !== "Invalidated") return end(reason, forgets ? "forget" : "keep")
  if (reason._tag !== "ConnectionLost" && reason._tag !== "SessionInvalidated") {
    return end(reason, state.resumable ? "keep" : "forget")
  }
  const resumable = state.resumable && !forgets
  const { code, detail } = reason
  return end(
    new SessionInvalidated({ code, detail, resumable, dropCredentials: !resumable }),
    resumable ? "keep" : "forget"
  )
}
