import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import type { Position } from "../../src/domain/Event.ts"
import type { Peer, Server } from "../../src/testing/FakeTransport.ts"
import { ack, hello, open, settle } from "./gateway.ts"

/** A platform that keeps a session and replays it, over connections that fail at random. */
class Platform {
  /** The events of the session by sequence number; READY is number 1. */
  readonly log: Array<{ readonly s: number; readonly id: string }> = []
  seq = 1
  peer: Peer | undefined

  say(): void {
    const event = { s: ++this.seq, id: `E${this.log.length}` }
    this.log.push(event)
    this.#send(event)
  }

  readonly server: Server = {
    opened: (peer) => {
      this.peer = peer
      peer.send(hello)
    },
    received: (peer, text) => {
      const { d, op } = JSON.parse(text)
      if (op === 1) peer.send(ack)
      if (op === 2) peer.send({ op: 0, s: 1, t: "READY", d: { session_id: "S1" } })
      if (op !== 6) return
      for (const event of this.log) if (event.s > d.seq) this.#send(event)
      peer.send({ op: 0, s: ++this.seq, t: "RESUMED", d: "" })
    }
  }

  #send({ id, s }: { readonly s: number; readonly id: string }): void {
    this.peer?.send({ op: 0, s, id, t: "SAID", d: {} })
  }
}

const faults: ReadonlyArray<(peer: Peer) => void> = [
  (peer) => peer.drop(),
  (peer) => peer.close(4009),
  (peer) => peer.close(1000),
  (peer) => peer.silence(),
  (peer) => peer.send({ op: 7 }),
  (peer) => peer.send({ op: 9, d: true }),
  (peer) => peer.send("{ broken")
]

const run = Effect.gen(function* () {
  const platform = new Platform()
  /** What the inbox has stored, in order; a crash forgets what was not committed. */
  let stored: Array<{ readonly key: string; readonly position: Position }> = []
  let position: Position | undefined
  for (let round = 0; round < 12; round++) {
    const isLast = round === 11
    const { fiber, record } = yield* open({ server: platform.server, resumeFrom: position })
    const count = yield* Random.nextIntBetween(0, 8)
    const faultAt = yield* Random.nextIntBetween(0, 8)
    const fault = faults[yield* Random.nextIntBetween(0, faults.length - 1)]
    for (let n = 0; n < count; n++) {
      if (n === faultAt && platform.peer !== undefined && !isLast) fault?.(platform.peer)
      platform.say()
      if (yield* Random.nextBoolean) yield* settle
      record.press(n % 3 === 1)
    }
    record.press(false)
    yield* settle
    // Long enough for a silent peer to be found out.
    yield* TestClock.adjust(isLast ? 0 : "90 seconds")
    const taken = record.delivered.map(({ event, position }) => ({ key: event.key, position }))
    const crashed = !isLast && (yield* Random.nextIntBetween(0, 2)) === 0
    const kept = crashed ? taken.slice(0, yield* Random.nextIntBetween(0, taken.length)) : taken
    stored = [...stored, ...kept]
    const advanced = record.advanced.at(-1)
    const last = kept.at(-1)?.position
    if (last !== undefined && (position === undefined || last.seq > position.seq)) position = last
    if (!crashed && advanced !== undefined && advanced.seq > (position?.seq ?? 0)) position = advanced
    // Before READY was stored there is no session to resume: nothing of it may have been stored either.
    if (position === undefined) {
      assert.deepStrictEqual(stored, [])
      platform.log.length = 0
      platform.seq = 1
    }
    yield* Fiber.interrupt(fiber)
  }
  const firsts = [...new Set(stored.map(({ key }) => key))]
  assert.deepStrictEqual(
    firsts,
    platform.log.map(({ id }) => id)
  )
  return firsts.length
})

describe("over connections that fail at random, with crashes between them", () => {
  it.effect("every event the platform replays is delivered, in order, and positions never run ahead", () =>
    Effect.gen(function* () {
      const base = (Math.random() * 2 ** 31) | 0
      let total = 0
      for (let seed = base; seed < base + 60; seed++) {
        total += yield* run.pipe(
          Random.withSeed(seed),
          Effect.tapDefect((defect) => Effect.die(new Error(`seed ${seed}`, { cause: defect })))
        )
      }
      assert.isAbove(total, 500)
    })
  )
})
