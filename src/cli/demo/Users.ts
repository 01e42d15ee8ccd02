/** The users of the demo: they chat in groups and one to one, at a rate, whatever happens to the platform. */
import { Clock, Effect, Random } from "effect"
import type { QqSimulator } from "../../simulator/qq/QqSimulator.ts"

/** More chats than the bot sends at once, so that their order is worth something. */
const groups = 8
const people = 12

const phrases = [
  "good morning",
  "what is the plan for today?",
  "haha",
  "who has the slides?",
  "on my way",
  "see you at eight",
  "please run error_test",
  "!ping",
  "!status",
  "!test_error"
] as const

/** The beat of the chatter: at a high rate several messages fall on one beat. */
const beat = 20

const sayOne = Effect.fnUntraced(function* (simulator: QqSimulator) {
  const place = yield* Random.nextIntBetween(0, groups + people, { halfOpen: true })
  const phrase = phrases[yield* Random.nextIntBetween(0, phrases.length, { halfOpen: true })] ?? "hello"
  if (place < groups) {
    const person = yield* Random.nextIntBetween(1, 5)
    return simulator.sayUnsafe({ in: { kind: "group", id: `GROUP${place}` }, from: `MEMBER${person}`, text: phrase })
  }
  const text = phrase === "!status" ? "!health" : phrase
  return simulator.sayUnsafe({ in: { kind: "direct", id: `PERSON${place - groups}` }, text })
})

/** Talks for ever. @param rate messages per second */
export const chat = (simulator: QqSimulator, rate: number): Effect.Effect<never> =>
  Effect.gen(function* () {
    const begun = yield* Clock.currentTimeMillis
    for (let said = 0; ; ) {
      yield* Effect.sleep(beat)
      const due = Math.floor((((yield* Clock.currentTimeMillis) - begun) * rate) / 1000)
      for (; said < due; said++) yield* sayOne(simulator)
    }
  })
