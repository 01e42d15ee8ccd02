/** The HTTP side: token endpoint, authorization, routing, and the faults that strike between a request and its answer. */
import type { RequestListener, ServerResponse } from "node:http"
import type { Books, Sent } from "../Books.ts"
import { type Ambient, hex } from "./Ambient.ts"
import { fieldsOfBody } from "./Bodies.ts"
import { type Refusal, Refusals } from "./Codes.ts"
import type { Settings } from "./Options.ts"
import * as Routes from "./Routes.ts"
import { type Switches, strikes } from "./Switches.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"
import type { Tokens } from "./Tokens.ts"

export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly html?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly sent?: Sent | undefined
  /** Cut the connection instead of answering. */
  readonly cut?: boolean
  readonly delay?: number
}

/** What comes in: a request with its whole body. */
export interface Incoming {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly authorization: string | undefined
  readonly contentType: string
  readonly body: Buffer
}

/** What goes out. */
export interface Outgoing {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number>>
  readonly text: string
  /** Milliseconds until it leaves. */
  readonly delay: number
  /** Processed, but the connection is cut instead of answering. */
  readonly isCut: boolean
  /** To be called when the answer did not reach the bot. */
  readonly lost: () => void
}

export const tokenPath = "/app/getAppAccessToken"

const page = (status: number) =>
  `<html>\r\n<head><title>${status}</title></head>\r\n<body>\r\n<center><h1>${status} Bad Gateway</h1></center>\r\n<hr><center>stgw</center>\r\n</body>\r\n</html>\r\n`

export const make = (
  settings: Settings,
  ambient: Ambient,
  books: Books,
  tokens: Tokens,
  switches: Switches,
  routes: ReadonlyArray<Routes.Route>
) => {
  const token = TokenEndpoint.make(settings, tokens, switches)

  const refuse = ({ code, errCode, message, status }: Refusal, trace: string): Reply => ({
    status,
    body: { message, code, ...(errCode === undefined ? {} : { err_code: errCode }), trace_id: trace }
  })

  const whyNotAuthorized = (header: string | undefined): Refusal | undefined => {
    if (switches.addressForbidden) return Refusals.addressForbidden
    if (header === undefined || header === "") return Refusals.tokenMissing
    if (!/^(QQBot|Bot) \S/.test(header)) return Refusals.tokenMalformed
    const state = tokens.check(header)
    if (state === "legacyDisabled") return Refusals.legacyDisabled
    if (state === "expired" || state === "unknown") return Refusals.tokenExpired
    return switches.banned ? Refusals.banned : undefined
  }

  /** Faults that answer before anything was processed. */
  const broken = (sends: boolean, trace: string): Reply | undefined => {
    if (strikes(switches.htmlError)) return { status: switches.htmlError.status, html: page(switches.htmlError.status) }
    if (strikes(switches.serverError)) {
      const { code, status } = switches.serverError
      return refuse({ status, code, message: "internal error" }, trace)
    }
    if (!sends || !strikes(switches.rateLimited)) return undefined
    const { retryAfter } = switches.rateLimited
    const reply = refuse(Refusals.rateLimited, trace)
    return retryAfter === undefined ? reply : { ...reply, headers: { "Retry-After": String(retryAfter) } }
  }

  /** Faults that strike after a send was processed. */
  const spoiled = (reply: Reply): Reply => {
    if (strikes(switches.lostAnswer)) return { ...reply, cut: true }
    return strikes(switches.slowAnswer) ? { ...reply, delay: switches.slowAnswer.ms } : reply
  }

  const rest = (request: Incoming, url: URL, trace: string): Reply => {
    const found = Routes.find(routes, request.method, url.pathname)
    books.noted(`route:${found === undefined ? "unknown" : `${found.route.method} ${found.route.path}`}`)
    const fault = broken(found?.route.sends === true, trace)
    if (fault !== undefined) return fault
    const unauthorized = found?.route.isOpen ? undefined : whyNotAuthorized(request.authorization)
    if (unauthorized !== undefined) return refuse(unauthorized, trace)
    if (found === undefined) return refuse(Refusals.unknownRoute, trace)
    const fields = fieldsOfBody(request.contentType, request.body)
    const answer = found.route.answer({ params: found.params, query: url.searchParams, fields, body: request.body })
    const reply = "refusal" in answer ? refuse(answer.refusal, trace) : answer
    return found.route.sends === true ? spoiled(reply) : reply
  }

  const written = ({ body, cut, delay = 0, headers, html, sent, status }: Reply, trace: string): Outgoing => {
    books.noted(`status:${status}`)
    const text = html ?? (body === undefined ? "" : JSON.stringify(body))
    return {
      status,
      text,
      delay,
      isCut: cut === true,
      headers: {
        "X-Tps-trace-ID": trace,
        ...(text === "" ? {} : { "Content-Type": html === undefined ? "application/json" : "text/html" }),
        ...(status === 204 ? {} : { "Content-Length": Buffer.byteLength(text) }),
        ...headers
      },
      lost: () => {
        if (sent !== undefined) sent.answerLost = true
      }
    }
  }

  /** Answers a request; nothing when it is left hanging. */
  return (request: Incoming): Outgoing | undefined => {
    const trace = ambient.text(32, hex)
    const url = new URL(request.url, "http://127.0.0.1")
    const isToken = url.pathname === tokenPath && request.method === "POST"
    if (isToken) books.noted("route:token")
    const reply = isToken ? token(request.contentType, request.body) : rest(request, url, trace)
    return reply === undefined ? undefined : written(reply, trace)
  }
}

const write = (response: ServerResponse, answer: Outgoing) => {
  if (answer.isCut) {
    answer.lost()
    response.socket?.destroy()
    return
  }
  // The connection may die under the answer, e.g. when the whole platform goes down.
  response.once("close", () => {
    if (!response.writableFinished) answer.lost()
  })
  response.writeHead(answer.status, answer.headers)
  response.end(answer.text)
}

/** Serves `answer` over HTTP. */
export const serve =
  (answer: (request: Incoming) => Outgoing | undefined, ambient: Ambient): RequestListener =>
  (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => void chunks.push(chunk))
    request.on("error", () => {})
    response.on("error", () => {})
    request.on("end", () => {
      const answered = answer({
        method: request.method ?? "GET",
        url: request.url ?? "/",
        authorization: request.headers.authorization,
        contentType: request.headers["content-type"] ?? "",
        body: Buffer.concat(chunks)
      })
      if (answered === undefined) return
      if (answered.delay === 0) write(response, answered)
      else ambient.after(answered.delay, () => write(response, answered))
    })
  }
