/** A platform, or a proxy in front of it, that repeats what it was told does not bring the token into our errors. */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as CloseCode from "../../../src/platforms/qq/CloseCode.ts"
import { QqCredentials } from "../../../src/platforms/qq/Credentials.ts"
import * as Gateway from "../../../src/platforms/qq/Gateway.ts"
import { QqRest } from "../../../src/platforms/qq/Rest.ts"
import { marker, redacted } from "../../fixtures/secrets.ts"
import { type Asked, config, fakeClient, fakeToken, type Reply } from "./fakes.ts"

const shown = (error: unknown) =>
  `${String(error)} ${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)}`

const errorFor = (answer: (asked: Asked) => Reply) => {
  const { layer } = fakeClient((asked) =>
    Effect.succeed(
      asked.path === "/app/getAppAccessToken"
        ? { body: { access_token: fakeToken(1), expires_in: "7200" } }
        : answer(asked)
    )
  )
  const rest = QqRest.layer(config).pipe(Layer.provide(QqCredentials.layer(config)), Layer.provide(layer))
  return Effect.flip(QqRest.use((it) => it.request("GET", "/users/@me"))).pipe(Effect.provide(rest))
}

describe("a token that is repeated to us", () => {
  it.effect("in an answer of any form is not in the error, though the rest of the answer is", () =>
    Effect.gen(function* () {
      const line = ({ headers }: Asked) => `you said ${headers["authorization"]}`
      const forms: ReadonlyArray<(asked: Asked) => Reply> = [
        (asked) => ({ status: 400, body: { code: 11253, message: line(asked) } }),
        (asked) => ({ status: 502, body: `<html><h1>Bad</h1><pre>${line(asked)}</pre></html>` }),
        (asked) => ({ status: 500, body: `you said ${"x".repeat(182)}${asked.headers["authorization"]}` })
      ]
      for (const form of forms) {
        const error = yield* errorFor(form)
        assert.include(error.message, "you said")
        assert.notInclude(shown(error), marker.slice(0, 6))
      }
    })
  )

  it.effect("in the reason of a close is not in the error, though the rest of the reason is", () =>
    Effect.gen(function* () {
      const token = redacted("gateway")
      const protocol = yield* Gateway.makeProtocol({
        account: "qq:1",
        intents: 512,
        shards: 1,
        rest: { gatewayBot: Effect.succeed({ url: "wss://gateway", shards: 1, startLimit: undefined }) },
        credentials: { get: Effect.succeed(token), reject: () => Effect.void }
      })
      const { greeting } = yield* protocol.prepare(0, undefined)
      assert.include(greeting(), Redacted.value(token))
      for (const code of [4004, 4009, 4914, 1006]) {
        const reason = protocol.toReason(code, `bad token ${Redacted.value(token)}, sorry`)
        assert.include(shown(reason), "bad token <token>, sorry")
        assert.notInclude(shown(reason), marker.slice(0, 6))
      }
      assert.deepStrictEqual(protocol.toReason(4009, "late"), CloseCode.toReason(4009, "late"))
    })
  )
})
