/**
 * How far our clock is off from a peer's, by what the peer says in passing: the `Date` of its HTTP answers.
 *
 * Such a date is cut to a second, and the answer took its time, so each is known only within bounds. Between two answers
 * the peer's time is told by our steady clock: a clock of ours that is set while nobody talks is found out all the same.
 */
import type { ClockView } from "../ports/Platform.ts"

/** A date names its second; the answer was made somewhere in it. */
const resolution = 1000

export class PeerClock {
  #peerAt = 0
  #steadyAt = 0
  #measuredAt: number | undefined
  #uncertainty = 0

  /**
   * Takes the `Date` of an answer; one that is no date is ignored.
   *
   * @param exchange when it was asked for and came, in steady milliseconds, and the latter in epoch milliseconds
   */
  heard(
    date: string | undefined,
    exchange: { readonly asked: number; readonly came: number; readonly now: number }
  ): void {
    const second = date === undefined ? Number.NaN : Date.parse(date)
    if (Number.isNaN(second)) return
    const took = Math.max(0, exchange.came - exchange.asked)
    this.#peerAt = second + resolution / 2 + took / 2
    this.#steadyAt = exchange.came
    this.#measuredAt = exchange.now
    this.#uncertainty = (resolution + took) / 2
  }

  /** @param now epoch milliseconds; @param steady steady milliseconds */
  view(now: number, steady: number): ClockView | undefined {
    if (this.#measuredAt === undefined) return undefined
    const skew = now - (this.#peerAt + steady - this.#steadyAt)
    return { skew, uncertainty: this.#uncertainty, measuredAt: this.#measuredAt }
  }
}
