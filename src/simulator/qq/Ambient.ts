/** Clock, randomness and timers of the platform, taken from Effect once so that socket callbacks can use them. */
import { Clock, Effect, FiberSet, Random, type Scope } from "effect"

export interface Ambient {
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  /** Runs `action` later unless cancelled or the scope closed first. */
  readonly after: (millis: number, action: () => void) => () => void
  /** A random string over `alphabet`. */
  readonly text: (length: number, alphabet: string) => string
  readonly uuid: () => string
}

export const hex = "0123456789abcdef"

/** What chance gives a platform, from numbers in [0, 1). */
export const chance = (random: () => number): Pick<Ambient, "random" | "text" | "uuid"> => {
  const text = (length: number, alphabet: string) => {
    let out = ""
    for (let i = 0; i < length; i++) out += alphabet.charAt(Math.floor(random() * alphabet.length))
    return out
  }
  return { random, text, uuid: () => [8, 4, 4, 4, 12].map((length) => text(length, hex)).join("-") }
}

export const make: Effect.Effect<Ambient, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const source = yield* Random.Random
  const run = yield* FiberSet.makeRuntime()
  return {
    now: () => clock.currentTimeMillisUnsafe(),
    ...chance(() => source.nextDoubleUnsafe()),
    after: (millis, action) => {
      const fiber = run(Effect.andThen(Effect.sleep(millis), Effect.sync(action)))
      return () => fiber.interruptUnsafe()
    }
  }
})
