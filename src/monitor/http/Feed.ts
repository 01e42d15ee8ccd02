/**
 * The live stream for many readers: what happens is written down once, as the bytes that go out, and each reader has
 * a place in it. A reader that falls behind loses the oldest and is told how much; nobody waits for it, the bot least
 * of all, which only puts plain values into a ring.
 */
import { Clock, Context, Effect, Latch, Layer } from "effect"
import type { Status } from "../../domain/Status.ts"
import { StatusStream } from "../../engines/StatusStream.ts"
import { Recorder } from "../Recorder.ts"
import { toLog } from "../StatusLog.ts"
import type { LiveEvent } from "./EventSchema.ts"

/** Pieces that a reader may be behind. */
const kept = 1024
/** Readers are woken together, this often: a flood costs each of them one write. */
const every = "250 millis"

type Piece = { readonly at: number; readonly status: Status } | LiveEvent

const encoder = new TextEncoder()

const isQuiet = (status: Status): boolean => status._tag === "MessageSettled" && status.status === "sent"

const severities = { Debug: "debug", Info: "info", Warn: "warn", Error: "error" } as const

const toEvent = (piece: Piece): LiveEvent => {
  if ("_tag" in piece) return piece
  const { at, status } = piece
  const [level, text] = toLog(status)
  return {
    _tag: "News",
    at,
    kind: status._tag,
    severity: severities[level],
    account: ("account" in status ? status.account : undefined) ?? null,
    shard: ("shard" in status ? status.shard : undefined) ?? null,
    state: status._tag === "ConnectionChanged" ? status.to._tag : null,
    text
  }
}

const frame = (id: number, event: LiveEvent): string => `id: ${id}\nevent: message\ndata: ${JSON.stringify(event)}\n\n`

export interface Batch {
  readonly bytes: Uint8Array
  /** The reader's place after it. */
  readonly next: number
}

export class Feed extends Context.Service<
  Feed,
  {
    /** The place of a reader that comes now, or of one that says what it saw last. */
    readonly place: (lastSeen: string | undefined) => number
    /** Waits until there is something after this place. */
    readonly after: (place: number) => Effect.Effect<Batch>
  }
>()("everbot/monitor/Feed") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const recorder = yield* Recorder
      const ring: Array<Piece | undefined> = Array.from({ length: kept }, () => undefined)
      /** The number of the next piece, and of the first one that readers are not told yet. */
      let next = 0
      let open = 0
      let wake = Latch.makeUnsafe(false)
      let batches = new Map<number, Batch>()

      const push = (piece: Piece): void => {
        ring[next % kept] = piece
        next++
      }
      yield* (yield* StatusStream).listen((status) => {
        if (!isQuiet(status)) push({ at: clock.currentTimeMillisUnsafe(), status })
      })
      yield* recorder.onSample((sample) => push({ _tag: "Measured", sample }))

      const flush = Effect.sync(() => {
        if (next === open) return
        open = next
        batches = new Map()
        const waking = wake
        wake = Latch.makeUnsafe(false)
        waking.openUnsafe()
      })
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(every), flush)))

      const batchFrom = (place: number): Batch => {
        const known = batches.get(place)
        if (known !== undefined) return known
        // What was written over since the last flush is gone for readers that are still to be told.
        const from = Math.max(place, next - kept)
        let text = from > place ? frame(from - 1, { _tag: "Missed", count: from - place }) : ""
        for (let id = from; id < open; id++) {
          const piece = ring[id % kept]
          if (piece !== undefined) text += frame(id, toEvent(piece))
        }
        const batch = { bytes: encoder.encode(text), next: Math.max(open, from) }
        // Readers that keep up share one batch; stragglers have few places, but not none.
        if (batches.size < 64) batches.set(place, batch)
        return batch
      }
      const after = (place: number): Effect.Effect<Batch> =>
        Effect.suspend(() =>
          place < open ? Effect.succeed(batchFrom(place)) : Effect.flatMap(wake.await, () => after(place))
        )
      return {
        place: (lastSeen) => {
          const seen = lastSeen === undefined ? Number.NaN : Number(lastSeen)
          // A number of another process says nothing.
          return Number.isInteger(seen) && seen >= 0 && seen < next ? seen + 1 : next
        },
        after
      }
    })
  )
}
