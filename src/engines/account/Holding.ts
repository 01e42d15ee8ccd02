/**
 * Takes a conversation, or the whole account, out of the bot's hands and gives it back: turns do not start, messages do not
 * leave, and what comes is stored as always. It costs little memory: lanes keep ids, up to `maxBacklog` of them, then the
 * account stops reading; messages stay in the store.
 *
 * A hold is in force at once and outlives the process; it is over once that is stored, so that nobody is told of an end that a
 * crash takes back.
 */
import { Clock, Effect, Fiber, Latch, Schema, Semaphore } from "effect"
import { type Conversation, fromLaneKey, laneKey } from "../../domain/Conversation.ts"
import type { Hold } from "../../domain/Hold.ts"
import type { StoreError } from "../../domain/StoreError.ts"
import type { Dispatcher } from "../Dispatcher.ts"
import { maxHolds } from "../Holds.ts"
import * as Kept from "../Kept.ts"
import * as Recovery from "../Recovery.ts"
import type { Outgoing } from "./Outgoing.ts"
import type { Parts } from "./Parts.ts"

/** A hold, and how many events wait for its end. */
export interface HoldView extends Hold {
  readonly eventsWaiting: number
}

export interface Holding {
  /** Whether the whole account is held. */
  readonly isWhole: () => boolean
  readonly all: () => ReadonlyArray<HoldView>
  /**
   * Holds a conversation of the account, or with `undefined` all of it; what is held already stays as it is. Completes when
   * it is stored. `undefined`: no more may be held, see {@link maxHolds}.
   */
  readonly hold: (
    conversation: Conversation | undefined,
    reason: string
  ) => Effect.Effect<HoldView | undefined, StoreError>
  /** Ends a hold: what waited is handled and said, in order. False when there was none. */
  readonly release: (conversation: Conversation | undefined) => Effect.Effect<boolean, StoreError>
  /** Puts into force what earlier processes held; before anything else is recovered. */
  readonly recover: Effect.Effect<void>
  /** Lets changes begin, once what earlier processes left to be said was taken: half of it held would get out of order. */
  readonly open: Effect.Effect<void>
}

/** `lane` is missing where the account is held. */
const Stored = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ lane: Schema.optionalKey(Schema.String), reason: Schema.String, since: Schema.Number }))
)

export const make = (parts: Parts, dispatcher: Dispatcher, { relay, takeBack }: Outgoing): Holding => {
  const { fork, holds, platform, status } = parts
  const { account } = platform
  const { lanes } = dispatcher
  const kept = Kept.make(parts, `${account}/holds`)
  const isOpen = Latch.makeUnsafe(false)
  const one = Semaphore.makeUnsafe(1)

  const save = (all: ReadonlyArray<Hold>) =>
    Effect.flatMap(
      Effect.orDie(
        Schema.encodeEffect(Stored)(
          all.map(({ conversation, reason, since }) => ({
            ...(conversation !== undefined && { lane: laneKey(conversation) }),
            reason,
            since
          }))
        )
      ),
      kept.save
    )

  const apply = (hold: Hold): void => {
    holds.add(hold)
    if (hold.conversation === undefined) lanes.isHeld = true
    else {
      lanes.hold(hold.conversation, true)
      relay.withdraw(hold.conversation)
    }
  }

  const view = (hold: Hold): HoldView => ({
    ...hold,
    eventsWaiting: hold.conversation === undefined ? lanes.backlog : lanes.of(hold.conversation).length
  })

  const lift = Effect.fnUntraced(function* (conversation: Conversation | undefined) {
    holds.remove(conversation)
    if (conversation === undefined) {
      lanes.isHeld = false
      dispatcher.resume()
      return relay.pump()
    }
    // What was to be said before comes before what its turns say now.
    yield* takeBack(conversation)
    const lane = lanes.hold(conversation, false)
    if (!lane.isBusy) dispatcher.wake(lane)
  })

  /** One at a time and to its end, also when whoever asked does not wait for it. */
  const changing = <A, E>(change: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => Fiber.join(fork(Effect.andThen(isOpen.await, one.withPermit(change)))))

  return {
    isWhole: () => holds.isWhole,
    all: () => holds.all().map(view),
    hold: (conversation, reason) =>
      changing(
        Effect.gen(function* () {
          const known = holds.of(conversation)
          if (known !== undefined) return view(known)
          if (conversation !== undefined && holds.isFull) return undefined
          const hold = { account, conversation, reason, since: yield* Clock.currentTimeMillis }
          apply(hold)
          status.publish({ _tag: "HoldPlaced", account, conversation, reason })
          yield* save(holds.all())
          return view(hold)
        })
      ),
    release: (conversation) =>
      changing(
        Effect.gen(function* () {
          const known = holds.of(conversation)
          if (known === undefined) return false
          yield* save(holds.all().filter((hold) => hold !== known))
          yield* lift(conversation)
          status.publish({ _tag: "HoldReleased", account, conversation })
          return true
        })
      ),
    recover: Effect.gen(function* () {
      const text = yield* Recovery.patient(parts, () => kept.load)
      if (text === undefined) return
      // A bot that speaks where a person took over does more harm than one that waits for a person.
      const stored = yield* Effect.catch(Schema.decodeEffect(Stored)(text), () =>
        Effect.andThen(
          Effect.logError(`what a person holds of ${account} cannot be read: all of it is held until it is released`),
          Effect.map(Clock.currentTimeMillis, (since) => [
            { lane: undefined, reason: "what was held cannot be read", since }
          ])
        )
      )
      for (const { lane, reason, since } of stored.slice(0, maxHolds + 1)) {
        apply({ account, conversation: lane === undefined ? undefined : fromLaneKey(account, lane), reason, since })
      }
    }),
    open: isOpen.open.pipe(Effect.asVoid)
  }
}
