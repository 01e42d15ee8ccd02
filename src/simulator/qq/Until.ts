/** Waiting on the books: tests wait for what happened, never for time to pass. */
import { Effect } from "effect"
import type { Books } from "../Books.ts"
import type { Ambient } from "./Ambient.ts"

export const make =
  (books: Books, ambient: Ambient) =>
  (condition: (books: Books) => boolean): Effect.Effect<void> =>
    Effect.callback((resume) => {
      let cancel: (() => void) | undefined
      const check = () => {
        cancel = undefined
        if (!condition(books)) return
        stop()
        resume(Effect.void)
      }
      // One look for many entries: a flood must not be re-judged for every message.
      const stop = books.subscribe(() => {
        cancel ??= ambient.after(1 + Math.floor(books.offered.length / 500), check)
      })
      check()
      return Effect.sync(() => {
        cancel?.()
        stop()
      })
    })
