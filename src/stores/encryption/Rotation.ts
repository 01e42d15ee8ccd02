/**
 * Brings everything in a store under the newest key, and keeps book of the keys that are in use.
 *
 * The book is a state of its own. It is written before anything is encrypted with a key it does not name, so that a bot
 * that lacks a key is told so when it opens the store, not by one handler after the other. Only a rotation that found
 * and rewrote everything takes keys out of it.
 */
import { Effect, Result, Schedule, Schema } from "effect"
import { Inaccessible, KeyMissing, type Reason, StoreError } from "../../domain/StoreError.ts"
import { type Commit, emptyCommit, type StateEntry, type Store, type TurnWrite } from "../../ports/Store.ts"
import {
  isFresh,
  isSecret,
  type Options,
  openPosition,
  openState,
  sealPosition,
  sealState,
  type Written
} from "./EncryptedStore.ts"

/** What a rotation rewrote. What already was under the newest key is not counted. */
export interface Rotated {
  readonly states: number
  readonly sessions: number
}

type Inner = Store["Service"]

const bookKey = "everbot/encryption"
const Book = Schema.fromJsonString(Schema.Struct({ keys: Schema.Array(Schema.String) }))
/** States that are read, and rewritten, at once. */
const page = 256

const refuse = (operation: string) => (reason: Reason) => new StoreError({ operation, reason })

const patiently = <A>(effect: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
  Effect.retry(effect, {
    schedule: Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 6 })),
    while: (error) => error.isRetryable
  })

const write = (inner: Inner, commit: Partial<Commit>) => patiently(inner.commit({ ...emptyCommit, ...commit }))

const stateWrite = ({ keys }: Options, key: string, plain: string, expected: number): TurnWrite => ({
  eventId: undefined,
  messages: [],
  state: [{ key, value: sealState(keys, key, plain), expected }]
})

/** The keys in use, by the book; and the entry it was read from. */
const readBook = Effect.fnUntraced(function* (inner: Inner, { keys }: Options, operation: string) {
  const [entry = { value: undefined, version: 0 }] = yield* inner.state([bookKey])
  if (entry.value === undefined) return { used: [] as ReadonlyArray<string>, entry }
  // Never plain: who could write it could make us forget a key, or wait for one that never was.
  const text = yield* Effect.mapError(Effect.fromResult(openState(keys, bookKey, entry.value, true)), refuse(operation))
  const { keys: used } = yield* Effect.orDie(Schema.decodeEffect(Book)(text))
  return { used, entry }
})

const writeBook = Effect.fnUntraced(function* (
  inner: Inner,
  options: Options,
  used: ReadonlyArray<string>,
  entry: StateEntry
) {
  const text = JSON.stringify({ keys: used })
  const { turns } = yield* write(inner, { turns: [stateWrite(options, bookKey, text, entry.version)] })
  return turns[0]?._tag === "Committed"
})

/** Fails with `KeyMissing` when a key that is in use was not given; afterwards the newest one may be used. */
export const enter = Effect.fnUntraced(function* (inner: Inner, options: Options) {
  const { byId, newest } = options.keys
  for (let isEntered = false; !isEntered; ) {
    const { entry, used } = yield* readBook(inner, options, "open the encrypted store")
    const missing = used.find((keyId) => !byId.has(keyId))
    if (missing !== undefined) {
      const reason = new KeyMissing({ keyId: missing, place: "some of what is stored", given: [...byId.keys()] })
      return yield* new StoreError({ operation: "open the encrypted store", reason })
    }
    isEntered = used.includes(newest.id) || (yield* writeBook(inner, options, [newest.id, ...used], entry))
  }
})

const operation = "rotate the keys"

/** What could not be read stays as it is and is told at the end, so that one damaged value does not hold up the rest. */
type Failures = Array<Reason>

const rotateStates = Effect.fnUntraced(function* (inner: Inner, options: Options, failures: Failures) {
  const { keys, requireEncrypted } = options
  let rewritten = 0
  for (let after: string | undefined; ; ) {
    const names: ReadonlyArray<string> = yield* patiently(inner.stateKeys({ after, limit: page }))
    if (names.length === 0) return rewritten
    after = names.at(-1)
    const entries = yield* patiently(inner.state(names))
    const turns = names.flatMap((key, at) => {
      const { value, version } = entries[at] ?? { value: undefined, version: 0 }
      if (value === undefined || isFresh(keys, value)) return []
      const plain = openState(keys, key, value, requireEncrypted)
      if (Result.isSuccess(plain)) return [stateWrite(options, key, plain.success, version)]
      failures.push(plain.failure)
      return []
    })
    if (turns.length === 0) continue
    // One that conflicts was written meanwhile, and so is under the newest key.
    const result = yield* write(inner, { turns })
    rewritten += result.turns.filter(({ _tag }) => _tag === "Committed").length
  }
})

/** One walk over the positions: how many it rewrote, and whether some are still to come under the newest key. */
const walkPositions = Effect.fnUntraced(function* (
  inner: Inner,
  { keys, requireEncrypted }: Options,
  written: Written
) {
  const failures: Failures = []
  let rewritten = 0
  let isDone = true
  for (const account of yield* patiently(inner.accounts)) {
    for (const stored of yield* patiently(inner.positions(account))) {
      const { stream } = stored
      if (!isSecret(stored) || isFresh(keys, stored.session)) continue
      const plain = openPosition(keys, account, stored, requireEncrypted)
      if (Result.isFailure(plain)) {
        failures.push(plain.failure)
        continue
      }
      const position = sealPosition(keys, account, stream, plain.success)
      // A stream that moved on since the store was opened comes under the newest key by itself, and must not be set back.
      // It is asked in the tick of the commit, and commits keep their order: none can slip in between.
      const rewrite = Effect.suspend(() =>
        written.has(account, stream)
          ? Effect.succeed(false)
          : Effect.as(inner.commit({ ...emptyCommit, positions: [{ account, stream, position }] }), true)
      )
      if (yield* patiently(rewrite)) rewritten++
      else isDone = false
    }
  }
  return { failures, rewritten, isDone }
})

const rotatePositions = Effect.fnUntraced(function* (
  inner: Inner,
  options: Options,
  written: Written,
  failures: Failures
) {
  let rewritten = 0
  for (let walks = 0; walks < 100; walks++) {
    const walk = yield* walkPositions(inner, options, written)
    rewritten += walk.rewritten
    if (walk.isDone) {
      failures.push(...walk.failures)
      return rewritten
    }
    yield* Effect.sleep("100 millis")
  }
  const reason = new Inaccessible({ detail: "the commit that moves a session on does not get through" })
  return yield* new StoreError({ operation, reason })
})

/** Rewrites all that is not under the newest key. Fails, after the rest is done, with the first that cannot be read. */
export const rotate = Effect.fnUntraced(function* (
  inner: Inner,
  options: Options,
  written: Written
): Effect.fn.Return<Rotated, StoreError> {
  const failures: Failures = []
  const states = yield* rotateStates(inner, options, failures)
  const sessions = yield* rotatePositions(inner, options, written, failures)
  for (const reason of failures.slice(1)) yield* Effect.logError(`${operation}: ${reason.message}`)
  const [first] = failures
  if (first !== undefined) return yield* new StoreError({ operation, reason: first })
  for (let isWritten = false; !isWritten; ) {
    const { entry } = yield* readBook(inner, options, operation)
    isWritten = yield* writeBook(inner, options, [options.keys.newest.id], entry)
  }
  return { states, sessions }
})
