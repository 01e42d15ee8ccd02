/** The package as a user has it: `everbot` is resolved by its exports, to what was built. Prints what it serves. */
import { Effect, Layer, Redacted } from "effect"
import { Bot, Memory } from "everbot"
import { Monitor } from "everbot/monitor"

const token = Redacted.make("sixteen-characters-and-more")
const app = Monitor.layer({ port: 0, token }).pipe(Layer.provide(Bot.layer.pipe(Layer.provideMerge(Memory.layer))))

await Effect.runPromise(
  Effect.gen(function* () {
    const { url } = yield* Monitor.Monitor
    for (const path of ["/", "/dashboard/main.js", "/dashboard/connections.js", "/dashboard/style.css", "/docs"]) {
      const response = yield* Effect.promise(() => fetch(url + path))
      process.stdout.write(`${path} ${response.status} ${response.headers.get("content-type")}\n`)
    }
  }).pipe(Effect.provide(app))
)
