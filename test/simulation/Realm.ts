/**
 * A JavaScript world in which nothing is real: its clock, its timers, its tasks and its chance are those of a seed, and
 * everything runs inside one synchronous call. What runs in it finds the usual globals ({@link within}), so that not a
 * line of the bot has to know where it is.
 *
 * Every task belongs to a life: of the bot's process, or of the world outside of it. A life that is ended does not run
 * another instruction, as after SIGKILL; a life that stands still runs late, as after SIGSTOP.
 */
import type { Chance } from "./Chance.ts"
import { within } from "./globals.ts"

/** One process. */
export class Life {
  isOver = false
  /** It runs nothing before this time. */
  stillUntil = 0
  readonly name: string
  readonly chance: Chance
  /** What came due while it stood still, in order. */
  readonly parked: Array<Task> = []

  constructor(name: string, chance: Chance) {
    this.name = name
    this.chance = chance
  }
}

export interface Task {
  readonly life: Life
  run: (() => void) | undefined
}

interface Timer extends Task {
  at: number
  readonly order: number
}

/** The realm's time of day when it begins. */
const epoch = Date.UTC(2026, 0, 1)

/** More tasks than any honest run takes: somebody runs in circles. */
const maxTasks = 4_000_000

export class Realm {
  /** Milliseconds since the beginning, with fractions. Only goes forward. */
  now = 0
  /** How far the bot's machine believes to be ahead of true time, in milliseconds. */
  skew = 0
  tasks = 0
  life: Life
  /** Called with what a process threw and nobody caught: the end of a real one. */
  onUncaught: (life: Life, defect: unknown) => void = (_, defect) => {
    throw defect
  }
  private readonly outside: Life
  /** Milliseconds that one task takes. */
  private readonly cost: number
  private microtasks: Array<Task> = []
  private immediates: Array<Task> = []
  private nextImmediate = 0
  private readonly timers: Array<Timer> = []
  private order = 0
  private uuids = 0
  private isStopped = false

  constructor(outside: Life, cost: number) {
    this.outside = outside
    this.life = outside
    this.cost = cost
  }

  /** Epoch milliseconds, as the outside knows them. */
  get trueTime(): number {
    return epoch + Math.floor(this.now)
  }
  /** Epoch milliseconds, as the running process sees them. */
  wall(): number {
    return this.life === this.outside ? this.trueTime : this.trueTime + this.skew
  }
  random(): number {
    return this.life.chance.next()
  }
  uuid(): string {
    return `00000000-0000-4000-8000-${(++this.uuids).toString(16).padStart(12, "0")}`
  }

  microtask(run: () => void): void {
    this.microtasks.push({ life: this.life, run })
  }
  immediate(run: () => void, life = this.life): Task {
    const task = { life, run }
    this.immediates.push(task)
    return task
  }
  /** Calls `run` after so many milliseconds. */
  timer(millis: number, run: () => void, life = this.life): Task {
    const timer: Timer = { life, run, at: this.now + Math.max(0, millis), order: this.order++ }
    this.push(timer)
    return timer
  }
  /** The same for the outside, whoever asks. */
  later(millis: number, run: () => void): () => void {
    const timer = this.timer(millis, run, this.outside)
    return () => {
      timer.run = undefined
    }
  }

  /** Runs something in a process as one task of its own: now, when it goes on, or never. */
  enter(life: Life, run: () => void): void {
    this.perform({ life, run })
  }

  /** Lets the process stand still for a while; everything it should have done meanwhile comes due at once. */
  freeze(life: Life, millis: number): void {
    life.stillUntil = Math.max(life.stillUntil, this.now + millis)
    this.later(life.stillUntil - this.now, () => {
      if (life.stillUntil > this.now) return
      this.immediates.push(...life.parked.splice(0))
    })
  }

  /** Runs until that time, or until somebody calls {@link stop}. */
  run(until: number): void {
    this.isStopped = false
    within(this, () => {
      while (!this.isStopped && this.step(until)) {}
    })
  }

  stop(): void {
    this.isStopped = true
  }

  private step(until: number): boolean {
    const timer = this.timers[0]
    if (timer !== undefined && timer.at <= this.now) {
      this.pop()
      this.perform(timer)
    } else if (this.nextImmediate < this.immediates.length) {
      const task = this.immediates[this.nextImmediate++] as Task
      if (this.nextImmediate === this.immediates.length) {
        this.immediates = []
        this.nextImmediate = 0
      }
      this.perform(task)
    } else if (timer === undefined || timer.at > until) {
      this.now = Math.max(this.now, until)
      return false
    } else {
      this.now = timer.at
    }
    return true
  }

  private perform(task: Task): void {
    const { life, run } = task
    if (run === undefined || life.isOver) return
    if (life.stillUntil > this.now) {
      life.parked.push(task)
      return
    }
    if (++this.tasks > maxTasks) throw new Error(`more than ${maxTasks} tasks: something runs in circles`)
    this.now += this.cost
    const before = this.life
    this.life = life
    try {
      run()
      this.drain()
    } catch (defect) {
      if (life === this.outside) throw defect
      this.onUncaught(this.life, defect)
    }
    this.life = before
  }

  private drain(): void {
    while (this.microtasks.length > 0) {
      const due = this.microtasks
      this.microtasks = []
      for (const { life, run } of due) {
        if (life.isOver) continue
        this.life = life
        run?.()
      }
    }
  }

  private push(timer: Timer): void {
    const heap = this.timers
    let i = heap.length
    heap.push(timer)
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = heap[up] as Timer
      if (!isBefore(timer, parent)) break
      heap[i] = parent
      heap[up] = timer
      i = up
    }
  }

  private pop(): void {
    const heap = this.timers
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Timer)) child++
      const smaller = heap[child]
      if (smaller === undefined || !isBefore(smaller, last)) break
      heap[i] = smaller
      i = child
    }
    heap[i] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
