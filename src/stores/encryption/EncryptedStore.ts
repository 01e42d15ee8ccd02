/**
 * A store whose states and sessions are encrypted on their way in and decrypted on their way out. All else passes by.
 *
 * A commit without either is handed on as it is. The sessions of a busy bot move on with every commit, but only their
 * sequence changes, so each is encrypted once.
 */
import { Effect, Result } from "effect"
import type { Position } from "../../domain/Event.ts"
import { type Reason, StoreError } from "../../domain/StoreError.ts"
import type { Commit, PositionWrite, StateEntry, StateWrite, Store, TurnWrite } from "../../ports/Store.ts"
import * as Envelope from "./Envelope.ts"
import type { Keys } from "./Keys.ts"

const stateAt = (key: string): Envelope.Place => ({ kind: "state", path: [key] })
const positionAt = (account: string, stream: string): Envelope.Place => ({ kind: "position", path: [account, stream] })

/** A JSON text, because that is what a store takes for a state: it may parse it, or index it. */
export const sealState = (keys: Keys, key: string, value: string): string =>
  `"${Envelope.seal(keys, stateAt(key), value)}"`

/** The sealed text in a stored state; `undefined` when it is plain. */
const sealedIn = (value: string): string | undefined =>
  value.startsWith('"') && Envelope.isSealed(value.slice(1)) ? value.slice(1).replace(/"$/, "") : undefined

export const openState = (
  keys: Keys,
  key: string,
  value: string,
  requireEncrypted: boolean
): Result.Result<string, Reason> => Envelope.read(keys, stateAt(key), sealedIn(value) ?? value, requireEncrypted)

/** Whether the newest key encrypts it. */
export const isFresh = ({ newest }: Keys, text: string): boolean => {
  const sealed = sealedIn(text) ?? text
  return Envelope.isSealed(sealed) && Envelope.keyIdOf(sealed) === newest.id
}

/** Whether there is something in a position that is worth hiding. */
export const isSecret = ({ resumeUrl, session }: Position): boolean => session !== "" || resumeUrl !== undefined

/** Session and address go into the field of the session; the rest stays as it is. */
export const sealPosition = (keys: Keys, account: string, stream: string, position: Position): Position => {
  const { resumeUrl, session, ...rest } = position
  const text = JSON.stringify([session, resumeUrl ?? null])
  return { ...rest, stream, session: Envelope.seal(keys, positionAt(account, stream), text) }
}

export const openPosition = (
  keys: Keys,
  account: string,
  position: Position,
  requireEncrypted: boolean
): Result.Result<Position, Reason> => {
  const { stream } = position
  if (!isSecret(position)) return Result.succeed(position)
  if (!Envelope.isSealed(position.session)) {
    const plain = Envelope.read(keys, positionAt(account, stream), position.session, requireEncrypted)
    return Result.map(plain, () => position)
  }
  return Result.map(Envelope.open(keys, positionAt(account, stream), position.session), (text) => {
    // It was authenticated, so it is what `sealPosition` wrote.
    const [session, resumeUrl] = JSON.parse(text) as readonly [string, string | null]
    return { ...position, session, ...(resumeUrl === null ? undefined : { resumeUrl }) }
  })
}

/** Streams by account and name; a position that was forgotten counts as written, too. */
export interface Written {
  readonly has: (account: string, stream: string) => boolean
}

export interface Options {
  readonly keys: Keys
  readonly requireEncrypted: boolean
}

const seals = ({ keys }: Options) => {
  const last = new Map<string, { readonly plain: Position; readonly session: string } | undefined>()

  const ofPosition = (write: PositionWrite): PositionWrite => {
    const { account, position, stream } = write
    const at = `${account}\u0000${stream}`
    if (position === undefined || !isSecret(position)) {
      last.set(at, undefined)
      return write
    }
    const known = last.get(at)
    if (known?.plain.session === position.session && known.plain.resumeUrl === position.resumeUrl) {
      const { resumeUrl: _, ...rest } = position
      return { account, stream, position: { ...rest, stream, session: known.session } }
    }
    const sealed = sealPosition(keys, account, stream, position)
    last.set(at, { plain: position, session: sealed.session })
    return { account, stream, position: sealed }
  }
  const ofState = ({ expected, key, value }: StateWrite): StateWrite => ({
    key,
    value: value === undefined ? undefined : sealState(keys, key, value),
    expected
  })
  const ofTurn = (turn: TurnWrite): TurnWrite =>
    turn.state.length === 0 ? turn : { ...turn, state: turn.state.map(ofState) }

  const written: Written = { has: (account, stream) => last.has(`${account}\u0000${stream}`) }
  const ofCommit = (commit: Commit): Commit => {
    const hasState = commit.turns.some(({ state }) => state.length > 0)
    if (!hasState && commit.positions.length === 0) return commit
    const turns = hasState ? commit.turns.map(ofTurn) : commit.turns
    return { ...commit, turns, positions: commit.positions.map(ofPosition) }
  }
  return { ofCommit, written }
}

/** All of them, or the first failure. */
const every = <A, B>(
  operation: string,
  items: ReadonlyArray<A>,
  open: (item: A, at: number) => Result.Result<B, Reason>
): Effect.Effect<ReadonlyArray<B>, StoreError> => {
  const opened: Array<B> = []
  for (const [at, item] of items.entries()) {
    const result = open(item, at)
    if (Result.isFailure(result)) return Effect.fail(new StoreError({ operation, reason: result.failure }))
    opened.push(result.success)
  }
  return Effect.succeed(opened)
}

/** Wraps a store. */
export const make = (
  inner: Store["Service"],
  options: Options
): { readonly store: Store["Service"]; readonly written: Written } => {
  const { keys, requireEncrypted } = options
  const { ofCommit, written } = seals(options)

  const openEntry = (key: string, entry: StateEntry): Result.Result<StateEntry, Reason> =>
    entry.value === undefined
      ? Result.succeed(entry)
      : Result.map(openState(keys, key, entry.value, requireEncrypted), (value) => ({ ...entry, value }))

  const store: Store["Service"] = {
    ...inner,
    commit: (commit) => Effect.suspend(() => inner.commit(ofCommit(commit))),
    state: (names) =>
      Effect.flatMap(inner.state(names), (entries) =>
        every("state", entries, (entry, at) => openEntry(names[at] ?? "", entry))
      ),
    positions: (account) =>
      Effect.flatMap(inner.positions(account), (positions) =>
        every("positions", positions, (position) => openPosition(keys, account, position, requireEncrypted))
      )
  }
  return { store, written }
}
