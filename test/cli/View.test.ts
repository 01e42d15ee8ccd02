/** The live view fits every terminal and shows nothing a terminal could take for a command. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { QqSimulator } from "everbot/simulator"
import { Scoreboard } from "../../src/cli/demo/Scoreboard.ts"
import { frameOf } from "../../src/cli/demo/Screen.ts"
import { type Frame, render, tell } from "../../src/cli/demo/View.ts"

const escape = "\u001b"
const frame: Frame = {
  columns: 80,
  rows: 24,
  color: false,
  duration: 20_000,
  seed: 7,
  address: "http://127.0.0.1:1/#token=t"
}

const board = Effect.gen(function* () {
  const { books } = yield* QqSimulator.make()
  const it = new Scoreboard(books, yield* Clock.Clock)
  for (let n = 0; n < 100; n++) it.tell("fault", `fault ${n} ${"x".repeat(200)}`)
  it.tell("recovery", `bad ${escape}[2J${escape}]0;title\u0007 \u9b5a`)
  return it
})

describe("the live view", () => {
  it.live("never has more lines or columns than the terminal", () =>
    Effect.gen(function* () {
      const it = yield* board
      for (const columns of [1, 20, 80, 200]) {
        for (const rows of [1, 5, 10, 24, 60]) {
          const lines = render(it, { ...frame, columns, rows })
          assert.isAtMost(lines.length, rows)
          for (const line of lines) assert.isAtMost(line.length, columns)
        }
      }
    })
  )

  it.live("shows the newest of the story", () =>
    Effect.gen(function* () {
      const text = render(yield* board, frame).join("\n")
      assert.include(text, "fault 99")
      assert.notInclude(text, "fault 50 ")
    })
  )

  it.live("has no escape sequence without colour, and with colour only those that paint", () =>
    Effect.gen(function* () {
      const it = yield* board
      assert.notInclude(render(it, frame).join(""), escape)
      const painted = render(it, { ...frame, color: true }).join("")
      assert.include(painted, escape)
      assert.notInclude(painted.replaceAll(new RegExp(`${escape}\\[\\d*m`, "g"), ""), escape)
    })
  )

  it("tells plain terminals of the same on one line each", () => {
    const line = tell({ at: 1000, kind: "trouble", text: `bad ${escape}[2J\r\n   2.0 s  recovery  forged` })
    assert.strictEqual(line, "   1.0 s  trouble   bad \\u001b[2J\\r\\n   2.0 s  recovery  forged")
  })

  it("draws over what was there, without clearing the screen first", () => {
    assert.strictEqual(
      frameOf(["a", "b"]),
      `${escape}[?2026h${escape}[Ha${escape}[K\r\nb${escape}[K${escape}[J${escape}[?2026l`
    )
  })
})
