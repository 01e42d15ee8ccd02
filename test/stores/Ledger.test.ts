import { describe, expect, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { type Interval, Ledger } from "../../src/stores/sqlite/Ledger.ts"

describe("Ledger", () => {
  it.effect("its interval rows, written as it says, always cover exactly what was settled", () => {
    const seed = Math.floor(Math.random() * 1e9)
    return Effect.gen(function* () {
      const ledger = new Ledger([])
      const rows = new Map<number, number>()
      const settled = new Set<number>()
      for (let round = 0; round < 60; round++) {
        const added = yield* Random.nextIntBetween(0, 120)
        for (let i = 0; i < added; i++) ledger.add(ledger.lastId + 1, 1 + (ledger.lastId % 3))
        for (let i = 0; i < 60 && ledger.lastId > 0; i++) {
          const id = yield* Random.nextIntBetween(Math.max(1, ledger.lastId - 300), ledger.lastId)
          expect(ledger.settle(id), `seed ${seed}`).toBe(!settled.has(id))
          settled.add(id)
        }
        const { removed, written } = ledger.takeChanges()
        for (const first of removed) rows.delete(first)
        for (const { first, last } of written) rows.set(first, last)
        const covered = [...rows].flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i)
        )
        expect(new Set(covered), `seed ${seed}`).toEqual(settled)
        expect(covered.length).toBe(settled.size)
      }
      const intervals: ReadonlyArray<Interval> = [...rows].map(([first, last]) => ({ first, last }))
      const reopened = new Ledger([...intervals].sort((a, b) => a.first - b.first))
      const open = new Set<number>()
      for (const [first, last] of reopened.unsettled()) {
        for (let id = first; id <= Math.min(last, ledger.lastId); id++) open.add(id)
      }
      const pending = [1, 2, 3].flatMap((account) => ledger.page(account, 0, 1e9))
      expect(new Set(pending), `seed ${seed}`).toEqual(open)
      expect(pending.length).toBe(ledger.pending(1) + ledger.pending(2) + ledger.pending(3))
    }).pipe(Random.withSeed(seed))
  })
})
