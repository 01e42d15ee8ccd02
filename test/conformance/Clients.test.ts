/**
 * Bots on libraries that nobody here wrote, unmodified, each as a process of its own on the simulated QQ: that they hear,
 * answer and find back through its faults shows that it speaks the protocol they know from the real one. The books judge.
 */
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Books, Faults, QqSimulator } from "everbot/simulator"
import * as Child from "../guarantees/support/Child.ts"
import { say, talkingWhile } from "../guarantees/support/Crowd.ts"
import type { Mode } from "../guarantees/support/Mode.ts"
import * as World from "../guarantees/support/World.ts"
import { frames, group, member } from "../platforms/qq/fixtures.ts"

interface Client {
  readonly name: string
  readonly program: string
  /** It refreshes its token so many seconds before the end. */
  readonly refreshesAt: number
  /**
   * It resumes its session wherever QQ allows it, so that nothing is missing. The other one begins a new session after
   * most cuts, and leaves behind what was said meanwhile.
   */
  readonly resumes: boolean
}

const clients: ReadonlyArray<Client> = [
  { name: "qq-official-bot 1.0.13", program: "qq-official-bot.mjs", refreshesAt: 60, resumes: false },
  { name: "@satorijs/adapter-qq 4.11.0", program: "satori.mjs", refreshesAt: 40, resumes: true }
]

const everywhere: ReadonlyArray<QqSimulator.Place> = [
  { kind: "group", id: group },
  { kind: "direct", id: "E4F4AEA33253A2797FB897C50B81D7ED" },
  { kind: "channel", id: "100010" },
  { kind: "guildDirect", id: "9876543210001" }
]
const [chat] = everywhere as readonly [QqSimulator.Place]

const start = Effect.fnUntraced(function* ({ program }: Client, options?: QqSimulator.Options, mode?: Mode) {
  const simulator = yield* World.platform(options, mode)
  const file = fileURLToPath(new URL(`./clients/${program}`, import.meta.url))
  const child = yield* Child.launch(simulator, "none", { program: file })
  const isThere = ({ identifies, validations }: Books) =>
    identifies.some(({ session }) => session !== undefined) || validations.some(({ accepted }) => accepted)
  yield* simulator.until(isThere).pipe(World.within(20_000, "the client to be there"))
  return { simulator, child }
})

/** The platform understood all that the client sent: it closed no connection for a bad frame and knew every route. */
const assertUnderstood = ({ books }: QqSimulator.QqSimulator, child: Child.Child) => {
  const misunderstood = [4001, 4002, 4003, 4005, 4007, 4010, 4013]
  const closes = books.closes.filter(({ byPlatform, code }) => byPlatform && misunderstood.includes(code))
  assert.deepStrictEqual([closes, books.count("route:unknown")], [[], 0], child.output())
}

const connections = ({ identifies, resumes }: Books): number =>
  [...identifies, ...resumes].filter(({ refused }) => refused === undefined).length

/** Waits, while people talk, until something that is said from now on is answered. */
const answering = (simulator: QqSimulator.QqSimulator, child: Child.Child, what: string) =>
  Effect.suspend(() => {
    const from = simulator.books.offered.length
    return simulator.until(({ offered }) => offered.slice(from).some(({ replies }) => replies.length > 0))
  }).pipe(
    talkingWhile(simulator, [chat], 50),
    Effect.timeoutOrElse({
      duration: 15_000,
      orElse: () => Effect.die(new Error(`no answer after ${what}: ${child.output()}`))
    })
  )

/** What a fault that cuts the connection leaves of the session, and of the answers that are on their way. */
interface Cut {
  readonly after: string
  readonly fault: Faults.Fault
  readonly keepsSession: boolean
  /** The platform could not be reached: neither client sends an answer again that found nobody. */
  readonly losesAnswers?: true
}

const cuts: ReadonlyArray<Cut> = [
  { after: "a cut", fault: { kind: "cut", by: "rst" }, keepsSession: true },
  { after: "op 7", fault: { kind: "reconnect" }, keepsSession: true },
  { after: "close 4009", fault: { kind: "close", code: 4009 }, keepsSession: true },
  { after: "op 9", fault: { kind: "invalidSession", resumable: false }, keepsSession: false },
  {
    after: "a restart of the platform",
    fault: { kind: "restart", ms: 300, keepSessions: true },
    keepsSession: true,
    losesAnswers: true
  },
  {
    after: "a restart that forgets the sessions",
    fault: { kind: "restart", ms: 300, keepSessions: false },
    keepsSession: false,
    losesAnswers: true
  }
]

const answersAndAcknowledges = (client: Client, mode?: Mode): void => {
  it.live("hears every kind of chat and answers each message once, with what was said", () =>
    Effect.gen(function* () {
      const { child, simulator } = yield* start(client, {}, mode)
      const said = everywhere.map((place) => say(simulator, place, `to ${place.kind}`))
      yield* simulator.settled.pipe(World.within(20_000, `answers: ${child.output()}`))
      World.assertFair(simulator, child.output())
      assert.deepStrictEqual(
        // Without a READY, qq-official-bot does not know its own id and leaves the mention of it in the text.
        said.map(({ replies }) => replies.map(({ text }) => text.replace(/^<@\d+> /, ""))),
        everywhere.map(({ kind }) => [`to ${kind}`])
      )
      assertUnderstood(simulator, child)
    })
  )

  it.live("learns that it was added to a group, and acknowledges a pressed button", () =>
    Effect.gen(function* () {
      const { child, simulator } = yield* start(client, {}, mode)
      yield* simulator.emit("GROUP_ADD_ROBOT", frames.GROUP_ADD_ROBOT.envelope.d)
      yield* simulator.emit("INTERACTION_CREATE", frames.INTERACTION_CREATE.envelope.d)
      yield* simulator
        .until(({ interactions }) => interactions.length > 0)
        .pipe(World.within(20_000, `an acknowledgement: ${child.output()}`))
      assert.deepStrictEqual(
        simulator.books.interactions.map(({ code, id }) => [id, code]),
        [["b2f1c0de-7c55-4a55-9a5e-0c9f1d2e3f40", 0]]
      )
      // What was printed is read by the time that an answer came, too.
      yield* answering(simulator, child, "a button")
      assert.include(child.output(), `added to ${group} by ${member}`)
    })
  )
}

for (const client of clients) {
  describe.concurrent(`a bot on ${client.name}`, () => {
    answersAndAcknowledges(client)

    it.live("keeps its connection alive by heartbeats", () =>
      Effect.gen(function* () {
        const { child, simulator } = yield* start(client)
        yield* simulator
          .until(({ heartbeats }) => heartbeats.length >= 2)
          .pipe(World.within(20_000, `heartbeats: ${child.output()}`))
        assert.isTrue(simulator.books.heartbeats.every(({ acknowledged }) => acknowledged))
        assert.deepStrictEqual(simulator.books.closes, [])
        assertUnderstood(simulator, child)
      })
    )

    for (const { after, fault, keepsSession, losesAnswers } of cuts) {
      it.live(`finds back after ${after}`, () =>
        Effect.gen(function* () {
          const { child, simulator } = yield* start(client)
          yield* answering(simulator, child, "the start")
          const before = connections(simulator.books)
          yield* simulator.fault(fault)
          yield* simulator
            .until((books) => connections(books) > before)
            .pipe(talkingWhile(simulator, [chat], 50), World.within(20_000, `a new connection: ${child.output()}`))
          yield* answering(simulator, child, after)
          if (client.resumes) {
            if (!losesAnswers) yield* simulator.settled.pipe(World.within(20_000, `the rest: ${child.output()}`))
            const resumed = simulator.books.resumes.some(({ refused }) => refused === undefined)
            assert.strictEqual(resumed, keepsSession, child.output())
          }
          assert.deepStrictEqual(simulator.books.judge().duplicated, [], child.output())
          assertUnderstood(simulator, child)
        })
      )
    }

    it.live("goes on with a new token after its own died early", () =>
      Effect.gen(function* () {
        const { child, simulator } = yield* start(client, { tokenLifetime: `${client.refreshesAt + 1} seconds` })
        yield* answering(simulator, child, "the start")
        yield* simulator.fault({ kind: "expireToken" })
        yield* simulator
          .until((books) => books.sent.length > 0 && books.count("status:401") > 0)
          .pipe(talkingWhile(simulator, [chat], 50), World.within(20_000, "a refused answer"))
        yield* answering(simulator, child, "the end of the token")
        assert.isAtLeast(simulator.books.count("route:token"), 2)
        assert.strictEqual(connections(simulator.books), 1)
      })
    )
  })
}

const [officialBot] = clients as readonly [Client, ...ReadonlyArray<Client>]

describe.concurrent(`a bot on ${officialBot.name} that is called by webhook`, () => {
  answersAndAcknowledges(officialBot, "webhook")

  it.live("takes calls that pause, and calls that broke off and come again", () =>
    Effect.gen(function* () {
      const { child, simulator } = yield* start(officialBot, {}, "webhook")
      yield* simulator.fault({ kind: "webhookTruncated", times: 1 })
      yield* simulator.fault({ kind: "webhookSlow", times: 1, ms: 100 })
      for (const place of everywhere) say(simulator, place)
      yield* simulator.settled.pipe(World.within(20_000, `answers: ${child.output()}`))
      World.assertFair(simulator, child.output())
    })
  )

  it.live("refuses calls with signatures of another key", () =>
    Effect.gen(function* () {
      const { child, simulator } = yield* start(officialBot, {}, "webhook")
      yield* simulator.fault({ kind: "webhookForged", times: 3 })
      yield* simulator
        .until(({ hostile }) => hostile.length >= 3)
        .pipe(World.within(20_000, `refusals: ${child.output()}`))
      assert.deepStrictEqual(
        simulator.books.hostile.map(({ status }) => status),
        [401, 401, 401]
      )
      yield* answering(simulator, child, "forged calls")
      assert.notInclude(child.output(), "forged")
    })
  )

  it.live("goes on answering after a restart of the platform", () =>
    Effect.gen(function* () {
      const { child, simulator } = yield* start(officialBot, {}, "webhook")
      yield* answering(simulator, child, "the start")
      yield* simulator.fault({ kind: "restart", ms: 300 })
      yield* answering(simulator, child, "a restart")
      assert.deepStrictEqual(simulator.books.judge().duplicated, [], child.output())
    })
  )
})
