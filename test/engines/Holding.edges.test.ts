/** Where a hold meets something else: a stop, a full inbox, a dead letter that is given another life. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import { Rejected } from "../../src/domain/RestError.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { forgetful, life, news, room, settle, until, untilEnded, wholeLife } from "../fixtures/runtime.ts"

const say = (text: string, where = "ann") => Events.message({ text, in: where })
const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))
const { account } = room("ann")

describe("a hold", () => {
  it.effect("on an account lets a stop end with the turn that was under way, also when that fails", () => {
    const fake = FakePlatform.make()
    const fails = Bot.on("MessageReceived", () => Effect.andThen(Effect.sleep("1 second"), Effect.fail("boom")))
    return wholeLife(
      forgetful,
      fake,
      fails,
      Effect.gen(function* () {
        yield* fake.emit(say("1"))
        yield* settle
        yield* Bot.hold(account, "a bad release")
        const heard = yield* news
        const stopping = yield* Effect.forkChild(Bot.Runtime.use(({ drain }) => drain))
        yield* settle
        yield* TestClock.adjust("1 second")
        // No more time passes: it does not wait for its deadline.
        yield* until("drained", () => heard.some(({ _tag }) => _tag === "Drained"))
        yield* Fiber.join(stopping)
      })
    )
  })

  it.effect("that fills the inbox is named as what stops the reading, and its end lets it go on", () => {
    const fake = FakePlatform.make()
    return untilEnded(
      life(
        forgetful,
        fake,
        echo,
        Effect.gen(function* () {
          const heard = yield* news
          yield* Bot.hold(room("ann"), "taken over")
          yield* fake.emit(...Array.from({ length: 10 }, (_, i) => say(`${i}`)))
          yield* settle
          yield* TestClock.adjust("1 minute")
          yield* until("a pause", () => heard.some(({ _tag }) => _tag === "IntakePaused"))
          const why = heard.flatMap((it) => (it._tag === "IntakePaused" ? [it.why] : []))
          assert.deepStrictEqual(why, ["too many events wait in what a person holds"])
          yield* Bot.release(room("ann"))
          yield* until("reading", () => heard.some(({ _tag }) => _tag === "IntakeResumed"))
          yield* fake.awaitSent(10)
        }),
        { maxBacklog: 10 }
      )
    )
  })

  it.effect("that ends while a dead letter is requeued says it once", () => {
    const fake = FakePlatform.make({ isIdempotent: false })
    let isSlow = false
    return Effect.gen(function* () {
      const reading = yield* Deferred.make<void>()
      const answered = yield* Deferred.make<void>()
      const slow = Layer.effect(
        Store,
        Effect.map(Store, (store) =>
          Store.of({
            ...store,
            // What is read is as it was when the answer comes.
            pendingMessages: (...args) =>
              isSlow
                ? Effect.andThen(
                    Deferred.succeed(reading, undefined),
                    Effect.andThen(Deferred.await(answered), store.pendingMessages(...args))
                  )
                : store.pendingMessages(...args)
          })
        )
      ).pipe(Layer.provide(Memory.layer))
      yield* untilEnded(
        life(
          slow,
          fake,
          Layer.empty,
          Effect.gen(function* () {
            yield* fake.failSends(new Rejected({ detail: "not like this" }))
            yield* Bot.send(room("ann"), "once")
            yield* settle
            const [letter] = yield* Bot.deadLetters(account)
            yield* Bot.hold(room("ann"), "taken over")
            isSlow = true
            const releasing = yield* Effect.forkChild(Bot.release(room("ann")))
            yield* Deferred.await(reading)
            assert.isTrue(yield* Bot.requeue({ _tag: "DeadMessage", id: letter?.id ?? 0 }))
            yield* Deferred.succeed(answered, undefined)
            assert.isTrue(yield* Fiber.join(releasing))
            yield* settle
            assert.deepStrictEqual(
              fake.sent().map(({ content }) => content.text),
              ["once"]
            )
          })
        )
      )
    })
  })
})
