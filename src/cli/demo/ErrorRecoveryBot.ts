/**
 * The bot of the demo. It answers every message exactly once, so that the platform's books can tell what was lost or
 * said twice; commands show its health, and `error_test` makes its handler fail.
 */
import { Data, Effect, type Layer } from "effect"
import * as Bot from "../../Bot.ts"
import * as Guard from "../../bot/Guard.ts"
import type { MessageReceived } from "../../domain/Event.ts"
import type { Runtime } from "../../engines/Runtime.ts"
import { QqApi } from "../../platforms/qq/Api.ts"

/** What the handlers count. Plain and mutable: one bot writes it, the view reads it. */
export interface Tally {
  /** Messages that reached a handler, each once however often its turn was run. */
  handled: number
  /** Failures that were provoked, and got over. */
  provoked: number
}

/** The handler of `error_test` fails on purpose. */
class Provoked extends Data.TaggedError("Provoked") {}

const status = Effect.gen(function* () {
  const [account] = yield* Bot.status
  if (account === undefined) return "starting"
  const { eventsProcessed, turnsFailed, uptime } = account
  return `processed ${eventsProcessed}, errors ${turnsFailed}, up ${Math.round(uptime / 1000)} s`
})

const health = Effect.map(Bot.status, ([account]) =>
  account?.isConnected ? `connected, ${account.messagesWaiting} to send` : "not connected"
)

/** Asks for a message that does not exist, and recovers from the refusal. */
const testError = (tally: Tally) =>
  Effect.gen(function* () {
    const api = yield* QqApi
    return yield* api.messages.get("no-such-channel", "no-such-message").pipe(
      Effect.as("no error came"),
      Effect.catchTag("RestError", ({ reason }) =>
        Effect.sync(() => {
          tally.provoked++
          return `recovered from ${reason._tag}`
        })
      )
    )
  })

/** Fails the first attempt of the turn; the second one answers. */
const failOnce = (tally: Tally) =>
  Effect.gen(function* () {
    if ((yield* Bot.attempt) > 1) return "the second attempt worked"
    tally.provoked++
    return yield* new Provoked()
  })

const answer = (event: MessageReceived, tally: Tally) => {
  switch (event.text.trim()) {
    case "!ping":
      return Effect.succeed("pong")
    case "!status":
      return status
    case "!health":
      return health
    case "!test_error":
      return testError(tally)
    default:
      return event.text.includes("error_test") ? failOnce(tally) : Effect.succeed(`you said: ${event.text}`)
  }
}

/** The features of the bot. */
export const layer = (tally: Tally): Layer.Layer<never, never, Runtime | QqApi> =>
  Bot.on("MessageReceived", Guard.notFromBots, (event) =>
    Effect.gen(function* () {
      if ((yield* Bot.attempt) === 1) tally.handled++
      yield* Bot.reply(event, yield* answer(event, tally))
    })
  )
