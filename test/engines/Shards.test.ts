import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Bot from "../../src/Bot.ts"
import * as State from "../../src/domain/ConnectionState.ts"
import type { Position } from "../../src/domain/Event.ts"
import * as Gateway from "../../src/domain/GatewayError.ts"
import { emptyCommit, Store } from "../../src/ports/Store.ts"
import * as Memory from "../../src/stores/Memory.ts"
import { FakePlatform } from "../../src/testing/index.ts"
import { life, news, settle, untilEnded } from "../fixtures/runtime.ts"

const account = "fake:1"
const fail = (reason: Gateway.Reason) => new Gateway.GatewayError({ account, reason })
const deaf = Bot.on("MessageReceived", () => Effect.void)

/** A platform whose shards all connect, until told how one of them ends. */
const many = (counts: () => Effect.Effect<number, Gateway.GatewayError>) => {
  const fake = FakePlatform.make()
  const ends = new Map<number, Deferred.Deferred<never, Gateway.GatewayError>>()
  const begun: Array<readonly [shard: number, shards: number, from: number | undefined]> = []
  /** Reasons with which the next connections of a shard fail. */
  const refusals = new Map<number, Gateway.Reason>()
  const platform = {
    ...fake.platform,
    shards: Effect.suspend(counts),
    connect: Effect.fnUntraced(function* (link: Parameters<typeof fake.platform.connect>[0]) {
      const from = yield* link.resumeFrom
      begun.push([link.shard, link.shards, from?.seq])
      const refusal = refusals.get(link.shard)
      if (refusal !== undefined) return yield* fail(refusal)
      link.transition(State.Identifying())
      link.transition(State.Ready({ session: `S${link.shard}`, resumed: from !== undefined }))
      const stream = `gateway/${link.shard}`
      link.advance({ stream, session: `S${link.shard}`, seq: 1, startedAt: 0, shards: link.shards })
      const end = Deferred.makeUnsafe<never, Gateway.GatewayError>()
      ends.set(link.shard, end)
      return yield* Deferred.await(end)
    })
  }
  const end = (shard: number, reason: Gateway.Reason) =>
    Effect.suspend(() => {
      const deferred = ends.get(shard)
      return deferred === undefined ? Effect.die("not connected") : Deferred.fail(deferred, fail(reason))
    })
  return { fake: { ...fake, platform }, begun, refusals, end }
}

const three = () => many(() => Effect.succeed(3))
const unsupported = new Gateway.ProtocolUnsupported({ code: 4002, advice: "Update." })
const banned = new Gateway.AccountBanned({ advice: "Ask the platform." })
const tooFew = new Gateway.ShardingRequired({ code: 4011, advice: "Raise it." })
const pass = (duration: "0 seconds" | "1 minute" | "1 hour") => Effect.andThen(TestClock.adjust(duration), settle)
const tags = Effect.map(Bot.shards(account), (shards) => shards.map(({ state }) => state))

/** Runs the account and looks at it. */
const run = <A, E, R>(world: ReturnType<typeof many>, look: Effect.Effect<A, E, R>, disk = Memory.layer) =>
  untilEnded(life(disk, world.fake, deaf, Effect.andThen(pass("0 seconds"), look)))

describe("the shards of an account", () => {
  it.effect("are looked at one by one: number, state, session, since when", () =>
    run(
      three(),
      Effect.gen(function* () {
        const shards = yield* Bot.shards(account)
        assert.deepStrictEqual(
          shards.map(({ shard, shards, state, session, attempts }) => [
            shard,
            shards,
            state,
            session?.session,
            attempts
          ]),
          [
            [0, 3, "Ready", "S0", 1],
            [1, 3, "Ready", "S1", 1],
            [2, 3, "Ready", "S2", 1]
          ]
        )
        yield* pass("1 minute")
        assert.isTrue((yield* Bot.shards(account)).every(({ since }) => since === 0))
        assert.deepStrictEqual(yield* Bot.shards("fake:9"), [])
      })
    )
  )

  it.effect("go on when one of them fails for good for a reason of its own, which stays to be seen", () =>
    Effect.gen(function* () {
      const world = three()
      yield* run(
        world,
        Effect.gen(function* () {
          yield* world.end(1, unsupported)
          yield* pass("1 hour")
          assert.deepStrictEqual(yield* tags, ["Ready", "Failed", "Ready"])
          assert.strictEqual(world.begun.length, 3)
          const [running] = (yield* Bot.Runtime).accounts()
          assert.isUndefined(running?.failure())
          yield* running?.restart ?? Effect.void
          yield* pass("1 minute")
          assert.deepStrictEqual(yield* tags, ["Ready", "Ready", "Ready"])
          // The restart resumed what was well.
          assert.deepStrictEqual(
            world.begun.slice(3).map(([, , from]) => from),
            [1, 1, 1]
          )
        })
      )
    })
  )

  it.effect("give the account up when the last of them has failed", () =>
    Effect.gen(function* () {
      const world = three()
      yield* run(
        world,
        Effect.gen(function* () {
          for (const shard of [2, 0, 1]) {
            assert.isUndefined((yield* Bot.Runtime).accounts()[0]?.failure())
            yield* world.end(shard, unsupported)
            yield* settle
          }
          assert.strictEqual((yield* Bot.Runtime).accounts()[0]?.failure()?.reason, unsupported)
        })
      )
    })
  )

  it.effect("all end when one of them learns what concerns the whole account", () =>
    Effect.gen(function* () {
      const world = three()
      yield* run(
        world,
        Effect.gen(function* () {
          yield* world.end(1, banned)
          yield* settle
          assert.deepStrictEqual(yield* tags, ["Closed", "Failed", "Closed"])
          assert.strictEqual((yield* Bot.Runtime).accounts()[0]?.failure()?.reason, banned)
        })
      )
    })
  )

  it.effect("do not notice when one of them cannot connect", () =>
    Effect.gen(function* () {
      const world = three()
      world.refusals.set(1, new Gateway.ConnectionLost({ network: true }))
      yield* run(
        world,
        Effect.gen(function* () {
          yield* pass("1 hour")
          assert.deepStrictEqual(
            world.begun.filter(([shard]) => shard !== 1).map(([shard]) => shard),
            [0, 2]
          )
          assert.isAbove(world.begun.length, 20)
        })
      )
    })
  )

  it.effect("begin anew under the number the platform then recommends, and record what they leave behind", () =>
    Effect.gen(function* () {
      let count = 2
      const world = many(() => Effect.succeed(count))
      yield* run(
        world,
        Effect.scoped(
          Effect.gen(function* () {
            const heard = yield* news
            count = 3
            yield* world.end(0, tooFew)
            yield* pass("1 minute")
            assert.deepStrictEqual(world.begun.slice(2), [
              [0, 3, undefined],
              [1, 3, undefined],
              [2, 3, undefined]
            ])
            const gaps = yield* (yield* Store).gaps(account)
            assert.deepStrictEqual(
              gaps.map(({ stream, from }) => [stream, from]),
              [
                ["gateway/0", 1],
                ["gateway/1", 1]
              ]
            )
            assert.deepInclude(heard.filter(({ _tag }) => _tag === "ShardsPlanned")[0], { from: 2, to: 3 })
            assert.deepStrictEqual(yield* tags, ["Ready", "Ready", "Ready"])
          })
        )
      )
    })
  )

  it.effect("wait for the platform's advice to follow its refusal, and give up when it does not", () =>
    Effect.gen(function* () {
      let count = 2
      let asked = 0
      const world = many(() => Effect.sync(() => (++asked === 4 ? 4 : count)))
      yield* run(
        world,
        Effect.gen(function* () {
          yield* world.end(1, tooFew)
          yield* pass("1 minute")
          assert.strictEqual((yield* tags).length, 4)
          count = 4
          yield* world.end(1, tooFew)
          yield* pass("1 minute")
          assert.strictEqual((yield* Bot.Runtime).accounts()[0]?.failure()?.reason, tooFew)
          assert.strictEqual(asked, 8)
        })
      )
    })
  )

  const session = (stream: string, shards: number | undefined): Position => ({
    stream,
    session: "old",
    seq: 7,
    startedAt: 0,
    shards
  })

  /** An account that finds these sessions in its store, under what the platform says to how many shards there are. */
  const finding = (sessions: ReadonlyArray<Position>, says: Effect.Effect<number, Gateway.GatewayError>) =>
    Effect.gen(function* () {
      const disk = Memory.make()
      const positions = sessions.map((position) => ({ account, stream: position.stream, position }))
      yield* Effect.provide(
        Store.use((store) => store.commit({ ...emptyCommit, positions })),
        disk.layer
      )
      const world = many(() => says)
      const gaps = yield* run(
        world,
        Effect.flatMap(Store, (store) => store.gaps(account)),
        disk.layer
      )
      return { begun: world.begun, gaps }
    })

  it.effect("resume a stored session under its own number of shards, and under no other", () =>
    Effect.gen(function* () {
      const both = [session("gateway/0", 2), session("gateway/1", 2)]
      const same = yield* finding(both, Effect.succeed(2))
      assert.deepStrictEqual(same, {
        begun: [
          [0, 2, 7],
          [1, 2, 7]
        ],
        gaps: []
      })
      const fewer = yield* finding(both, Effect.succeed(1))
      assert.deepStrictEqual(fewer.begun, [[0, 1, undefined]])
      assert.deepStrictEqual(
        fewer.gaps.map(({ stream, from }) => [stream, from]),
        [
          ["gateway/0", 7],
          ["gateway/1", 7]
        ]
      )
      // What an account with one connection stored before there were numbers.
      const single = yield* finding([session("gateway/0", undefined)], Effect.succeed(1))
      assert.deepStrictEqual(single, { begun: [[0, 1, 7]], gaps: [] })
    })
  )

  it.effect("keep to the number of their sessions while the platform cannot be asked", () =>
    Effect.gen(function* () {
      const down = Effect.fail(fail(new Gateway.ConnectionLost({ network: true })))
      const { begun, gaps } = yield* finding([session("gateway/0", 2), session("gateway/1", 2)], down)
      assert.deepStrictEqual(begun, [
        [0, 2, 7],
        [1, 2, 7]
      ])
      assert.deepStrictEqual(gaps, [])
    })
  )

  it.effect("without a session wait until the platform can be asked, seen as one that reconnects", () =>
    Effect.gen(function* () {
      let isDown = true
      const lost = Effect.fail(fail(new Gateway.ConnectionLost({ network: true })))
      const world = many(() => (isDown ? lost : Effect.succeed(2)))
      yield* run(
        world,
        Effect.gen(function* () {
          yield* pass("1 minute")
          assert.deepStrictEqual(yield* tags, ["Reconnecting"])
          isDown = false
          yield* pass("1 hour")
          assert.deepStrictEqual(yield* tags, ["Ready", "Ready"])
        })
      )
    })
  )

  it.effect("are not begun when the platform refuses to be asked: the account waits for a person", () =>
    Effect.gen(function* () {
      let asked = 0
      const world = many(() =>
        Effect.suspend(() => {
          asked++
          return Effect.fail(fail(banned))
        })
      )
      yield* run(
        world,
        Effect.gen(function* () {
          yield* pass("1 hour")
          assert.strictEqual((yield* Bot.Runtime).accounts()[0]?.failure()?.reason, banned)
          assert.deepStrictEqual([yield* tags, asked, world.begun.length], [["Failed"], 1, 0])
        })
      )
    })
  )
})
