/**
 * Tests of single calls over real HTTP, against the simulated QQ. Each names the call it is about; the page of what is
 * covered is made of these names, and each is held to having sent exactly that call.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { HttpClient } from "effect/http"
import type { Qq } from "everbot/qq"
import { QqSimulator } from "everbot/simulator"
import { QqApi } from "../../../../src/platforms/qq/Api.ts"
import * as Config from "../../../../src/platforms/qq/Config.ts"
import { QqCredentials } from "../../../../src/platforms/qq/Credentials.ts"
import { layerClient } from "../../../../src/platforms/qq/Http.ts"
import { QqRest } from "../../../../src/platforms/qq/Rest.ts"
import { endpoints } from "../../../../src/platforms/qq/rest/Endpoints.ts"
import * as RawBot from "../../../simulator/RawBot.ts"

/** A request as it went to the wire. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Parsed JSON; a form as it is, `undefined` for none. */
  readonly body: unknown
}

export interface World {
  readonly api: Qq.Api
  readonly rest: QqRest["Service"]
  readonly simulator: QqSimulator.QqSimulator
  /** What was asked, in order, the token aside. */
  readonly asked: ReadonlyArray<Asked>
  /** The newest of them. */
  readonly last: () => Asked
}

const parsed = (body: { readonly _tag: string; readonly body?: unknown; readonly formData?: unknown }): unknown => {
  if (body._tag === "FormData") return body.formData
  if (!(body.body instanceof Uint8Array)) return undefined
  const text = new TextDecoder().decode(body.body)
  return text.startsWith("{") ? JSON.parse(text) : body.body
}

/** A simulated QQ, its REST API on real sockets, and a record of what was asked. */
export const world = Effect.fnUntraced(function* (options: QqSimulator.Options = {}) {
  const simulator = yield* QqSimulator.make(options)
  const asked: Array<Asked> = []
  const config = yield* Config.make({
    appId: simulator.appId,
    clientSecret: Redacted.make(simulator.clientSecret),
    apiUrl: simulator.apiUrl,
    tokenUrl: simulator.tokenUrl,
    requestTimeout: "3 seconds"
  })
  const recorded = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.mapRequest((request) => {
        const url = new URL(request.url)
        const { body, headers, method } = request
        const query = Object.fromEntries(url.searchParams)
        if (url.pathname !== "/app/getAppAccessToken") {
          asked.push({ method, path: url.pathname, query, headers, body: parsed(body) })
        }
        return request
      })
    )
  ).pipe(Layer.provide(layerClient(config.requestTimeout)))
  const services = yield* Layer.build(
    QqApi.layerNoDeps.pipe(
      Layer.provideMerge(QqRest.layer(config)),
      Layer.provide(QqCredentials.layer(config)),
      Layer.provide(recorded)
    )
  )
  const { api, rest } = yield* Effect.provideContext(Effect.all({ api: QqApi, rest: QqRest }), services)
  const last = () => asked.at(-1) ?? assert.fail("nothing was asked")
  return { api, rest, simulator, asked, last } satisfies World
})

/** A live session, without which guilds take no messages. */
export const online = (simulator: QqSimulator.QqSimulator) =>
  Effect.flatMap(RawBot.token(simulator), (token) => RawBot.identify(simulator, token, RawBot.intents + 2 ** 27))

/** Whether a path is one of a template. */
export const isPathOf = (template: string, path: string): boolean =>
  new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(path)

/**
 * A test about the call `name`: what it sends and what its answer becomes.
 *
 * @param sentence true of the call, without its name
 */
export const operation = (
  name: string,
  sentence: string,
  run: (world: World) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options?: QqSimulator.Options
) =>
  it.live(`${name} ${sentence}`, () =>
    Effect.gen(function* () {
      const endpoint = endpoints.find((one) => one.name === name)
      if (endpoint === undefined) return assert.fail(`there is no call ${name}`)
      const here = yield* world(options)
      yield* run(here)
      const sent = here.asked.some(({ method, path }) => method === endpoint.method && isPathOf(endpoint.path, path))
      assert.isTrue(sent, `the test of ${name} never asked ${endpoint.method} ${endpoint.path}`)
    })
  )

/** The newest request was exactly this. */
export const assertAsked = ({ last }: World, method: string, path: string, body?: unknown, query = {}) => {
  const asked = last()
  assert.deepStrictEqual([asked.method, asked.path, asked.query, asked.body], [method, path, query, body])
}

export const guild = "18700000000001"
export const channel = "100010"
export const owner = "2233445566778899001"
export const someone = "3344556677889900112"
export const group = "C9F778FE6ADF9D1D1DBE395BF744A33A"
export const person = "E4F4AEA33253A2797FB897C50B81D7ED"
