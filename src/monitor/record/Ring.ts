/** The newest so many of something, oldest first: what a history may keep without growing. */
export class Ring<A> {
  private items: Array<A> = []
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  push(item: A): void {
    this.items.push(item)
    // Cut in one go now and then, because moving the rest for each item costs more.
    if (this.items.length >= this.limit * 2) this.items = this.items.slice(-this.limit)
  }

  /** Oldest first. */
  all(): ReadonlyArray<A> {
    return this.items.slice(-this.limit)
  }

  get last(): A | undefined {
    return this.items.at(-1)
  }
}
