/** What handlers wait for against what was asked for and granted: said before connecting, with the mend. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer } from "effect"
import { Bot, Memory } from "everbot"
import { Qq } from "everbot/qq"
import type { QqSimulator } from "everbot/simulator"
import * as IntentCheck from "../../../src/platforms/qq/IntentCheck.ts"
import * as Intents from "../../../src/platforms/qq/Intents.ts"
import { listening } from "../../guarantees/support/Crowd.ts"
import * as World from "../../guarantees/support/World.ts"

const nothing = () => Effect.void
const store = Memory.layer
const reactions = Qq.on("MESSAGE_REACTION_ADD", nothing)
const named = (type: string) => ({ kind: "PlatformEvent", only: { platform: "qq", type } }) as const

const account = (simulator: QqSimulator.QqSimulator, options: Partial<Qq.Options> = {}) =>
  World.account(simulator, { intents: Intents.defaults, ...options })

/** Why the bot ended by itself. */
const failureOf = (bot: World.Running) =>
  bot.ended.pipe(
    World.within(20_000, "the bot to end"),
    Effect.map((exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "it succeeded"))
  )

describe.concurrent("before it connects, an account", () => {
  it.live("whose handler can never be called stops, without a call to the platform, and says what to switch on", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const app = Layer.mergeAll(reactions, Qq.on("MESSAGE_REACTION_REMOVE", nothing), account(simulator))
      const failure = yield* failureOf(yield* World.run(app, { store }))
      assert.include(
        failure,
        'Qq.on("MESSAGE_REACTION_ADD"), Qq.on("MESSAGE_REACTION_REMOVE"): needs GUILD_MESSAGE_REACTIONS. Switch on'
      )
      assert.include(failure, "https://q.qq.com/qqbot/#/developer/webhook-setting")
      assert.deepStrictEqual([simulator.books.dials.length, simulator.books.count("route:token")], [0, 0])
    })
  )

  it.live("warns instead where it was told to, once however often it connects", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const app = Layer.mergeAll(reactions, World.Echo, account(simulator, { missingIntents: "warn" }))
      const bot = yield* World.run(app, { store })
      yield* listening(simulator)
      yield* simulator.fault({ kind: "cut", by: "rst" })
      yield* simulator.until((books) => books.resumes.length > 0).pipe(World.within(20_000, "a resume"))
      const warnings = bot.log.filter((line) => line.includes("GUILD_MESSAGE_REACTIONS"))
      assert.strictEqual(warnings.length, 1, warnings.join("\n"))
      assert.match(warnings[0] ?? "", /^Warn /)
    })
  )

  it.live("leaves a handler in peace that another account of the app can call", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* World.platform(), yield* World.platform({ appId: "102000002" })]
      const intents = Intents.add(Intents.defaults, "GUILD_MESSAGE_REACTIONS")
      const app = Layer.mergeAll(reactions, account(one), Layer.fresh(account(other, { intents })))
      const bot = yield* World.run(app, { store })
      yield* Effect.all([listening(one), listening(other)]).pipe(World.within(20_000, "both to connect"))
      const lines = bot.log.filter((line) => line.includes("MESSAGE_REACTION_ADD"))
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0] ?? "", /^Debug handlers that only other accounts can call.*qq:102000001/)
    })
  )

  it.live("with the default intents has nothing to say against handlers of every common kind", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const app = Layer.mergeAll(
        Bot.on("MessageReceived", nothing),
        Bot.on("MessageDeleted", nothing),
        Bot.on("PlatformEvent", nothing),
        Bot.command("ping", nothing),
        Qq.onUnknown(nothing),
        account(simulator)
      )
      const bot = yield* World.run(app, { store })
      yield* listening(simulator)
      assert.deepStrictEqual(
        bot.log.filter((line) => /^(Warn|Error)|no handler needs/.test(line)),
        []
      )
    })
  )

  it.live("notes which intents nobody needs", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform()
      const intents = Intents.add(Intents.defaults, "MESSAGE_AUDIT")
      const bot = yield* World.run(Layer.mergeAll(World.Echo, account(simulator, { intents })), { store })
      yield* listening(simulator)
      assert.deepStrictEqual(
        bot.log.filter((line) => line.includes("no handler needs")).map((line) => line.replace(/ {2,}.*/, "")),
        ["Debug intents that no handler needs: GUILDS, GUILD_MEMBERS, INTERACTION"]
      )
    })
  )

  it.live("that is refused an intent stops and says which it may be, and which nobody needs", () =>
    Effect.gen(function* () {
      const simulator = yield* World.platform({ grantedIntents: Intents.remove(Intents.all, "INTERACTION") })
      const bot = yield* World.run(Layer.mergeAll(World.Echo, account(simulator)), { store })
      const failure = yield* failureOf(bot)
      assert.include(failure, "the platform refused the intents (code 4014)")
      assert.include(
        failure,
        "Switch on what your bot lacks of DIRECT_MESSAGE and GROUP_AND_C2C_EVENT and INTERACTION under 回调配置"
      )
      assert.include(failure, "no handler needs INTERACTION.")
      assert.strictEqual(simulator.books.identifies.length, 1)
    })
  )
})

describe("what handlers need", () => {
  it("is the intent of the event they name", () => {
    for (const row of Qq.eventKinds) {
      if (row.intent === undefined) continue
      assert.isTrue(IntentCheck.hears(Intents.of(row.intent), named(row.name)))
      assert.isFalse(IntentCheck.hears(Intents.remove(Intents.all, row.intent), named(row.name)))
    }
  })

  it("is any intent that brings events of the kind they hear", () => {
    const bringing = (kind: "MessageReceived" | "MessageDeleted" | "PlatformEvent") =>
      Intents.intentNames.filter((name) => IntentCheck.hears(Intents.of(name), { kind }))
    assert.deepStrictEqual(bringing("MessageReceived"), [
      ...(["GUILD_MESSAGES", "DIRECT_MESSAGE", "GROUP_AND_C2C_EVENT", "PUBLIC_GUILD_MESSAGES"] as const)
    ])
    assert.deepStrictEqual(bringing("MessageDeleted"), ["GUILD_MESSAGES", "DIRECT_MESSAGE", "PUBLIC_GUILD_MESSAGES"])
    assert.strictEqual(bringing("PlatformEvent").length, 12)
  })

  it("is nothing for names that nobody knows, and never QQ for events of another platform", () => {
    assert.isTrue(IntentCheck.hears(Intents.none, named("BRAND_NEW")))
    const elsewhere = { kind: "PlatformEvent", only: { platform: "discord", type: "GUILD_CREATE" } } as const
    assert.isFalse(IntentCheck.hears(Intents.all, elsewhere))
  })

  it("has a page of the console for each intent that has to be switched on", () => {
    const granted = ["GUILDS", "GUILD_MEMBERS", "PUBLIC_GUILD_MESSAGES"]
    for (const { intent, name } of Qq.eventKinds) {
      if (intent === undefined) continue
      const { advice, detail } = IntentCheck.lack([named(name)])
      assert.strictEqual(detail, `Qq.on("${name}"): needs ${intent}`)
      assert.strictEqual(advice.includes("https://q.qq.com/"), !granted.includes(intent), advice)
    }
  })

  it("that is refused although every bot has it points to the bot's state", () =>
    assert.include(IntentCheck.refusalAdvice(Intents.of("GUILDS"), []), "look at your bot's state"))
})
