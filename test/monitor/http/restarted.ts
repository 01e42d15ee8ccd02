/** A bot as a process, which is asked to restart as soon as it answers. */
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { Bot, Memory } from "everbot"
import { Monitor, MonitorClient } from "everbot/monitor"
import * as FakePlatform from "../../../src/testing/FakePlatform.ts"

const token = Redacted.make("sixteen-characters-and-more")
const fake = FakePlatform.make()

const Account = Layer.effectDiscard(Effect.flatMap(Bot.Runtime, (runtime) => runtime.attach(fake.platform)))

const Asked = Layer.effectDiscard(
  Effect.gen(function* () {
    const { url } = yield* Monitor.Monitor
    const { act } = yield* MonitorClient.make({ url, token })
    yield* act.restart({ payload: { target: { kind: "process" }, reason: "a new version" } })
  })
).pipe(Layer.provide(Monitor.layer({ port: 0, token })), Layer.provide(FetchHttpClient.layer))

Layer.mergeAll(Account, Asked).pipe(Bot.launch, Effect.provide(Memory.layer), Bot.runMain)
