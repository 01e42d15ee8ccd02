/** What the dashboard may do to the simulated platform: talk as a person, and break things by name. */
import { Effect } from "effect"
import type { PlaygroundControls } from "../../monitor/index.ts"
import type { Place } from "../../simulator/Books.ts"
import type { Fault } from "../../simulator/Faults.ts"
import type { QqSimulator } from "../../simulator/qq/QqSimulator.ts"
import type { Scoreboard } from "./Scoreboard.ts"

/** The person at the dashboard, in a chat of their own. */
const you: Place = { kind: "direct", id: "YOU" }

interface Breakage {
  readonly name: string
  readonly title: string
  /** Injected in this order. */
  readonly faults: ReadonlyArray<Fault>
}

const breakages: ReadonlyArray<Breakage> = [
  {
    name: "plug",
    title: "Pull the plug",
    faults: [
      { kind: "refuseConnections", ms: 3000 },
      { kind: "cut", by: "rst" }
    ]
  },
  { name: "cut", title: "Cut the connection", faults: [{ kind: "cut", by: "rst" }] },
  { name: "silence", title: "Go silent", faults: [{ kind: "halfOpen" }] },
  { name: "reconnect", title: "Ask it to reconnect", faults: [{ kind: "reconnect" }] },
  { name: "session", title: "Forget its session", faults: [{ kind: "invalidSession", resumable: false }] },
  { name: "revoke", title: "Revoke its token", faults: [{ kind: "revokeToken" }] },
  { name: "throttle", title: "Answer 429", faults: [{ kind: "rateLimited", times: 5 }] },
  { name: "rest", title: "Break the REST interface", faults: [{ kind: "serverError", times: 5 }] },
  { name: "answers", title: "Lose answers", faults: [{ kind: "lostAnswer", times: 3 }] },
  { name: "garbage", title: "Send garbage", faults: [{ kind: "malformedFrame", form: "text" }] },
  { name: "reboot", title: "Restart the platform", faults: [{ kind: "restart", ms: 1500 }] }
]

const isYours = ({ id, kind }: Place): boolean => kind === you.kind && id === you.id

/** Reads the chat from the platform's books, on from where it stopped reading. */
const makeChat = ({ books }: QqSimulator) => {
  const lines: Array<ReturnType<PlaygroundControls["lines"]>[number]> = []
  let offered = 0
  let sent = 0
  const add = (from: "you" | "bot", at: number, text: string) => {
    lines.push({ id: lines.length + 1, at, from, text })
  }
  return (after: number) => {
    for (; offered < books.offered.length; offered++) {
      const row = books.offered[offered]
      if (row?.place !== undefined && isYours(row.place)) add("you", row.at, row.text)
    }
    for (; sent < books.sent.length; sent++) {
      const row = books.sent[sent]
      if (row?.accepted && isYours(row.place)) add("bot", row.at, row.text)
    }
    return lines.slice(after)
  }
}

export const make = (simulator: QqSimulator, board: Scoreboard): PlaygroundControls => ({
  faults: breakages.map(({ name, title }) => ({ name, title })),
  inject: (name) =>
    Effect.gen(function* () {
      const found = breakages.find((one) => one.name === name)
      if (found === undefined) return false
      yield* Effect.forEach(found.faults, simulator.fault, { discard: true })
      return true
    }),
  say: (text) => Effect.asVoid(simulator.say({ in: you, text })),
  lines: makeChat(simulator),
  verdict: () => ({
    said: simulator.books.said,
    answered: simulator.books.answered,
    lost: board.verdict.lost.length,
    duplicated: board.verdict.duplicated.length,
    outOfOrder: board.verdict.outOfOrder.length
  })
})
