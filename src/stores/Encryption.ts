/**
 * Encryption at rest, as Layers around a store: `Encryption.layerConfig.pipe(Layer.provide(Sqlite.layerConfig))`.
 *
 * What is encrypted, with AES-256-GCM: the values of user, conversation and platform state, the sessions of gateways (id
 * and resume address), and with {@link layerSnapshots} what Autosave keeps. Each value is bound to its place, so that
 * none can be exchanged for another.
 *
 * What is not: the events in the inbox, the messages in the outbox and the texts of errors, which hold what people say;
 * the keys of states, which name users and conversations; lengths, times and counts. Encrypt the disk for those. Nor is
 * it noticed when somebody puts back an older value of the same place. Secrets of an account are never stored at all.
 *
 * A key is 32 random bytes (`openssl rand -base64 32`) in `EVERBOT_KEY`. To change it, put the new one before the old one,
 * joined by a comma: what is written from then on is under the new one, and {@link rotate} brings the rest under it. Then
 * the old one can go. Without a key that is still in use the store does not open and says which one it misses.
 *
 * What was written before encryption was on stays readable, and is encrypted when it is written again, or by
 * {@link rotate}. After that set `requireEncrypted`: whoever can write the file could otherwise put plain values into it.
 */
import { Context, Effect, Layer, type Redacted, Semaphore } from "effect"
import { ConfigError, Missing } from "../domain/ConfigError.ts"
import type { StoreError } from "../domain/StoreError.ts"
import * as Setting from "../ports/Setting.ts"
import { SnapshotStore } from "../ports/SnapshotStore.ts"
import { Store } from "../ports/Store.ts"
import * as EncryptedSnapshots from "./encryption/EncryptedSnapshots.ts"
import * as EncryptedStore from "./encryption/EncryptedStore.ts"
import { parse } from "./encryption/Keys.ts"
import * as Rotation from "./encryption/Rotation.ts"

export type { Rotated } from "./encryption/Rotation.ts"

export interface Options {
  /** 32 random bytes as base64 or 64 hex digits; or several, joined by commas, the newest first. */
  readonly keys: Redacted.Redacted<string>
  /** Refuse what is not encrypted, with `Unencrypted`. @defaultValue false */
  readonly requireEncrypted?: boolean | undefined
}

/** The encryption of a store, besides its use. */
export class Encryption extends Context.Service<
  Encryption,
  {
    /** The id of the key that encrypts. */
    readonly keyId: string
    readonly rotate: Effect.Effect<Rotation.Rotated, StoreError>
  }
>()("everbot/stores/Encryption") {}

/** The same for snapshots. */
export class SnapshotEncryption extends Context.Service<
  SnapshotEncryption,
  {
    readonly keyId: string
    /** Answers how many names there are. */
    readonly rotate: Effect.Effect<number, StoreError>
  }
>()("everbot/stores/SnapshotEncryption") {}

/**
 * Rewrites every state and session that is not under the newest key, while the bot runs or beside it. Afterwards the
 * other keys can be taken away. What cannot be read stays as it is, and is the error this ends with.
 */
export const rotate: Effect.Effect<Rotation.Rotated, StoreError, Encryption> = Effect.flatMap(
  Encryption,
  (encryption) => encryption.rotate
)

/** Saves every snapshot again under the newest key, until no older generation is left. Answers how many names there are. */
export const rotateSnapshots: Effect.Effect<number, StoreError, SnapshotEncryption> = Effect.flatMap(
  SnapshotEncryption,
  (encryption) => encryption.rotate
)

const complete = Effect.fnUntraced(function* (options: Options, setting: string) {
  const keys = yield* parse(options.keys, setting)
  const { newest, byId } = keys
  const others = [...byId.keys()].filter((id) => id !== newest.id)
  yield* Effect.logInfo(
    `what is stored is encrypted with key ${newest.id}${others.length === 0 ? "" : `; also read: ${others.join(", ")}`}`
  )
  return { keys, requireEncrypted: options.requireEncrypted ?? false }
})

const wrap = (options: Options, setting: string): Layer.Layer<Store | Encryption, ConfigError | StoreError, Store> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const inner = yield* Store
      const settings = yield* complete(options, setting)
      yield* Rotation.enter(inner, settings)
      const { store, written } = EncryptedStore.make(inner, settings)
      const rotate = Effect.withSpan(Rotation.rotate(inner, settings, written), "Encryption.rotate")
      return Context.make(Store, store).pipe(Context.add(Encryption, { keyId: settings.keys.newest.id, rotate }))
    })
  )

const wrapSnapshots = (
  options: Options,
  setting: string
): Layer.Layer<SnapshotStore | SnapshotEncryption, ConfigError, SnapshotStore> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const inner = yield* SnapshotStore
      const settings = yield* complete(options, setting)
      const lock = yield* Semaphore.make(1)
      const rotate = Effect.withSpan(EncryptedSnapshots.rotate(inner, settings, lock), "Encryption.rotateSnapshots")
      return Context.make(SnapshotStore, EncryptedSnapshots.make(inner, settings, lock)).pipe(
        Context.add(SnapshotEncryption, { keyId: settings.keys.newest.id, rotate })
      )
    })
  )

/**
 * Encrypts the states and sessions of the store it is given. Fails with `ConfigError` for a key that is none, and with a
 * `StoreError` of reason `KeyMissing` for a store that needs a key that was not given.
 */
export const layer = (options: Options): Layer.Layer<Store | Encryption, ConfigError | StoreError, Store> =>
  wrap(options, "keys")

/** Encrypts the snapshots of the store it is given. */
export const layerSnapshots = (
  options: Options
): Layer.Layer<SnapshotStore | SnapshotEncryption, ConfigError, SnapshotStore> => wrapSnapshots(options, "keys")

/** Where the environment says {@link Options}. */
export const settings = {
  keys: Setting.secret({ name: "EVERBOT_KEY", about: "Keys of the encryption at rest, the one to write with first." }),
  requireEncrypted: Setting.flag({
    name: "EVERBOT_REQUIRE_ENCRYPTED",
    about: "Refuse what is stored and not encrypted.",
    fallback: "false"
  })
}

const envKeys = settings.keys.name

const fromEnv = Effect.gen(function* () {
  const keys = yield* Setting.read(settings.keys)
  if (keys === undefined) {
    const mend = "Make one with `openssl rand -base64 32`, and keep a copy: without it what it encrypted is lost."
    return yield* new ConfigError({ setting: envKeys, reason: new Missing(), mend })
  }
  return { keys, requireEncrypted: yield* Setting.read(settings.requireEncrypted) }
})

/** {@link layer} with the keys in `EVERBOT_KEY`, and `EVERBOT_REQUIRE_ENCRYPTED` (true or false). */
export const layerConfig: Layer.Layer<Store | Encryption, ConfigError | StoreError, Store> = Layer.unwrap(
  Effect.map(fromEnv, (options) => wrap(options, envKeys))
)

/** {@link layerSnapshots} with the same settings. */
export const layerSnapshotsConfig: Layer.Layer<SnapshotStore | SnapshotEncryption, ConfigError, SnapshotStore> =
  Layer.unwrap(Effect.map(fromEnv, (options) => wrapSnapshots(options, envKeys)))

/** The ids of keys, newest first: what errors and the log call them by. */
export const keyIds = (keys: Redacted.Redacted<string>): Effect.Effect<ReadonlyArray<string>, ConfigError> =>
  Effect.map(parse(keys, "keys"), ({ byId }) => [...byId.keys()])
