import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import * as Rest from "../../src/domain/RestError.ts"
import { Busy, StoreError } from "../../src/domain/StoreError.ts"
import { maxHolds } from "../../src/engines/Holds.ts"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { forgetful, life, news, prng, room, settle, until, untilEnded } from "../fixtures/runtime.ts"

const say = (text: string, where = "ann") => Events.message({ text, in: where })
const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))
const pass = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)
const texts = (fake: FakePlatform.FakePlatform, where?: string) =>
  fake
    .sent()
    .filter(({ conversation }) => where === undefined || conversation.id === where)
    .map(({ content }) => content.text)
const { account } = room("ann")
const waiting = Effect.map(Bot.holds, (holds) => holds.map(({ eventsWaiting }) => eventsWaiting))

describe("a hold", () => {
  it.effect("keeps the bot out of one conversation, and what came meanwhile is answered in order when it ends", () => {
    const fake = FakePlatform.make()
    return untilEnded(
      life(
        forgetful,
        fake,
        echo,
        Effect.gen(function* () {
          yield* fake.emit(say("before"))
          yield* fake.awaitSent(1)
          const hold = yield* Bot.hold(room("ann"), "Ann is furious")
          assert.deepStrictEqual(hold, {
            account,
            conversation: room("ann"),
            reason: "Ann is furious",
            since: 0,
            eventsWaiting: 0
          })
          yield* fake.emit(say("1"), say("2"), say("hello", "bob"), say("3"))
          yield* pass("1 hour")
          assert.deepStrictEqual([texts(fake, "ann"), texts(fake, "bob")], [["before"], ["hello"]])
          assert.deepStrictEqual(yield* waiting, [3])
          assert.isTrue(yield* Bot.release(room("ann")))
          yield* pass("1 second")
          assert.deepStrictEqual(texts(fake, "ann"), ["before", "1", "2", "3"])
          assert.deepStrictEqual([yield* Bot.holds, yield* Bot.release(room("ann"))], [[], false])
        })
      )
    )
  })

  it.effect("on an account keeps it out of every conversation, while everything is stored", () => {
    const fake = FakePlatform.make()
    return untilEnded(
      life(
        forgetful,
        fake,
        echo,
        Effect.gen(function* () {
          yield* Bot.hold(account, "a bad release")
          yield* fake.emit(say("1"), say("2", "bob"))
          yield* Bot.send(room("carl"), "good morning")
          yield* pass("1 hour")
          assert.deepStrictEqual([texts(fake), yield* waiting], [[], [2]])
          const { pendingEvents } = yield* Store.use((store) => store.counts(account))
          assert.strictEqual(pendingEvents, 2)
          yield* Bot.release(account)
          yield* pass("1 second")
          assert.sameMembers(texts(fake), ["1", "2", "good morning"])
        })
      )
    )
  })

  it.effect("outlives the process, and so does its end", () => {
    const disk = Memory.make()
    const fake = FakePlatform.make()
    return Effect.gen(function* () {
      yield* untilEnded(
        life(
          disk.layer,
          fake,
          echo,
          Effect.gen(function* () {
            yield* Bot.hold(room("ann"), "taken over")
            yield* fake.emit(say("1"))
            yield* pass("1 second")
            yield* disk.crash
          })
        )
      )
      const next = Effect.gen(function* () {
        yield* fake.emit(say("2"), say("3", "bob"))
        yield* pass("1 minute")
        assert.deepStrictEqual([texts(fake, "ann"), texts(fake, "bob")], [[], ["3"]])
        assert.deepStrictEqual(
          (yield* Bot.holds).map(({ eventsWaiting, reason }) => [reason, eventsWaiting]),
          [["taken over", 2]]
        )
        yield* Bot.release(room("ann"))
        yield* pass("1 second")
        assert.deepStrictEqual(texts(fake, "ann"), ["1", "2"])
        yield* disk.crash
      })
      yield* untilEnded(life(disk.layer, fake, echo, next))
      const last = Effect.gen(function* () {
        yield* fake.emit(say("4"))
        yield* pass("1 second")
        assert.deepStrictEqual([texts(fake, "ann").at(-1), yield* Bot.holds], ["4", []])
      })
      yield* untilEnded(life(disk.layer, fake, echo, last))
    })
  })

  it.effect("that cannot be read any more holds the whole account, until a person releases it", () => {
    const disk = Memory.make()
    const fake = FakePlatform.make()
    const garble = Effect.gen(function* () {
      const store = yield* Store
      const state = [{ key: `${account}/holds`, value: "[{", expected: 0 }]
      yield* store.commit({ ...emptyCommit, turns: [{ eventId: undefined, messages: [], state }] })
    })
    const release = Effect.gen(function* () {
      yield* fake.emit(say("1"))
      yield* pass("1 minute")
      assert.deepStrictEqual(texts(fake), [])
      assert.deepStrictEqual(
        (yield* Bot.holds).map(({ conversation, reason }) => [conversation, reason]),
        [[undefined, "what was held cannot be read"]]
      )
      assert.isTrue(yield* Bot.release(account))
      yield* pass("1 second")
      assert.deepStrictEqual(texts(fake), ["1"])
      yield* disk.crash
    })
    const last = Effect.gen(function* () {
      yield* pass("1 second")
      assert.deepStrictEqual(yield* Bot.holds, [])
    })
    return garble.pipe(
      Effect.provide(Layer.fresh(disk.layer)),
      Effect.andThen(untilEnded(life(disk.layer, fake, echo, release))),
      Effect.andThen(untilEnded(life(disk.layer, fake, echo, last)))
    )
  })

  it.effect("keeps back what was queued, put off and said meanwhile, and each leaves once, in order", () => {
    // Without repeats that the platform recognises, every second send would show.
    const fake = FakePlatform.make({ isIdempotent: false })
    return untilEnded(
      life(
        forgetful,
        fake,
        Layer.empty,
        Effect.gen(function* () {
          yield* fake.failSends(new Rest.RateLimited({ retryAfter: Duration.minutes(1) }))
          yield* Bot.send(room("ann"), "refused for a minute")
          yield* Bot.send(room("ann"), "behind it")
          yield* Bot.send(room("ann"), "in ten minutes", { after: "10 minutes" })
          yield* settle
          yield* Bot.hold(room("ann"), "taken over")
          yield* Bot.send(room("ann"), "meanwhile")
          yield* Bot.send(room("bob"), "nothing to do with it")
          yield* pass("1 hour")
          assert.deepStrictEqual(texts(fake), ["nothing to do with it"])
          yield* Bot.release(room("ann"))
          yield* Bot.send(room("ann"), "and now")
          yield* pass("1 hour")
          assert.deepStrictEqual(texts(fake, "ann"), [
            "refused for a minute",
            "behind it",
            "in ten minutes",
            "meanwhile",
            "and now"
          ])
        })
      )
    )
  })

  it.effect("does not let what it keeps back fill the outbox of the others, nor hold up a stop", () => {
    const fake = FakePlatform.make()
    return Effect.gen(function* () {
      yield* untilEnded(
        life(
          forgetful,
          fake,
          echo,
          Effect.gen(function* () {
            yield* Bot.hold(room("ann"), "taken over")
            for (let i = 0; i < 50; i++) yield* Bot.send(room("ann"), `${i}`)
            yield* fake.emit(say("hello", "bob"), say("unheard"))
            yield* pass("1 second")
            assert.deepStrictEqual(texts(fake), ["hello"])
            const heard = yield* news
            const stopping = yield* Effect.forkChild(Bot.Runtime.use(({ drain }) => drain))
            // No time passes: it does not wait for what is held.
            yield* until("drained", () => heard.some(({ _tag }) => _tag === "Drained"))
            yield* Fiber.join(stopping)
          }),
          { maxQueued: 10 }
        )
      )
    })
  })

  it.effect("lets a turn end that had begun, and keeps back its reply and its retry", () => {
    const fake = FakePlatform.make()
    let runs = 0
    const slow = Bot.on("MessageReceived", (event) =>
      Effect.gen(function* () {
        runs++
        yield* Effect.sleep("5 seconds")
        if (event.text === "fails once" && runs < 3) return yield* Effect.fail("boom")
        yield* Bot.reply(event, event.text)
      })
    )
    return untilEnded(
      life(
        forgetful,
        fake,
        slow,
        Effect.gen(function* () {
          yield* fake.emit(say("slow"), say("fails once", "bob"))
          yield* settle
          yield* Bot.hold(room("ann"), "taken over")
          yield* Bot.hold(room("bob"), "taken over, too")
          yield* pass("1 hour")
          assert.deepStrictEqual([runs, texts(fake), yield* waiting], [2, [], [0, 1]])
          yield* Bot.release(room("ann"))
          yield* Bot.release(room("bob"))
          yield* pass("1 minute")
          assert.sameMembers(texts(fake), ["slow", "fails once"])
        })
      )
    )
  })

  it.effect("is refused beyond a thousand conversations, and placed once however often it is asked for", () =>
    untilEnded(
      life(
        forgetful,
        FakePlatform.make(),
        echo,
        Effect.gen(function* () {
          const heard = yield* news
          const all = Array.from({ length: maxHolds + 1 }, (_, i) => Bot.hold(room(`${i}`), "many"))
          const placed = yield* Effect.all([...all, Bot.hold(room("0"), "again")])
          assert.deepStrictEqual(
            [placed.filter((hold) => hold === undefined).length, placed.at(-1)?.reason],
            [1, "many"]
          )
          assert.strictEqual(heard.filter(({ _tag }) => _tag === "HoldPlaced").length, maxHolds)
        })
      )
    )
  )

  it.effect("stays in force when its end cannot be stored", () => {
    const fake = FakePlatform.make()
    let isBroken = false
    const broken = Effect.fail(new StoreError({ operation: "state", reason: new Busy({ detail: "locked" }) }))
    const flaky = Layer.effect(
      Store,
      Effect.map(Store, (store) => Store.of({ ...store, state: (keys) => (isBroken ? broken : store.state(keys)) }))
    ).pipe(Layer.provide(Memory.layer))
    return untilEnded(
      life(
        flaky,
        fake,
        echo,
        Effect.gen(function* () {
          yield* Bot.hold(room("ann"), "taken over")
          yield* fake.emit(say("1"))
          isBroken = true
          assert.instanceOf(yield* Effect.flip(Bot.release(room("ann"))), StoreError)
          yield* pass("1 minute")
          assert.deepStrictEqual(texts(fake), [])
          isBroken = false
          yield* Bot.release(room("ann"))
          yield* pass("1 second")
          assert.deepStrictEqual(texts(fake), ["1"])
        })
      )
    )
  })

  it.effect("begun and ended at any moment loses nothing, repeats nothing and keeps order", () => {
    const seed = Math.floor(performance.now() * 1000) % 2 ** 31
    const next = prng(seed)
    const upTo = (limit: number) => Math.floor(next() * limit)
    const disk = Memory.make()
    const made = FakePlatform.make({ isIdempotent: false })
    // The disk and the platform take their time, so that changes meet what is under way.
    const slow = Layer.effect(
      Store,
      Effect.map(Store, (store) =>
        Store.of({
          ...store,
          pendingMessages: (...page) => Effect.tap(store.pendingMessages(...page), () => Effect.sleep(5))
        })
      )
    ).pipe(Layer.provide(disk.layer))
    const send: typeof made.platform.send = (message) =>
      Effect.andThen(Effect.sleep(upTo(60)), made.platform.send(message))
    const fake = { ...made, platform: { ...made.platform, send } }
    // Dora is only told things, the others are answered.
    const people = ["ann", "bob", "dora"]
    const said = new Map(people.map((name) => [name, 0]))
    return untilEnded(
      life(
        slow,
        fake,
        echo,
        Effect.gen(function* () {
          yield* disk.slow("4 millis")
          const heard = yield* news
          const everything = [account, ...people.map(room)]
          for (let step = 0; step < 300; step++) {
            const name = people[upTo(people.length)] ?? "ann"
            const what = everything[upTo(everything.length)] ?? account
            const dice = next()
            if (dice < 0.1) yield* Effect.forkChild(Bot.hold(what, "a while"))
            else if (dice < 0.3) yield* Effect.forkChild(Bot.release(what))
            else if (dice < 0.5) yield* Effect.forkChild(Effect.andThen(Bot.hold(what, "a blink"), Bot.release(what)))
            else if (dice < 0.55) yield* fake.failSends(new Rest.Unavailable({ reached: false }))
            else {
              for (let n = upTo(5); n >= 0; n--) {
                const text = `${said.get(name) ?? 0}`
                said.set(name, Number(text) + 1)
                if (name === "dora") yield* Effect.forkChild(Bot.send(room(name), text))
                else yield* fake.emit(say(text, name))
              }
            }
            if (next() < 0.7) yield* TestClock.adjust(upTo(40))
            yield* settle
          }
          yield* pass("1 minute")
          for (const what of everything) yield* Effect.forkChild(Bot.release(what))
          const total = Array.from(said.values()).reduce((sum, count) => sum + count, 0)
          for (let n = 0; n < 2000 && fake.sent().length < total; n++) yield* pass("1 second")
          // Time for what must not come: anything twice.
          yield* pass("1 minute")
          const ends = heard.map((one) => (one._tag === "MessageSettled" ? one.status : "sent"))
          assert.deepStrictEqual(Array.from(new Set(ends)), ["sent"], `seed ${seed}`)
          for (const name of people) {
            const all = Array.from({ length: said.get(name) ?? 0 }, (_, i) => `${i}`)
            assert.deepStrictEqual(texts(fake, name), all, `seed ${seed}`)
          }
        })
      )
    )
  })
})
