import { assert, describe, it } from "@effect/vitest"
import { type Delivery, Lanes } from "../../src/engines/Lanes.ts"
import { Events } from "../../src/testing/index.ts"
import { prng, room } from "../fixtures/runtime.ts"

const limits = { maxResident: 10, maxResidentBytes: 1000, maxBacklog: 100 }
const delivery = (id: number, where = "ann", size = 1): Delivery => ({
  id,
  event: Events.message({ text: `${id}`, in: where }),
  receivedAt: 0,
  size,
  shard: undefined,
  attempt: 1,
  pace: undefined
})
const idOf = (entry: Delivery | number | undefined) => (typeof entry === "object" ? entry.id : entry)

describe("lanes", () => {
  it("are one for each conversation, told apart by kind and id", () => {
    const lanes = new Lanes(limits, true)
    const ann = lanes.of(room("ann"))
    assert.strictEqual(lanes.of(room("ann")), ann)
    assert.notStrictEqual(lanes.of({ ...room("ann"), kind: "group" }), ann)
    assert.notStrictEqual(lanes.of(room("bob")), ann)
    assert.strictEqual(lanes.of({ ...room("ann"), kind: "group" }), lanes.of({ ...room("ann"), kind: "group" }))
    assert.strictEqual(lanes.of(room("ann")), ann)
  })

  it("keep ids instead of events once there is no room, and go on with ids behind an id", () => {
    const lanes = new Lanes(limits, true)
    const lane = lanes.of(room("ann"))
    for (let id = 1; id <= 15; id++) lanes.push(lane, delivery(id))
    assert.deepStrictEqual([lanes.resident, lanes.spilled, lanes.backlog], [10, 5, 15])
    const first = lane.peek()
    lane.shift()
    if (typeof first === "object") lanes.gone(first)
    lanes.push(lane, delivery(16))
    assert.deepStrictEqual([lanes.resident, lanes.spilled], [9, 6])
  })

  it("keep ids when the events' bytes are too many", () => {
    const lanes = new Lanes(limits, true)
    const lane = lanes.of(room("ann"))
    lanes.push(lane, delivery(1, "ann", 999))
    lanes.push(lane, delivery(2, "ann", 1))
    lanes.push(lane, delivery(3, "ann", 1))
    assert.deepStrictEqual([lanes.resident, lanes.residentBytes, lanes.spilled], [2, 1000, 1])
  })

  it("hold everything whole where nothing can be fetched again, and are full instead", () => {
    const lanes = new Lanes(limits, false)
    const lane = lanes.of(room("ann"))
    for (let id = 1; id <= 9; id++) lanes.push(lane, delivery(id))
    assert.isFalse(lanes.isFull)
    lanes.push(lane, delivery(10))
    assert.isTrue(lanes.isFull)
    assert.strictEqual(lanes.spilled, 0)
  })

  it("in use are looked through now and then, not for each new conversation", () => {
    const lanes = new Lanes(limits, true)
    let looks = 0
    Object.defineProperty(lanes.of(room("ann")), "isDisposable", {
      get: () => {
        looks++
        return false
      }
    })
    for (let i = 0; i < 50_000; i++) lanes.of(room(`room-${i}`)).pins++
    assert.isAtLeast(looks, 1)
    assert.isBelow(looks, 10)
  })

  it("that are busy, wait, or have timers are not thrown away with the idle ones", () => {
    const lanes = new Lanes(limits, true)
    const busy = lanes.of(room("busy"))
    busy.isBusy = true
    const waiting = lanes.of(room("waiting"))
    lanes.pushId(waiting, 1)
    const pinned = lanes.of(room("pinned"))
    pinned.pins++
    const idle = lanes.of(room("idle"))
    for (let i = 0; i < 10_000; i++) lanes.of(room(`${i}`))
    assert.strictEqual(lanes.of(room("busy")), busy)
    assert.strictEqual(lanes.of(room("waiting")), waiting)
    assert.strictEqual(lanes.of(room("pinned")), pinned)
    assert.notStrictEqual(lanes.of(room("idle")), idle)
    assert.isBelow(lanes.count, 5000)
  })

  for (let seed = 1; seed <= 30; seed++) {
    it(`behave like a plain list, whatever is pushed, fetched and put back (seed ${seed})`, () => {
      const random = prng(seed)
      const lanes = new Lanes(limits, true)
      const lane = lanes.of(room("ann"))
      const model: Array<number> = []
      const held: Array<Delivery> = []
      let id = 0
      for (let step = 0; step < 4000; step++) {
        const dice = random()
        if (dice < 0.5) {
          lanes.push(lane, delivery(++id))
          model.push(id)
        } else if (typeof lane.peek() === "number") {
          const ids = lane.leadingIds(1 + Math.floor(random() * 40))
          assert.deepStrictEqual([...ids], model.slice(0, ids.length))
          // Now and then the store does not know one any more.
          const found = ids.filter(() => random() < 0.95)
          lanes.loaded(
            lane,
            ids.length,
            found.map((one) => delivery(one))
          )
          model.splice(0, ids.length, ...found)
        } else if (dice < 0.9) {
          const next = lane.peek()
          assert.strictEqual(idOf(next), model[0])
          if (typeof next !== "object") continue
          lane.shift()
          model.shift()
          if (random() < 0.2 && held.length === 0) held.push(next)
          else lanes.gone(next)
        } else {
          const again = held.pop()
          if (again === undefined) continue
          lane.unshift(again)
          model.unshift(again.id)
        }
        assert.strictEqual(lane.length, model.length)
        assert.strictEqual(lanes.backlog, model.length + held.length)
        assert.strictEqual(lanes.residentBytes, lanes.resident)
      }
    })
  }
})
