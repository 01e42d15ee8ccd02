/** What the rooms of one account share. */
import { Effect, type Fiber, FiberSet, type Scope } from "effect"
import type { Platform } from "../../ports/Platform.ts"
import { Store } from "../../ports/Store.ts"
import * as Alarm from "../Alarm.ts"
import { Handlers } from "../Handlers.ts"
import { Holds } from "../Holds.ts"
import { Inbox } from "../Inbox.ts"
import { Journal } from "../Journal.ts"
import { type AccountProbation, Probation } from "../Probation.ts"
import { CurrentSpans, type Spans } from "../Spans.ts"
import { StateCache } from "../StateCache.ts"
import { StatusStream } from "../StatusStream.ts"
import type { Settings } from "./Options.ts"

/** What an account runs on. */
export type Services = Store | Journal | Inbox | StatusStream | StateCache | Handlers | Probation

export interface Parts {
  readonly platform: Platform
  readonly options: Settings
  readonly store: Store["Service"]
  readonly journal: Journal["Service"]
  readonly inbox: Inbox["Service"]
  readonly status: StatusStream["Service"]
  readonly cache: StateCache["Service"]
  readonly handlers: Handlers["Service"]
  readonly probation: AccountProbation
  readonly holds: Holds
  readonly alarm: Alarm.Alarm
  readonly spans: Spans
  /** Runs in the account's scope. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
}

/** Gathers them for one account; what is forked ends with the scope. */
export const make = Effect.fnUntraced(function* (
  platform: Platform,
  options: Settings
): Effect.fn.Return<Parts, never, Scope.Scope | Services> {
  const fork = yield* FiberSet.runtime(yield* FiberSet.make<unknown, unknown>())<never>()
  const alarm = yield* Alarm.make
  return {
    platform,
    options,
    store: yield* Store,
    journal: yield* Journal,
    inbox: yield* Inbox,
    status: yield* StatusStream,
    cache: yield* StateCache,
    handlers: yield* Handlers,
    alarm,
    spans: yield* CurrentSpans,
    probation: (yield* Probation).of(platform.account, { alarm, fork }),
    holds: new Holds(),
    fork
  }
})
