/** Hears what is logged, as text, and holds it to the rules for what may be said. */
import { Cause, type Layer, Logger } from "effect"
import { sayable, secretless } from "./Oracle.ts"

export class Ears {
  private lines: Array<string> = []
  private causes: Array<string> = []
  /** Lines heard since the beginning. */
  heard = 0

  readonly layer: Layer.Layer<never> = Logger.layer([
    Logger.make<unknown, void>(({ cause, message }) => {
      this.heard++
      // What is not judged in time is dropped, so that nothing piles up here.
      if (this.lines.length > 1000) return
      for (const part of Array.isArray(message) ? message : [message]) this.hear(part)
      if (cause.reasons.length > 0) this.hear(cause)
    })
  ])

  private hear(part: unknown): void {
    if (Cause.isCause(part)) this.causes.push(Cause.pretty(part))
    else this.lines.push(part instanceof Error ? part.message : String(part))
  }

  /** Judges what was said since the last time. */
  judge(): void {
    const { lines, causes } = this
    this.lines = []
    this.causes = []
    for (const line of lines) sayable("the log", line)
    // A cause is shown with its stack, so it has lines.
    for (const cause of causes) secretless("a cause in the log", cause)
  }
}
