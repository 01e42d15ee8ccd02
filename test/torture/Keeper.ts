/** Does what systemd would: starts the bot, and starts it again a moment after it ended. */
import { Effect, type Scope } from "effect"
import type { QqSimulator } from "everbot/simulator"
import * as Child from "../guarantees/support/Child.ts"

export interface Keeper {
  /** The process that runs now, or ran last. */
  readonly child: () => Child.Child
  /** How the processes before it ended. */
  readonly ends: ReadonlyArray<Child.End>
  /** All that all processes printed. */
  readonly log: () => string
  /** SIGKILL; the next process starts by itself. */
  readonly kill: Effect.Effect<void>
  /** SIGKILL, then `what` while nothing runs, then the next process. */
  readonly whileDead: <A, E, R>(what: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** How the next process is to be started. */
  readonly change: (how: Child.Launch) => void
  /** Waits until something new was printed that holds this. */
  readonly says: (text: string, millis?: number) => Effect.Effect<boolean>
}

/** Milliseconds between an end and the next start. */
const pause = 100

export const keep = Effect.fnUntraced(function* (
  simulator: QqSimulator.QqSimulator,
  filename: string,
  given: Child.Launch
): Effect.fn.Return<Keeper, never, Scope.Scope> {
  let how = given
  let child: Child.Child | undefined
  let isHeld = false
  let heardTo = 0
  const ends: Array<Child.End> = []
  const past: Array<string> = []
  const log = () => [...past, child?.output() ?? ""].join("\n--- next process ---\n")
  const running = Effect.repeat(Effect.sleep(5), { until: () => child !== undefined })

  const once = Effect.scoped(
    Effect.gen(function* () {
      yield* Effect.repeat(Effect.sleep(5), { until: () => !isHeld })
      child = yield* Child.launch(simulator, filename, how)
      ends.push(yield* child.ended)
      past.push(child.output())
      child = undefined
      yield* Effect.sleep(pause)
    })
  )
  yield* Effect.forkScoped(Effect.forever(once))
  yield* running
  const last = (): Child.Child => {
    if (child === undefined) throw new Error("no process runs")
    return child
  }
  const kill = Effect.andThen(
    running,
    Effect.suspend(() => last().end("SIGKILL"))
  )
  return {
    child: last,
    ends,
    log,
    kill: Effect.andThen(kill, running),
    whileDead: (what) =>
      Effect.suspend(() => {
        isHeld = true
        return child === undefined ? Effect.void : child.end("SIGKILL")
      }).pipe(
        Effect.andThen(Effect.repeat(Effect.sleep(5), { until: () => child === undefined })),
        Effect.andThen(what),
        Effect.ensuring(
          Effect.sync(() => {
            isHeld = false
          })
        ),
        Effect.tap(() => running)
      ),
    change: (next) => {
      how = next
    },
    says: (text, millis = 30_000) =>
      Effect.gen(function* () {
        const until = performance.now() + millis
        for (;;) {
          const at = log().indexOf(text, heardTo)
          if (at >= 0) {
            heardTo = at + text.length
            return true
          }
          if (performance.now() > until) return false
          yield* Effect.sleep(20)
        }
      })
  }
})
