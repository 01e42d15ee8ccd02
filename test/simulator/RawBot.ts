/** A bot without a library: `fetch` and a bare WebSocket, so that nothing of ours can repeat the simulator's mistakes. */
import { Effect, type Scope } from "effect"
import type { QqSimulator } from "everbot/simulator"
import { WebSocket } from "ws"

type Fields = Record<string, unknown>

export interface Frame {
  readonly op: number
  readonly s?: number
  readonly t?: string
  readonly id?: string
  readonly d?: unknown
}

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {})

export const parse = (text: string): Fields => fields(JSON.parse(text))

export const intents = 2 ** 25 + 2 ** 30 + 2 ** 12 + 1

export const token = (simulator: QqSimulator.QqSimulator): Effect.Effect<string> =>
  Effect.promise(async () => {
    const response = await fetch(simulator.tokenUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ appId: simulator.appId, clientSecret: simulator.clientSecret })
    })
    return String(parse(await response.text())["access_token"])
  })

export interface Answer {
  readonly status: number
  readonly body: Fields
  readonly text: string
  readonly headers: Headers
}

/** A REST call; fails when the connection dies. */
export const call = (
  simulator: QqSimulator.QqSimulator,
  method: string,
  path: string,
  options: { readonly token?: string; readonly authorization?: string; readonly body?: unknown } = {}
): Effect.Effect<Answer, unknown> =>
  Effect.tryPromise(async () => {
    const authorization = options.authorization ?? `QQBot ${options.token ?? ""}`
    const response = await fetch(simulator.apiUrl + path, {
      method,
      headers: { Authorization: authorization, "Content-Type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) })
    })
    const text = await response.text()
    const isJson = response.headers.get("content-type") === "application/json"
    return { status: response.status, body: isJson && text !== "" ? parse(text) : {}, text, headers: response.headers }
  })

/** One gateway socket, and everything it ever said. */
export interface Wire {
  readonly socket: WebSocket
  readonly frames: Array<Frame>
  readonly raw: Array<string>
  /** The close code, once it is closed. */
  readonly closed: () => number | undefined
  readonly send: (frame: unknown) => void
  /** Waits for a frame. */
  readonly frame: (wanted: (frame: Frame) => boolean) => Effect.Effect<Frame>
  readonly until: (condition: () => boolean) => Effect.Effect<void>
  readonly closing: Effect.Effect<number>
}

export const open = (simulator: QqSimulator.QqSimulator): Effect.Effect<Wire, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => wire(new WebSocket(`${simulator.apiUrl.replace("http", "ws")}/websocket/`))),
    ({ socket }) => Effect.sync(() => socket.terminate())
  )

const wire = (socket: WebSocket): Wire => {
  const frames: Array<Frame> = []
  const raw: Array<string> = []
  const waiting = new Set<() => void>()
  let code: number | undefined
  const changed = () => {
    for (const look of waiting) look()
  }
  socket.on("message", (data) => {
    const text = String(data)
    raw.push(text)
    try {
      frames.push(JSON.parse(text))
    } catch {
      // Garbage is what some tests ask for; it stays in `raw`.
    }
    changed()
  })
  socket.on("error", () => {})
  socket.on("close", (closed) => {
    code = closed
    changed()
  })
  const until = (condition: () => boolean) =>
    Effect.callback<void>((resume) => {
      const look = () => {
        if (!condition()) return
        waiting.delete(look)
        resume(Effect.void)
      }
      waiting.add(look)
      look()
    })
  return {
    socket,
    frames,
    raw,
    until,
    closed: () => code,
    send: (frame) => socket.send(JSON.stringify(frame)),
    frame: (wanted) =>
      Effect.map(
        until(() => frames.some(wanted)),
        () => frames.find(wanted) ?? { op: -1 }
      ),
    closing: Effect.map(
      until(() => code !== undefined),
      () => code ?? 0
    )
  }
}

export const hello = (frame: Frame): boolean => frame.op === 10
export const dispatched =
  (t: string) =>
  (frame: Frame): boolean =>
    frame.t === t

/** A socket with a fresh session. */
export const identify = (simulator: QqSimulator.QqSimulator, accessToken: string, wanted = intents) =>
  Effect.gen(function* () {
    const wire = yield* open(simulator)
    yield* wire.frame(hello)
    wire.send({ op: 2, d: { token: `QQBot ${accessToken}`, intents: wanted, shard: [0, 1] } })
    const ready = yield* wire.frame(dispatched("READY"))
    return { wire, session: String(fields(ready.d)["session_id"]) }
  })

/** A socket that asks to continue a session. */
export const resume = (simulator: QqSimulator.QqSimulator, accessToken: string, session: string, seq: number) =>
  Effect.gen(function* () {
    const wire = yield* open(simulator)
    yield* wire.frame(hello)
    wire.send({ op: 6, d: { token: accessToken, session_id: session, seq } })
    return wire
  })

/** The id of the message in a dispatch. */
export const messageId = (frame: Frame): string => String(fields(frame.d)["id"])

/** Answers a group message. */
export const reply = (
  simulator: QqSimulator.QqSimulator,
  accessToken: string,
  group: string,
  msgId: string,
  msgSeq = 1
): Effect.Effect<Answer, unknown> =>
  call(simulator, "POST", `/v2/groups/${encodeURIComponent(group)}/messages`, {
    token: accessToken,
    body: { msg_type: 0, content: "pong", msg_id: msgId, msg_seq: msgSeq }
  })
