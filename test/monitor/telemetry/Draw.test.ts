/** Which spans are drawn: all of a trace or none, and the same ones in every process. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Tracer } from "effect"
import type { OutboxMessage } from "../../../src/domain/Message.ts"
import * as Draw from "../../../src/monitor/telemetry/Draw.ts"
import { Events } from "../../../src/testing/index.ts"
import { messageTo } from "../../fixtures/runtime.ts"

/** A drawing, and the spans it made. */
const draw = (part: number) =>
  Effect.map(Clock.Clock, (clock) => {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return { drawing: Draw.make(tracer, clock, part), spans }
  })

const row = (trace?: string): OutboxMessage => ({
  ...messageTo("ann", "hello", trace === undefined ? {} : { trace }),
  id: 7,
  status: "queued",
  attempts: 0
})

describe("what is drawn", () => {
  it.effect("is a part of the events as it is asked for, and of each all spans or none", () =>
    Effect.gen(function* () {
      const { drawing, spans } = yield* draw(0.25)
      let traces = 0
      for (let n = 0; n < 2000; n++) {
        const event = Events.message({ text: "hello", id: `event ${n}` })
        spans.length = 0
        drawing.stored(event, 0)
        const turn = drawing.turn(event, 1)
        yield* drawing.send(row(turn.traceparent), Effect.void)
        assert.include([0, 3], spans.length)
        assert.strictEqual(turn.context === undefined, spans.length === 0)
        if (spans.length === 3) traces++
        assert.strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, spans.length === 0 ? 0 : 1)
      }
      // A hash is as good as chance: six standard deviations.
      assert.closeTo(traces, 500, 6 * Math.sqrt(2000 * 0.25 * 0.75))
    })
  )

  it.effect("has ids that another process makes of the same event, and no other of another", () =>
    Effect.gen(function* () {
      const here = yield* draw(1)
      const there = yield* draw(1)
      const event = Events.message({ text: "hello", id: "same" })
      here.drawing.stored(event, 0)
      there.drawing.turn(event, 3)
      const parent = there.spans[0]?.parent
      assert.strictEqual(parent?._tag === "Some" ? parent.value.spanId : "", here.spans[0]?.spanId)
      assert.strictEqual(there.spans[0]?.traceId, here.spans[0]?.traceId)
      here.drawing.stored(Events.message({ text: "hello", id: "other" }), 0)
      assert.notStrictEqual(here.spans[1]?.traceId, here.spans[0]?.traceId)
      assert.notStrictEqual(here.spans[1]?.spanId, here.spans[0]?.spanId)
    })
  )

  it.effect("of a message that no turn said is a trace of its own, one for all its attempts", () =>
    Effect.gen(function* () {
      const { drawing, spans } = yield* draw(1)
      for (const trace of [undefined, undefined, "what a disk made of it"]) {
        yield* drawing.send(row(trace), Effect.void)
      }
      assert.strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, 1)
      assert.strictEqual(new Set(spans.map(({ spanId }) => spanId)).size, 3)
      assert.deepStrictEqual(
        spans.map(({ parent }) => parent._tag),
        ["None", "None", "None"]
      )
    })
  )

  it.effect("ends as the send ends, and what the platform's client draws is inside", () =>
    Effect.gen(function* () {
      const { drawing, spans } = yield* draw(1)
      const refused = Effect.withSpan(Effect.fail("refused"), "call")
      assert.strictEqual(yield* Effect.flip(drawing.send(row(), refused)), "refused")
      const [send, call] = spans
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["Relay.send", "call"]
      )
      assert.strictEqual(call?.parent._tag === "Some" ? call.parent.value.spanId : "", send?.spanId)
      assert.isTrue(send?.status._tag === "Ended" && Exit.isFailure(send.status.exit))
    })
  )

  it.effect("where it is not sampled is the bare send", () =>
    Effect.gen(function* () {
      const { drawing } = yield* draw(1)
      const send = Effect.void
      const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-00`
      assert.strictEqual(drawing.send(row(trace), send), send)
    })
  )
})
