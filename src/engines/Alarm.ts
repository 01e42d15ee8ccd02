/**
 * Many timers on one fiber: calls plain functions at their time, by Effect's Clock, so that virtual time moves them.
 * Setting and cancelling cost a heap step, not a fiber.
 *
 * Times are the wall clock's. When that is set back, timers move back with it: a wait of seconds must not become one
 * of hours. When it is set forward, what is due by it rings.
 */
import { Clock, Duration, Effect, Latch, type Scope } from "effect"
import { monotonic } from "./Heartbeat.ts"

export interface Timer {
  readonly cancel: () => void
}

interface Entry extends Timer {
  /** Epoch milliseconds. */
  at: number
  run: (() => void) | undefined
}

export interface Alarm {
  /** Epoch milliseconds, by the Clock. */
  readonly now: () => number
  /** Milliseconds that only go forward, whatever is done to the clock: for waits that end with the process. */
  readonly steady: () => number
  /** Calls `run` at `at` (epoch milliseconds), or as soon as it can when that is past. `run` must not throw. */
  readonly set: (at: number, run: () => void) => Timer
}

/** Milliseconds by which the clock may lag before it counts as set back: it is always being adjusted a little. */
const tolerance = 100

/** Milliseconds after which it looks at the clock again in any case: that is how long one set forward goes unnoticed. */
const longestSleep = 60_000

/** Adds to a binary heap ordered by `at`. */
const push = (heap: Array<Entry>, entry: Entry): void => {
  let i = heap.length
  heap.push(entry)
  while (i > 0) {
    const up = (i - 1) >> 1
    const parent = heap[up] as Entry
    if (parent.at <= entry.at) break
    heap[i] = parent
    heap[up] = entry
    i = up
  }
}

/** Removes and returns the earliest entry. */
const pop = (heap: Array<Entry>): Entry | undefined => {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || first === last) return first
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    const right = heap[child + 1]
    if (right !== undefined && right.at < (heap[child] as Entry).at) child++
    const smaller = heap[child]
    if (smaller === undefined || smaller.at >= last.at) break
    heap[i] = smaller
    i = child
  }
  heap[i] = last
  return first
}

export const make: Effect.Effect<Alarm, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const heap: Array<Entry> = []
  const wake = Latch.makeUnsafe(false)
  let sleepingUntil = Number.NEGATIVE_INFINITY
  let cancelled = 0
  /** How far the clock is ahead of the steady one. */
  let lead = clock.currentTimeMillisUnsafe() - monotonic(clock)

  /** The time; moves the timers first if the clock was set back. */
  const look = (): number => {
    const now = clock.currentTimeMillisUnsafe()
    const ahead = now - monotonic(clock)
    if (ahead < lead - tolerance) {
      for (const entry of heap) entry.at -= lead - ahead
      lead = ahead
      wake.openUnsafe()
    } else if (ahead > lead) lead = ahead
    return now
  }

  /** Timers that were cancelled leave when they are the half of all: most time limits never come due. */
  const sweep = (): void => {
    if (cancelled < 1024 || cancelled * 2 < heap.length) return
    const live = heap.filter(({ run }) => run !== undefined)
    heap.length = 0
    for (const entry of live) push(heap, entry)
    cancelled = 0
  }

  const ring = Effect.gen(function* () {
    const now = look()
    while (heap[0] !== undefined && (heap[0].at <= now || heap[0].run === undefined)) {
      const due = pop(heap)?.run
      if (due === undefined) cancelled--
      else due()
    }
    wake.closeUnsafe()
    const next = heap[0]
    sleepingUntil = next?.at ?? Number.POSITIVE_INFINITY
    if (next === undefined) return yield* wake.await
    yield* Effect.raceFirst(Effect.sleep(Duration.millis(Math.min(next.at - now, longestSleep))), wake.await)
  })
  yield* Effect.forkScoped(Effect.forever(ring, { disableYield: true }))

  return {
    now: () => clock.currentTimeMillisUnsafe(),
    steady: () => monotonic(clock),
    set: (at, run) => {
      look()
      const entry: Entry = {
        at,
        run,
        cancel: () => {
          if (entry.run === undefined) return
          entry.run = undefined
          cancelled++
          sweep()
        }
      }
      push(heap, entry)
      if (at < sleepingUntil) wake.openUnsafe()
      return entry
    }
  }
})
