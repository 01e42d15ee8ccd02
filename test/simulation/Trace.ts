/** What happened, as lines in order: hashed always, kept when somebody wants to read them. */

export class Trace {
  readonly lines: Array<string> = []
  private readonly isKept: boolean
  private high = 0x811c9dc5
  private low = 0x01000193

  constructor(isKept: boolean) {
    this.isKept = isKept
  }

  /** @param at milliseconds since the beginning */
  add(at: number, who: string, what: string): void {
    const line = `${(at / 1000).toFixed(3).padStart(10)} ${who.padEnd(12)} ${what}`
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i)
      this.high = Math.imul(this.high ^ code, 0x01000193)
      this.low = Math.imul(this.low ^ code, 0x5bd1e995) ^ (this.low >>> 13)
    }
    if (this.isKept) this.lines.push(line)
  }

  /** Two runs with the same hash did the same, in the same order, at the same times. */
  get hash(): string {
    const hex = (part: number) => (part >>> 0).toString(16).padStart(8, "0")
    return hex(this.high) + hex(this.low)
  }
}
