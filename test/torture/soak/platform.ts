/**
 * The platform of a soak, in a process of its own: its books grow with every message, and must not be taken for the bot's
 * memory. Talks and breaks itself until it is told to stop, then sends its verdict.
 */
import { Effect, Fiber, Random, Schedule } from "effect"
import { plan, survivable } from "../../../src/simulator/Faults.ts"
import * as QqSimulator from "../../../src/simulator/qq/QqSimulator.ts"
import { say } from "../../guarantees/support/Crowd.ts"
import { fastPlatform } from "../../guarantees/support/Fast.ts"

export type Told =
  | {
      readonly _tag: "Ready"
      readonly appId: string
      readonly clientSecret: string
      readonly apiUrl: string
      readonly tokenUrl: string
    }
  | Verdict

export interface Verdict {
  readonly _tag: "Verdict"
  readonly said: number
  readonly answered: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  readonly excused: number
  readonly faults: number
  readonly sessions: number
  readonly resumes: number
}

const [seed = "1", perSecond = "50"] = process.argv.slice(2)
const tell = (what: Told) => Effect.sync(() => process.send?.(what))
const stopped = Effect.callback<void>((resume) => {
  process.once("message", () => resume(Effect.void))
  process.once("disconnect", () => process.exit(3))
})

const program = Effect.gen(function* () {
  const simulator = yield* QqSimulator.make(fastPlatform)
  const { apiUrl, appId, books, clientSecret, tokenUrl } = simulator
  yield* tell({ _tag: "Ready", appId, clientSecret, apiUrl, tokenUrl })
  yield* simulator.until(() => books.identifies.length > 0)
  let strangers = 0
  // Every other message comes from a conversation that is never heard of again, as lanes must come and go.
  const talk = Effect.gen(function* () {
    const n = yield* Random.nextIntBetween(0, 20)
    say(simulator, n < 10 ? { kind: "group", id: `group-${n}` } : { kind: "direct", id: `stranger-${++strangers}` })
  })
  const talking = yield* Effect.forkChild(Effect.repeat(talk, Schedule.fixed(1000 / Number(perSecond))))
  const faults = plan(Number(seed), Object.values(survivable), 10_000)
  const breaking = yield* Effect.forkChild(simulator.timetable(faults, "4 seconds"))
  yield* stopped
  yield* Fiber.interrupt(breaking)
  yield* Fiber.interrupt(talking)
  yield* Effect.timeoutOption(simulator.settled, "60 seconds")
  const { duplicated, forfeited, lost, outOfOrder, unheard } = books.judge()
  yield* tell({
    _tag: "Verdict",
    said: books.said,
    answered: books.answered,
    lost: lost.length,
    duplicated: duplicated.length,
    outOfOrder: outOfOrder.length,
    excused: forfeited.length + unheard.length,
    faults: books.faults.length,
    sessions: books.sessions.length,
    resumes: books.resumes.length
  })
})

await Effect.runPromise(Effect.scoped(program).pipe(Random.withSeed(seed)))
process.disconnect()
