/**
 * Keeps a connection alive and finds out when it is not.
 *
 * Every interval a heartbeat is sent, and a sign of life must follow within a deadline; any frame is one. The deadline
 * adapts to the round trips seen and is at most a tenth of the interval, so a half-open socket is found out within
 * 1.1 intervals of its last sign of life. Time during which we did not read, because the inbox is full or our own
 * process was stalled, is never held against the peer.
 */
import { Clock, Duration, Effect, Random } from "effect"
import { HeartbeatMissed } from "../domain/GatewayError.ts"

export interface Options {
  /** Milliseconds, as the platform's HELLO says. */
  readonly interval: number
  /** `immediate`, or `jittered`: after a random part of the interval (Discord asks for it). */
  readonly first: "immediate" | "jittered"
  /** The shortest deadline, unless a tenth of the interval is shorter. Default: 2 seconds. */
  readonly patience?: Duration.Input | undefined
  /** Sends one heartbeat. */
  readonly beat: () => void
}

/** Milliseconds that only go forward, from a clock. */
export const monotonic = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** What the reader of the connection tells its heartbeat. Plain and mutable: it is written for every frame. */
export class Life {
  /** Frames that came in. */
  frames = 0
  isPaused = false
  #pausedAt = 0
  #pausedFor = 0
  #beatAt: number | undefined
  #smoothed: number | undefined
  #deviation = 0

  pause(now: number): void {
    if (this.isPaused) return
    this.isPaused = true
    this.#pausedAt = now
  }

  resume(now: number): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.#pausedFor += now - this.#pausedAt
  }

  /** How long reading has been paused, in total. */
  pausedFor(now: number): number {
    return this.#pausedFor + (this.isPaused ? now - this.#pausedAt : 0)
  }

  beaten(now: number): void {
    this.#beatAt = now
  }

  /** A heartbeat was answered: the round trip, or nothing if none was asked for. */
  acknowledged(now: number): number | undefined {
    if (this.#beatAt === undefined) return undefined
    const roundTrip = now - this.#beatAt
    this.#beatAt = undefined
    // RFC 6298, as TCP estimates its own.
    if (this.#smoothed === undefined) {
      this.#smoothed = roundTrip
      this.#deviation = roundTrip / 2
    } else {
      this.#deviation += (Math.abs(roundTrip - this.#smoothed) - this.#deviation) / 4
      this.#smoothed += (roundTrip - this.#smoothed) / 8
    }
    return roundTrip
  }

  /** How long to wait for a sign of life, in milliseconds. */
  deadline(interval: number, patience: number): number {
    const longest = interval / 10
    if (this.#smoothed === undefined) return longest
    return Math.min(longest, Math.max(patience, this.#smoothed + 4 * this.#deviation))
  }
}

/** Beats until the connection is found dead. */
export const run = Effect.fnUntraced(function* (life: Life, options: Options) {
  const clock = yield* Clock.Clock
  const { interval } = options
  const patience = Duration.toMillis(options.patience ?? "2 seconds")
  if (options.first === "jittered") yield* Effect.sleep(interval * (yield* Random.next))
  while (true) {
    const beatAt = monotonic(clock)
    life.beaten(beatAt)
    const mark = life.frames
    options.beat()
    if (yield* isSilent(life, mark, clock, beatAt, life.deadline(interval, patience), interval)) {
      return yield* new HeartbeatMissed({
        detail: `no sign of life within ${Math.round(monotonic(clock) - beatAt)} ms of a heartbeat`
      })
    }
    yield* Effect.sleep(Math.max(0, beatAt + interval - monotonic(clock)))
  }
})

/** Lets what waits in the socket be read: a timer that is due runs before the input that came while we were stalled. */
export const readPending = Effect.andThen(Effect.yieldNow, Effect.yieldNow)

/** Whether nothing came though we were reading for the whole deadline; undecided, thus false, when the next beat is due. */
const isSilent = Effect.fnUntraced(function* (
  life: Life,
  mark: number,
  clock: Clock.Clock,
  beatAt: number,
  deadline: number,
  interval: number
) {
  const pausedBefore = life.pausedFor(beatAt)
  let stalledFor = 0
  let now = beatAt
  while (now - beatAt < interval) {
    const pausedFor = life.pausedFor(now) - pausedBefore
    const left = deadline - (now - beatAt - pausedFor - stalledFor)
    if (left <= 0.5) {
      yield* readPending
      return life.frames === mark
    }
    yield* Effect.sleep(left)
    if (life.frames !== mark) return false
    const overslept = monotonic(clock) - now - left
    // A timer this late means that the process stood still, and the peer's answer may still be on its way.
    if (overslept > deadline) stalledFor += overslept + left
    now = monotonic(clock)
  }
  return false
})
