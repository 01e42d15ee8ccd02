/** Talks to the monitor with the token. The token lives in this tab only, and never in an address that is sent. */
import type { LiveEvent } from "./types.ts"

const storageKey = "everbot-monitor-token"

/** The token of this tab: from the link that opened it, or from before a reload. */
export const takeToken = (): string => {
  const inLink = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (inLink !== undefined) {
    sessionStorage.setItem(storageKey, decodeURIComponent(inLink))
    history.replaceState(null, "", location.pathname)
  }
  return sessionStorage.getItem(storageKey) ?? ""
}

let token = ""

export const useToken = (text: string): void => {
  token = text
  sessionStorage.setItem(storageKey, text)
}

export const forgetToken = (): void => {
  token = ""
  sessionStorage.removeItem(storageKey)
}

/** An answer that is no success, in the server's words. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const refusalOf = async (response: Response): Promise<Refused> => {
  const body: unknown = await response.json().catch(() => undefined)
  const hasMessage = typeof body === "object" && body !== null && "message" in body
  return new Refused(response.status, hasMessage ? String(body.message) : `HTTP ${response.status}`)
}

const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
  const headers = new Headers({ authorization: `Bearer ${token}` })
  if (body !== undefined) headers.set("content-type", "application/json")
  const response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
  // A probe that says 503 has still said what it knows.
  const isProbe = response.status === 503 && path === "/api/health"
  if (!response.ok && !isProbe) throw await refusalOf(response)
  return response
}

export const get = async <A>(path: string): Promise<A> => (await send("GET", path)).json() as Promise<A>

/** Changes something. */
export const act = async (method: "POST" | "DELETE", path: string, body?: unknown): Promise<void> => {
  await send(method, path, body)
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/** The events of one chunk of the stream; `rest` is the beginning of the next one. */
const parse = (text: string): { readonly events: Array<LiveEvent>; readonly lastId: string; readonly rest: string } => {
  const blocks = text.split("\n\n")
  const rest = blocks.pop() ?? ""
  const events: Array<LiveEvent> = []
  let lastId = ""
  for (const block of blocks) {
    for (const line of block.split("\n")) {
      if (line.startsWith("id: ")) lastId = line.slice(4)
      if (line.startsWith("data: ")) events.push(JSON.parse(line.slice(6)) as LiveEvent)
    }
  }
  return { events, lastId, rest }
}

/** Follows the live stream for ever: dials again when it ends, and goes on after the last event it saw. */
export const follow = async (
  heard: (events: ReadonlyArray<LiveEvent>) => void,
  connected: (isConnected: boolean) => void
): Promise<never> => {
  let seen = ""
  for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
    try {
      const headers = new Headers({ authorization: `Bearer ${token}` })
      if (seen !== "") headers.set("last-event-id", seen)
      const response = await fetch("/api/events", { headers })
      if (!response.ok || response.body === null) throw await refusalOf(response)
      connected(true)
      wait = 500
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      let buffer = ""
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        const { events, lastId, rest } = parse(buffer + value)
        buffer = rest
        if (lastId !== "") seen = lastId
        if (events.length > 0) heard(events)
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 401) throw error
    }
    connected(false)
    await pause(wait)
  }
}
