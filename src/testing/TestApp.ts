/**
 * A whole bot in memory: the real runtime on fake platforms and a store that forgets. Under `TestClock` nothing waits.
 *
 * ```ts
 * const fake = FakePlatform.make()
 * yield* Effect.gen(function* () {
 *   yield* start
 *   yield* fake.emit(Events.message({ text: "hello" }))
 *   assert.strictEqual((yield* fake.awaitSent(1))[0]?.content.text, "hello")
 * }).pipe(Effect.provide(echo.pipe(Layer.provideMerge(layer(fake)))))
 * ```
 */
import { Effect, Layer } from "effect"
import { layerWith, type Options, type Provides } from "../bot/Layer.ts"
import { Runtime } from "../engines/Runtime.ts"
import type { Store } from "../ports/Store.ts"
import * as Memory from "../stores/Memory.ts"
import type { FakePlatform } from "./FakePlatform.ts"

/** The runtime with these platforms attached; provide it to the features under test. */
export const layer = (
  platforms: FakePlatform | ReadonlyArray<FakePlatform>,
  options: Options = {}
): Layer.Layer<Provides | Store> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const runtime = yield* Runtime
      for (const { platform } of [platforms].flat()) yield* runtime.attach(platform)
    })
  ).pipe(Layer.provideMerge(layerWith(options)), Layer.provideMerge(Memory.layer))

/** Lets the platforms connect: call it when all features are built. */
export const start: Effect.Effect<void, never, Runtime> = Effect.flatMap(Runtime, (runtime) => runtime.start)
