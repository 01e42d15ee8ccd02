import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import * as Rest from "../../src/domain/RestError.ts"
import { Inaccessible, StoreError } from "../../src/domain/StoreError.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { forgetful, life, news, room, settle, untilEnded } from "../fixtures/runtime.ts"

const say = (text: string, where = "ann") => Events.message({ text, in: where })
const echo = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))
const hang = Bot.on("MessageReceived", () => Effect.never)
const texts = (fake: FakePlatform.FakePlatform) => fake.sent().map(({ content }) => content.text)
const unreached = new Rest.Unavailable({ reached: false })
const pass = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)

describe("an account", () => {
  it.effect("goes on after a crash with what was not handled, in order, before what is new", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make()
      yield* untilEnded(
        life(
          disk.layer,
          fake,
          hang,
          Effect.gen(function* () {
            for (let i = 0; i < 40; i++) yield* fake.emit(say(`${i}`, i % 2 === 0 ? "ann" : "bob"))
            yield* pass("1 second")
            yield* disk.crash
          })
        )
      )
      yield* fake.emit(say("new", "ann"))
      yield* untilEnded(life(disk.layer, fake, echo, fake.awaitSent(41)))
      const said = fake.sent().filter(({ conversation }) => conversation.id === "ann")
      assert.deepStrictEqual(
        said.map(({ content }) => content.text),
        [...Array.from({ length: 20 }, (_, i) => `${i * 2}`), "new"]
      )
      assert.strictEqual(fake.sent().length, 41)
    })
  )

  it.effect("sends after a crash what was not sent, each message once", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make({ isIdempotent: false })
      yield* fake.failSends(...Array.from({ length: 100 }, () => unreached))
      yield* untilEnded(
        life(
          disk.layer,
          fake,
          echo,
          Effect.gen(function* () {
            for (let i = 0; i < 5; i++) yield* fake.emit(say(`${i}`))
            yield* pass("1 second")
            yield* disk.crash
          })
        )
      )
      assert.deepStrictEqual(texts(fake), [])
      const patient = FakePlatform.make({ isIdempotent: false })
      yield* untilEnded(life(disk.layer, patient, echo, patient.awaitSent(5)))
      assert.deepStrictEqual(texts(patient), ["0", "1", "2", "3", "4"])
    })
  )

  it.effect("sends once what was said before the start, although it is pending when the account recovers", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make({ isIdempotent: false })
      yield* fake.failSends(unreached)
      const greeting = Layer.effectDiscard(
        Effect.gen(function* () {
          yield* (yield* Bot.Runtime).attach(fake.platform)
          yield* Bot.send(room("ann"), "good morning")
          yield* settle
        })
      )
      yield* untilEnded(life(forgetful, [], greeting, pass("5 minutes")))
      assert.deepStrictEqual(texts(fake), ["good morning"])
    })
  )

  it.effect("takes everything once when the store fails in the middle of recovery", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make({ isIdempotent: false })
      yield* fake.failSends(...Array.from({ length: 100 }, () => unreached))
      yield* untilEnded(
        life(
          disk.layer,
          fake,
          echo,
          Effect.gen(function* () {
            yield* fake.emit(say("hello"))
            yield* pass("1 second")
            yield* disk.crash
          })
        )
      )
      let failures = 3
      const flaky = Layer.effect(
        Store,
        Effect.map(Store, (store) =>
          Store.of({
            ...store,
            pendingEvents: (account, page) =>
              Effect.suspend(() =>
                failures-- > 0
                  ? Effect.fail(
                      new StoreError({ operation: "pendingEvents", reason: new Inaccessible({ detail: "told to" }) })
                    )
                  : store.pendingEvents(account, page)
              )
          })
        )
      ).pipe(Layer.provide(disk.layer))
      const patient = FakePlatform.make({ isIdempotent: false })
      yield* untilEnded(life(flaky, patient, echo, pass("5 minutes")))
      assert.deepStrictEqual(texts(patient), ["hello"])
    })
  )

  it.effect("keeps to the time to which an event was put off, also through a restart", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make()
      const seen: Array<number> = []
      const later = Bot.on("MessageReceived", () =>
        Effect.gen(function* () {
          seen.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
          if (seen.length === 1) yield* Bot.later("10 minutes")
        })
      )
      yield* untilEnded(life(disk.layer, fake, later, Effect.andThen(fake.emit(say("x")), pass(0))))
      yield* untilEnded(life(disk.layer, fake, later, pass("9 minutes")))
      assert.deepStrictEqual(seen, [0])
      yield* untilEnded(life(disk.layer, fake, later, pass("2 minutes")))
      assert.strictEqual(seen.length, 2)
      // Not before its time, and as soon after it as it was on record that it is tried: other timers ring meanwhile.
      assert.isAtLeast(seen[1] ?? 0, 600_000)
      assert.isBelow(seen[1] ?? 0, 605_000)
    })
  )

  it.effect("does not handle again what it handled in an earlier life", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make()
      const twice = Events.message({ text: "twice", in: "ann", id: "same" })
      yield* untilEnded(life(disk.layer, fake, echo, Effect.andThen(fake.emit(twice, twice), fake.awaitSent(1))))
      yield* fake.invalidate
      yield* fake.emit(twice, say("new"))
      yield* untilEnded(life(disk.layer, fake, echo, Effect.andThen(fake.awaitSent(2), pass("1 minute"))))
      assert.deepStrictEqual(texts(fake), ["twice", "new"])
    })
  )

  it.effect("finishes what it began when it stops, and says that nothing is left", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      const slow = Bot.on("MessageReceived", (event) =>
        Effect.andThen(Effect.sleep("1 second"), Bot.reply(event, event.text))
      )
      yield* untilEnded(
        life(forgetful, fake, slow, Effect.andThen(fake.emit(say("1"), say("2"), say("3", "bob")), settle))
      )
      assert.deepStrictEqual([...texts(fake)].sort(), ["1", "2", "3"])
    })
  )

  it.effect("stops at its deadline, and names what is left for the next start", () =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const fake = FakePlatform.make()
      let interrupted = 0
      const stuck = Bot.on("MessageReceived", () =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++))
      )
      const startedAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      yield* untilEnded(
        life(disk.layer, fake, stuck, Effect.andThen(fake.emit(say("1"), say("2"), say("3", "bob")), pass(0)), {
          drainTimeout: Duration.seconds(5)
        })
      )
      const endedAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      assert.isAtMost(endedAt - startedAt, 7000)
      assert.strictEqual(interrupted, 2)
      yield* untilEnded(life(disk.layer, fake, echo, fake.awaitSent(3)))
      assert.deepStrictEqual([...texts(fake)].sort(), ["1", "2", "3"])
    })
  )

  it.effect("waits for a person after a reason that cannot heal, and lives again when it is restarted", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* fake.refuseConnections(new Gateway.AccountBanned({ advice: "Ask the platform." }))
      yield* untilEnded(
        life(
          forgetful,
          fake,
          echo,
          Effect.gen(function* () {
            const runtime = yield* Bot.Runtime
            yield* pass("1 hour")
            const [account] = runtime.accounts()
            assert.strictEqual(account?.failure()?.reason._tag, "AccountBanned")
            assert.strictEqual((yield* Effect.flip(runtime.fatal))._tag, "GatewayError")
            yield* fake.emit(say("hello"))
            yield* account?.restart ?? Effect.void
            yield* pass("1 minute")
            assert.isUndefined(account?.failure())
            assert.deepStrictEqual(texts(fake), ["hello"])
          })
        )
      )
    })
  )

  it.effect("isolates: one account that gives up does not touch another", () =>
    Effect.gen(function* () {
      const broken = FakePlatform.make({ account: "fake:2" })
      yield* broken.refuseConnections(new Gateway.AccountBanned({ advice: "Ask the platform." }))
      const fine = FakePlatform.make()
      yield* untilEnded(
        life(
          forgetful,
          [broken, fine],
          echo,
          Effect.gen(function* () {
            yield* pass("1 minute")
            yield* fine.emit(say("hello"))
            yield* fine.awaitSent(1)
            const statuses = yield* Bot.status
            assert.deepStrictEqual(
              statuses.map(({ account, isConnected }) => [account, isConnected]),
              [
                ["fake:2", false],
                ["fake:1", true]
              ]
            )
          })
        )
      )
    })
  )

  it.effect("holds handlers back while its outbox is full, and lets them go on when it drained", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* fake.failSends(...Array.from({ length: 20 }, () => unreached))
      let handled = 0
      const counting = Bot.on("MessageReceived", (event) =>
        Effect.andThen(
          Effect.sync(() => void handled++),
          Bot.reply(event, event.text)
        )
      )
      yield* untilEnded(
        life(
          forgetful,
          fake,
          counting,
          Effect.gen(function* () {
            for (let i = 0; i < 100; i++) yield* fake.emit(say(`${i}`, `room ${i}`))
            yield* pass(0)
            assert.isBelow(handled, 100)
            for (let i = 0; i < 60; i++) yield* pass("1 minute")
            assert.deepStrictEqual([handled, fake.sent().length], [100, 100])
          }),
          { maxQueued: 10, concurrency: 4 }
        )
      )
    })
  )

  it.effect("records a gap when a session is forgotten, and says so", () =>
    Effect.gen(function* () {
      const fake = FakePlatform.make()
      yield* untilEnded(
        life(
          forgetful,
          fake,
          echo,
          Effect.scoped(
            Effect.gen(function* () {
              const heard = yield* news
              yield* fake.emit(say("x"))
              yield* pass("1 second")
              yield* fake.invalidate
              yield* fake.disconnect(new Gateway.SessionInvalidated({ resumable: false, dropCredentials: false }))
              yield* pass("1 minute")
              const gaps = yield* (yield* Store).gaps("fake:1")
              assert.deepStrictEqual(
                gaps.map(({ from, stream }) => [from, stream]),
                [[1, "gateway/0"]]
              )
              const told = heard.flatMap((status) => (status._tag === "GapRecorded" ? [status.gap] : []))
              assert.deepStrictEqual(told, gaps)
            })
          )
        )
      )
    })
  )

  it.effect("keeps what a platform notes for itself, also when notes are written at once", () =>
    untilEnded(
      life(
        forgetful,
        [],
        Layer.empty,
        Effect.gen(function* () {
          const kept = (yield* Bot.Runtime).keep("starts")
          assert.isUndefined(yield* kept.load)
          yield* Effect.forEach(["1", "2", "3"], kept.save, { concurrency: "unbounded" })
          assert.strictEqual(yield* kept.load, "3")
        })
      )
    )
  )
})
