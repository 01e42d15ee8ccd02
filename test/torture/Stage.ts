/** What every scenario gets: a folder, a platform with its books, a bot that is kept running, and a verdict. */
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Fiber, Random, Schedule, type Scope } from "effect"
import type { QqSimulator } from "everbot/simulator"
import { programAt } from "../fixtures/program.ts"
import type { Launch } from "../guarantees/support/Child.ts"
import { answering, burst, fourChats, listening, type Place } from "../guarantees/support/Crowd.ts"
import * as World from "../guarantees/support/World.ts"
import { type Keeper, keep } from "./Keeper.ts"

export interface Settings {
  readonly seed: string
  /** SIGKILLs of the scenario `kill`. */
  readonly kills: number
  /** The short version of everything. */
  readonly isBrief: boolean
  readonly progress: (line: string) => void
  /** Milliseconds that the answers may take at the end. @defaultValue 90 s */
  readonly settleWithin?: number | undefined
}

export interface Figures {
  readonly kills: number
  readonly said: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  /** Processes that were started. */
  readonly starts: number
  readonly seconds: number
  /** What a scenario found out about itself, e.g. how the disk was filled. */
  readonly notes: ReadonlyArray<string>
  /** Why it failed; empty if it did not. */
  readonly violations: ReadonlyArray<string>
  /** Where database and logs were kept, if it failed. */
  readonly folder?: string
}

export interface Stage extends Settings {
  readonly folder: string
  readonly filename: string
  /** Of the saved state. */
  readonly stateDirectory: string
  readonly simulator: QqSimulator.QqSimulator
  /** The bot of the scenario, started as told. */
  readonly bot: (how?: Launch) => Effect.Effect<Keeper, never, Scope.Scope>
  readonly talking: <A, E, R>(what: Effect.Effect<A, E, R>, every?: number) => Effect.Effect<A, E, R>
  /** Waits until all that was said is answered; a violation if that takes too long. */
  readonly settled: (millis?: number) => Effect.Effect<void>
  /** A violation if it is not so. */
  readonly expect: (isSo: boolean, what: string) => void
  /** A violation if the bot does not say this, from where it was heard last. */
  readonly hear: (bot: Keeper, text: string, millis?: number) => Effect.Effect<void>
  readonly note: (text: string) => void
  readonly killed: (times?: number) => void
}

export interface Scenario {
  readonly name: string
  readonly title: string
  /** Why it cannot run here, if so. */
  readonly isImpossible?: (() => string | undefined) | undefined
  readonly run: (stage: Stage) => Effect.Effect<void, never, Scope.Scope>
}

/** The user that files belong to when a superuser tortures: permissions mean nothing to itself. */
export const nobody = process.getuid?.() === 0 ? 65_534 : undefined

export const places: ReadonlyArray<Place> = [
  ...fourChats,
  { kind: "group", id: "group-3" },
  { kind: "direct", id: "user-3" }
]

/** Messages without an answer that people put up with. */
const patience = 300

const program = programAt("./bot.ts", import.meta.url)

/** What begins with an exclamation mark is an order and owed nothing. */
export const owes = ({ text }: { readonly text: string }) => !text.startsWith("!")

/** The k-th answer of a place carries the number k: state and replies commit together. */
const misnumbered = ({ books }: QqSimulator.QqSimulator): number => {
  const numbers = new Map<string, number>()
  let wrong = 0
  for (const { place, replies } of books.offered) {
    const [first] = replies
    if (place === undefined || first === undefined) continue
    const number = (numbers.get(place.id) ?? 0) + 1
    numbers.set(place.id, number)
    if (first.text !== `#${number}`) wrong++
  }
  return wrong
}

/** Runs a scenario to its verdict. Its folder is kept when it fails. */
export const run = (scenario: Scenario, settings: Settings): Effect.Effect<Figures> =>
  Effect.gen(function* () {
    const folder = mkdtempSync(join(tmpdir(), `everbot-torture-${scenario.name}-`))
    const stateDirectory = join(folder, "state")
    mkdirSync(stateDirectory)
    if (nobody !== undefined) for (const path of [folder, stateDirectory]) chownSync(path, nobody, nobody)
    const violations: Array<string> = []
    const notes: Array<string> = []
    const bots: Array<Keeper> = []
    let kills = 0
    const startedAt = performance.now()
    const filename = join(folder, "bot.db")
    const simulator = yield* World.platform()
    const { books } = simulator
    const stage: Stage = {
      ...settings,
      folder,
      filename,
      stateDirectory,
      simulator,
      bot: (how = {}) =>
        Effect.gen(function* () {
          const bot = yield* keep(simulator, filename, { program, ...how })
          bots.push(bot)
          const isUp = yield* Effect.timeoutOption(listening(simulator), 30_000)
          if (isUp._tag === "None") violations.push("the bot never came up")
          return bot
        }),
      talking: (what, every = settings.isBrief ? 160 : 40) =>
        Effect.gen(function* () {
          // Who waits for so many answers stops talking: the load follows the machine, and replies are not late for QQ.
          const talk = Effect.suspend(() =>
            books.said - books.answered > patience ? Effect.void : burst(simulator, places, places.length)
          )
          const people = yield* Effect.forkChild(Effect.repeat(talk, Schedule.spaced(every)))
          const isHeard = yield* Effect.timeoutOption(answering(simulator), 30_000)
          if (isHeard._tag === "None") violations.push("the bot never answered")
          const result = yield* what
          yield* Fiber.interrupt(people)
          return result
        }),
      settled: (millis = settings.settleWithin ?? 90_000) =>
        Effect.gen(function* () {
          const isSettled = simulator.until((it) => it.judge({ owes }).lost.length === 0)
          const done = yield* Effect.timeoutOption(isSettled, millis)
          if (done._tag === "None") violations.push(`not all was answered within ${millis} ms`)
        }),
      expect: (isSo, what) => {
        if (!isSo) violations.push(what)
      },
      hear: (bot, text, millis) =>
        Effect.map(bot.says(text, millis), (isSaid) => {
          if (!isSaid) violations.push(`the bot did not say: ${text}`)
        }),
      note: (text) => void notes.push(text),
      killed: (times = 1) => {
        kills += times
      }
    }
    const impossible = scenario.isImpossible?.()
    if (impossible === undefined) {
      yield* Effect.scoped(scenario.run(stage)).pipe(
        Effect.timeoutOption("10 minutes"),
        Effect.catchDefect((defect) => Effect.sync(() => violations.push(`it died: ${String(defect)}`)))
      )
    } else notes.push(`not run: ${impossible}`)
    const verdict = books.judge({ owes })
    const { duplicated, forfeited, outOfOrder, refused, repeated, unheard } = verdict
    const lost = verdict.lost.length + forfeited.length + unheard.length
    const doubled = duplicated.length + repeated.length
    const wrong = misnumbered(simulator)
    if (lost + doubled + outOfOrder.length > 0) {
      violations.push(`${lost} lost, ${doubled} answered twice, ${outOfOrder.length} out of order`)
    }
    if (wrong > 0) violations.push(`${wrong} answers carry a wrong number`)
    if (refused.length > 0) violations.push(`${refused.length} refused, the first with ${refused[0]?.code}`)
    const isGood = violations.length === 0
    if (isGood) rmSync(folder, { recursive: true, force: true })
    else {
      writeFileSync(join(folder, "bot.log"), bots.map((bot) => bot.log()).join("\n"))
      writeFileSync(join(folder, "verdict.json"), JSON.stringify({ seed: settings.seed, violations, verdict }, null, 1))
    }
    return {
      kills,
      said: books.said,
      lost,
      duplicated: doubled,
      outOfOrder: outOfOrder.length,
      starts: bots.reduce((sum, { ends }) => sum + ends.length, 0),
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      notes,
      violations,
      ...(isGood ? {} : { folder })
    }
  }).pipe(Random.withSeed(`${settings.seed} ${scenario.name}`), Effect.scoped)
