/** An open gap in the numbers of a conversation: what is there of it already, and what waits behind it. Plain data. */
import { Latch } from "effect"
import type { Mark } from "../ports/Platform.ts"
import type { Delivery } from "./Lanes.ts"

interface Held {
  readonly delivery: Delivery
  readonly mark: Mark
}

export const byNumber = (a: { readonly mark: Mark }, b: { readonly mark: Mark }): number =>
  a.mark.number - b.mark.number

export class Hole {
  /** The first number after it, once that is known. */
  to: Mark | undefined
  /** Numbers of it that came, or are on their way. */
  readonly filled = new Set<number>()
  /** Beyond it. */
  readonly held: Array<Held> = []
  /** What we said ourselves beyond it. */
  readonly own: Array<Mark> = []
  /** Opens when nothing is missing any more. */
  readonly complete = Latch.makeUnsafe(false)
  /** Opens when too much waits. */
  readonly full = Latch.makeUnsafe(false)
  /** The newest that the history gave. */
  newest: Mark | undefined
  /** Keys on their way from the history: they belong before what waits. */
  readonly passing = new Set<string>()
  /** Of it, and there; something is still missing before them. */
  readonly early = new Set<Held>()
  /** All up to here went on, or never will. */
  private through: number
  /** Numbers after that which are there. */
  private readonly arrived = new Set<number>()

  constructor(from: Mark, to: Mark | undefined) {
    this.through = from.number
    this.to = to
  }

  /** How much waits. */
  get size(): number {
    return this.held.length + this.early.size
  }

  /**
   * One of its numbers is there: what may go on now, in order, because nothing is missing before it any more. The history
   * tells in order: what `isPast` leaves out, it does not have.
   */
  arrive(number: number, event?: Held, isPast = false): ReadonlyArray<Delivery> {
    if (event !== undefined) this.early.add(event)
    this.arrived.add(number)
    if (isPast) this.through = Math.max(this.through, number)
    while (this.arrived.delete(this.through + 1)) this.through++
    const free = [...this.early].filter(({ mark }) => mark.number <= this.through).sort(byNumber)
    for (const held of free) this.early.delete(held)
    return free.map((held) => held.delivery)
  }
}
