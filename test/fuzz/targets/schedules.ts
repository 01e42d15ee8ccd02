/** Schedules and the kit that tests them, with parameters that make no sense. */
import { Duration, Effect, type Schedule } from "effect"
import { ConfigError } from "../../../src/domain/ConfigError.ts"
import { ConnectionLost } from "../../../src/domain/GatewayError.ts"
import * as Schedules from "../../../src/engines/Schedules.ts"
import * as Delays from "../../../src/testing/Delays.ts"
import type { Chance } from "../Chance.ts"
import { fieldsOf, type Input, listOf, textOf } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import type { Target } from "../Target.ts"

/** Numbers that JSON has no words for are texts here. */
const odd: readonly [Input, ...ReadonlyArray<Input>] = [
  0,
  1,
  -1,
  0.5,
  2,
  5,
  1e-9,
  100,
  30_000,
  2 ** 31,
  2 ** 53,
  1e300,
  "NaN",
  "Infinity",
  "-Infinity",
  "-0"
]
const durations: readonly [Input, ...ReadonlyArray<Input>] = [
  ...odd,
  "30 seconds",
  "1 day",
  "garbage",
  "",
  "-5 seconds",
  "1e400 seconds"
]

const names = ["backoff", "reconnect", "identify", "resend", "redeliver", "poll", "credentials", "linear"] as const
const { backoff, credentials, identify, linearByClass, poll, reconnect, redeliver, resend } = Schedules
const makers: Readonly<Record<string, (options: object) => unknown>> = {
  backoff,
  reconnect,
  identify,
  resend,
  redeliver,
  poll,
  credentials,
  linear: linearByClass
}
const parameters = ["base", "cap", "factor", "jitter", "attempts", "retryAfterAtMost", "stableAfter"] as const

const generate = (chance: Chance): Input => ({
  name: chance.pick(names),
  options: Object.fromEntries(
    parameters
      .filter(() => chance.oneIn(3))
      .map((name) => [
        name,
        chance.oneIn(12) ? Json.text(chance) : chance.pick(name === "base" || name === "cap" ? durations : odd)
      ])
  ),
  attempts: chance.times(1 + chance.below(12), () => ({
    retryAfter: chance.pick(durations),
    ranFor: chance.pick(odd)
  })),
  seed: chance.pick(odd)
})

const special: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0
}
const real = (input: Input | undefined) => (typeof input === "string" ? (special[input] ?? input) : input)

/** The schedule, or the `ConfigError` that refused its parameters. */
const build = (name: string, options: object): Schedule.Schedule<unknown, never> | undefined => {
  try {
    return (makers[name] ?? backoff)(options) as Schedule.Schedule<unknown, never>
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    Oracle.typed("a schedule", error, true)
    return undefined
  }
}

const run = async (input: Input): Promise<void> => {
  const given = fieldsOf(input)
  const options = Object.fromEntries(
    Object.entries(fieldsOf(given["options"] ?? null)).map(([key, value]) => [key, real(value)])
  )
  const schedule = build(textOf(given["name"], "backoff"), options)
  if (schedule === undefined) return
  const attempts = listOf(given["attempts"]).map((one) => {
    const { ranFor, retryAfter } = fieldsOf(one)
    const life = Number(real(ranFor) ?? 0)
    const asked = Duration.fromInput(real(retryAfter) as Duration.Input)
    return {
      input: {
        isRetryable: true,
        retryAfter: asked._tag === "Some" ? asked.value : undefined,
        reason: new ConnectionLost({ network: true })
      } as never,
      ranFor: Number.isFinite(life) && life >= 0 && life < 1e15 ? life : 0
    }
  })
  const seed = real(given["seed"])
  const exit = await Effect.runPromiseExit(
    Delays.of(schedule, attempts, { seed: typeof seed === "number" || typeof seed === "string" ? seed : 0 })
  )
  const found = Oracle.judged("a schedule", exit)
  for (const delay of found?.delays ?? []) {
    Oracle.must("delays are times", Number.isFinite(delay) && delay >= 0, () => `a wait of ${delay} ms`)
  }
}

export const schedules: Target = {
  name: "schedules",
  about: "schedules with absurd parameters and absurd failures",
  share: 40,
  renew: 1_000_000,
  generate,
  open: async () => ({ run, close: async () => {} })
}
