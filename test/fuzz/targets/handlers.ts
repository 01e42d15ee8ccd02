/** What people write: commands, prefixes, names, state; and what handlers fail with. Through a whole bot in memory. */
import { Cause, Effect, Layer, ManagedRuntime, References, Schedule, Schema, Scope } from "effect"
import * as Bot from "../../../src/Bot.ts"
import { StatusStream } from "../../../src/engines/StatusStream.ts"
import * as Events from "../../../src/testing/Events.ts"
import * as FakePlatform from "../../../src/testing/FakePlatform.ts"
import * as TestApp from "../../../src/testing/TestApp.ts"
import type { Chance } from "../Chance.ts"
import { Ears } from "../Ears.ts"
import { fieldsOf, type Input, textOf, textsOf } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"

const words = (chance: Chance): string => Json.text(chance).replaceAll(Secrets.accessToken, "words")

/** Ways to fail that no type forbids. */
const circular: Record<string, unknown> = {}
circular["self"] = circular
const hostile = Object.defineProperty(new Error("x"), "message", {
  get: () => {
    throw new Error("do not look")
  }
})
const failures: Readonly<Record<string, (text: string) => Effect.Effect<never, unknown>>> = {
  text: (text) => Effect.fail(text),
  error: (text) => Effect.fail(new Error(text)),
  bigint: () => Effect.fail(10n),
  symbol: (text) => Effect.fail(Symbol(text)),
  nothing: () => Effect.fail(undefined),
  circular: () => Effect.fail(circular),
  bare: () => Effect.fail(Object.create(null)),
  hostile: () => Effect.fail(hostile),
  json: () =>
    Effect.fail({
      toJSON: () => {
        throw new Error("no JSON")
      }
    }),
  die: (text) => Effect.die(text),
  dieBare: () => Effect.die(Object.create(null)),
  dieHostile: () => Effect.die(hostile),
  throws: (text) => {
    throw new TypeError(text)
  },
  both: (text) => Effect.failCause(Cause.combine(Cause.fail(text), Cause.die(null))),
  interrupts: () => Effect.interrupt
}
const kinds = ["none", "none", "none", ...Object.keys(failures)] as unknown as readonly [
  string,
  ...ReadonlyArray<string>
]

const generate = (chance: Chance): Input => {
  const prefix = chance.pick(["!", "/", "", "!!", "！", " ", "\u0000", words(chance)])
  const name = chance.pick(["ping", "PING", "пинг", "İ", "ß", "", "a b", words(chance)])
  return {
    text: chance.oneIn(3)
      ? words(chance)
      : `${chance.pick(["", " ", "\n", "\u3000"])}${prefix}${name}${chance.pick(["", " ", "\t", "\u00a0"])}${words(chance)}`,
    prefixes: chance.times(chance.below(3), () => (chance.oneIn(2) ? prefix : words(chance))),
    name: chance.oneIn(2) ? name : "ping",
    from: chance.oneIn(3) ? words(chance) : "somebody",
    failure: chance.pick(kinds)
  }
}

const parse = (text: string, name: string, prefixes: ReadonlyArray<string>): void => {
  const args = Bot.parseCommand(text, name, prefixes)
  if (args === undefined) return
  const { rest, words } = args
  Oracle.must("arguments are whole", text.includes(rest) && rest === rest.trim(), () => JSON.stringify(rest))
  const split = words.filter((word) => word !== "")
  Oracle.must(
    "arguments are whole",
    split.join(" ") ===
      rest
        .split(/\s+/)
        .filter((it) => it !== "")
        .join(" "),
    () => JSON.stringify(words)
  )
}

const notes = Bot.userState({
  name: "notes",
  schema: Schema.Struct({ last: Schema.String, count: Schema.Number }),
  initial: { last: "", count: 0 }
})

const open = async (): Promise<Subject> => {
  const ears = new Ears()
  const fake = FakePlatform.make()
  let failure = "none"
  const features = Layer.mergeAll(
    Bot.command("ping", (event, { rest }) => Bot.reply(event, `pong ${rest}`)),
    Bot.on("MessageReceived", (event) =>
      Effect.gen(function* () {
        const state = yield* notes.update(event, ({ count }) => ({ last: event.text, count: count + 1 }))
        Oracle.must("state comes back", (yield* notes.get(event)).last === state.last, () => "another text")
        const fail = failures[failure]
        if (fail !== undefined && event.text !== "good") yield* fail(event.text)
        if (event.text === "good") yield* Bot.reply(event, "well")
      })
    )
  )
  const quick = { redeliver: Schedule.recurs(1), health: false } as const
  const runtime = ManagedRuntime.make(
    features.pipe(
      Layer.provideMerge(TestApp.layer(fake, quick)),
      Layer.provideMerge(ears.layer),
      Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "Debug"))
    )
  )
  await runtime.runPromise(TestApp.start)
  let ended = 0
  const listening = StatusStream.use(({ listen }) =>
    listen((news) => {
      if (news._tag === "EventDeadLettered") ended++
    })
  )
  await runtime.runPromise(Scope.provide(listening, runtime.scope))
  let n = 0

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const text = textOf(given["text"])
    parse(text, textOf(given["name"]), textsOf(given["prefixes"]))
    failure = textOf(given["failure"], "none")
    const where = `room ${++n}`
    const sent = fake.sent().length
    const good = Events.message({ text: "good", in: where })
    await runtime.runPromise(fake.emit(Events.message({ text, in: where, from: textOf(given["from"], "a") }), good))
    // The lane goes on behind whatever happened: the good one is answered.
    await runtime.runPromise(fake.awaitSent(sent + 1))
    const [account] = await runtime.runPromise(Bot.status)
    Oracle.must(
      "lanes end",
      account !== undefined && account.eventsDead === ended,
      () => "a dead letter was not told of"
    )
    ears.judge()
  }
  return { run, close: () => runtime.dispose() }
}

export const handlers: Target = {
  name: "handlers",
  about: "what people write, and what handlers fail with",
  share: 60,
  renew: 500,
  generate,
  open
}
