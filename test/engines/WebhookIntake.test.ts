/** The way in for platforms that call: stored before it is answered, and told to come again when that takes too long. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import type { Status } from "../../src/domain/Status.ts"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import * as WebhookIntake from "../../src/engines/WebhookIntake.ts"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import type { Call } from "../../src/ports/Webhook.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { Events, FakePlatform } from "../../src/testing/index.ts"
import { life, settle, until } from "../fixtures/runtime.ts"

const call = (text: string): Call => ({ headers: {}, body: new TextEncoder().encode(text) })

/** A call is an event whose text, and key, is its body; some bodies are something else. */
const protocol: WebhookIntake.WebhookProtocol = {
  account: "fake:1",
  claims: () => true,
  proves: () => true,
  read: ({ body }) => {
    const text = new TextDecoder().decode(body)
    if (text === "forged") return { _tag: "Refused", status: 401, why: "it is forged" }
    if (text === "validate") return { _tag: "Reply", answer: "valid", isValidation: true, isGenuine: true }
    return { _tag: "Event", event: Events.message({ text, id: text }), answer: "thanks" }
  }
}

/** A store whose commits wait while the gate is closed. */
const gated = (gate: Latch.Latch) =>
  Layer.effect(
    Store,
    Effect.map(Store, (store) => Store.of({ ...store, commit: (commit) => gate.whenOpen(store.commit(commit)) }))
  ).pipe(Layer.provide(Memory.layer))

interface Scene {
  readonly intake: WebhookIntake.WebhookIntake
  readonly gate: Latch.Latch
  readonly handled: Array<string>
  readonly news: Array<Status>
}

/** One life of a bot with this webhook. */
const scene = <A, E, R>(
  use: (scene: Scene) => Effect.Effect<A, E, R>,
  options: WebhookIntake.Options = {},
  onDisk?: Layer.Layer<Store>
) =>
  Effect.gen(function* () {
    const gate = yield* Latch.make(true)
    const intake = yield* WebhookIntake.make(protocol, options)
    const fake = FakePlatform.make()
    const platform = { ...fake.platform, connect: intake.connect, webhook: intake.view }
    const handled: Array<string> = []
    const news: Array<Status> = []
    const Handler = Bot.on("MessageReceived", (event) => Effect.sync(() => void handled.push(event.text)))
    const run = Effect.gen(function* () {
      yield* (yield* StatusStream).listen((status) => void news.push(status))
      yield* until("the webhook takes calls", () => intake.view().accepted >= 0 && isUp(news))
      return yield* use({ intake, gate, handled, news })
    })
    return yield* life(onDisk ?? gated(gate), { ...fake, platform }, Handler, run)
  })

const isUp = (news: ReadonlyArray<Status>) =>
  news.some((it) => it._tag === "ConnectionChanged" && it.to._tag === "Ready")

describe("a webhook's intake", () => {
  it.effect("answers a call when its event is stored, and not before", () =>
    scene(({ gate, handled, intake }) =>
      Effect.gen(function* () {
        yield* settle
        yield* gate.close
        const answer = yield* Effect.forkChild(intake.take(call("hello")))
        yield* settle
        assert.isUndefined(answer.pollUnsafe())
        assert.deepStrictEqual(handled, [])
        yield* gate.open
        assert.deepStrictEqual(yield* Fiber.join(answer), { status: 200, body: "thanks" })
        yield* until("it is handled", () => handled.length === 1)
      })
    )
  )

  it.effect("tells a call to come again when storing takes too long, and recognises it when it does", () =>
    scene(
      ({ gate, handled, intake }) =>
        Effect.gen(function* () {
          yield* settle
          yield* gate.close
          const answer = yield* Effect.forkChild(intake.take(call("hello")))
          yield* settle
          yield* TestClock.adjust("3 seconds")
          assert.deepStrictEqual(yield* Fiber.join(answer), { status: 503, retryAfter: 2 })
          assert.strictEqual(intake.view().postponed, 1)
          yield* gate.open
          assert.deepStrictEqual(yield* intake.take(call("hello")), { status: 200, body: "thanks" })
          yield* settle
          assert.deepStrictEqual(handled, ["hello"])
          assert.strictEqual(intake.view().accepted, 1)
        }),
      { retryAfter: "1500 millis" }
    )
  )

  it.effect("lets only so many calls wait, and counts none that left", () =>
    scene(
      ({ gate, intake }) =>
        Effect.gen(function* () {
          yield* settle
          yield* gate.close
          const answers = yield* Effect.forEach(["a", "b"], (text) => Effect.forkChild(intake.take(call(text))))
          yield* settle
          assert.strictEqual(intake.view().waiting, 2)
          assert.strictEqual((yield* intake.take(call("c"))).status, 503)
          // The caller hangs up.
          yield* Fiber.interrupt(answers[0] as Fiber.Fiber<unknown>)
          assert.strictEqual(intake.view().waiting, 1)
          yield* gate.open
          assert.strictEqual((yield* intake.take(call("c"))).status, 200)
        }),
      { maxWaiting: 2 }
    )
  )

  it.effect("takes nothing before it is connected and after it was stopped", () =>
    Effect.gen(function* () {
      const idle = yield* WebhookIntake.make(protocol)
      assert.strictEqual((yield* idle.take(call("hello"))).status, 503)
      const intake = yield* scene(({ intake }) => Effect.as(intake.take(call("hello")), intake))
      assert.deepStrictEqual(yield* intake.take(call("later")), { status: 503, retryAfter: 1 })
      assert.strictEqual(intake.view().waiting, 0)
    })
  )

  it.effect("counts every refusal and tells of them once a minute", () =>
    scene(({ intake, news }) =>
      Effect.gen(function* () {
        const ignored = () => news.flatMap((it) => (it._tag === "FrameIgnored" ? [it.why] : []))
        for (let n = 0; n < 100; n++) assert.deepStrictEqual(yield* intake.take(call("forged")), { status: 401 })
        assert.deepStrictEqual(ignored(), ["a webhook call was refused, it is forged (1 so far)"])
        yield* TestClock.adjust("1 minute")
        yield* intake.take(call("forged"))
        assert.strictEqual(ignored().length, 2)
        assert.match(ignored()[1] ?? "", /101 so far/)
        const { lastCallAt, lastValidationAt, refused } = intake.view()
        assert.deepStrictEqual([lastCallAt, lastValidationAt, refused.get("it is forged")], [undefined, undefined, 101])
        assert.deepStrictEqual(yield* intake.take(call("validate")), { status: 200, body: "valid" })
        assert.deepStrictEqual([intake.view().lastCallAt, intake.view().lastValidationAt], [60_000, 60_000])
      })
    )
  )

  it.effect("notes the time while nothing comes, so that a crash is a gap of known length", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const hour = 3_600_000
      yield* Effect.gen(function* () {
        const store = yield* Store
        const disk = Layer.succeed(Store, store)
        // The last note of a process that died: nobody listened since.
        yield* store.commit({
          ...emptyCommit,
          positions: [
            {
              account: "fake:1",
              stream: "webhook/0",
              position: { stream: "webhook/0", session: "webhook", seq: hour - 5000, startedAt: 0 }
            }
          ]
        })
        yield* scene(() => TestClock.adjust("65 seconds"), {}, disk)
        const [gap, ...others] = yield* store.gaps("fake:1")
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual([gap?.since, gap?.until, gap?.from], [hour - 5000, hour, hour - 5000])
        const [position] = yield* store.positions("fake:1")
        assert.strictEqual(position?.seq, hour + 65_000)
        // A restart in no time is no gap.
        yield* scene(() => Effect.void, {}, disk)
        assert.strictEqual((yield* store.gaps("fake:1")).length, 1)
      }).pipe(Effect.provide(Memory.layer))
    })
  )
})
