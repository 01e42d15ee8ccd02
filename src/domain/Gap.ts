/** What no replay covers. Recorded, never silent. */
export interface Gap {
  readonly account: string
  readonly stream: string
  /** The last position that is stored, or undefined if nothing ever was. */
  readonly from: number | undefined
  /** The first position seen after it, where the platform's numbering allows to say. */
  readonly to: number | undefined
  /** Epoch milliseconds: last sign before, first sign after. */
  readonly since: number
  readonly until: number
  readonly why: string
}
