/**
 * Typed state of a bot, kept in memory and saved as a whole: every minute when it changed, and when its scope closes.
 *
 * Promises: a save that fails is retried, reported and tried again later, and never costs the state in memory; a
 * damaged snapshot falls back to the newest good one and is named. What changed since the last save is lost when the
 * process is killed: state that must commit with a message belongs into a turn.
 */
import {
  Context,
  Duration,
  Effect,
  Option,
  type Schedule,
  Schema,
  type Scope,
  Semaphore,
  type Stream,
  SubscriptionRef
} from "effect"
import { Corrupt, StoreError, Unusable } from "../domain/StoreError.ts"
import { type Damaged, type Snapshot, SnapshotStore } from "../ports/SnapshotStore.ts"
import * as Schedules from "./Schedules.ts"

export type Report =
  | { readonly _tag: "Restored"; readonly name: string; readonly generation: number; readonly savedAt: number }
  /** A damaged or missing generation was passed over on the way to an older one. */
  | { readonly _tag: "FellBack"; readonly name: string; readonly damaged: Damaged; readonly to: number }
  | { readonly _tag: "Migrated"; readonly name: string; readonly from: number; readonly to: number }
  | { readonly _tag: "Saved"; readonly name: string; readonly generation: number }
  /** The state stays in memory and is saved at the next occasion. `isLast`: there is none, the scope closes. */
  | { readonly _tag: "SaveFailed"; readonly name: string; readonly error: StoreError; readonly isLast: boolean }

export interface Options<A, I> {
  /** Of the snapshot: letters, digits, `.`, `_`, `-`. */
  readonly name: string
  readonly schema: Schema.Codec<A, I>
  /** The state when nothing was ever saved. */
  readonly initial: A
  /** Of the schema; raise it when the schema changes. @defaultValue 1 */
  readonly version?: number | undefined
  /** Brings a value of an older version to the current one, before the schema decodes it. */
  readonly migrate?: ((from: number, value: unknown) => unknown) | undefined
  /** @defaultValue {@link SaveEvery} */
  readonly every?: Duration.Input | undefined
  /** Between the attempts of one save. @defaultValue 500 ms × 2, 4 attempts */
  readonly retry?: Schedule.Schedule<unknown, StoreError> | undefined
  /** How long the last save may take, when the scope closes. @defaultValue 10 s */
  readonly lastSaveTimeout?: Duration.Input | undefined
  /** Hears of everything above, besides the log. */
  readonly onReport?: ((report: Report) => Effect.Effect<void>) | undefined
}

/** How often states are saved that do not say so themselves. */
export const SaveEvery = Context.Reference<Duration.Input>("everbot/engines/Autosave/SaveEvery", {
  defaultValue: () => "1 minute"
})

export interface Autosave<A> {
  readonly get: Effect.Effect<A>
  /** Answers the new state. */
  readonly update: (change: (state: A) => A) => Effect.Effect<A>
  /** The state now, and each one after it. */
  readonly changes: Stream.Stream<A>
  /** Saves now, if anything changed since the last save. */
  readonly save: Effect.Effect<void, StoreError>
}

const Envelope = Schema.fromJsonString(Schema.Struct({ version: Schema.Int, value: Schema.Unknown }))

const unusable = (operation: string, detail: string) => new StoreError({ operation, reason: new Unusable({ detail }) })

const tell = (report: Report) => {
  switch (report._tag) {
    case "FellBack":
      return Effect.logWarning(
        `${report.damaged.where} is damaged: ${report.damaged.why}. Going on with generation ${report.to}.`
      )
    case "SaveFailed":
      return Effect.logError(`The state "${report.name}" could not be saved: ${report.error.message}`)
    default:
      return Effect.logDebug(`${report._tag} ${report.name}`)
  }
}

/** Brings a snapshot to the current version and type. Errors name the version, never a value. */
const decode = Effect.fnUntraced(function* <A, I>(options: Options<A, I>, { body, generation }: Snapshot) {
  const version = options.version ?? 1
  const operation = `restore the state "${options.name}"`
  const stored = yield* Schema.decodeEffect(Envelope)(body).pipe(
    Effect.mapError(() => unusable(operation, `generation ${generation} was not written by Autosave`))
  )
  const change = `is of version ${stored.version}, this bot knows version ${version}`
  if (stored.version > version) return yield* unusable(operation, `it ${change}: start the newer bot`)
  if (stored.version < version && options.migrate === undefined) {
    return yield* unusable(operation, `it ${change}: give Autosave a \`migrate\``)
  }
  const value = yield* Effect.try({
    try: () => (stored.version < version ? options.migrate?.(stored.version, stored.value) : stored.value),
    catch: () => unusable(operation, `it ${change}, and \`migrate\` threw`)
  })
  const state = yield* Schema.decodeUnknownEffect(options.schema)(value).pipe(
    Effect.mapError(() => unusable(operation, "it does not fit the schema: raise `version` and give a `migrate`"))
  )
  return { state, from: stored.version }
})

/**
 * State that saves itself while the scope is open. Fails when there is a snapshot that cannot be used: a bot must not
 * begin anew, and overwrite what a person could still mend.
 */
export const make = Effect.fn("Autosave.make")(function* <A, I>(
  options: Options<A, I>
): Effect.fn.Return<Autosave<A>, StoreError, SnapshotStore | Scope.Scope> {
  const store = yield* SnapshotStore
  const { name } = options
  const version = options.version ?? 1
  const retry = options.retry ?? Schedules.resend({ attempts: 4 })
  const report = (it: Report) => Effect.andThen(tell(it), options.onReport?.(it) ?? Effect.void)

  const { snapshot, damaged } = yield* Effect.retry(store.load(name), retry)
  if (snapshot === undefined && damaged.length > 0) {
    const list = damaged.map(({ where, why }) => `${where}: ${why}`).join("; ")
    const detail = `no generation is good. ${list}. Restore one from a backup, or delete them to begin anew`
    return yield* new StoreError({ operation: `restore the state "${name}"`, reason: new Corrupt({ detail }) })
  }
  for (const it of damaged) yield* report({ _tag: "FellBack", name, damaged: it, to: snapshot?.generation ?? 0 })
  const restored = snapshot === undefined ? undefined : yield* decode(options, snapshot)
  if (snapshot !== undefined) {
    yield* report({ _tag: "Restored", name, generation: snapshot.generation, savedAt: snapshot.savedAt })
  }

  const ref = yield* SubscriptionRef.make(restored === undefined ? options.initial : restored.state)
  const lock = yield* Semaphore.make(1)
  // What stands in the store, compared by identity: an update that answers the same state changes nothing.
  const nothing = Symbol()
  let saved: A | typeof nothing = restored === undefined ? options.initial : restored.state
  if (restored !== undefined && restored.from < version) {
    yield* report({ _tag: "Migrated", name, from: restored.from, to: version })
    saved = nothing
  }

  const encode = (state: A) =>
    Schema.encodeEffect(options.schema)(state).pipe(
      Effect.flatMap((value) => Schema.encodeEffect(Envelope)({ version, value })),
      Effect.mapError(() => unusable(`save the state "${name}"`, "it does not fit its schema"))
    )
  const saveOnce = Effect.gen(function* () {
    const state = yield* SubscriptionRef.get(ref)
    if (state === saved) return
    const { generation } = yield* store.save(name, yield* encode(state))
    saved = state
    yield* report({ _tag: "Saved", name, generation })
  })
  // Defects are reported like failures: the fiber that saves must outlive a bug in a schema or a hook.
  const save = Semaphore.withPermit(
    lock,
    Effect.retry(saveOnce, retry).pipe(
      Effect.catchDefect((defect) => Effect.fail(unusable(`save the state "${name}"`, `a bug: ${String(defect)}`)))
    )
  )
  const saveQuietly = (isLast: boolean) =>
    Effect.catch(save, (error) => Effect.ignoreCause(report({ _tag: "SaveFailed", name, error, isLast })))

  const limit = options.lastSaveTimeout ?? "10 seconds"
  const tooLate = report({
    _tag: "SaveFailed",
    name,
    error: unusable(
      `save the state "${name}"`,
      `the last save took longer than ${Duration.format(Duration.fromInputUnsafe(limit))}`
    ),
    isLast: true
  })
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(
      Effect.timeoutOption(saveQuietly(true), limit),
      Option.match({ onNone: () => tooLate, onSome: () => Effect.void })
    )
  )
  yield* Effect.sleep(options.every ?? (yield* SaveEvery)).pipe(
    Effect.andThen(saveQuietly(false)),
    Effect.forever,
    Effect.forkScoped
  )
  return {
    get: SubscriptionRef.get(ref),
    update: (change) => SubscriptionRef.updateAndGet(ref, change),
    changes: SubscriptionRef.changes(ref),
    save
  }
})
