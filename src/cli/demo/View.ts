/** The live view as text: a pure function of the scoreboard and the size of the terminal. */
import { oneLine } from "../../domain/Line.ts"
import type { Entry, Scoreboard } from "./Scoreboard.ts"

export interface Frame {
  readonly columns: number
  readonly rows: number
  readonly color: boolean
  /** Milliseconds the demo runs, if it ends by itself. */
  readonly duration: number | undefined
  readonly seed: number
  /** Of the dashboard. */
  readonly address: string | undefined
}

/** SGR codes: the terminal's own colours, so that they suit its background. */
const styles = { plain: "", dim: "2", bold: "1", red: "31", green: "32", yellow: "33", cyan: "36" } as const
type Style = keyof typeof styles

/** Text of one style; a line is a row of them. */
type Span = readonly [text: string, style?: Style]

/** Cuts a line to the width and paints it. All characters used are one column wide. */
const paint = (line: ReadonlyArray<Span>, { color, columns }: Frame): string => {
  let left = columns
  let out = ""
  for (const [text, style = "plain"] of line) {
    const shown = printable(text).slice(0, left)
    left -= shown.length
    out += color && style !== "plain" && shown !== "" ? `\u001b[${styles[style]}m${shown}\u001b[0m` : shown
  }
  return out
}

/** What a platform said may hold anything: only what takes one column and moves no cursor is shown. */
const printable = (text: string): string =>
  text.replace(/[^\u0020-\u007e\u00b7\u2013\u2022\u2026\u2500\u2580-\u2588\u2713\u2717\u2192]/g, "?")

const marks: Readonly<Record<Entry["kind"], Span>> = {
  fault: ["✗ ", "red"],
  trouble: ["! ", "yellow"],
  recovery: ["✓ ", "green"],
  note: ["· ", "dim"]
}

const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

/** One line of the story, as the plain view prints it. */
export const tell = ({ at, kind, text }: Entry): string =>
  `${seconds(at).padStart(8)}  ${kind.padEnd(8)}  ${oneLine(text, 500)}`

const bars = "▁▂▃▄▅▆▇█"

const sparkline = (values: ReadonlyArray<number>): string => {
  const most = Math.max(1, ...values)
  return values.map((value) => bars[Math.round((value / most) * (bars.length - 1))] ?? "").join("")
}

const label = (text: string): Span => [` ${text.padEnd(14)}`, "dim"]
const verdict = (name: string, count: number): Span => [`${name} ${count}   `, count === 0 ? "green" : "red"]

const figures = (board: Scoreboard): ReadonlyArray<ReadonlyArray<Span>> => {
  const { account, books, perSecond, tally } = board
  const { duplicated, latency, lost, outOfOrder } = board.verdict
  const isUp = board.state === "Ready"
  return [
    [
      label("connection"),
      [board.state.padEnd(14), isUp ? "green" : "yellow"],
      [`reconnects ${board.reconnects}   sessions ${board.sessionStarts}   `],
      [`faults ${books.faults.length}`, "red"]
    ],
    [label("events/s"), [String(perSecond.at(-1) ?? 0).padEnd(6)], [sparkline(perSecond.slice(-40)), "cyan"]],
    [
      label("messages"),
      [`said ${books.said}   handled ${tally.handled}   answered ${books.answered}   unheard ${board.unheard}`]
    ],
    [label("outbox"), [`waiting ${account?.messagesWaiting ?? 0}   sent ${account?.messagesSent ?? 0}`]],
    [label("answers after"), [`${latency.p50} ms median   ${latency.p99} ms 99th percentile`]],
    [
      label("verdict"),
      verdict("lost", lost.length),
      verdict("duplicated", duplicated.length),
      verdict("out of order", outOfOrder.length)
    ]
  ]
}

const dashboard = (address: string): ReadonlyArray<Span> => [
  [" dashboard ", "dim"],
  [address, "bold"]
]

/** Where the dashboard is, as the plain view prints it first. */
export const plainAddress = (address: string): string => `dashboard ${address}`

/** One screen: at most `rows` lines of at most `columns` columns. */
export const render = (board: Scoreboard, frame: Frame): ReadonlyArray<string> => {
  const { columns, duration, rows, seed } = frame
  const clock = duration === undefined ? seconds(board.elapsed) : `${seconds(board.elapsed)} of ${seconds(duration)}`
  const head: ReadonlyArray<ReadonlyArray<Span>> = [
    ...(frame.address === undefined ? [] : [dashboard(frame.address)]),
    [[" everbot", "bold"], [" on a simulated QQ that breaks"], [`   ${clock}   seed ${seed}   Ctrl-C ends`, "dim"]],
    [],
    ...figures(board),
    [],
    [[" ── faults and recoveries ".replaceAll("-", "─").padEnd(columns, "─"), "dim"]]
  ]
  const room = Math.max(0, rows - head.length)
  const story = room === 0 ? [] : board.story.slice(-room)
  const lines = story.map(
    (entry): ReadonlyArray<Span> => [
      [`${seconds(entry.at).padStart(8)} `, "dim"],
      marks[entry.kind],
      [entry.text, entry.kind === "note" ? "dim" : "plain"]
    ]
  )
  return [...head, ...lines].slice(0, rows).map((line) => paint(line, frame))
}

/** One line for terminals that are none. */
export const plainStatus = (board: Scoreboard): string => {
  const { account, books, verdict } = board
  const { duplicated, lost, outOfOrder } = verdict
  return tell({
    at: board.elapsed,
    kind: "note",
    text:
      `${board.state}; ${board.perSecond.at(-1) ?? 0} events/s, said ${books.said}, answered ${books.answered}, ` +
      `outbox ${account?.messagesWaiting ?? 0}, reconnects ${board.reconnects}, lost ${lost.length}, ` +
      `duplicated ${duplicated.length}, out of order ${outOfOrder.length}`
  })
}
