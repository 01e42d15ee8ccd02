/** Restarts that a person asked for: begun at once, followed until the connections are back, kept to be looked up. */
import { randomUUID } from "node:crypto"
import { Clock, Context, Duration, Effect, Layer, type Scope } from "effect"
import { RestartRequested } from "../../domain/GatewayError.ts"
import type { Account } from "../../engines/Account.ts"
import { Runtime } from "../../engines/Runtime.ts"
import { RestartBook } from "../guard/RestartBook.ts"
import { Recorder } from "../Recorder.ts"
import type * as Commands from "./Commands.ts"
import { Conflict, NotFound } from "./Refusals.ts"

export type Operation = typeof Commands.Operation.Type
type Target = typeof Commands.Target.Type
type OfAccount = Exclude<Target, { readonly kind: "process" }>

/** How long connections may take to come back before an operation counts as failed. */
const patience = Duration.minutes(2)
const kept = 100
/** For temporary failures, by sysexits.h. */
export const restartCode = 75

/** A target in words. */
export const nameOf = (target: Target): string =>
  target.kind === "process"
    ? "the process"
    : target.kind === "account"
      ? target.account
      : `${target.account} shard ${target.shard}`

export class Operations extends Context.Service<
  Operations,
  {
    readonly begin: (restart: typeof Commands.Restart.Type) => Effect.Effect<Operation, NotFound | Conflict>
    readonly find: (id: string) => Operation | undefined
    /** Newest first. */
    readonly all: () => ReadonlyArray<Operation>
  }
>()("everbot/monitor/Operations") {
  /** @param restartProcess ends the process for its supervisor to start it again; `undefined` where nothing would */
  static readonly layer = (restartProcess: Effect.Effect<void> | undefined) =>
    Layer.effect(Operations, make(restartProcess))
}

const make = Effect.fnUntraced(function* (restartProcess: Effect.Effect<void> | undefined) {
  const runtime = yield* Runtime
  const recorder = yield* Recorder
  const book = yield* RestartBook
  const scope = yield* Effect.scope
  const known = new Map<string, Operation>()

  const remember = (operation: Operation): Operation => {
    known.set(operation.id, operation)
    for (const id of known.keys()) {
      if (known.size <= kept) break
      known.delete(id)
    }
    return operation
  }
  const end = (operation: Operation, state: "done" | "failed", detail: string) =>
    Effect.map(Clock.currentTimeMillis, (endedAt) => remember({ ...operation, state, detail, endedAt }))

  const shardsOf = (account: Account, target: OfAccount) =>
    account.shards().filter(({ shard }) => target.kind === "account" || shard === target.shard)
  const sessionsOf = (target: OfAccount, shard: number) => recorder.connections.of(target.account, shard)?.sessions ?? 0

  /** `before` holds the sessions that each shard had begun when the operation began. */
  const follow = Effect.fnUntraced(function* (
    operation: Operation,
    account: Account,
    target: OfAccount,
    before: ReadonlyMap<number, number>
  ) {
    for (;;) {
      yield* Effect.sleep("100 millis")
      const shards = shardsOf(account, target)
      const back = shards.filter(
        ({ shard, state }) => state._tag === "Ready" && sessionsOf(target, shard) > (before.get(shard) ?? 0)
      )
      if (shards.length > 0 && back.length === shards.length) return yield* end(operation, "done", "connected again")
      const failure = account.failure()
      if (failure !== undefined) return yield* end(operation, "failed", failure.reason.message)
      if ((yield* Clock.currentTimeMillis) - operation.startedAt > Duration.toMillis(patience)) {
        return yield* end(operation, "failed", `not connected after ${Duration.format(patience)}; it goes on trying`)
      }
    }
  })

  const find = Effect.fnUntraced(function* (target: OfAccount) {
    const account = runtime.accounts().find(({ platform }) => platform.account === target.account)
    if (account === undefined) return yield* new NotFound({ message: `There is no account ${target.account}.` })
    if (target.kind === "account") return account
    const view = account.shards().find(({ shard }) => shard === target.shard)
    if (view === undefined) return yield* new NotFound({ message: `There is no ${nameOf(target)}.` })
    if (account.failure() !== undefined) {
      return yield* new Conflict({ message: `${target.account} gave up: restart the account, not one shard of it.` })
    }
    if (view.state._tag !== "Ready") {
      return yield* new Conflict({ message: `${nameOf(target)} is not connected; it is on its way already.` })
    }
    return account
  })

  const forkFor = (effect: Effect.Effect<unknown>): Effect.Effect<void, never, never> =>
    Effect.asVoid(Effect.forkIn(effect, scope satisfies Scope.Scope))

  const begin = Effect.fnUntraced(function* ({ reason, target }: typeof Commands.Restart.Type) {
    const startedAt = yield* Clock.currentTimeMillis
    const operation = (detail: string) =>
      remember({ id: randomUUID(), target, reason, startedAt, state: "running", detail, endedAt: null })
    if (target.kind === "process") {
      if (restartProcess === undefined) {
        return yield* new Conflict({ message: "Nothing would start this process again, so it is not ended." })
      }
      const begun = operation("draining; the process ends, and its supervisor starts it again")
      // A moment, so that whoever asked hears the answer.
      yield* forkFor(
        Effect.sleep("200 millis").pipe(
          Effect.andThen(book.note("requested", reason, restartCode)),
          Effect.andThen(restartProcess)
        )
      )
      return begun
    }
    const account = yield* find(target)
    const begun = operation("dialling")
    const before = new Map(shardsOf(account, target).map(({ shard }) => [shard, sessionsOf(target, shard)]))
    if (target.kind === "account") yield* account.restart
    else yield* account.cut(target.shard, new RestartRequested({ detail: reason }))
    yield* forkFor(follow(begun, account, target, before))
    return begun
  })

  return Operations.of({ begin, find: (id) => known.get(id), all: () => Array.from(known.values()).toReversed() })
})
