/** The bot under test, as a user would write it. Every message says what its handler shall do. */
import { Effect, Layer, Random, Schema } from "effect"
import * as Bot from "../../src/Bot.ts"
import type { Conversation } from "../../src/domain/Conversation.ts"
import type { MessageReceived } from "../../src/domain/Event.ts"
import type { StoreError } from "../../src/domain/StoreError.ts"
import * as Autosave from "../../src/engines/Autosave.ts"
import type { Turn } from "../../src/engines/Turn.ts"
import type { SnapshotStore } from "../../src/ports/SnapshotStore.ts"
import type { Verb } from "./Plan.ts"

/** What the simulation wants to know of the handlers: written down outside of the bot. */
export interface Witness {
  readonly began: (event: MessageReceived, attempt: number) => void
  readonly ended: (event: MessageReceived) => void
  /** A message outside of a turn was promised to be durable. */
  readonly announced: (text: string) => void
  /** The saved state changed in memory, or was read at the start. */
  readonly total: (total: number) => void
  readonly restored: (total: number) => void
  readonly runtime: (runtime: Bot.Runtime["Service"]) => void
}

export interface Command {
  readonly n: number
  readonly verb: Verb
  readonly argument: number
}

export const sentence = ({ argument, n, verb }: Command): string => `#${n} ${verb} ${argument}`

export const parse = (text: string): Command | undefined => {
  const [, n = "", verb = "", argument = ""] = /#(\d+) (\w+) (\d+)/.exec(text) ?? []
  return n === "" ? undefined : { n: Number(n), verb: verb as Verb, argument: Number(argument) }
}

const inRoom = Bot.conversationState({ name: "count", schema: Schema.Int, initial: 0 })
const ofUser = Bot.userState({ name: "count", schema: Schema.Int, initial: 0 })
const put = Bot.conversationState({ name: "put off", schema: Schema.Array(Schema.Int), initial: [] })
const observed = Bot.conversationState({ name: "observed", schema: Schema.Int, initial: 0 })

/** Where the answers to `elsewhere` go. */
export const elsewhere = (account: string): Conversation => ({ account, kind: "direct", id: "E".repeat(32) })

type Handler = (
  event: MessageReceived,
  command: Command,
  save: Effect.Effect<unknown>
) => Effect.Effect<unknown, unknown, Bot.Runtime | Turn>

const echo: Handler = (event, { n }) => Bot.reply(event, `#${n}`)

/** Counts in two places that different conversations share in part, and says both. */
const count: Handler = (event, { n }) =>
  Effect.gen(function* () {
    const room = yield* inRoom.update(event, (before) => before + 1)
    const user = yield* ofUser.update(event, (before) => before + 1)
    yield* Bot.reply(event, `#${n} room ${room} user ${user}`)
  })

/** Leaves something that must not come to anything, then fails so many times. */
const fail =
  (times: (command: Command) => number): Handler =>
  (event, command, save) =>
    Effect.gen(function* () {
      if ((yield* Bot.attempt) > times(command)) return yield* count(event, command, save)
      yield* inRoom.update(event, (before) => before + 1000)
      yield* Bot.reply(event, `#${command.n} must not be said`)
      return yield* Effect.fail("told to fail")
    })

const handlers: Readonly<Record<Verb, Handler>> = {
  echo,
  count,
  twice: (event, { n }) => Effect.andThen(Bot.reply(event, `#${n} one`), Bot.reply(event, `#${n} two`)),
  skip: (event, { n }) =>
    Effect.gen(function* () {
      yield* inRoom.update(event, (before) => before + 1000)
      yield* Bot.reply(event, `#${n} must not be said`)
      return yield* Bot.skip
    }),
  later: (event, command, save) =>
    Effect.gen(function* () {
      const before = yield* put.get(event)
      if (before.includes(command.n)) return yield* count(event, command, save)
      yield* put.set(event, [...before, command.n])
      return yield* Bot.later(command.argument * 1000)
    }),
  fail: fail(({ argument }) => argument),
  failForEver: fail(() => Number.POSITIVE_INFINITY),
  die: (event, { n }) => Effect.andThen(Bot.reply(event, `#${n} must not be said`), Effect.die("told to die")),
  hang: ({ messageId }) =>
    // Every other one cannot even be interrupted.
    messageId.charCodeAt(messageId.length - 1) % 2 === 0 ? Effect.never : Effect.uninterruptible(Effect.never),
  slow: (event, { argument, n }) =>
    Effect.gen(function* () {
      // Time between reading and writing is when another conversation of the same person comes in between.
      const user = yield* ofUser.get(event)
      yield* Effect.sleep(argument)
      yield* ofUser.set(event, user + 1)
      const room = yield* inRoom.update(event, (before) => before + 1)
      yield* Bot.reply(event, `#${n} room ${room} user ${user + 1}`)
    }),
  elsewhere: (event, { n }) =>
    Effect.andThen(Bot.send(elsewhere(event.account), `#${n} elsewhere`), Bot.reply(event, `#${n}`)),
  urgent: (event, { n }) => Bot.reply(event, `#${n}`, { priority: "high" }),
  brief: (event, { n }) => Bot.reply(event, `#${n}`, { within: "20 seconds" }),
  afterwards: (event, { argument, n }) => Bot.reply(event, `#${n}`, { after: argument * 1000 }),
  straggler: (event, { argument, n }) =>
    Effect.forkDetach(Effect.andThen(Effect.sleep(argument), Bot.reply(event, `#${n}`))),
  save: (event, { n }, save) => Effect.andThen(save, Bot.reply(event, `#${n}`))
}

export interface Shape {
  readonly hasObserver: boolean
  /** Accounts that say something unasked now and then. */
  readonly announcers: ReadonlyArray<string>
}

export const features = (
  witness: Witness,
  shape: Shape
): Layer.Layer<never, StoreError, Bot.Runtime | SnapshotStore> => {
  const observer = Bot.on("MessageReceived", (event) => observed.update(event, (before) => before + 1))
  const look = Layer.effectDiscard(Effect.map(Bot.Runtime, witness.runtime))
  return Layer.mergeAll(
    main(witness),
    look,
    shape.hasObserver ? observer : Layer.empty,
    ...shape.announcers.map(announcer(witness))
  )
}

const main = (witness: Witness): Layer.Layer<never, StoreError, Bot.Runtime | SnapshotStore> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const total = yield* Autosave.make({ name: "total", schema: Schema.Int, initial: 0, every: "20 seconds" })
      witness.restored(yield* total.get)
      const save = Effect.map(
        total.update((before) => before + 1),
        witness.total
      )
      return Bot.on("MessageReceived", (event) =>
        Effect.gen(function* () {
          const command = parse(event.text)
          witness.began(event, yield* Bot.attempt)
          if (command === undefined) return
          yield* Effect.ensuring(
            handlers[command.verb](event, command, save),
            Effect.sync(() => witness.ended(event))
          )
        })
      )
    })
  )

/** Says something unasked now and then, once its account is there. */
const announcer =
  (witness: Witness) =>
  (account: string): Layer.Layer<never, never, Bot.Runtime> =>
    Layer.effectDiscard(
      Effect.gen(function* () {
        const runtime = yield* Bot.Runtime
        const announce = Effect.gen(function* () {
          yield* Effect.sleep("7 seconds")
          if (!runtime.accounts().some(({ platform }) => platform.account === account)) return
          const text = `announcement ${(yield* Random.next).toString(36).slice(2, 12)}`
          yield* Bot.send(elsewhere(account), text)
          witness.announced(text)
        })
        yield* Effect.forkScoped(Effect.forever(announce))
      })
    )
