/**
 * The script of a run, drawn from its seed before it begins: what people say and what goes wrong, each at its time. Because
 * it is a list, a failing run can be made shorter by leaving parts of it out.
 */
import type { Fault } from "../../src/simulator/Faults.ts"
import { Chance } from "./Chance.ts"
import type { Weather } from "./Disk.ts"
import type { Traffic } from "./Net.ts"
import { type AccountSetting, type PlaceSetting, type Setting, settingOf, type Trouble, troubles } from "./Setting.ts"

interface At {
  /** Milliseconds since the beginning. */
  readonly at: number
}

/** Somebody says something; `text` tells the bot what to do with it. */
export interface Say extends At {
  readonly kind: "say"
  readonly account: number
  readonly place: PlaceSetting
  readonly from: string
  /** Names the message within the run. */
  readonly n: number
  readonly verb: Verb
  readonly argument: number
}

export type Event =
  | Say
  | (At & { readonly kind: "fault"; readonly trouble: Trouble; readonly account: number; readonly fault: Fault })
  /** The platform hangs up soon after each welcome. */
  | (At & { readonly kind: "flap"; readonly account: number; readonly for: number; readonly after: number })
  | (At & { readonly kind: "net"; readonly account: number; readonly for: number; readonly traffic: Partial<Traffic> })
  | (At & { readonly kind: "disk"; readonly for: number; readonly weather: Partial<Weather> })
  | (At & { readonly kind: "crash"; readonly machineToo: boolean; readonly downFor: number })
  | (At & { readonly kind: "drain"; readonly downFor: number })
  | (At & { readonly kind: "stall"; readonly for: number })
  | (At & { readonly kind: "clock"; readonly by: number })
  /** The account is banned for a while; then a person restarts it. */
  | (At & { readonly kind: "ban"; readonly account: number; readonly for: number })

/** What the bot's handlers know to do. */
export const verbs = {
  echo: 30,
  count: 25,
  twice: 5,
  skip: 4,
  later: 4,
  fail: 6,
  failForEver: 1,
  die: 2,
  hang: 1,
  slow: 8,
  elsewhere: 4,
  urgent: 4,
  brief: 2,
  afterwards: 3,
  straggler: 3,
  save: 3
} as const
export type Verb = keyof typeof verbs

const bag: ReadonlyArray<Verb> = (Object.keys(verbs) as Array<Verb>).flatMap((verb) =>
  Array.from({ length: verbs[verb] }, () => verb)
)

const argumentOf = (verb: Verb, chance: Chance): number => {
  switch (verb) {
    case "fail":
      return chance.int(1, 3)
    case "later":
    case "afterwards":
      return chance.int(1, 40)
    case "slow":
      return Math.round(chance.scale(5, 1500))
    case "straggler":
      return chance.int(0, 3000)
    default:
      return 0
  }
}

export interface Plan {
  readonly setting: Setting
  readonly events: ReadonlyArray<Event>
}

export const planOf = (seed: number): Plan => {
  const setting = settingOf(seed)
  const chance = new Chance(seed, "plan")
  const said = setting.accounts.flatMap((account, index) => speech(account, index, setting, chance))
  said.sort((a, b) => a.at - b.at)
  const numbered = said.map((say, n): Event => ({ ...say, n }))
  const wrong = troubles.flatMap((trouble) => occasions(trouble, setting, new Chance(seed, trouble)))
  return { setting, events: [...numbered, ...wrong].sort((a, b) => a.at - b.at) }
}

/** One account's users: a trickle, with bursts in it. */
const speech = (account: AccountSetting, index: number, { troubleFor }: Setting, chance: Chance): Array<Say> => {
  const said: Array<Say> = []
  while (said.length < account.messages) {
    const isBurst = chance.isTrue(0.1)
    const start = chance.next() * troubleFor
    const count = isBurst ? Math.round(chance.scale(3, 70)) : 1
    const place = chance.pick(account.places)
    for (let i = 0; i < count; i++) {
      const verb = chance.pick(bag)
      const here = isBurst && chance.isTrue(0.8) ? place : chance.pick(account.places)
      const user = chance.pick(account.users)
      said.push({
        kind: "say",
        at: Math.round(start + (isBurst ? chance.next() * 400 : 0)),
        account: index,
        place: here,
        // A private chat is named after its person.
        from: here.kind === "direct" ? here.id : user,
        n: 0,
        verb,
        argument: argumentOf(verb, chance)
      })
    }
  }
  return said
}

const occasions = (trouble: Trouble, setting: Setting, chance: Chance): Array<Event> => {
  const rate = setting.rates[trouble] / 60_000
  const events: Array<Event> = []
  if (rate === 0) return events
  const targets = setting.accounts.flatMap(({ isCalm }, index) => (isCalm ? [] : [index]))
  for (let at = 500; ; ) {
    at += -Math.log(1 - chance.next()) / rate
    if (at >= setting.troubleFor) return events
    events.push(occasion(trouble, Math.round(at), chance.pick(targets), setting, chance))
  }
}

const closeCodes = [1000, 1001, 1011, 4000, 4003, 4005, 4006, 4007, 4008, 4009, 4900, 4902, 4903, 4907, 4913, 4321]

const occasion = (trouble: Trouble, at: number, account: number, setting: Setting, chance: Chance): Event => {
  const fault = (fault: Fault): Event => ({ kind: "fault", trouble, at, account, fault })
  const left = setting.troubleFor - at
  const lasting = (low: number, high: number) => Math.min(left, Math.round(chance.scale(low, high)))
  const times = () => chance.int(1, 6)
  switch (trouble) {
    case "cut":
      return fault({ kind: "cut", by: chance.pick(["fin", "rst"]) })
    case "halfOpen":
      return fault(chance.isTrue(0.6) ? { kind: "halfOpen" } : { kind: "silence", of: chance.pick(["acks", "both"]) })
    case "session":
      return fault(
        chance.pick<Fault>([
          { kind: "reconnect" },
          { kind: "reconnect" },
          { kind: "invalidSession", resumable: true },
          { kind: "invalidSession", resumable: false },
          { kind: "duplicateOnResume", events: chance.int(1, 12) },
          { kind: "noHello", times: 1 },
          { kind: "refuseUpgrade", times: chance.int(1, 2), status: 502 }
        ])
      )
    case "close":
      return fault({ kind: "close", code: chance.pick(closeCodes) })
    case "flap":
      return { kind: "flap", at, account, for: lasting(20_000, 150_000), after: chance.int(1, 900) }
    case "away":
      return chance.isTrue(0.4)
        ? fault({ kind: "restart", ms: lasting(200, 30_000), keepSessions: chance.isTrue(0.7) })
        : { kind: "net", at, account, for: lasting(200, 45_000), traffic: awayness(chance) }
    case "token":
      return fault(
        chance.pick<Fault>([
          { kind: "expireToken" },
          { kind: "revokeToken" },
          { kind: "tokenServerError", times: times(), form: chance.pick(["json", "html", "busy", "hang"]) }
        ])
      )
    case "limits":
      return fault(
        chance.isTrue(0.5)
          ? { kind: "rateLimited", times: times(), retryAfter: chance.int(1, 20) }
          : { kind: "rateLimited", times: times() }
      )
    case "errors":
      return fault(
        chance.isTrue(0.3)
          ? { kind: "htmlError", times: times(), status: chance.pick([502, 503, 504]) }
          : { kind: "serverError", times: times(), status: chance.pick([500, 502, 503, 504]) }
      )
    case "lostAnswers":
      return chance.isTrue(0.5)
        ? fault({ kind: "lostAnswer", times: times() })
        : {
            ...{ kind: "net", at, account, for: lasting(500, 30_000) },
            traffic: { losesAnswers: chance.next() * 0.6, losesRequests: chance.next() * 0.4 }
          }
    case "slowAnswers":
      return chance.isTrue(0.5)
        ? fault({ kind: "slowAnswer", times: times(), ms: Math.round(chance.scale(200, 15_000)) })
        : { kind: "net", at, account, for: lasting(500, 20_000), traffic: { latency: chance.scale(100, 1500) } }
    case "audit":
      return fault({ kind: "audit", times: times(), verdict: chance.pick(["pass", "pass", "reject"]) })
    case "garbage":
      return fault(
        chance.pick<Fault>([
          { kind: "malformedFrame", form: chance.pick(["text", "array", "missing", "null"]) },
          { kind: "unknownOpcode" },
          { kind: "unknownEvent" },
          { kind: "hugeFrame", bytes: 20_000 },
          { kind: "slowReads", ms: lasting(50, 3000) }
        ])
      )
    case "disk":
      return { kind: "disk", at, for: lasting(50, 25_000), weather: badWeather(chance) }
    case "crash":
      return { kind: "crash", at, machineToo: chance.isTrue(0.3), downFor: Math.round(chance.scale(20, 40_000)) }
    case "drain":
      return { kind: "drain", at, downFor: Math.round(chance.scale(20, 10_000)) }
    case "stall":
      return { kind: "stall", at, for: lasting(100, 60_000) }
    case "clock":
      return { kind: "clock", at, by: Math.round((chance.isTrue(0.5) ? 1 : -1) * chance.scale(500, 7_200_000)) }
    case "ban":
      return { kind: "ban", at, account, for: lasting(1000, 60_000) }
  }
}

const awayness = (chance: Chance): Partial<Traffic> => (chance.isTrue(0.6) ? { isRefusing: true } : { isDark: true })

const badWeather = (chance: Chance): Partial<Weather> =>
  chance.pick<Partial<Weather>>([
    { fails: 1, readsFail: 1 },
    { fails: chance.next() },
    { lies: chance.next() * 0.8 },
    { fails: chance.next() * 0.4, lies: chance.next() * 0.4, readsFail: chance.next() * 0.5 },
    { latency: chance.scale(100, 3000) },
    { isStuck: true }
  ])
