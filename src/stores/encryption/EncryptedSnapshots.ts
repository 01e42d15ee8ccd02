/** Snapshots whose bodies are encrypted on their way in and decrypted on their way out. */
import { Effect, type Semaphore } from "effect"
import { Corrupt, type Reason, StoreError, Unusable } from "../../domain/StoreError.ts"
import type { Snapshot, SnapshotStore } from "../../ports/SnapshotStore.ts"
import type { Options } from "./EncryptedStore.ts"
import * as Envelope from "./Envelope.ts"

type Inner = SnapshotStore["Service"]

const at = (name: string): Envelope.Place => ({ kind: "snapshot", path: [name] })

const open = ({ keys, requireEncrypted }: Options, operation: string, name: string, { body, generation }: Snapshot) =>
  Envelope.read(keys, at(name), body, requireEncrypted).pipe(
    Effect.fromResult,
    Effect.mapError((reason) => new StoreError({ operation: `${operation}, generation ${generation}`, reason }))
  )

/** Wraps a store of snapshots. With `lock` nothing is saved while a rotation reads the newest and saves it again. */
export const make = (inner: Inner, options: Options, lock: Semaphore.Semaphore): Inner => ({
  ...inner,
  save: (name, body) =>
    Effect.suspend(() => inner.save(name, Envelope.seal(options.keys, at(name), body))).pipe(
      lock.withPermit,
      Effect.map((saved) => ({ ...saved, body }))
    ),
  load: Effect.fnUntraced(function* (name) {
    const { damaged, snapshot } = yield* inner.load(name)
    if (snapshot === undefined) return { snapshot, damaged }
    const body = yield* open(options, "load a snapshot", name, snapshot)
    return { snapshot: { ...snapshot, body }, damaged }
  })
})

const operation = "rotate the keys of a snapshot"
/** No store keeps so many; one that does will not let go of old ones. */
const most = 1000

/**
 * Saves the newest generation of each name again, under the newest key, until those from before have all made room.
 * Answers how many names there are. A name with a damaged generation is refused: saving would push out what a person
 * could still mend.
 */
export const rotate = Effect.fnUntraced(function* (inner: Inner, options: Options, lock: Semaphore.Semaphore) {
  const refuse = (reason: Reason) => Effect.fail(new StoreError({ operation, reason }))
  const generationsOf = (name: string) =>
    Effect.map(inner.list, (names) => names.find((it) => it.name === name)?.generations ?? [])

  const renew = Effect.fnUntraced(function* (name: string) {
    const { damaged, snapshot } = yield* inner.load(name)
    const [first] = damaged
    if (first !== undefined) return yield* refuse(new Corrupt({ detail: `${first.where}: ${first.why}` }))
    if (snapshot === undefined) return
    const body = yield* open(options, operation, name, snapshot)
    for (let saves = 0; (yield* generationsOf(name)).some((it) => it <= snapshot.generation); saves++) {
      if (saves === most) return yield* refuse(new Unusable({ detail: `${name} keeps every generation` }))
      yield* inner.save(name, Envelope.seal(options.keys, at(name), body))
    }
  })

  const names = yield* inner.list
  yield* Effect.forEach(names, ({ name }) => lock.withPermit(renew(name)), { discard: true })
  return names.length
})
