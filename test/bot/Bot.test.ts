import { assert, describe, it } from "@effect/vitest"
import { Context, type Duration, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import * as Guard from "../../src/bot/Guard.ts"
import type { Conversation } from "../../src/domain/Conversation.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import * as Rest from "../../src/domain/RestError.ts"
import { Inbox } from "../../src/engines/Inbox.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { forgetful, life, room, settle, untilEnded } from "../fixtures/runtime.ts"

const say = (text: string, where: Conversation | string = "ann", from = "somebody") =>
  Events.message({ text, in: where, from })
const texts = (fake: FakePlatform.FakePlatform) => fake.sent().map(({ content }) => content.text)
const pass = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)

/** Runs features on a fake platform that says these things, and answers what they sent and left. */
const when = (
  events: ReadonlyArray<ReturnType<typeof say> | ReturnType<typeof Events.other>>,
  feature: Layer.Layer<never, never, Bot.Runtime>,
  options?: Bot.Options
) =>
  Effect.gen(function* () {
    const fake = FakePlatform.make()
    const counts = yield* untilEnded(
      life(
        forgetful,
        fake,
        feature,
        Effect.gen(function* () {
          yield* settle
          yield* fake.emit(...events)
          yield* pass("2 minutes")
          return yield* (yield* Store).counts("fake:1")
        }),
        options
      )
    )
    return { fake, counts, texts: texts(fake) }
  })

const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))

describe("handlers", () => {
  it.effect("see the events of their kind only, with their services", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("Name") {}
      const seen: Array<string> = []
      const feature = Layer.mergeAll(
        Bot.on("MessageReceived", (event) => Name.use((name) => Effect.sync(() => seen.push(`${name} ${event.text}`)))),
        Bot.on("PlatformEvent", (event) => Effect.sync(() => seen.push(event.type)))
      ).pipe(Layer.provide(Layer.succeed(Name, "service")))
      yield* when([say("hello"), Events.other({ type: "JOINED" }), say("bye", "bob")], feature)
      assert.deepStrictEqual(seen.sort(), ["JOINED", "service bye", "service hello"])
    })
  )

  it.effect("that listen to the same event run in one turn: all or nothing", () =>
    Effect.gen(function* () {
      let attempts = 0
      const feature = Layer.mergeAll(
        echo,
        Bot.on("MessageReceived", () => Effect.suspend(() => (++attempts < 3 ? Effect.fail("not yet") : Effect.void)))
      )
      const { texts, fake } = yield* when([say("hello")], feature)
      assert.deepStrictEqual(texts, ["hello"])
      assert.strictEqual(fake.tried().length, 1)
      assert.strictEqual(attempts, 3)
    })
  )

  it.effect("that throw before they return an Effect become a dead letter, and the next event is handled", () =>
    Effect.gen(function* () {
      const feature = Bot.on("MessageReceived", (event) => {
        if (event.text === "bad") throw new Error("a bug")
        return Bot.reply(event, event.text)
      })
      const { texts, counts } = yield* when([say("bad"), say("good")], feature)
      assert.deepStrictEqual(texts, ["good"])
      assert.deepStrictEqual([counts.deadEvents, counts.pendingEvents], [1, 0])
    })
  )

  it.effect("leave nothing behind when they fail for good", () =>
    Effect.gen(function* () {
      const feature = Bot.on("MessageReceived", (event) =>
        Effect.andThen(Bot.reply(event, "staged"), Effect.fail("always"))
      )
      const { texts, counts } = yield* when([say("x")], feature)
      assert.deepStrictEqual([texts, counts.deadEvents, counts.messages.queued], [[], 1, 0])
    })
  )

  it.effect("know which attempt this is", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const feature = Bot.on("MessageReceived", () =>
        Effect.flatMap(Bot.attempt, (attempt) => {
          seen.push(attempt)
          return attempt < 3 ? Effect.fail("again") : Effect.void
        })
      )
      yield* when([say("x")], feature)
      assert.deepStrictEqual(seen, [1, 2, 3])
    })
  )

  it.effect("can skip: what they staged is dropped and the event is done", () =>
    Effect.gen(function* () {
      const feature = Bot.on("MessageReceived", (event) => Effect.andThen(Bot.reply(event, "no"), Bot.skip))
      const { texts, counts } = yield* when([say("x")], feature)
      assert.deepStrictEqual([texts, counts.pendingEvents, counts.deadEvents], [[], 0, 0])
    })
  )

  for (const inbox of [Inbox.layer, Inbox.layerVolatile]) {
    const kind = inbox === Inbox.layer ? "a durable" : "a volatile"
    it.effect(`can put an event off: what they staged commits, others go on, it comes again (${kind} inbox)`, () =>
      Effect.gen(function* () {
        let isFirst = true
        const feature = Bot.on("MessageReceived", (event) =>
          Effect.gen(function* () {
            yield* Bot.reply(event, event.text)
            if (event.text !== "later" || !isFirst) return
            isFirst = false
            yield* Bot.later("1 minute")
          })
        )
        const { texts } = yield* when([say("later"), say("next")], feature, { inbox })
        assert.deepStrictEqual(texts, ["later", "next", "later"])
      })
    )
  }

  it.effect("cannot answer what belongs to no chat: that is a dead letter", () =>
    Effect.gen(function* () {
      const guild: Conversation = { account: "fake:1", kind: "guild", id: "g" }
      const { texts, counts } = yield* when([say("x", guild)], echo)
      assert.deepStrictEqual([texts, counts.deadEvents], [[], 1])
    })
  )
})

describe("a guard", () => {
  const passes = (guard: Guard.Guard<ReturnType<typeof say>>, event: ReturnType<typeof say>) => guard(event)
  const yes = Guard.make(() => true)
  const no = Guard.make(() => false)
  const anyone = { id: "5", name: undefined, isBot: false }
  const group: Conversation = { account: "fake:1", kind: "group", id: "5" }

  it.effect.each([
    ["all of none", Guard.all(), say("x"), true],
    ["all of yes and no", Guard.all(yes, no), say("x"), false],
    ["any of none", Guard.any(), say("x"), false],
    ["any of no and yes", Guard.any(no, yes), say("x"), true],
    ["not yes", Guard.not(yes), say("x"), false],
    ["a person for notFromBots", Guard.notFromBots, say("x"), true],
    [
      "a bot for notFromBots",
      Guard.notFromBots,
      { ...say("x"), author: { id: "b", name: undefined, isBot: true } },
      false
    ],
    ["no guild for guilds", Guard.guilds("g"), say("x"), false],
    ["the guild for guilds", Guard.guilds("g"), { ...say("x"), guildId: "g" }, true],
    ["another guild for guilds", Guard.guilds("g"), { ...say("x"), guildId: "h" }, false],
    ["the id for conversations", Guard.conversations("5"), say("x", group), true],
    ["kind and id for conversations", Guard.conversations({ kind: "group", id: "5" }), say("x", group), true],
    ["another kind for conversations", Guard.conversations({ kind: "direct", id: "5" }), say("x", group), false],
    ["a private chat for addressed", Guard.addressed, say("x"), true],
    ["a group for addressed", Guard.addressed, say("x", group), false],
    ["a mention in a group for addressed", Guard.addressed, { ...say("x", group), isAddressed: true }, true],
    ["an owner for fromAdmins", Guard.fromAdmins, { ...say("x"), author: { ...anyone, role: "owner" } }, true],
    ["an admin for fromAdmins", Guard.fromAdmins, { ...say("x"), author: { ...anyone, role: "admin" } }, true],
    ["a member for fromAdmins", Guard.fromAdmins, { ...say("x"), author: { ...anyone, role: "member" } }, false],
    ["somebody for fromAdmins", Guard.fromAdmins, say("x"), false],
    ["a direct chat for direct", Guard.direct, say("x"), true],
    ["a group for direct", Guard.direct, say("x", group), false],
    ["the prefix", Guard.prefix("hey"), say("  hey you"), true],
    ["another text for prefix", Guard.prefix("hey"), say("oh hey"), false],
    ["the text for contains", Guard.contains("hey"), say("oh hey you"), true],
    ["another text for contains", Guard.contains("hey"), say("oh"), false]
  ] as const)("decides rightly on %s", ([, guard, event, expected]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* passes(guard, event), expected)
    })
  )

  it.effect("that does not pass keeps the handler from the event, which is done all the same", () =>
    Effect.gen(function* () {
      const feature = Bot.on("MessageReceived", Guard.contains("please"), (event) => Bot.reply(event, event.text))
      const { texts, counts } = yield* when([say("no"), say("please")], feature)
      assert.deepStrictEqual([texts, counts.pendingEvents], [["please"], 0])
    })
  )

  it.effect("of a cool-down passes once in its time for each author, and a failed turn does not use it up", () =>
    Effect.gen(function* () {
      let failures = 2
      const feature = Bot.on("MessageReceived", Guard.cooldown("1 minute"), (event) =>
        Effect.suspend(() =>
          failures-- > 0 ? Effect.fail("no") : Bot.reply(event, `${event.author.id} ${event.text}`)
        )
      )
      const fake = FakePlatform.make()
      yield* untilEnded(
        life(
          forgetful,
          fake,
          feature,
          Effect.gen(function* () {
            yield* fake.emit(say("1", "r", "ann"), say("2", "r", "ann"), say("3", "r", "bob"), say("4", "s", "ann"))
            yield* pass("30 seconds")
            yield* fake.emit(say("5", "r", "ann"))
            yield* pass("1 minute")
            yield* fake.emit(say("6", "r", "ann"))
            yield* pass("1 second")
          })
        )
      )
      assert.deepStrictEqual(texts(fake).sort(), ["ann 1", "ann 4", "ann 6", "bob 3"])
    })
  )
})

describe("a command", () => {
  it.each([
    ["!ping", "ping", "!", { rest: "", words: [] }],
    ["  !ping  ", "ping", "!", { rest: "", words: [] }],
    ["!PiNg Now Then", "ping", "!", { rest: "Now Then", words: ["Now", "Then"] }],
    ["!ping   a   b ", "ping", "!", { rest: "a   b", words: ["a", "b"] }],
    ["!ping\nnext line", "ping", "!", { rest: "next line", words: ["next", "line"] }],
    ["!ping\u3000全角", "ping", "!", { rest: "全角", words: ["全角"] }],
    ["/ping x", "ping", ["!", "/"], { rest: "x", words: ["x"] }],
    ["!!ping x", "ping", ["!", "!!"], { rest: "x", words: ["x"] }],
    ["ping x", "ping", "", { rest: "x", words: ["x"] }],
    ["!天气 北京", "天气", "!", { rest: "北京", words: ["北京"] }],
    ["!pings", "ping", "!", undefined],
    ["!pin g", "ping", "!", undefined],
    ["! ping", "ping", "!", undefined],
    ["ping", "ping", "!", undefined],
    ["say !ping", "ping", "!", undefined],
    ["", "ping", "!", undefined],
    ["!", "ping", "!", undefined]
  ] as const)("reads %j as %s with prefix %j", (text, name, prefix, expected) => {
    assert.deepStrictEqual(Bot.parseCommand(text, name, prefix), expected)
  })

  it.effect("answers to the prefixes of the bot, or to its own", () =>
    Effect.gen(function* () {
      const feature = Layer.mergeAll(
        Bot.command("echo", (event, { rest }) => Bot.reply(event, rest)),
        Bot.command("own", (event) => Bot.reply(event, "own"), { prefix: "?" })
      )
      const { texts } = yield* when(
        [say("!echo no"), say("#echo yes"), say("#own"), say("?own"), say("?echo")],
        feature,
        { prefix: "#" }
      )
      assert.deepStrictEqual(texts, ["yes", "own"])
    })
  )
})

describe("what a bot says", () => {
  it.effect("names what it answers, its priority and its times", () =>
    Effect.gen(function* () {
      const event = say("x")
      const feature = Bot.on("MessageReceived", (event) =>
        Bot.reply(event, { text: "y" }, { priority: "high", after: "1 second", within: "1 minute" })
      )
      const { fake } = yield* when([event], feature)
      const [sent] = fake.sent()
      assert.strictEqual(sent?.replyTo?.messageId, event.messageId)
      assert.deepStrictEqual(
        [
          sent?.priority,
          (sent?.notBefore ?? 0) - (sent?.createdAt ?? 0),
          (sent?.expiresAt ?? 0) - (sent?.createdAt ?? 0)
        ],
        ["high", 1000, 60_000]
      )
    })
  )

  it.effect("outside a turn is durable when `send` returns", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      yield* disk.slow("1 second")
      const fake = FakePlatform.make()
      yield* fake.failSends(...Array.from({ length: 50 }, () => new Rest.Unavailable({ reached: false })))
      yield* untilEnded(life(disk.layer, fake, Layer.empty, Effect.andThen(Bot.send(room("ann"), "kept"), disk.crash)))
      const next = FakePlatform.make()
      yield* untilEnded(life(disk.layer, next, Layer.empty, next.awaitSent(1)))
      assert.deepStrictEqual(texts(next), ["kept"])
    })
  )

  it.effect("inside a turn commits with it, also to another conversation", () =>
    Effect.gen(function* () {
      const feature = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          yield* Bot.send(room("boss"), event.text)
          if ((yield* Bot.attempt) < 3) yield* Effect.fail("not yet")
        })
      )
      const { fake } = yield* when([say("report")], feature)
      assert.deepStrictEqual(
        fake.sent().map(({ content, conversation, replyTo }) => [content.text, conversation.id, replyTo]),
        [["report", "boss", undefined]]
      )
    })
  )

  it.effect("to an account that does not exist, or to no chat, is a defect", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* untilEnded(
        life(
          forgetful,
          fake,
          Layer.empty,
          Effect.gen(function* () {
            for (const conversation of [
              { ...room("ann"), account: "fake:404" },
              { ...room("ann"), kind: "guild" as const }
            ]) {
              assert.isTrue(Exit.hasDies(yield* Effect.exit(Bot.send(conversation, "x"))))
            }
          })
        )
      )
    })
  )
})

describe("state", () => {
  const Count = { name: "count", schema: Schema.Int, initial: 0 }

  it.effect("of a user follows the user, that of a conversation stays there", () =>
    Effect.gen(function* () {
      const user = Bot.userState(Count)
      const place = Bot.conversationState({ ...Count, name: "place" })
      const feature = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          const mine = yield* user.update(event, (n) => n + 1)
          const here = yield* place.update(event, (n) => n + 1)
          assert.strictEqual(yield* user.get(event), mine)
          yield* Bot.reply(event, `${mine} ${here}`)
        })
      )
      const fake = FakePlatform.make()
      const steps = [say("1", "r", "ann"), say("2", "r", "ann"), say("3", "s", "ann"), say("4", "s", "bob")]
      yield* untilEnded(
        life(
          forgetful,
          fake,
          feature,
          Effect.forEach(steps, (event) => Effect.andThen(fake.emit(event), pass("1 second")))
        )
      )
      assert.deepStrictEqual(texts(fake), ["1 1", "2 2", "3 1", "1 2"])
    })
  )

  it.effect("can be removed, and is the initial value again", () =>
    Effect.gen(function* () {
      const user = Bot.userState(Count)
      const feature = Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          if (event.text === "forget") return yield* user.remove(event)
          yield* Bot.reply(event, String(yield* user.update(event, (n) => n + 1)))
        })
      )
      const { texts } = yield* when([say("a"), say("b"), say("forget"), say("c"), say("d")], feature)
      assert.deepStrictEqual(texts, ["1", "2", "1", "2"])
    })
  )

  it.effect("that a new schema does not fit is named, with what was expected and not what is there", () =>
    Effect.gen(function* () {
      const before = Bot.userState({ name: "points", schema: Schema.String, initial: "" })
      const after = Bot.userState({ name: "points", schema: Schema.Struct({ n: Schema.Int }), initial: { n: 0 } })
      const feature = Bot.on("MessageReceived", (event) =>
        event.text === "old"
          ? before.set(event, "hunter2")
          : Effect.catchTag(after.get(event), "SchemaError", ({ message }) => Bot.reply(event, message))
      )
      const { texts } = yield* when([say("old"), say("new")], feature)
      assert.strictEqual(texts.length, 1)
      assert.include(texts[0], "Expected object")
      assert.include(texts[0], "state points")
      assert.notInclude(texts[0], "hunter2")
    })
  )

  it.effect.each(Array.from({ length: 20 }, (_, i) => i + 1))(
    "loses no update when conversations change one value at once (run %i)",
    (run) =>
      Effect.gen(function* () {
        const user = Bot.userState(Count)
        const feature = Bot.on("MessageReceived", (event) =>
          Effect.gen(function* () {
            const before = yield* user.get(event)
            if (run % 2 === 0) yield* Effect.sleep((Number(event.text) * 7) % 50)
            else yield* Effect.yieldNow
            yield* user.set(event, before + 1)
            yield* Bot.reply(event, String(before + 1))
          })
        )
        const events = Array.from({ length: 30 }, (_, i) => say(`${i}`, `room ${i % (run + 1)}`, "ann"))
        const { texts, counts } = yield* when(events, feature)
        assert.deepStrictEqual(
          texts.map(Number).sort((a, b) => a - b),
          Array.from({ length: 30 }, (_, i) => i + 1)
        )
        assert.strictEqual(counts.deadEvents, 0)
      })
  )
})

describe("an app", () => {
  /** Builds for a while, as an app does that migrates a database before its handlers are there. */
  const slowly = (feature: Layer.Layer<never, never, Bot.Runtime>, time: Duration.Input) =>
    Layer.unwrap(Effect.as(Effect.sleep(time), feature))
  const attach = (fake: FakePlatform.FakePlatform) =>
    Layer.effectDiscard(Bot.Runtime.use((runtime) => runtime.attach(fake.platform)))

  it.effect("that is launched lets no event in before all of it is built, however long that takes", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* fake.emit(say("early"))
      const app = Layer.mergeAll(attach(fake), slowly(echo, "1 minute"))
      const fiber = yield* Effect.forkChild(Bot.launch(app).pipe(Effect.provide(Memory.layer)))
      yield* settle
      yield* pass("59 seconds")
      assert.strictEqual(fake.counts().identified, 0)
      yield* pass("10 seconds")
      assert.deepStrictEqual(texts(fake), ["early"])
      yield* untilEnded(Fiber.interrupt(fiber))
    })
  )

  it.effect("that is not launched connects once no handler was added for a second", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* fake.emit(say("early"))
      const app = Layer.mergeAll(
        attach(fake),
        slowly(echo, "500 millis"),
        slowly(
          Bot.on("MessageReceived", (event) => Bot.reply(event, "late")),
          "900 millis"
        )
      ).pipe(Layer.provideMerge(Bot.layer), Layer.provide(Memory.layer))
      yield* untilEnded(Effect.scoped(Effect.andThen(Layer.build(app), Effect.sleep("10 seconds"))))
      assert.deepStrictEqual(texts(fake), ["early", "late"])
    })
  )

  it.effect("that is launched fails with the reason when every account gave up, and not before", () =>
    Effect.gen(function* () {
      const one = FakePlatform.make()
      const two = FakePlatform.make({ account: "fake:2" })
      const banned = new Gateway.AccountBanned({ advice: "Ask the platform." })
      yield* one.refuseConnections(banned)
      const fiber = yield* Effect.forkChild(
        Bot.launch(Layer.mergeAll(attach(one), attach(two))).pipe(Effect.provide(Memory.layer))
      )
      yield* settle
      yield* pass("1 minute")
      assert.isUndefined(fiber.pollUnsafe())
      yield* two.disconnect(banned)
      const error = yield* untilEnded(Effect.flip(Fiber.join(fiber)))
      assert.strictEqual(error._tag === "GatewayError" ? error.reason._tag : error._tag, "AccountBanned")
    })
  )

  it.effect("tells how it is doing in numbers", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* untilEnded(
        life(
          forgetful,
          fake,
          echo,
          Effect.gen(function* () {
            yield* settle
            for (let i = 0; i < 10; i++) yield* fake.emit(say(`${i}`))
            yield* pass("10 seconds")
            const [status] = yield* Bot.status
            assert.deepInclude(status, {
              account: "fake:1",
              isConnected: true,
              eventsReceived: 10,
              eventsProcessed: 10,
              messagesSent: 10,
              messagesWaiting: 0,
              eventsWaiting: 0
            })
            assert.isAtLeast(status?.uptime ?? 0, 10_000)
            assert.closeTo(status?.eventsPerSecond ?? 0, 10_000 / (status?.uptime ?? 0), 1e-9)
          })
        )
      )
    })
  )

  it.effect("goes on telling its news to a listener that died of one", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      const heard: Array<string> = []
      const listener = Bot.onStatus((status) => {
        heard.push(status._tag)
        if (heard.length === 1) throw new Error("a bug")
        return Effect.void
      })
      yield* untilEnded(
        Effect.gen(function* () {
          yield* (yield* Bot.Runtime).attach(fake.platform)
          yield* settle
          yield* (yield* Bot.Runtime).start
          yield* pass("1 second")
          yield* (yield* Bot.Runtime).drain
        }).pipe(
          Effect.scoped,
          Effect.provide(listener.pipe(Layer.provideMerge(Bot.layer), Layer.provideMerge(Memory.layer)))
        )
      )
      assert.isAbove(heard.length, 1)
    })
  )
})
