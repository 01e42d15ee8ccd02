/** All randomness of a simulation: streams of numbers that a seed repeats, one for each purpose. */

/** What a seed becomes for a purpose: changing how one stream is used leaves the others as they were. */
const mix = (seed: number, purpose: string): number => {
  let hash = seed ^ 0x9e3779b9
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

export class Chance {
  #state: number

  constructor(seed: number, purpose: string) {
    this.#state = mix(seed, purpose)
  }

  /** In [0, 1). mulberry32. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  isTrue(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** Evenly on a logarithmic scale: small ones are as likely as large ones. */
  scale(low: number, high: number): number {
    return low * (high / low) ** this.next()
  }

  pick<A>(list: ReadonlyArray<A>): A {
    const picked = list[Math.floor(this.next() * list.length)]
    if (picked === undefined) throw new Error("nothing to pick from")
    return picked
  }
}
