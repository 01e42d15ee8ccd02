/** Calls an address over HTTP: whole, slowly, or broken off in the middle. */
import { Agent, type ClientRequest, request } from "node:http"
import type { Ambient } from "./Ambient.ts"

export interface Signed {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

export interface Answered {
  /** `undefined` when no answer came. */
  readonly status: number | undefined
  readonly body: string
}

export interface Sender {
  /** `done` is called once. With `pause` the body comes in two halves, so many milliseconds apart. */
  readonly post: (call: Signed, done: (answer: Answered) => void, pause?: number) => void
  /** Promises a body and cuts the connection in the middle of it. */
  readonly truncate: (call: Signed) => void
  readonly close: () => void
}

/** Connections to the bot at once. */
const maxSockets = 32

export const make = (url: string, timeout: number, ambient: Ambient): Sender => {
  const agent = new Agent({ keepAlive: true, maxSockets })

  const open = ({ body, headers }: Signed): ClientRequest =>
    request(url, { method: "POST", agent, headers: { ...headers, "Content-Length": String(body.length) } })

  return {
    post: (call, done, pause = 0) => {
      let isDone = false
      const finish = (answer: Answered) => {
        if (isDone) return
        isDone = true
        stop()
        done(answer)
      }
      const outgoing = open(call)
      const stop = ambient.after(timeout, () => void outgoing.destroy())
      outgoing.on("response", (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => void chunks.push(chunk))
        response.on("end", () => finish({ status: response.statusCode, body: Buffer.concat(chunks).toString() }))
        response.on("error", () => finish({ status: undefined, body: "" }))
      })
      outgoing.on("error", () => finish({ status: undefined, body: "" }))
      outgoing.on("close", () => finish({ status: undefined, body: "" }))
      if (pause === 0) return void outgoing.end(call.body)
      const middle = call.body.length >> 1
      outgoing.write(call.body.subarray(0, middle))
      ambient.after(pause, () => void outgoing.end(call.body.subarray(middle)))
    },
    truncate: (call) => {
      const outgoing = open(call)
      outgoing.on("error", () => {})
      outgoing.on("response", (response) => void response.resume())
      outgoing.write(call.body.subarray(0, call.body.length >> 1), () => void outgoing.destroy())
    },
    close: () => agent.destroy()
  }
}
