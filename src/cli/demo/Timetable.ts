/**
 * What goes wrong in the demo, and when: every kind of fault once, in an order that the seed decides, then again.
 *
 * A fault that hits the connection waits until there is one, so that every fault strikes. Some need a second one to
 * show: what a resume repeats shows when the connection is cut, a token endpoint that is down when the token expires.
 */
import { Effect, Random } from "effect"
import type { Fault } from "../../simulator/Faults.ts"
import type { QqSimulator } from "../../simulator/qq/QqSimulator.ts"

const rst: Fault = { kind: "cut", by: "rst" }
const fin: Fault = { kind: "cut", by: "fin" }

/** Faults that belong together, injected in this order. */
export const scenes: ReadonlyArray<ReadonlyArray<Fault>> = [
  [fin],
  [{ kind: "duplicateOnResume", events: 5 }, rst],
  [{ kind: "halfOpen" }],
  [{ kind: "silence", of: "both" }],
  [{ kind: "reconnect" }],
  [{ kind: "invalidSession", resumable: true }],
  [{ kind: "invalidSession", resumable: false }],
  [{ kind: "close", code: 4009 }],
  [{ kind: "expireToken" }],
  [{ kind: "tokenServerError", times: 2, form: "busy" }, { kind: "expireToken" }],
  [{ kind: "revokeToken" }],
  [{ kind: "rateLimited", times: 3 }],
  [{ kind: "rateLimited", times: 3, retryAfter: 1 }],
  [{ kind: "serverError", times: 3 }],
  [{ kind: "htmlError", times: 3 }],
  [{ kind: "lostAnswer", times: 3 }],
  [{ kind: "slowAnswer", ms: 400, times: 3 }],
  [{ kind: "malformedFrame", form: "text" }],
  [{ kind: "unknownOpcode" }, { kind: "unknownEvent" }],
  [{ kind: "hugeFrame", bytes: 500_000 }],
  [{ kind: "slowReads", ms: 500 }],
  [{ kind: "noHello", times: 1 }, rst],
  [{ kind: "refuseUpgrade", times: 2, status: 502 }, rst],
  [{ kind: "restart", ms: 600 }]
]

/** The same where QQ calls the bot: there is no connection to break, but calls to lose, repeat and forge. */
export const webhookScenes: ReadonlyArray<ReadonlyArray<Fault>> = [
  [{ kind: "webhookLostAnswer", times: 4 }],
  [{ kind: "webhookDuplicate", times: 8 }],
  [{ kind: "webhookTruncated", times: 4 }],
  [{ kind: "webhookSlow", ms: 400, times: 4 }],
  [{ kind: "webhookForged", times: 20 }],
  [{ kind: "webhookReplayed", times: 20 }],
  [{ kind: "expireToken" }],
  [{ kind: "tokenServerError", times: 2, form: "busy" }, { kind: "expireToken" }],
  [{ kind: "rateLimited", times: 3 }],
  [{ kind: "rateLimited", times: 3, retryAfter: 1 }],
  [{ kind: "serverError", times: 3 }],
  [{ kind: "htmlError", times: 3 }],
  [{ kind: "lostAnswer", times: 3 }],
  [{ kind: "slowAnswer", ms: 400, times: 3 }],
  [{ kind: "unknownEvent" }],
  [{ kind: "hugeFrame", bytes: 500_000 }],
  [{ kind: "restart", ms: 600 }]
]

/** Milliseconds between two scenes. */
const between = [550, 850] as const
/** The longest wait for a connection that a fault could hit, and for one to be found dead. */
const patience = "5 seconds"

/** A fault in a few words, and its name in the summary. */
export const nameOf = (fault: Fault): string => {
  switch (fault.kind) {
    case "cut":
      return `cut by ${fault.by}`
    case "close":
      return `close ${fault.code}`
    case "invalidSession":
      return fault.resumable ? "op 9, resumable" : "op 9, session gone"
    case "reconnect":
      return "op 7"
    case "rateLimited":
      return fault.retryAfter === undefined ? "429 without Retry-After" : "429 with Retry-After"
    case "tokenServerError":
      return "token endpoint busy"
    default:
      return fault.kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  }
}

/** Faults that the bot must first notice: until then its connection only seems to live. */
const isStealthy = ({ kind }: Fault): boolean => kind === "halfOpen" || kind === "silence"

/** The bot's connection, as waits. */
export interface Connection {
  readonly connected: Effect.Effect<void>
  readonly lost: Effect.Effect<void>
}

/** Breaks things for ever. */
export const run = (
  simulator: QqSimulator,
  { connected, lost }: Connection,
  from: ReadonlyArray<ReadonlyArray<Fault>> = scenes
): Effect.Effect<never> =>
  Effect.gen(function* () {
    for (;;) {
      for (const scene of yield* Random.shuffle(from)) {
        yield* Effect.sleep(yield* Random.nextIntBetween(between[0], between[1]))
        yield* Effect.timeoutOption(connected, patience)
        for (const fault of scene) yield* simulator.fault(fault)
        if (scene.some(isStealthy)) yield* Effect.timeoutOption(lost, patience)
      }
    }
  })
