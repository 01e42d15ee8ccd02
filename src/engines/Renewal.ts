/**
 * When a session that works, by all signs of the connection, shall be replaced by a fresh one all the same: because it
 * has lived on resumes for too long (QQ: seen to go silent after some days), or because it beats and delivers nothing
 * although it used to deliver ("healthy while deaf").
 */
import { Clock, Duration, Effect, Random } from "effect"
import type { Position } from "../domain/Event.ts"

export interface RenewalOptions {
  /**
   * A session is replaced when it is this old, resumes included; up to a fifth later, so that shards do not do it
   * together. @defaultValue never; for QQ 1 day
   */
  readonly renewAfter: Duration.Duration
  /**
   * A session that delivered nothing for this long although, by the pace at which it delivered before, 30 events should
   * have come, is resumed on another connection, and replaced if it stays silent for a tenth of that time more. The one
   * after it is given twice the time, and so on. Time without a connection, or with reading paused, does not count.
   * @defaultValue never; for QQ 1 hour
   */
  readonly deafAfter: Duration.Duration
}

/** Never: what an account does unless its platform, or the user, says otherwise. */
export const never: RenewalOptions = { renewAfter: Duration.infinity, deafAfter: Duration.infinity }

/** So many events must be missing before silence means anything. */
const conspicuous = 30

/** Why a session must not go on as it is, and what is done about it. */
export interface Due {
  readonly why: string
  readonly remedy: "resume" | "replace"
  /** Whether it is feared that it swallowed events. */
  readonly isDeaf: boolean
}

/** What is known of one shard's sessions, over all its connections. Written for every event. */
export class Hearing {
  /** Events since the process started. */
  heard = 0
  /** Reading is paused: silence is our own. */
  isPaused = false
  private readonly options: RenewalOptions
  private readonly bornAt: number
  private readonly lag: number
  private readonly tick: number
  private seen = 0
  private listened = 0
  private silent = 0
  /** The session was resumed because of its silence, which goes on. */
  private isResumed = false
  /** Sessions in a row that were replaced because of their silence. */
  private vain = 0

  constructor(options: RenewalOptions, bornAt: number, lag: number) {
    this.options = options
    this.bornAt = bornAt
    this.lag = lag
    this.tick = Math.min(60_000, Duration.toMillis(options.deafAfter) / 20, Duration.toMillis(options.renewAfter) / 20)
  }

  get isWatched(): boolean {
    return Duration.isFinite(this.options.deafAfter) || Duration.isFinite(this.options.renewAfter)
  }

  /** Waits until something must be done about the session that stands at `position`. To be run while it is connected. */
  due(position: () => Position | undefined): Effect.Effect<Due> {
    return Effect.gen({ self: this }, function* () {
      while (true) {
        yield* Effect.sleep(Math.max(1, this.tick))
        const session = position()
        const due = session === undefined ? undefined : this.look(session, yield* Clock.currentTimeMillis)
        if (due === undefined) continue
        this.silent = 0
        if (due.isDeaf && due.remedy === "replace") this.vain++
        this.isResumed = due.remedy === "resume"
        return due
      }
    })
  }

  /** Called once for each tick of a connection. */
  private look(session: Position, now: number): Due | undefined {
    if (this.heard > this.seen) {
      this.silent = 0
      this.vain = 0
      this.isResumed = false
    } else if (!this.isPaused) this.silent += this.tick
    if (!this.isPaused) this.listened += this.tick
    this.seen = this.heard
    return this.tooOld(session, now) ?? this.tooQuiet(session, now)
  }

  private tooOld({ startedAt }: Position, now: number): Due | undefined {
    if (!Duration.isFinite(this.options.renewAfter)) return undefined
    const age = Duration.toMillis(this.options.renewAfter)
    // Sessions that were old already when the process started must not be replaced all at once.
    const at = Math.max(startedAt + age * (1 + this.lag / 5), this.bornAt + (age / 50) * this.lag)
    if (now < at) return undefined
    return { why: `it is ${Duration.format(Duration.millis(now - startedAt))} old`, remedy: "replace", isDeaf: false }
  }

  private tooQuiet({ seq, startedAt }: Position, now: number): Due | undefined {
    const limit = Duration.toMillis(this.options.deafAfter)
    const why = `it delivered nothing for ${Duration.format(Duration.millis(this.silent))}, unlike before`
    if (this.isResumed) return this.silent < limit / 10 ? undefined : { why, remedy: "replace", isDeaf: true }
    if (this.silent < limit * 2 ** this.vain) return undefined
    // By what this process heard, or by what the session delivered before it.
    const pace = Math.max(this.heard / Math.max(1, this.listened), seq / Math.max(1, now - startedAt))
    return pace * this.silent < conspicuous ? undefined : { why, remedy: "resume", isDeaf: true }
  }
}

export const make = (options: RenewalOptions): Effect.Effect<Hearing> =>
  Effect.zipWith(Clock.currentTimeMillis, Random.next, (now, lag) => new Hearing(options, now, lag))
