/**
 * What features and platforms plug into: the register of handlers and accounts, on the engines that all share.
 */
import { Context, Deferred, Effect, Latch, Layer, type Scope } from "effect"
import type { DeadLetter } from "../domain/DeadLetter.ts"
import type { EventKind, EventOf } from "../domain/Event.ts"
import type { GatewayError } from "../domain/GatewayError.ts"
import type { NewMessage } from "../domain/Message.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { Interest, Platform } from "../ports/Platform.ts"
import { Store } from "../ports/Store.ts"
import * as Account from "./Account.ts"
import { check } from "./account/Options.ts"
import * as Handler from "./Handlers.ts"
import { Handlers } from "./Handlers.ts"
import type { Inbox } from "./Inbox.ts"
import { Journal, type JournalOptions } from "./Journal.ts"
import * as Kept from "./Kept.ts"
import * as Retention from "./Retention.ts"
import * as Spans from "./Spans.ts"
import type { Turn } from "./Turn.ts"
import * as Verdicts from "./Verdicts.ts"

export interface Options extends Account.AccountOptions, JournalOptions, Retention.RetentionOptions {
  /** What commands begin with. @defaultValue ["!", "/"] */
  readonly prefix?: string | ReadonlyArray<string> | undefined
  /** Where events wait for their handlers: `Inbox.layer`, or `Inbox.layerVolatile` for speed without promises. */
  readonly inbox?: Layer.Layer<Inbox, never, Journal> | undefined
  /**
   * Whether accounts connect by themselves once no handler was added for a second. `Bot.launch` knows when its app is
   * built and does not guess. @defaultValue true
   */
  readonly startsWhenQuiet?: boolean | undefined
}

export class Runtime extends Context.Service<
  Runtime,
  {
    readonly prefixes: ReadonlyArray<string>
    /** Adds a handler until the scope closes; `only` says that it ignores all but events of one name. */
    readonly handle: <K extends EventKind>(
      kind: K,
      handler: Handler.Handler<EventOf<K>>,
      only?: Interest["only"]
    ) => Effect.Effect<void, never, Scope.Scope>
    /** What the handlers of features wait for, so that platforms can look whether it can ever come. */
    readonly interests: () => ReadonlyArray<Interest>
    /** Starts an account until the scope closes. `options` go before those of `Bot.layerWith`. */
    readonly attach: (
      platform: Platform,
      options?: Account.AccountOptions
    ) => Effect.Effect<Account.Account, never, Scope.Scope>
    readonly accounts: () => ReadonlyArray<Account.Account>
    readonly deadLetters: Store["Service"]["deadLetters"]
    /** Gives a dead letter another life and hands it to its account; false when there is none such. */
    readonly requeue: (letter: Pick<DeadLetter, "_tag" | "id">) => Effect.Effect<boolean, StoreError>
    readonly discard: Store["Service"]["discard"]
    readonly gaps: Store["Service"]["gaps"]
    /** A small JSON text that survives a restart, kept with the journal; for platforms' own bookkeeping. */
    readonly keep: (key: string) => Kept.Kept
    /** Draws the way of messages as spans until the scope closes; in the place of what drew them before. */
    readonly draw: (drawing: Spans.Drawing) => Effect.Effect<void, never, Scope.Scope>
    /** Stores a message outside of a turn; completes when it is durable. */
    readonly send: (message: NewMessage) => Effect.Effect<void>
    /**
     * Lets the accounts connect. `Bot.launch` does it when the whole app is built; without it they wait until no
     * handler was added for a second, so that no event meets an app that is half there.
     */
    readonly start: Effect.Effect<void>
    readonly hasStarted: () => boolean
    /**
     * Stops every account in order: intake, lanes, outbox. To be done before the layers of an app are torn down, because
     * they go all at once: an event that meets an app without its handler would pass for one that nobody wanted.
     */
    readonly drain: Effect.Effect<void>
    /** Never succeeds: fails when the store is unusable, or when every account gave up. */
    readonly fatal: Effect.Effect<never, StoreError | GatewayError>
  }
>()("everbot/Runtime") {}

/** Builds the runtime on its engines. Settings that cannot work are a defect: a `ConfigError` that names the mend. */
export const make = Effect.fnUntraced(function* (options: Options) {
  yield* Effect.orDie(check(options))
  const store = yield* Store
  const handlers = yield* Handlers
  const journal = yield* Journal
  const services = yield* Effect.context<Account.Services>()
  const started = Latch.makeUnsafe(false)
  let hasStarted = false
  const accounts = new Set<Account.Account>()
  const spans = new Spans.Spans()
  const interests = new Set<Interest>()
  const gaveUp = yield* Latch.make(false)

  const startWhenQuiet = Effect.gen(function* () {
    for (let seen = -1; seen !== handlers.revision() || accounts.size === 0; ) {
      seen = handlers.revision()
      yield* Effect.sleep("1 second")
    }
    hasStarted = true
    started.openUnsafe()
  })
  if (options.startsWhenQuiet ?? true) yield* Effect.forkScoped(startWhenQuiet)
  yield* Retention.start(options)

  const self: Runtime["Service"] = {
    prefixes: typeof options.prefix === "string" ? [options.prefix] : (options.prefix ?? ["!", "/"]),
    handle: (kind, handler, only) =>
      Effect.andThen(
        Effect.acquireRelease(
          Effect.sync(() => {
            const interest = { kind, only }
            interests.add(interest)
            return interest
          }),
          (interest) => Effect.sync(() => interests.delete(interest))
        ),
        handlers.add(kind, handler)
      ),
    interests: () => Array.from(interests),
    attach: Effect.fnUntraced(function* (platform, own) {
      // Before the account, so that it goes after it: a verdict that met nobody would count as handled.
      const reviews = yield* Verdicts.listen(platform, { store, journal, handlers })
      const account = yield* Account.start(platform, started, () => gaveUp.openUnsafe(), { ...options, ...own }).pipe(
        Effect.provideContext(Context.add(services, Spans.CurrentSpans, spans))
      )
      yield* Deferred.succeed(reviews, account.relay)
      yield* Effect.acquireRelease(
        Effect.sync(() => accounts.add(account)),
        () => Effect.sync(() => accounts.delete(account))
      )
      return account
    }),
    accounts: () => Array.from(accounts),
    deadLetters: store.deadLetters,
    discard: store.discard,
    // What was just recorded may be on its way.
    gaps: (account) => Effect.andThen(journal.flush, store.gaps(account)),
    requeue: (letter) =>
      Effect.map(store.requeue(letter), (revived) => {
        if (revived === undefined) return false
        const owner = Array.from(accounts).find(({ platform }) => platform.account === revived.conversation.account)
        // Of an account that does not run here, it waits in the store for the next start.
        owner?.revive(revived)
        return true
      }),
    keep: (key) => Kept.make({ store, journal }, key),
    draw: (drawing) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          spans.current = drawing
        }),
        () =>
          Effect.sync(() => {
            if (spans.current === drawing) spans.current = undefined
          })
      ),
    send: (message) =>
      Effect.suspend(() => {
        const account = Array.from(accounts).find(({ platform }) => platform.account === message.conversation.account)
        return account === undefined
          ? Effect.die(new Error(`there is no account ${message.conversation.account}`))
          : account.send([message])
      }),
    start: Effect.sync(() => {
      hasStarted = true
      started.openUnsafe()
    }),
    hasStarted: () => hasStarted,
    drain: Effect.suspend(() =>
      Effect.forEach(Array.from(accounts), ({ stop }) => stop, { concurrency: "unbounded", discard: true })
    ),
    fatal: Effect.raceFirst(
      journal.fatal,
      Effect.gen(function* () {
        for (;;) {
          yield* gaveUp.await
          const failures = Array.from(accounts, (account) => account.failure())
          const first = failures[0]
          if (first !== undefined && failures.every((failure) => failure !== undefined)) return yield* first
          gaveUp.closeUnsafe()
        }
      })
    )
  }
  return self
})

/**
 * A Layer that runs `handler` for events of a kind. The turn is not among the services captured here: it is added
 * each time the handler runs. `only` says that the handler ignores all but events of one name.
 */
export const register = <K extends EventKind, A, E, R>(
  kind: K,
  handler: (event: EventOf<K>) => Effect.Effect<A, E, R>,
  only?: Interest["only"]
): Layer.Layer<never, never, Runtime | Exclude<R, Provided>> => {
  const registered = Layer.effectDiscard(
    Effect.gen(function* () {
      const runtime = yield* Runtime
      yield* runtime.handle(kind, Handler.make(handler, yield* Effect.context<R>()), only)
      // An app that is torn down must not meet events without its handlers: they would pass for unwanted.
      if (!runtime.hasStarted()) yield* Effect.addFinalizer(() => runtime.drain)
    })
  )
  return registered as Layer.Layer<never, never, Runtime | Exclude<R, Provided>>
}

/** What a handler may use besides its own services. */
export type Provided = Turn | Runtime
