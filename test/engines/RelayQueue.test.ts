import { assert, describe, it } from "@effect/vitest"
import type { OutboxMessage, Priority } from "../../src/domain/Message.ts"
import { RelayQueue, type Row } from "../../src/engines/RelayQueue.ts"
import { messageTo, prng } from "../fixtures/runtime.ts"

const row = (id: number, where: string, priority: Priority = "normal"): Row => {
  const message: OutboxMessage = { ...messageTo(where, `${id}`), id, priority, status: "queued", attempts: 0 }
  return { message, attempts: 0, pace: undefined }
}
const take = (queue: RelayQueue, now = 0): number | undefined => {
  const next = queue.next(now)
  if (next !== undefined) queue.done(next)
  return next?.message.id
}
const drain = (queue: RelayQueue): Array<number> => {
  const ids: Array<number> = []
  for (let id = take(queue); id !== undefined; id = take(queue)) ids.push(id)
  return ids
}

describe("the order in which messages leave", () => {
  it("is by age within a conversation, also when rows come in another order", () => {
    const queue = new RelayQueue()
    for (const id of [5, 1, 3, 2, 4]) queue.add(row(id, "ann"))
    assert.deepStrictEqual(drain(queue), [1, 2, 3, 4, 5])
    assert.strictEqual(queue.size, 0)
  })

  it("is by priority across conversations", () => {
    const queue = new RelayQueue()
    queue.add(row(1, "a", "low"))
    queue.add(row(2, "b"))
    queue.add(row(3, "c", "high"))
    assert.deepStrictEqual(drain(queue), [3, 2, 1])
  })

  it("puts a conversation ahead that gets something urgent", () => {
    const queue = new RelayQueue()
    queue.add(row(1, "a", "low"))
    queue.add(row(2, "b"))
    queue.add(row(3, "a", "high"))
    assert.deepStrictEqual(drain(queue), [3, 2, 1])
  })

  it("gives the lowest its turn at every eighth pick", () => {
    const queue = new RelayQueue()
    queue.add(row(1000, "low", "low"))
    for (let id = 1; id <= 20; id++) queue.add(row(id, `high ${id}`, "high"))
    assert.strictEqual(drain(queue).indexOf(1000), 7)
  })

  it("has one row of a conversation under way at a time", () => {
    const queue = new RelayQueue()
    queue.add(row(1, "ann"))
    queue.add(row(2, "ann"))
    const first = queue.next(0)
    queue.add(row(3, "ann", "high"))
    assert.isUndefined(queue.next(0))
    if (first) queue.done(first)
    assert.deepStrictEqual(drain(queue), [3, 2])
  })

  it("lets a row that was put back hold its conversation until its time, and no other", () => {
    const queue = new RelayQueue()
    queue.add(row(1, "ann"))
    queue.add(row(2, "ann"))
    const first = queue.next(0)
    if (first) queue.putBack(first, 500)
    queue.add(row(3, "bob"))
    assert.isFalse(queue.hasReady(0) && queue.next(0)?.message.id !== 3)
    assert.isUndefined(queue.next(499))
    assert.strictEqual(queue.nextTime(), 500)
    assert.isTrue(queue.hasReady(500))
    assert.strictEqual(take(queue, 500), 1)
    assert.strictEqual(take(queue, 500), 2)
  })

  for (let seed = 1; seed <= 50; seed++) {
    it(`loses and repeats nothing, whatever is added and put back meanwhile (seed ${seed})`, () => {
      const random = prng(seed)
      const queue = new RelayQueue()
      const priorities = ["high", "normal", "low"] as const
      const underWay: Array<Row> = []
      const done: Array<number> = []
      let now = 0
      let added = 0
      for (let step = 0; step < 3000; step++) {
        now += Math.floor(random() * 3)
        const dice = random()
        if (dice < 0.3 && added < 500) {
          queue.add(row(++added, `room ${Math.floor(random() * 5)}`, priorities[Math.floor(random() * 3)]))
        } else if (dice < 0.6) {
          const next = queue.next(now)
          if (next === undefined) continue
          const { id } = next.message.conversation
          assert.isFalse(underWay.some(({ message }) => message.conversation.id === id))
          underWay.push(next)
        } else {
          const [one] = underWay.splice(Math.floor(random() * underWay.length), 1)
          if (one === undefined) continue
          if (random() < 0.3) queue.putBack(one, now + Math.floor(random() * 20))
          else {
            queue.done(one)
            done.push(one.message.id)
          }
        }
        assert.strictEqual(queue.size, added - done.length)
      }
      for (const one of underWay) {
        queue.done(one)
        done.push(one.message.id)
      }
      for (let id = take(queue, now + 1000); id !== undefined; id = take(queue, now + 1000)) done.push(id)
      assert.strictEqual(queue.size, 0)
      assert.deepStrictEqual(
        done.sort((a, b) => a - b),
        Array.from({ length: added }, (_, i) => i + 1)
      )
    })
  }
})
