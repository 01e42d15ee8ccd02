import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { Full } from "../../src/domain/StoreError.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { memoryDisk } from "./disks.ts"
import { commit, event, pending, suite } from "./StoreSuite.ts"

suite("Memory", memoryDisk)

describe("Memory, crashable", () => {
  it.effect("a crash forgets the commits that were not applied, and a new process finds the others", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const process = yield* Layer.build(disk.layer)
      yield* commit({ events: [event("a")] }).pipe(Effect.provide(process))
      yield* disk.slow("10 seconds")
      const under = yield* Effect.forkChild(commit({ events: [event("b")] }).pipe(Effect.provide(process)), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      yield* TestClock.adjust("4 seconds")
      yield* disk.crash
      yield* TestClock.adjust("10 seconds")
      const exit = yield* Fiber.await(under)
      expect(Exit.isFailure(exit)).toBe(true)
      expect(yield* pending.pipe(Effect.provide(disk.layer))).toEqual([1])
    })
  })

  it.effect("a commit that was applied but not yet told survives the crash", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const process = yield* Layer.build(disk.layer)
      yield* disk.slow("10 seconds")
      const under = yield* Effect.forkChild(commit({ events: [event("b")] }).pipe(Effect.provide(process)), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      yield* TestClock.adjust("6 seconds")
      yield* disk.crash
      yield* TestClock.adjust("10 seconds")
      const exit = yield* Fiber.await(under)
      expect(Exit.isFailure(exit)).toBe(true)
      expect(yield* pending.pipe(Effect.provide(disk.layer))).toEqual([1])
      const dead = yield* Effect.result(pending.pipe(Effect.provide(process)))
      expect(Result.isFailure(dead) && dead.failure.reason._tag).toBe("Inaccessible")
    })
  })

  it.effect("while it hangs nothing is applied, and resuming applies what waited", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      yield* disk.hang
      const under = yield* Effect.forkChild(commit({ events: [event("a")] }), { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      expect(under.pollUnsafe()).toBeUndefined()
      yield* disk.resume
      expect((yield* Fiber.join(under)).eventIds).toEqual([1])
    }).pipe(Effect.provide(disk.layer))
  })

  it.effect("it fails as often as it was told, with the reason it was told", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      yield* disk.failNext(2, new Full({ detail: "no space" }))
      const attempt = Effect.result(commit({ events: [event("a")] }))
      const tags = [yield* attempt, yield* attempt, yield* attempt].map((result) =>
        Result.isFailure(result) ? result.failure.reason._tag : "committed"
      )
      expect(tags).toEqual(["Full", "Full", "committed"])
    }).pipe(Effect.provide(disk.layer))
  })
})
