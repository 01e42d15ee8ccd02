/** That an event which ends the process does so a few times only, and that nobody else pays for it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { afterAll } from "vitest"
import * as Bot from "../../src/Bot.ts"
import { Inaccessible, StoreError } from "../../src/domain/StoreError.ts"
import { Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { life, news } from "../fixtures/runtime.ts"

const folder = mkdtempSync(join(tmpdir(), "everbot-probation-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

const disks: Readonly<Record<string, () => Layer.Layer<Store, StoreError>>> = {
  Memory: () => Memory.make().layer,
  Sqlite: () => Sqlite.layer({ filename: join(folder, `${++files}.db`), exclusive: false })
}

/** Virtual time passes until the effect has ended, and a little real time with it: the thread of SQLite needs some. */
const untilEnded = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })

const until = (isTrue: () => boolean) => Effect.repeat(Effect.sleep("100 millis"), { until: isTrue })

/** A process that can end in the middle of a handler: from then on nothing reaches the disk. */
const make = (disk: Layer.Layer<Store, StoreError>) => {
  const world = { isDead: false, lives: 0 }
  const dead = new StoreError({ operation: "commit", reason: new Inaccessible({ detail: "the process ended" }) })
  const mortal = Layer.effect(
    Store,
    Effect.map(Store, (store) =>
      Store.of({
        ...store,
        commit: (commit) => Effect.suspend(() => (world.isDead ? Effect.fail(dead) : store.commit(commit)))
      })
    )
  ).pipe(Layer.provide(disk), Layer.orDie)
  const die = Effect.andThen(
    Effect.sync(() => {
      world.isDead = true
    }),
    Effect.never
  )
  return { world, mortal, die }
}

const options = { drainTimeout: Duration.millis(10), handlerTimeout: Duration.minutes(10) }

/** Starts one process after the other until `isOver`, or until `most` ended by themselves; returns how many did. */
const lives = Effect.fnUntraced(function* (
  { mortal, world }: Pick<ReturnType<typeof make>, "mortal" | "world">,
  fake: FakePlatform.FakePlatform,
  handler: Layer.Layer<never, never, Bot.Runtime>,
  isOver: () => boolean,
  { most = 12, letters = 0 } = {}
) {
  // A life that begins with nothing left to answer may yet have an event to bury.
  const one = Effect.gen(function* () {
    const runtime = yield* Bot.Runtime
    yield* until(() => world.isDead || isOver())
    const count = Effect.map(Effect.orDie(runtime.deadLetters("fake:1", { limit: 10 })), ({ length }) => length)
    yield* Effect.repeat(Effect.andThen(Effect.sleep("100 millis"), count), {
      until: (length) => world.isDead || length >= letters
    })
  })
  let deaths = 0
  for (;;) {
    world.isDead = false
    world.lives++
    yield* untilEnded(life(mortal, fake, handler, one, options))
    if (!world.isDead) return deaths
    if (++deaths >= most) return deaths
  }
})

const buried = Store.use((store) => store.deadLetters("fake:1", { limit: 10 }))

const said = (fake: FakePlatform.FakePlatform) => fake.sent().map(({ content }) => content.text)

for (const [name, disk] of Object.entries(disks)) {
  describe(`probation, on ${name}`, () => {
    it.effect(
      "an event that ends the process becomes a dead letter, and its whole lane is answered once, in order",
      () =>
        Effect.gen(function* () {
          const it = make(disk())
          const fake = FakePlatform.make()
          const Answer = Bot.on("MessageReceived", (event) =>
            event.text === "poison" ? it.die : Bot.reply(event, event.text)
          )
          // One burst: the handler of what stands before the poison ends in the same tick, so its end is never stored.
          yield* fake.emit(...["a", "b", "poison", "c"].map((text) => Events.message({ text, in: "ann" })))
          const deaths = yield* lives(it, fake, Answer, () => said(fake).length >= 3, { letters: 1 })
          assert.deepStrictEqual([deaths, said(fake)], [5, ["a", "b", "c"]])
          const letters = yield* Effect.provide(buried, it.mortal)
          assert.strictEqual(letters.length, 1)
          assert.include(letters[0], {
            _tag: "DeadEvent",
            attempts: 3,
            reason: "the process ended 3 times while it was being handled"
          })
        })
    )

    it.effect("what a plain crash left behind is answered with no record of each", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        let isMortal = true
        const Answer = Bot.on("MessageReceived", (event) => (isMortal ? it.die : Bot.reply(event, event.text)))
        yield* fake.emit(...["a", "b", "c"].map((text) => Events.message({ text, in: "ann" })))
        yield* lives(it, fake, Answer, () => false, { most: 1 })
        isMortal = false
        yield* lives(it, fake, Answer, () => said(fake).length === 3)
        assert.deepStrictEqual(said(fake), ["a", "b", "c"])
        const [record] = yield* Effect.provide(
          Store.use((store) => store.state(["fake:1/probation"])),
          it.mortal
        )
        assert.isUndefined(record?.value)
      })
    )

    it.effect("who is slow beside a poisonous event is not blamed for it", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        const Answer = Bot.on("MessageReceived", (event) => {
          if (event.text === "poison") return it.die
          return Effect.andThen(Effect.sleep("3 seconds"), Bot.reply(event, event.text))
        })
        const slow = Array.from({ length: 10 }, (_, n) => Events.message({ text: `slow ${n}`, in: `room ${n}` }))
        yield* fake.emit(...slow.slice(0, 5), Events.message({ text: "poison", in: "ann" }), ...slow.slice(5))
        const deaths = yield* lives(it, fake, Answer, () => said(fake).length >= 10, { letters: 1 })
        assert.strictEqual(deaths, 5)
        assert.deepStrictEqual([...said(fake)].sort(), slow.map((message) => message.text).sort())
        const letters = yield* Effect.provide(buried, it.mortal)
        assert.deepStrictEqual(
          letters.map((letter) => letter._tag === "DeadEvent" && letter.attempts),
          [3]
        )
      })
    )

    it.effect("of two poisonous events each becomes a dead letter, and what is said meanwhile is answered", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        const Answer = Bot.on("MessageReceived", (event) =>
          event.text.startsWith("poison") ? it.die : Bot.reply(event, event.text)
        )
        yield* fake.emit(
          Events.message({ text: "poison 1", in: "ann" }),
          Events.message({ text: "poison 2", in: "bob" }),
          Events.message({ text: "hello", in: "bob" })
        )
        const deaths = yield* lives(it, fake, Answer, () => said(fake).includes("hello"), { letters: 2 })
        assert.isAtMost(deaths, 8)
        assert.deepStrictEqual(said(fake), ["hello"])
        const letters = yield* Effect.provide(buried, it.mortal)
        assert.strictEqual(letters.length, 2)
      })
    )

    it.effect("a stop in the middle of a turn blames nobody, however often", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        let isPatient = false
        let begun = 0
        const Answer = Bot.on("MessageReceived", (event) => {
          begun++
          return isPatient ? Bot.reply(event, event.text) : Effect.never
        })
        yield* fake.emit(Events.message({ text: "hello" }))
        for (let n = 1; n <= 6; n++) {
          const one = until(() => begun >= n)
          yield* untilEnded(life(it.mortal, fake, Answer, one, options))
        }
        isPatient = true
        yield* untilEnded(
          life(
            it.mortal,
            fake,
            Answer,
            until(() => said(fake).length > 0),
            options
          )
        )
        assert.deepStrictEqual(said(fake), ["hello"])
        assert.deepStrictEqual(yield* Effect.provide(buried, it.mortal), [])
      })
    )

    it.effect("a stop in the middle of a turn blames nobody who waits behind it in its lane", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        let begun = 0
        const Answer = Bot.on("MessageReceived", () => {
          begun++
          return Effect.never
        })
        yield* fake.emit(...["a", "b", "c"].map((text) => Events.message({ text, in: "ann" })))
        for (let n = 1; n <= 4; n++) {
          const one = until(() => begun >= n)
          yield* untilEnded(life(it.mortal, fake, Answer, one, options))
          const [record] = yield* Effect.provide(
            Store.use((store) => store.state(["fake:1/probation"])),
            it.mortal
          )
          if (n > 2) assert.strictEqual(record?.value, '{"trying":[],"blamed":{}}')
        }
      })
    )

    it.effect("events on record that nobody listens to any more keep no lane from its turn", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        const rooms = Array.from({ length: 40 }, (_, n) => `room ${n}`)
        for (const room of rooms) {
          yield* fake.emit(
            Events.message({ text: room, in: room }),
            Events.deleted({ messageId: `gone from ${room}`, in: room })
          )
        }
        // Stops in the middle of all turns: nothing moves, and nobody is blamed.
        let begun = 0
        const Hang = Bot.on("MessageReceived", () => {
          begun++
          return Effect.never
        })
        const Both = Layer.merge(
          Hang,
          Bot.on("MessageDeleted", () => Effect.void)
        )
        for (let n = 1; n <= 2; n++) {
          const one = until(() => begun >= n)
          yield* untilEnded(life(it.mortal, fake, Both, one, options))
        }
        const Answer = Bot.on("MessageReceived", (event) => Bot.reply(event, event.text))
        yield* lives(it, fake, Answer, () => said(fake).length === rooms.length)
        assert.deepStrictEqual([...said(fake)].sort(), [...rooms].sort())
      })
    )

    it.effect("who is killed from outside, again and again, does not bury what happened to run", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        const Answer = Bot.on("MessageReceived", (event) =>
          Effect.andThen(Effect.sleep("2 seconds"), Bot.reply(event, event.text))
        )
        yield* fake.emit(...["a", "b"].map((text) => Events.message({ text, in: text })))
        for (let n = 0; n < 12; n++) {
          it.world.isDead = false
          const killed = Effect.andThen(
            Effect.sleep("1 second"),
            Effect.sync(() => {
              it.world.isDead = true
            })
          )
          yield* untilEnded(life(it.mortal, fake, Answer, killed, options))
        }
        assert.deepStrictEqual(said(fake), [])
        it.world.isDead = false
        yield* untilEnded(
          life(
            it.mortal,
            fake,
            Answer,
            until(() => said(fake).length === 2),
            options
          )
        )
        assert.deepStrictEqual([...said(fake)].sort(), ["a", "b"])
        assert.deepStrictEqual(yield* Effect.provide(buried, it.mortal), [])
      })
    )

    it.effect("who requeues a poisonous event gives it a new life, and hears of its death again", () =>
      Effect.gen(function* () {
        const it = make(disk())
        const fake = FakePlatform.make()
        let isPoisonous = true
        const Answer = Bot.on("MessageReceived", (event) => (isPoisonous ? it.die : Bot.reply(event, event.text)))
        yield* fake.emit(Events.message({ text: "hello" }))
        let heard: Array<string> = []
        const deaths = yield* lives(it, fake, Answer, () => false, { most: 5 })
        assert.strictEqual(deaths, 5)
        it.world.isDead = false
        const listen = Effect.gen(function* () {
          const status = yield* news
          yield* until(() => status.some(({ _tag }) => _tag === "EventDeadLettered"))
          heard = status.map(({ _tag }) => _tag)
        })
        yield* untilEnded(life(it.mortal, fake, Answer, listen, options))
        assert.include(heard, "TurnFailed")
        isPoisonous = false
        const again = Effect.gen(function* () {
          const runtime = yield* Bot.Runtime
          const [letter] = yield* Effect.orDie(runtime.deadLetters("fake:1", { limit: 1 }))
          assert.isDefined(letter)
          if (letter !== undefined) yield* Effect.orDie(runtime.requeue(letter))
          yield* until(() => said(fake).length > 0)
        })
        yield* untilEnded(life(it.mortal, fake, Answer, again, options))
        assert.deepStrictEqual(said(fake), ["hello"])
      })
    )
  })
}
