import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Option } from "effect"
import { QqSimulator } from "everbot/simulator"
import * as Bot from "./RawBot.ts"

const environment = (record: Record<string, string>) =>
  ConfigProvider.layer(ConfigProvider.fromEnvRecord({ EVERBOT_DATA: "data", ...record }))

const read = Effect.gen(function* () {
  return {
    appId: yield* Config.String("QQ_APP_ID"),
    apiUrl: yield* Config.option(Config.String("QQ_API_URL")),
    tokenUrl: yield* Config.option(Config.String("QQ_TOKEN_URL")),
    data: yield* Config.String("EVERBOT_DATA"),
    simulator: yield* Effect.serviceOption(QqSimulator.QqSimulatorService)
  }
})

describe("configuration", () => {
  it.live("layerConfig points a bot's variables at the simulator and leaves the others", () =>
    Effect.gen(function* () {
      const simulator = yield* QqSimulator.QqSimulatorService
      const config = yield* read
      assert.strictEqual(config.appId, simulator.appId)
      assert.deepStrictEqual(config.apiUrl, Option.some(simulator.apiUrl))
      assert.deepStrictEqual(config.tokenUrl, Option.some(simulator.tokenUrl))
      assert.strictEqual(config.data, "data")
      assert.notStrictEqual(yield* Bot.token(simulator), "undefined")
    }).pipe(Effect.provide(QqSimulator.layerConfig().pipe(Layer.provide(environment({ QQ_APP_ID: "real" })))))
  )

  it.live("layerConfigUnlessSet simulates without QQ_APP_ID", () =>
    Effect.gen(function* () {
      const config = yield* read
      assert.isTrue(Option.isSome(config.simulator))
      assert.isTrue(Option.isSome(config.apiUrl))
    }).pipe(Effect.provide(QqSimulator.layerConfigUnlessSet().pipe(Layer.provide(environment({})))))
  )

  it.live("layerConfigUnlessSet stays out of the way with QQ_APP_ID", () =>
    Effect.gen(function* () {
      const config = yield* read
      assert.strictEqual(config.appId, "real")
      assert.isTrue(Option.isNone(config.simulator))
      assert.isTrue(Option.isNone(config.apiUrl))
    }).pipe(
      Effect.provide(QqSimulator.layerConfigUnlessSet().pipe(Layer.provideMerge(environment({ QQ_APP_ID: "real" }))))
    )
  )

  it.live("listens on the port it is given", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(Effect.map(QqSimulator.make(), ({ apiUrl }) => Number(new URL(apiUrl).port)))
      const simulator = yield* QqSimulator.make({ port })
      assert.strictEqual(simulator.apiUrl, `http://127.0.0.1:${port}`)
      assert.notStrictEqual(yield* Bot.token(simulator), "undefined")
    })
  )
})
