import { describe, expect, it } from "@effect/vitest"
import { KeyHash, KeyIndex } from "../../src/stores/sqlite/KeyIndex.ts"

const hashOf = (key: string, account = 1): KeyHash => {
  const bytes = Buffer.from(key)
  const hash = new KeyHash()
  hash.read(bytes, 0, bytes.length, account)
  return hash
}

describe("KeyIndex", () => {
  it("never denies a key that it has, says where it is, and denies nearly all others", () => {
    const index = new KeyIndex()
    const keys = 100_000
    index.reset(keys)
    let taken = 0
    for (let id = 1; id <= keys; id++) {
      const { low, high } = hashOf(`key ${id}`)
      if (index.add(low, high, id)) taken++
    }
    expect(taken).toBeLessThan(100)
    for (let id = 1; id <= keys; id++) {
      const { low, high } = hashOf(`key ${id}`)
      const drawers = index.look(low, high)
      expect(drawers.some(({ first, last }) => first <= id && id <= last)).toBe(true)
      expect(drawers.length).toBeLessThan(4)
    }
  })

  it("looks in the newest drawer first, and in all that share a number once there are too many for numbers", () => {
    const index = new KeyIndex()
    index.reset(10)
    const { low, high } = hashOf("again")
    const far = 1024 * 65_535
    expect(index.add(low, high, 5)).toBe(false)
    expect(index.add(low, high, 5000)).toBe(true)
    expect(index.add(low, high, far + 5)).toBe(true)
    const firsts = index.look(low, high).map(({ first }) => first)
    expect(firsts).toContain(0)
    expect(firsts).toContain(4096)
    expect(firsts).toEqual([...firsts].sort((a, b) => b - a))
    const other = hashOf("other")
    index.add(other.low, other.high, far + 2000)
    expect(index.look(low, high).map(({ first }) => first)).toContain(far)
  })

  it("asks to be filled anew before its table is full", () => {
    const index = new KeyIndex()
    index.reset(0)
    let added = 0
    while (!index.isFull) {
      const { low, high } = hashOf(`${++added}`)
      index.add(low, high, added)
    }
    expect(added).toBeGreaterThan(50_000)
    expect(added).toBeLessThan(2 ** 18)
  })

  it("the same key of another account has another hash", () => {
    expect(hashOf("a", 1)).not.toEqual(hashOf("a", 2))
  })
})
