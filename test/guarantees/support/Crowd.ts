/** People who talk: load on a simulated platform, without an Effect for each word. */
import { Effect, Fiber, Schedule } from "effect"
import type { QqSimulator } from "everbot/simulator"

export type Place = QqSimulator.Place

/** Two groups and two private chats. */
export const fourChats: ReadonlyArray<Place> = [
  { kind: "group", id: "group-1" },
  { kind: "group", id: "group-2" },
  { kind: "direct", id: "user-1" },
  { kind: "direct", id: "user-2" }
]

/** So many groups. */
export const groups = (count: number): ReadonlyArray<Place> =>
  Array.from({ length: count }, (_, n) => ({ kind: "group", id: `group-${n + 1}` }))

/** One message, numbered by the books. */
export const say = (simulator: QqSimulator.QqSimulator, place: Place, text = `message ${simulator.books.said}`) =>
  simulator.sayUnsafe({ in: place, text })

/** So many messages, spread evenly over the places, at once. */
export const burst = (simulator: QqSimulator.QqSimulator, places: ReadonlyArray<Place>, count: number) =>
  Effect.sync(() =>
    Array.from({ length: count }, (_, n) =>
      say(simulator, places[n % places.length] ?? { kind: "group", id: "group-1" })
    )
  )

/** Talks in all the places every few milliseconds while `what` goes on. */
export const talkingWhile =
  (simulator: QqSimulator.QqSimulator, places: ReadonlyArray<Place>, every: number) =>
  <A, E, R>(what: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const talk = burst(simulator, places, places.length)
      const talking = yield* Effect.forkChild(Effect.repeat(talk, Schedule.spaced(every)))
      const result = yield* what
      yield* Fiber.interrupt(talking)
      return result
    })

/**
 * Waits until the bot has a session, so that what is said next is heard; or until its webhook is registered, and the bot
 * has asked once whether QQ still knows it, so that a fault which comes next hits what the test means.
 */
export const listening = (simulator: QqSimulator.QqSimulator) =>
  simulator.until(
    (books) =>
      books.identifies.some(({ session }) => session !== undefined) ||
      (books.validations.some((it) => it.accepted) && books.count("route:GET /users/@me") > 0)
  )

/**
 * Waits until a first answer shows that the bot has stored its session. A process that is killed between READY and that
 * commit leaves a session nobody knows of, and what was said in it: no client can be kept from that.
 */
export const answering = (simulator: QqSimulator.QqSimulator) => simulator.until(({ answered }) => answered > 0)

/** Waits, from the moment it is made, until the bot was away and has taken something again. */
export const backAgain = (simulator: QqSimulator.QqSimulator) => {
  const { books } = simulator
  const resumes = books.resumes.length
  const pushes = books.pushes.length
  return simulator.until(
    () => books.resumes.length > resumes || books.pushes.slice(pushes).some(({ status }) => status === 200)
  )
}
