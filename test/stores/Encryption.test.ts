import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Fiber, Layer, Redacted, Schema } from "effect"
import { afterAll } from "vitest"
import { Busy, type StoreError } from "../../src/domain/StoreError.ts"
import * as Autosave from "../../src/engines/Autosave.ts"
import { SnapshotStore } from "../../src/ports/SnapshotStore.ts"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import * as Encryption from "../../src/stores/Encryption.ts"
import * as Memory from "../../src/stores/Memory.ts"
import * as SnapshotFile from "../../src/stores/SnapshotFile.ts"
import * as SnapshotMemory from "../../src/stores/SnapshotMemory.ts"
import * as SnapshotSqlite from "../../src/stores/SnapshotSqlite.ts"
import * as Sqlite from "../../src/stores/Sqlite.ts"
import { encryptionKey, marker, secret } from "../fixtures/secrets.ts"
import { memoryDisk, sqliteDisk } from "./disks.ts"
import { snapshotSuite } from "./SnapshotSuite.ts"
import { account, commit, type Disk, event, suite, turn } from "./StoreSuite.ts"

const root = mkdtempSync(join(tmpdir(), "everbot-encryption-"))
afterAll(() => rmSync(root, { recursive: true }))
let places = 0
const place = () => join(root, String(++places))

const [first, second, third] = ["first", "second", "third"].map(encryptionKey) as [string, string, string]
const keys = (...texts: ReadonlyArray<string>) => Redacted.make(texts.join(","))

/** A store behind encryption; what the settings are wrong about is a defect here. */
const over = <E>(inner: Layer.Layer<Store, E>, text: Redacted.Redacted<string>, requireEncrypted = false) =>
  Encryption.layer({ keys: text, requireEncrypted }).pipe(Layer.provide(inner))

const encrypted = (disk: () => Disk) => (): Disk => {
  const own = disk()
  const layer = over(own.layer, keys(second, first)).pipe(
    Layer.catchTag("ConfigError", (error) => Layer.effectContext(Effect.die(error)))
  )
  return { ...own, layer }
}

suite("Memory, encrypted", encrypted(memoryDisk))
suite("Sqlite, encrypted", encrypted(sqliteDisk))

const sealedSnapshots = <E>(inner: Layer.Layer<SnapshotStore, E>, text = keys(first), requireEncrypted = false) =>
  Encryption.layerSnapshots({ keys: text, requireEncrypted }).pipe(
    Layer.provide(inner),
    Layer.catchTag("ConfigError", (error) => Layer.effectContext(Effect.die(error)))
  )
snapshotSuite({ name: "memory, encrypted", open: () => sealedSnapshots(SnapshotMemory.layer), isDurable: false })
snapshotSuite({
  name: "files, encrypted",
  open: () => sealedSnapshots(SnapshotFile.layer({ directory: place() })),
  isDurable: true
})
snapshotSuite({
  name: "sqlite, encrypted",
  open: () => sealedSnapshots(SnapshotSqlite.layer({ filename: place() })),
  isDurable: true
})

const write = (key: string, value: string, expected = 0) =>
  commit({ turns: [turn(undefined, { state: [{ key, value, expected }] })] })
const entry = (key: string) => Store.use((store) => Effect.map(store.state([key]), ([it]) => it))
const value = (key: string) => Effect.map(entry(key), (it) => it?.value)
const address = { resumeUrl: secret("url"), shards: 4 }
const session = { stream: "gateway/0", session: secret("session"), seq: 7, startedAt: 1, ...address }
const move = (position: typeof session, of = account) =>
  commit({ positions: [{ account: of, stream: position.stream, position }] })
const positions = Store.use((store) => store.positions(account))

/** Uses a layer as a process of its own. */
const using = <A, E, R, E2, R2>(layer: Layer.Layer<R, E2, R2>, effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, layer, { local: true })

/** What stands in the store itself, whatever it is. */
const raw = (disk: Memory.Crashable, key: string) => using(disk.layer, value(key))
const overwrite = (disk: Memory.Crashable, key: string, text: string) =>
  using(
    disk.layer,
    Effect.flatMap(entry(key), (it) => write(key, text, it?.version))
  )

describe("Encryption: what is stored", () => {
  it.effect("states and sessions come back as they were, and the store below sees nothing of them", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const values = ['{"a":1}', `"${secret("state")}"`, "null", '"你好 🤖"', `"${"x".repeat(100_000)}"`]
      yield* using(
        over(disk.layer, keys(first)),
        Effect.gen(function* () {
          for (const [n, text] of values.entries()) yield* write(`k${n}`, text)
          yield* move(session)
          for (const [n, text] of values.entries()) assert.strictEqual(yield* value(`k${n}`), text)
          assert.deepStrictEqual(yield* positions, [session])
        })
      )
      for (const [n, text] of values.entries()) {
        const stored = (yield* raw(disk, `k${n}`)) ?? ""
        // Without the quotes of a text. What is shorter than four characters chance may put into the sealed one.
        assert.notInclude(stored, text.replace(/^"|"$/g, ""))
        // Still JSON, as the port promises: a store may parse it.
        assert.isString(JSON.parse(stored))
      }
      const below = JSON.stringify(yield* using(disk.layer, positions))
      assert.notInclude(below, marker)
      assert.include(below, '"seq":7')
    })
  })

  it.effect("the same value is never stored as the same text, and a session that moves on is encrypted once", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const store = over(disk.layer, keys(first))
      yield* using(store, Effect.andThen(write("a", "1"), write("b", "1")))
      assert.notStrictEqual(yield* raw(disk, "a"), yield* raw(disk, "b"))
      const seen = new Set<string>()
      yield* using(
        store,
        Effect.forEach([1, 2, 3], (seq) =>
          Effect.andThen(
            move({ ...session, seq }),
            Effect.map(using(disk.layer, positions), ([it]) => seen.add(it?.session ?? ""))
          )
        )
      )
      assert.strictEqual(seen.size, 1)
      yield* using(store, move({ ...session, session: "another" }))
      assert.strictEqual((yield* using(store, positions))[0]?.session, "another")
    })
  })

  it.effect("a position without a session, as of platforms that have none, stays as it is", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const position = { stream: "updates", session: "", seq: 4, startedAt: 0 }
      yield* using(
        over(disk.layer, keys(first), true),
        Effect.gen(function* () {
          yield* commit({ positions: [{ account, stream: "updates", position }] })
          assert.deepStrictEqual(yield* positions, [position])
        })
      )
      assert.deepStrictEqual(yield* using(disk.layer, positions), [position])
    })
  })

  it.effect("nothing recognisable of states, sessions and snapshots is in any file of the database", () =>
    Effect.gen(function* () {
      const filename = place()
      const files = () =>
        ["", "-wal", "-shm"].map((end) => {
          const exit = Effect.runSyncExit(Effect.try(() => readFileSync(filename + end)))
          return Exit.isSuccess(exit) ? exit.value : Buffer.alloc(0)
        })
      const holds = (text: string) => files().some((file) => file.includes(text))
      const work = (text: string) =>
        Effect.gen(function* () {
          yield* commit({ events: [event("seen-event")] })
          yield* commit({ turns: [turn(1, { state: [{ key: "k", value: `"${text}"`, expected: 0 }] })] })
          yield* move({ ...session, session: text, resumeUrl: text })
          // While it is open: the write-ahead log holds it all.
          return holds(text)
        })
      const hidden = secret("state")
      const snapshots = SnapshotStore.use((it) => it.save("bot", hidden))
      assert.isFalse(yield* using(over(Sqlite.layer({ filename }), keys(first)), work(hidden)))
      yield* using(sealedSnapshots(SnapshotSqlite.layer({ filename })), snapshots)
      assert.isFalse(holds(hidden))
      assert.isFalse(holds(marker))
      assert.isTrue(holds("gateway/0"), "the search finds nothing at all")
      // Without encryption the same is found, so the search is able to.
      const plain = place()
      yield* using(Sqlite.layer({ filename: plain }), work("plain-on-purpose"))
      assert.isTrue(readFileSync(plain).includes("plain-on-purpose"))
    })
  )
})

/** The error of an effect, and that it does not show what is hidden. */
const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(effect)
    assert(Exit.isFailure(exit), "it succeeded")
    const shown = [Cause.pretty(exit.cause), inspect(exit, { depth: 12, showHidden: true }), JSON.stringify(exit)]
    assert.notInclude(shown.join("\n"), marker)
    return Cause.squash(exit.cause) as StoreError
  })

describe("Encryption: what is damaged", () => {
  it.effect("a value that was changed, cut off or exchanged is Corrupt, and named", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const store = over(disk.layer, keys(first))
      yield* using(store, Effect.andThen(write("mine", `"${secret("mine")}"`), write("yours", '"poor"')))
      const good = (yield* raw(disk, "mine")) ?? ""
      const body = JSON.parse(good) as string
      const damages = [
        yield* raw(disk, "yours"),
        `"${body.slice(0, -8)}"`,
        `"${body.slice(0, 45)}"`,
        `"${body.slice(0, 30)}"`,
        `"${body.slice(0, 60)}!${body.slice(61)}"`,
        `"${body.slice(0, 60)}${body[60] === "A" ? "B" : "A"}${body.slice(61)}"`,
        `"${body}:more"`,
        '"everbot:sealed:1::"',
        '"everbot:sealed:1:0123456789abcdef"',
        '"everbot:sealed:1'
      ]
      for (const damage of damages) {
        yield* overwrite(disk, "mine", damage ?? "")
        const error = yield* failure(using(store, value("mine")))
        assert.strictEqual(error.reason._tag, "Corrupt", damage)
        assert.include(error.message, 'the state "mine"')
        assert.isFalse(error.isRetryable)
        assert.strictEqual(yield* using(store, value("yours")), '"poor"')
      }
      yield* overwrite(disk, "mine", good)
      assert.include(yield* using(store, value("mine")), secret("mine"))
    })
  })

  it.effect("a session that was put at another stream or account is Corrupt", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const store = over(disk.layer, keys(first))
      yield* using(store, move(session))
      const [stored] = yield* using(disk.layer, positions)
      assert(stored !== undefined)
      for (const [of, stream] of [
        [account, "gateway/1"],
        ["qq:2", "gateway/0"]
      ] as const) {
        yield* using(disk.layer, commit({ positions: [{ account: of, stream, position: { ...stored, stream } }] }))
        const error = yield* failure(
          using(
            store,
            Store.use((it) => it.positions(of))
          )
        )
        assert.strictEqual(error.reason._tag, "Corrupt")
        assert.include(error.message, `the session of ${of}, ${stream}`)
      }
    })
  })

  it.effect("an address beside an encrypted session counts for nothing", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const store = over(disk.layer, keys(first))
      yield* using(store, move(session))
      const [stored] = yield* using(disk.layer, positions)
      yield* using(disk.layer, move({ ...session, session: stored?.session ?? "", resumeUrl: "wss://elsewhere" }))
      assert.deepStrictEqual(yield* using(store, positions), [session])
    })
  })

  it.effect("what a newer everbot encrypted is Unusable and says so", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      yield* overwrite(disk, "k", '"everbot:sealed:2:whatever"')
      const error = yield* failure(using(over(disk.layer, keys(first)), value("k")))
      assert.strictEqual(error.reason._tag, "Unusable")
      assert.include(error.message, "newer")
    })
  })

  it.effect("a snapshot that was changed under a good checksum is Corrupt and no older one takes its place", () =>
    Effect.gen(function* () {
      const directory = place()
      const files = SnapshotFile.layer({ directory })
      const save = (name: string, body: string) => SnapshotStore.use((it) => it.save(name, body))
      const load = SnapshotStore.use((it) => it.load("bot"))
      yield* using(sealedSnapshots(files), Effect.andThen(save("bot", "old"), save("other", "strange")))
      const strange = yield* using(
        files,
        SnapshotStore.use((it) => it.load("other"))
      )
      yield* using(files, save("bot", strange.snapshot?.body ?? ""))
      const error = yield* failure(using(sealedSnapshots(files), load))
      assert.strictEqual(error.reason._tag, "Corrupt")
      assert.include(error.message, 'generation 2: the database is damaged: the snapshot "bot"')
    })
  )
})

describe("Encryption: plain values", () => {
  it.effect("what was written before is read, and encrypted when it is written again", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      yield* using(disk.layer, Effect.all([write("k", '"before"'), move(session)]))
      const store = over(disk.layer, keys(first))
      yield* using(
        store,
        Effect.gen(function* () {
          const found = yield* entry("k")
          assert.strictEqual(found?.value, '"before"')
          assert.deepStrictEqual(yield* positions, [session])
          yield* write("k", '"after"', found?.version)
          yield* move({ ...session, seq: 8 })
        })
      )
      assert.include(yield* raw(disk, "k"), "everbot:sealed:1:")
      assert.notInclude(JSON.stringify(yield* using(disk.layer, positions)), marker)
      assert.strictEqual(yield* using(store, value("k")), '"after"')
    })
  })

  it.effect("they are refused by name where encryption is required, so that nobody can put one there", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      yield* using(disk.layer, Effect.all([write("k", `"${secret("planted")}"`), move(session)]))
      const strict = over(disk.layer, keys(first), true)
      for (const [read, name] of [
        [value("k"), 'the state "k"'],
        [positions, `the session of ${account}, gateway/0`],
        [Encryption.rotate, 'the state "k"']
      ] as const) {
        const error = yield* failure(using(strict, read as typeof positions))
        assert.strictEqual(error.reason._tag, "Unencrypted")
        assert.include(error.message, name)
      }
      yield* using(over(disk.layer, keys(first)), Encryption.rotate)
      assert.include(yield* using(strict, value("k")), "planted")
      assert.deepStrictEqual(yield* using(strict, positions), [session])
    })
  })

  it.effect("so are plain snapshots", () =>
    Effect.gen(function* () {
      const files = SnapshotFile.layer({ directory: place() })
      yield* using(
        files,
        SnapshotStore.use((it) => it.save("bot", "plain-on-purpose"))
      )
      const load = SnapshotStore.use((it) => it.load("bot"))
      const error = yield* failure(using(sealedSnapshots(files, keys(first), true), load))
      assert.strictEqual(error.reason._tag, "Unencrypted")
      assert.strictEqual((yield* using(sealedSnapshots(files), load)).snapshot?.body, "plain-on-purpose")
      yield* using(sealedSnapshots(files), Encryption.rotateSnapshots)
      assert.strictEqual(
        (yield* using(sealedSnapshots(files, keys(first), true), load)).snapshot?.body,
        "plain-on-purpose"
      )
    })
  )
})

describe("Encryption: keys", () => {
  it.effect(
    "older keys decrypt, the newest encrypts, and a key that is missing keeps the store closed and is named",
    () => {
      const disk = Memory.make()
      return Effect.gen(function* () {
        const [id1 = "", id2 = ""] = yield* Encryption.keyIds(keys(first, second))
        yield* using(over(disk.layer, keys(first)), write("old", "1"))
        yield* using(over(disk.layer, keys(second, first)), write("new", "2"))
        assert.include(yield* raw(disk, "new"), id2)
        const both = Effect.all([value("old"), value("new")])
        assert.deepStrictEqual(yield* using(over(disk.layer, keys(first, second)), both), ["1", "2"])
        for (const [given, missing] of [
          [first, id2],
          [second, id1],
          [third, id2]
        ] as const) {
          const error = yield* failure(using(over(disk.layer, keys(given)), value("old")))
          assert(error.reason._tag === "KeyMissing")
          assert.strictEqual(error.reason.keyId, missing)
          assert.include(error.message, (yield* Encryption.keyIds(keys(given))).join())
        }
        // Nothing is lost: with the keys all is there again.
        assert.deepStrictEqual(yield* using(over(disk.layer, keys(second, first)), both), ["1", "2"])
      })
    }
  )

  it.effect("a rotation brings everything under the newest key, and then the others can go", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const names = Array.from({ length: 700 }, (_, n) => `state/${n}`)
      const some = (from: number, to: number) =>
        commit({
          turns: names
            .slice(from, to)
            .map((key) => turn(undefined, { state: [{ key, value: `"${key}"`, expected: 0 }] }))
        })
      yield* using(disk.layer, some(0, 100))
      yield* using(over(disk.layer, keys(first)), Effect.all([some(100, 400), move(session), move(session, "qq:2")]))
      yield* using(over(disk.layer, keys(second, first)), some(400, 690))
      const rotated = yield* using(
        over(disk.layer, keys(third, second, first)),
        Effect.gen(function* () {
          yield* some(690, 700)
          const result = yield* Encryption.rotate
          assert.deepStrictEqual(yield* Encryption.rotate, { states: 0, sessions: 0 })
          return result
        })
      )
      // The book of keys is a state, too, which the opening had just written.
      assert.deepStrictEqual(rotated, { states: 690, sessions: 2 })
      yield* using(
        over(disk.layer, keys(third), true),
        Effect.gen(function* () {
          const stored = yield* Store.use((it) => it.state(names))
          assert.deepStrictEqual(
            stored.map((it) => it.value),
            names.map((name) => `"${name}"`)
          )
          assert.deepStrictEqual(yield* positions, [session])
        })
      )
    })
  })

  it.effect("a rotation beside a bot at work never sets a session or a state back", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      const names = Array.from({ length: 300 }, (_, n) => `k${n}`)
      const fill = names.map((key) => turn(undefined, { state: [{ key, value: "0", expected: 0 }] }))
      yield* using(
        over(disk.layer, keys(first)),
        Effect.all([commit({ turns: fill }), move(session), move(session, "qq:2")])
      )
      yield* using(
        over(disk.layer, keys(second, first)),
        Effect.gen(function* () {
          const store = yield* Store
          const before = yield* store.state(names)
          const bump = (at: number) => write(names[at] ?? "", "1", before[at]?.version)
          const rotating = yield* Effect.forkChild(Encryption.rotate, { startImmediately: true })
          yield* move({ ...session, seq: 8 })
          const bumped = yield* Effect.forEach([0, 7, 299], (at) => Effect.map(bump(at), ({ turns }) => turns[0]?._tag))
          yield* move({ ...session, seq: 9 })
          yield* Fiber.join(rotating)
          assert.strictEqual((yield* positions)[0]?.seq, 9)
          const after = yield* store.state(names)
          // A turn that the rotation overtook conflicts and runs again; one that committed is still there.
          for (const [n, at] of [0, 7, 299].entries()) {
            assert.strictEqual(after[at]?.value, bumped[n] === "Committed" ? "1" : "0")
          }
        })
      )
      yield* using(over(disk.layer, keys(second), true), Effect.all([positions, value("k0")]))
    })
  })

  it.live(
    "a rotation goes on through a store that is busy, and one that cannot be read to the end keeps its keys",
    () => {
      const disk = Memory.make()
      return Effect.gen(function* () {
        yield* using(over(disk.layer, keys(first)), Effect.all([write("a", "1"), write("b", "2"), write("c", "3")]))
        yield* overwrite(disk, "b", ((yield* raw(disk, "b")) ?? "").slice(0, -3).concat('AA"'))
        const rotating = over(disk.layer, keys(second, first))
        const error = yield* failure(
          using(rotating, Effect.andThen(disk.failNext(2, new Busy({ detail: "told to" })), Encryption.rotate))
        )
        assert.strictEqual(error.reason._tag, "Corrupt")
        assert.include(error.message, 'the state "b"')
        const [, id2] = yield* Encryption.keyIds(keys(first, second))
        assert.include(yield* raw(disk, "a"), id2)
        assert.include(yield* raw(disk, "c"), id2)
        // The old key is still in the book: taking it away now would make the damage one that nobody can mend.
        assert.strictEqual(
          (yield* failure(using(over(disk.layer, keys(second)), value("a")))).reason._tag,
          "KeyMissing"
        )
      })
    }
  )

  it.effect("a rotation of snapshots leaves no generation that needs another key", () =>
    Effect.gen(function* () {
      for (const inner of [
        SnapshotFile.layer({ directory: place(), generations: 3 }),
        SnapshotSqlite.layer({ filename: place(), generations: 3 })
      ]) {
        const save = (name: string, body: string) => SnapshotStore.use((it) => it.save(name, body))
        yield* using(
          sealedSnapshots(inner),
          Effect.forEach(["1", "2", "3", "4", secret("newest")], (body) =>
            Effect.andThen(save("bot", body), save(`bot.${body.length}`, body))
          )
        )
        assert.strictEqual(yield* using(sealedSnapshots(inner, keys(second, first)), Encryption.rotateSnapshots), 3)
        const [id2] = yield* Encryption.keyIds(keys(second))
        yield* using(
          inner,
          Effect.gen(function* () {
            const store = yield* SnapshotStore
            for (const { generations, name } of yield* store.list) {
              const { snapshot } = yield* store.load(name)
              assert.include(snapshot?.body, id2)
              if (name === "bot") assert.deepStrictEqual(generations, [8, 7, 6])
            }
          })
        )
        const load = SnapshotStore.use((it) => it.load("bot"))
        assert.strictEqual((yield* using(sealedSnapshots(inner, keys(second)), load)).snapshot?.body, secret("newest"))
        const error = yield* failure(using(sealedSnapshots(inner, keys(first)), load))
        assert.strictEqual(error.reason._tag, "KeyMissing")
      }
    })
  )

  it.effect("Autosave restores what it saved, and says which key it misses", () =>
    Effect.gen(function* () {
      const inner = SnapshotFile.layer({ directory: place() })
      const life = (text: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const options = { name: "bot", schema: Schema.Struct({ word: Schema.String }), initial: { word: "none" } }
            const state = yield* Autosave.make(options)
            const { word } = yield* state.get
            yield* state.update(() => ({ word: text }))
            return word
          })
        )
      assert.strictEqual(yield* using(sealedSnapshots(inner), life(secret("word"))), "none")
      assert.strictEqual(yield* using(sealedSnapshots(inner, keys(second, first)), life("next")), secret("word"))
      const error = yield* failure(using(sealedSnapshots(inner, keys(first)), life("never")))
      assert.strictEqual(error.reason._tag, "KeyMissing")
      assert.strictEqual(yield* using(sealedSnapshots(inner, keys(second)), life("end")), "next")
    })
  )

  it.effect.each([
    [{}, /^EVERBOT_KEY is not set\. Make one with `openssl rand -base64 32`/],
    [{ EVERBOT_KEY: secret("no key") }, /^EVERBOT_KEY is neither base64/],
    [{ EVERBOT_KEY: first, EVERBOT_REQUIRE_ENCRYPTED: "perhaps" }, /^EVERBOT_REQUIRE_ENCRYPTED is neither true nor/]
  ] as const)("settings that cannot be used are a ConfigError with a mend: case %#", ([env, message]) =>
    Effect.gen(function* () {
      const provider = ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))
      for (const layer of [
        Encryption.layerConfig.pipe(Layer.provide(Memory.layer)),
        Encryption.layerSnapshotsConfig.pipe(Layer.provide(SnapshotMemory.layer))
      ]) {
        const error = yield* failure(Effect.provide(Effect.void, Layer.provide(layer as typeof Memory.layer, provider)))
        assert.match(error.message, message)
      }
    })
  )

  it.effect("the environment names the keys, and whether plain values are refused", () => {
    const disk = Memory.make()
    return Effect.gen(function* () {
      yield* using(disk.layer, write("k", "1"))
      const from = (env: Record<string, string>) =>
        Encryption.layerConfig.pipe(
          Layer.provide(disk.layer),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
        )
      assert.strictEqual(yield* using(from({ EVERBOT_KEY: `${second},${first}` }), value("k")), "1")
      const error = yield* failure(
        using(from({ EVERBOT_KEY: `${second},${first}`, EVERBOT_REQUIRE_ENCRYPTED: "true" }), value("k"))
      )
      assert.strictEqual(error.reason._tag, "Unencrypted")
    })
  })
})

describe("Encryption: cost", () => {
  it.effect("a commit without state and position is handed on untouched", () => {
    const seen: Array<unknown> = []
    const spy = Layer.effect(
      Store,
      Effect.map(Store, (store) =>
        Store.of({
          ...store,
          commit: (it) => {
            seen.push(it)
            return store.commit(it)
          }
        })
      )
    ).pipe(Layer.provide(Memory.layer))
    return Effect.gen(function* () {
      const store = yield* Store
      const plain = { ...emptyCommit, events: [event("a")], turns: [turn(undefined)] }
      yield* store.commit(plain)
      assert.strictEqual(seen.at(-1), plain)
    }).pipe(Effect.provide(over(spy, keys(first))))
  })
})
