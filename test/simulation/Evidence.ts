/** What a run leaves for its judges. None of it passes through the bot's own books. */
import type { Status } from "../../src/domain/Status.ts"
import type { Offered } from "../../src/simulator/Books.ts"
import type { Disk } from "./Disk.ts"
import type { Plan, Say } from "./Plan.ts"
import type { Site } from "./Site.ts"

/** A promise of the README, broken. */
export interface Violation {
  readonly promise: string
  readonly detail: string
}

/** Something that a user said, and the platform offered to the bot. */
export interface Spoken {
  readonly say: Say
  readonly offered: Offered
  readonly site: Site
  /** Milliseconds since the beginning. */
  readonly at: number
}

/** How one process lived. */
export interface LifeEntry {
  readonly name: string
  readonly startedAt: number
  /** When it was asked to stop. */
  terminatedAt: number | undefined
  endedAt: number | undefined
  /** `crash`, `drained`, or what it failed with. */
  how: string | undefined
  /** What a drain said it left. */
  left: { turns: number; messages: number } | undefined
  /** Status and health of the bot were still fine when it was asked to stop: nothing excuses what is left. */
  wasQuiet: boolean
}

export interface Evidence {
  readonly plan: Plan
  readonly disk: Disk
  readonly sites: ReadonlyArray<Site>
  readonly spoken: ReadonlyMap<number, Spoken>
  readonly lives: ReadonlyArray<LifeEntry>
  readonly statuses: ReadonlyArray<{ readonly at: number; readonly status: Status }>
  readonly logs: ReadonlyArray<string>
  /** Messages outside of a turn that the bot was promised to keep. */
  readonly announced: ReadonlyArray<string>
  /** Found while it ran. */
  readonly violations: ReadonlyArray<Violation>
  /** Milliseconds since the beginning; undefined when it never became quiet. */
  readonly quietAt: number | undefined
  /** When the trouble was over. */
  readonly calmAt: number
  readonly endedAt: number
  /** Milliseconds by which the clock was changed at all. */
  readonly clockChanged: boolean
  /** Why it is not quiet yet. */
  readonly restless: string
}

export interface Outcome {
  readonly seed: number
  readonly violations: ReadonlyArray<Violation>
  readonly hash: string
  readonly lines: ReadonlyArray<string>
  readonly crashes: number
  readonly faults: number
  readonly said: number
  /** Milliseconds. */
  readonly virtual: number
  readonly tasks: number
}
