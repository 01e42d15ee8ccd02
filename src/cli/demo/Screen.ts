/**
 * Shows the scoreboard while the scope is open: in place on a terminal, as lines anywhere else.
 *
 * A terminal gets its other screen and a hidden cursor, and both back whatever happens. Each frame is one write that
 * overwrites the one before, between the marks of a synchronised update, so nothing flickers.
 */
import { Config, Effect, Option, type Scope } from "effect"
import { Stdio } from "effect/Stdio"
import { Terminal } from "effect/Terminal"
import type { Scoreboard } from "./Scoreboard.ts"
import { type Frame, plainAddress, plainStatus, render, tell } from "./View.ts"

const csi = "\u001b["
const enter = `${csi}?1049h${csi}?25l`
const leave = `${csi}?25h${csi}?1049l`

/** The lines as one write: home, each line to its end, then clear what is below. */
export const frameOf = (lines: ReadonlyArray<string>): string =>
  `${csi}?2026h${csi}H${lines.map((line) => `${line}${csi}K`).join("\r\n")}${csi}J${csi}?2026l`

type Shown = Pick<Frame, "duration" | "seed" | "address">

const live = Effect.fnUntraced(function* (board: Scoreboard, frame: Shown) {
  const terminal = yield* Terminal
  const show = (text: string) => Effect.ignore(terminal.display(text))
  const noColor = yield* Effect.option(Config.String("NO_COLOR"))
  const color = Option.getOrElse(noColor, () => "") === ""
  yield* Effect.acquireRelease(show(enter), () => show(leave))
  const draw = Effect.gen(function* () {
    const columns = (yield* terminal.columns) || 80
    const rows = (yield* terminal.rows) || 24
    yield* show(frameOf(render(board, { ...frame, columns, rows, color })))
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(draw, Effect.sleep("150 millis"))))
})

const plain = Effect.fnUntraced(function* (board: Scoreboard, { address }: Shown) {
  const terminal = yield* Terminal
  if (address !== undefined) yield* Effect.ignore(terminal.display(`${plainAddress(address)}\n`))
  let told = 0
  const print = Effect.suspend(() => {
    const news = board.told === told ? [] : board.story.slice(told - board.told)
    told = board.told
    return Effect.ignore(terminal.display(news.map((entry) => `${tell(entry)}\n`).join("")))
  })
  const status = Effect.andThen(
    print,
    Effect.suspend(() => Effect.ignore(terminal.display(`${plainStatus(board)}\n`)))
  )
  // What was told last is printed too.
  yield* Effect.addFinalizer(() => print)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("200 millis"), print)))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("2 seconds"), status)))
})

/** Begins to show; ends with the scope. */
export const show = Effect.fnUntraced(function* (
  board: Scoreboard,
  frame: Shown
): Effect.fn.Return<void, never, Scope.Scope | Stdio | Terminal> {
  const stdio = yield* Stdio
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.andThen(
        Effect.sleep("1 second"),
        Effect.sync(() => board.second())
      )
    )
  )
  return yield* (yield* stdio.stdoutIsTerminal) ? live(board, frame) : plain(board, frame)
})
