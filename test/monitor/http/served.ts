/** A bot on a fake platform with its monitor on a free port, and plain HTTP to talk to it. */
import { request } from "node:http"
import { createConnection } from "node:net"
import { Effect, Layer, Redacted, Schedule } from "effect"
import { Monitor } from "everbot/monitor"
import * as Bot from "../../../src/Bot.ts"
import * as FakePlatform from "../../../src/testing/FakePlatform.ts"
import * as TestApp from "../../../src/testing/TestApp.ts"

export const token = "a token of tests 0123456789".replaceAll(" ", "-")

const Echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

export const served = (options: Monitor.Options = {}) => {
  const fake = FakePlatform.make()
  const layer = Monitor.layer({ port: 0, token: Redacted.make(token), restartProcess: false, ...options }).pipe(
    Layer.provideMerge(Echo),
    Layer.provideMerge(TestApp.layer(fake))
  )
  return { fake, layer }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
  readonly json: () => unknown
}

export interface Call {
  readonly method?: string
  /** `undefined` sends none. */
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls the monitor, by default with its token. The path goes out as it is. */
export const call = (path: string, given: Call = {}): Effect.Effect<Answer, never, Monitor.Monitor> =>
  Effect.flatMap(Monitor.Monitor, ({ url }) => {
    const authorization = "token" in given ? given.token : token
    const body = given.body === undefined || typeof given.body === "string" ? given.body : JSON.stringify(given.body)
    const headers: Record<string, string> = {
      ...(authorization === undefined ? {} : { authorization: `Bearer ${authorization}` }),
      ...(body === undefined ? {} : { "content-type": "application/json", "content-length": String(body.length) }),
      ...given.headers
    }
    return Effect.callback<Answer>((resume) => {
      const { hostname, port } = new URL(url)
      const sent = request({ hostname, port, path, method: given.method ?? "GET", headers }, (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (chunk: string) => {
          text += chunk
        })
        response.on("end", () => {
          const { headers, statusCode = 0 } = response
          resume(Effect.succeed({ status: statusCode, headers, text, json: () => JSON.parse(text) }))
        })
      })
      sent.on("error", (error) => resume(Effect.die(error)))
      sent.end(body)
    })
  })

/** Sends these bytes and answers with all that comes back until the server closes. */
export const raw = (text: string): Effect.Effect<string, never, Monitor.Monitor> =>
  Effect.flatMap(Monitor.Monitor, ({ url }) =>
    Effect.callback<string>((resume) => {
      let got = ""
      const socket = createConnection(Number(new URL(url).port), "127.0.0.1", () => socket.write(text))
      socket.setEncoding("utf8")
      socket.on("data", (chunk: string) => {
        got += chunk
      })
      socket.on("error", () => resume(Effect.succeed(got)))
      socket.on("close", () => resume(Effect.succeed(got)))
      return Effect.sync(() => socket.destroy())
    })
  )

/** Asks again until it is so; fails after ten seconds. */
export const eventually = <A, E, R>(ask: Effect.Effect<A, E, R>, isSo: (answer: A) => boolean) =>
  ask.pipe(Effect.repeat({ until: isSo, schedule: Schedule.spaced("20 millis") }), Effect.timeout("10 seconds"))
