/**
 * What a seed decides before it begins: how many accounts, how small the limits, which kinds of trouble. Each seed turns
 * some of them off and some far up (swarm testing): faults hide one another when all are always on.
 */
import { Chance } from "./Chance.ts"

export type PlaceKind = "group" | "direct" | "channel" | "guildDirect"

export interface PlaceSetting {
  readonly kind: PlaceKind
  readonly id: string
}

export interface AccountSetting {
  readonly appId: string
  readonly clientSecret: string
  readonly places: ReadonlyArray<PlaceSetting>
  readonly users: ReadonlyArray<string>
  readonly messages: number
  /** Nothing is done to it: whatever happens to the others, it must not notice. */
  readonly isCalm: boolean
  readonly shards: number
}

/** Times are in milliseconds. */
export interface Setting {
  readonly seed: number
  readonly accounts: ReadonlyArray<AccountSetting>
  /** How long there is trouble. */
  readonly troubleFor: number
  readonly taskCost: number
  readonly diskLatency: number
  readonly netLatency: number
  readonly heartbeatInterval: number
  readonly resumeWindow: number
  readonly tokenLifetime: number
  readonly concurrency: number
  readonly handlerTimeout: number
  readonly maxResident: number
  readonly maxBacklog: number
  readonly maxQueued: number
  readonly maxAttempts: number
  readonly maxBatch: number
  readonly drainTimeout: number
  readonly onUnknown: "hold" | "resend"
  readonly hasObserver: boolean
  readonly hasAnnouncer: boolean
  readonly logsAll: boolean
  readonly retention: number
  /** How often each kind of trouble comes, in times a minute; 0 is never. */
  readonly rates: Readonly<Record<Trouble, number>>
}

export const troubles = [
  "cut",
  "halfOpen",
  "session",
  "close",
  "flap",
  "away",
  "token",
  "limits",
  "errors",
  "lostAnswers",
  "slowAnswers",
  "audit",
  "garbage",
  "disk",
  "crash",
  "drain",
  "stall",
  "clock",
  "ban"
] as const
export type Trouble = (typeof troubles)[number]

/** How often, in times a minute, when a kind is on. */
const usual: Readonly<Record<Trouble, number>> = {
  cut: 1.5,
  halfOpen: 0.4,
  session: 0.7,
  close: 0.7,
  flap: 0.15,
  away: 0.5,
  token: 0.5,
  limits: 0.8,
  errors: 0.8,
  lostAnswers: 0.8,
  slowAnswers: 0.4,
  audit: 0.5,
  garbage: 0.7,
  disk: 0.7,
  crash: 0.6,
  drain: 0.6,
  stall: 0.3,
  clock: 0.3,
  ban: 0.1
}

const hex = "0123456789ABCDEF"
const word = (chance: Chance, length: number, alphabet: string) =>
  Array.from({ length }, () => alphabet.charAt(chance.int(0, alphabet.length - 1))).join("")

const account = (chance: Chance, index: number, isCalm: boolean): AccountSetting => {
  const kinds: ReadonlyArray<PlaceKind> = chance.isTrue(0.6)
    ? ["group", "direct", "channel", "guildDirect"]
    : ["group", "direct"]
  const openid = () => word(chance, 32, hex)
  const places = Array.from({ length: chance.int(1, 6) }, (): PlaceSetting => {
    const kind = chance.pick(kinds)
    return { kind, id: kind === "group" || kind === "direct" ? openid() : word(chance, 18, "123456789") }
  })
  return {
    appId: `10200${index}${word(chance, 3, "0123456789")}`,
    clientSecret: `secret${word(chance, 26, `${hex}ghijkl`)}`,
    places,
    users: Array.from({ length: chance.int(1, 4) }, openid),
    messages: Math.round(chance.scale(12, 110)),
    isCalm,
    shards: chance.isTrue(0.15) ? 2 : 1
  }
}

export const settingOf = (seed: number): Setting => {
  const chance = new Chance(seed, "setting")
  const count = chance.pick([1, 1, 1, 2, 2, 3])
  const rates = {} as Record<Trouble, number>
  for (const trouble of troubles) {
    // Trouble for a whole seed of one kind is rare, a handful of kinds is usual.
    rates[trouble] = chance.isTrue(0.35) ? usual[trouble] * chance.scale(0.5, 3) : 0
  }
  const isTight = chance.isTrue(0.4)
  return {
    seed,
    accounts: Array.from({ length: count }, (_, index) => account(chance, index, index > 0 && chance.isTrue(0.6))),
    troubleFor: Math.round(chance.scale(60_000, 420_000)),
    taskCost: chance.pick([0, 0.002, 0.02]),
    diskLatency: chance.scale(0.1, 40),
    netLatency: chance.scale(0.5, 150),
    heartbeatInterval: chance.pick([5_000, 15_000, 41_250]),
    resumeWindow: chance.pick([60_000, 300_000, 300_000]),
    tokenLifetime: chance.pick([90_000, 600_000, 7_200_000]),
    concurrency: isTight ? chance.int(1, 4) : 256,
    handlerTimeout: chance.int(2_000, 10_000),
    maxResident: isTight ? chance.int(1, 8) : 2048,
    maxBacklog: isTight ? Math.round(chance.scale(8, 150)) : 200_000,
    maxQueued: isTight ? chance.int(2, 10) : 10_000,
    maxAttempts: chance.int(3, 6),
    maxBatch: chance.pick([1, 8, 1024]),
    drainTimeout: Math.round(chance.scale(200, 10_000)),
    onUnknown: chance.isTrue(0.3) ? "resend" : "hold",
    hasObserver: chance.isTrue(0.3),
    hasAnnouncer: chance.isTrue(0.4),
    logsAll: chance.isTrue(0.15),
    retention: chance.pick([7 * 86_400_000, 30 * 60_000]),
    rates
  }
}
