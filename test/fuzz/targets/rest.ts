/**
 * What the REST API and the token endpoint answer: through the real exchange, credentials, REST calls and the search for
 * the gateway. After the bad answers come good ones, and they must be taken.
 */
import { Duration, Effect, FileSystem, Layer, ManagedRuntime, Redacted, References } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import type { OutboxMessage } from "../../../src/domain/Message.ts"
import type { QqConfig } from "../../../src/platforms/qq/Config.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import * as Gateway from "../../../src/platforms/qq/Gateway.ts"
import type { Answer } from "../../../src/platforms/qq/Http.ts"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import { path } from "../../../src/platforms/qq/Path.ts"
import * as ReplyWindows from "../../../src/platforms/qq/ReplyWindows.ts"
import { QqRest, type Rest } from "../../../src/platforms/qq/Rest.ts"
import { restCodes } from "../../../src/platforms/qq/RestCode.ts"
import { families } from "../../../src/platforms/qq/rest/Endpoints.ts"
import { tokenCodes } from "../../../src/platforms/qq/TokenCode.ts"
import { Transport } from "../../../src/ports/Transport.ts"
import * as FakeTransport from "../../../src/testing/FakeTransport.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { Ears } from "../Ears.ts"
import { encoded, fieldsOf, type Input, listOf, numberOf, textOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"

/** An app whose secret and token are recognised wherever they turn up. */
export const config: QqConfig = {
  appId: "102000001",
  clientSecret: Redacted.make(Secrets.clientSecret),
  sandbox: false,
  intents: Intents.defaults,
  apiUrl: "http://127.0.0.1",
  tokenUrl: "http://127.0.0.1/app/getAppAccessToken",
  shards: 1,
  replyWindows: ReplyWindows.defaults,
  requestTimeout: Duration.seconds(10)
}

/** Without those that are repeated after a pause, which would be waited for in real time. */
const codes = restCodes.flatMap(({ codes, retries }) => (retries === undefined ? codes : []))
const bodies: readonly [unknown, ...ReadonlyArray<unknown>] = [
  { id: "ROBOT1.0_sent", timestamp: "2026-11-02T09:17:18+08:00" },
  { code: 11244, message: "token not exist or expire", trace_id: "a1b2" },
  { code: 304023, message: "push message is waiting for audit now", data: { message_audit: { audit_id: "audit-1" } } },
  { code: 40034128, err_code: 40034128, message: "passive reply window closed", trace_id: "c3d4" },
  {
    url: "wss://api.sgroup.qq.com/websocket",
    shards: 1,
    session_start_limit: { total: 1000, remaining: 998, reset_after: 80_000_000, max_concurrency: 1 }
  },
  { id: "6158788878435714165", username: "everbot", avatar: "" },
  { message: { id: "08e1", channel_id: "100010", guild_id: "187", content: "hi" } }
]
const issued = { access_token: Secrets.accessToken, expires_in: "7200" }
const page = `<html><head><title>502 Bad Gateway</title></head><body>\n<h1>Bad\u001b[31m Gateway</h1>${Secrets.accessToken}</body></html>`

const aBody = (chance: Chance, real: readonly [unknown, ...ReadonlyArray<unknown>]): string => {
  switch (chance.below(9)) {
    case 0:
      return ""
    case 1:
      return chance.oneIn(4) ? encoded(Json.huge(chance)) : encoded(page)
    case 2:
      return Bytes.damage(chance, encoded(JSON.stringify(chance.pick(real))))
    case 3:
      return encoded(Json.write(Json.value(chance)))
    case 4:
      return encoded(JSON.stringify({ code: codes[chance.below(codes.length)], message: Json.text(chance) }))
    default:
      return encoded(Json.write(Json.mutate(chance, chance.pick(real))))
  }
}

const aStatus = (chance: Chance): number =>
  chance.oneIn(2)
    ? 200
    : chance.pick([201, 202, 204, 301, 304, 400, 401, 403, 404, 405, 418, 429, 500, 502, 503, 504, 599])

const headers = (chance: Chance): Input => {
  const name = chance.pick([
    "retry-after",
    "x-tps-trace-id",
    "content-type",
    "content-length",
    "content-encoding",
    "location"
  ])
  const value = chance.pick([
    "0",
    "-1",
    "999999999",
    "1e400",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "text/html; charset=utf-7",
    "gzip",
    Secrets.accessToken,
    Json.text(chance)
  ])
  return chance.oneIn(3) ? { [name]: encoded(value) } : {}
}

const anAnswer = (chance: Chance): Input => ({
  status: aStatus(chance),
  headers: headers(chance),
  body: aBody(chance, bodies)
})

/** A token endpoint knows the secret, and may repeat it. */
const aTokenAnswer = (chance: Chance): Input => {
  if (chance.oneIn(2)) return { status: 200, body: JSON.stringify(issued) }
  const code = chance.pick([100_001, ...tokenCodes.map((row) => row.code), 0, -1])
  const body = aBody(chance, [issued, { code, message: `wrong: ${Json.text(chance)}` }])
  return {
    status: aStatus(chance),
    headers: headers(chance),
    // It repeats what it was told; a token that it makes up is not ours to hide.
    body: body.replaceAll(Secrets.accessToken, Secrets.clientSecret)
  }
}

const kinds = [
  "send",
  "reply",
  "gateway",
  "gatewayBot",
  "me",
  "getMessage",
  "acknowledge",
  "request",
  "prepare"
] as const

const generate = (chance: Chance): Input => ({
  call: chance.pick(kinds),
  text: Json.text(chance),
  tokens: chance.times(1 + chance.below(2), () => aTokenAnswer(chance)),
  answers: chance.times(1 + chance.below(2), () => anAnswer(chance))
})

const reply = (answer: Input, shown: string): Response => {
  const repeat = (text: string) => text.replaceAll(Secrets.accessToken, shown)
  const given = fieldsOf(answer)
  const status = Math.min(599, Math.max(200, Math.trunc(numberOf(given["status"], 200))))
  const headers = Object.entries(fieldsOf(given["headers"] ?? null)).map(([name, value]): [string, string] => [
    name,
    repeat(textOf(value)).replace(/[\0\r\n]|[^\0-\xff]/g, " ")
  ])
  const hasBody = ![204, 205, 304].includes(status)
  return new Response(hasBody ? toBytes(repeat(textOf(given["body"]))) : null, { status, headers })
}

const message = (text: string, isReply: boolean): OutboxMessage => ({
  id: 7,
  conversation: { account: "qq:102000001", kind: "group", id: text === "" ? "g" : text.slice(0, 50) },
  content: { text: text === "" ? "x" : text },
  ...(isReply ? { replyTo: { messageId: "m-1", receivedAt: Date.now() } } : {}),
  priority: "normal",
  notBefore: 0,
  createdAt: 0,
  status: "sending",
  attempts: 0
})

const isNumber = (value: number | undefined): boolean => value === undefined || Number.isFinite(value)

/** Performs one kind of call and looks at what it gives. */
export const perform = (rest: Rest, call: string, text: string) => {
  switch (call) {
    case "send":
    case "reply":
      return Effect.map(rest.send(message(text, call === "reply")), ({ auditId, messageId, status }) => {
        const isWhole = [messageId, auditId].every((id) => id === undefined || (typeof id === "string" && id !== ""))
        Oracle.must("answers are whole", isWhole && ["sent", "auditing"].includes(status), () => `a receipt ${status}`)
      })
    case "gateway":
    case "gatewayBot":
      return Effect.map(call === "gateway" ? rest.gateway : rest.gatewayBot, ({ shards, startLimit, url }) => {
        const limits = Object.values(startLimit ?? {})
        Oracle.must("answers are whole", url !== "" && [shards, ...limits].every(isNumber), () => `a gateway "${url}"`)
      })
    case "getMessage":
      return Effect.map(rest.call("GET", path`/channels/${text}/messages/${text}`), readByAll)
    case "acknowledge":
      return Effect.asVoid(rest.request("PUT", path`/interactions/${text}`, { code: 0 }))
    case "request":
      return rest.request("GET", "/x", undefined, { query: { text } })
    default:
      return look(rest)
  }
}

const look = (rest: Rest) => Effect.map(rest.call("GET", "/users/@me"), readByAll)

/** Every endpoint of the API must make something of any answer, or say that it cannot. */
const readByAll = (answer: Answer): void => {
  for (const table of Object.values(families)) for (const endpoint of Object.values(table)) endpoint.answer(answer)
}

const open = async (): Promise<Subject> => {
  const ears = new Ears()
  const layer = Layer.mergeAll(ears.layer, Layer.succeed(References.MinimumLogLevel, "Debug"))
  const runtime = ManagedRuntime.make(layer)
  let runs = 0

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const tokens = [...listOf(given["tokens"])]
    const answers = [...listOf(given["answers"])]
    const good = { status: 200, body: JSON.stringify({ id: "1", url: "wss://x", username: "u" }) }
    const client = HttpClient.make((request, url) =>
      Effect.sync(() => {
        const isToken = url.pathname.endsWith("getAppAccessToken")
        const header = request.headers["authorization"] ?? ""
        Oracle.must("tokens can be sent", /^[\x20-\x7e]*$/.test(header), () => JSON.stringify(header.slice(0, 80)))
        const answer = isToken
          ? (tokens.shift() ?? { status: 200, body: JSON.stringify(issued) })
          : (answers.shift() ?? good)
        // An API repeats the token that it was shown.
        const shown = isToken ? Secrets.accessToken : header.replace("QQBot ", "")
        return HttpClientResponse.fromWeb(request, reply(answer, shown))
      })
    )
    const deep = ++runs % 16 === 0
    const program = Effect.gen(function* () {
      const credentials = yield* QqCredentials.make(config)
      const rest = yield* QqRest.make(config).pipe(Effect.provideService(QqCredentials, credentials))
      const call = textOf(given["call"], "me")
      if (call === "prepare") {
        const protocol = yield* Gateway.makeProtocol({ account: "qq:1", intents: 1, rest, credentials })
        Oracle.judged(
          call,
          yield* Effect.exit(Effect.scoped(protocol.prepare({ shard: 0, shards: 1 }, undefined))),
          deep
        )
      } else Oracle.judged(call, yield* Effect.exit(perform(rest, call, textOf(given["text"]))), deep)
      tokens.length = 0
      answers.length = 0
      yield* credentials.invalidate
      const last = yield* Effect.exit(look(rest))
      Oracle.must(
        "service goes on",
        last._tag === "Success",
        () => `a good answer was refused: ${Secrets.dump(last).slice(0, 300)}`
      )
    }).pipe(
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provideService(Transport, FakeTransport.make({}).service),
      Effect.provide(FileSystem.layerNoop({})),
      Effect.scoped
    )
    await runtime.runPromise(program)
    ears.judge()
  }
  return { run, close: () => runtime.dispose() }
}

export const rest: Target = {
  name: "rest",
  about: "answers of the REST API and the token endpoint, in memory",
  share: 130,
  renew: 5000,
  generate,
  open
}
