/**
 * What `Bot.layer` builds: the engines that all accounts share, and the register of handlers and accounts.
 */
import { Context, Effect, Latch, Layer, type Scope } from "effect"
import type { GatewayError } from "../domain/GatewayError.ts"
import type { NewMessage } from "../domain/Message.ts"
import type { StoreError } from "../domain/StoreError.ts"
import * as Account from "../engines/Account.ts"
import { Handlers } from "../engines/Handlers.ts"
import { Inbox } from "../engines/Inbox.ts"
import { Journal, type JournalOptions } from "../engines/Journal.ts"
import { StateCache } from "../engines/StateCache.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { StatusLog } from "../monitor/StatusLog.ts"
import type { Platform } from "../ports/Platform.ts"
import type { Store } from "../ports/Store.ts"

export interface Options extends Account.AccountOptions, JournalOptions {
  /** What commands begin with. @defaultValue ["!", "/"] */
  readonly prefix?: string | ReadonlyArray<string> | undefined
  /** Where events wait for their handlers: `Inbox.layer`, or `Inbox.layerVolatile` for speed without promises. */
  readonly inbox?: Layer.Layer<Inbox, never, Journal> | undefined
}

export class Runtime extends Context.Service<
  Runtime,
  {
    readonly prefixes: ReadonlyArray<string>
    /** Adds a handler until the scope closes. */
    readonly handle: Handlers["Service"]["add"]
    /** Starts an account until the scope closes. `options` go before those of `Bot.layerWith`. */
    readonly attach: (
      platform: Platform,
      options?: Account.AccountOptions
    ) => Effect.Effect<Account.Account, never, Scope.Scope>
    readonly accounts: () => ReadonlyArray<Account.Account>
    /** Stores a message outside of a turn; completes when it is durable. */
    readonly send: (message: NewMessage) => Effect.Effect<void>
    /**
     * Lets the accounts connect. `Bot.launch` does it when the whole app is built; without it they wait until no
     * handler was added for a second, so that no event meets an app that is half there.
     */
    readonly start: Effect.Effect<void>
    /** Never succeeds: fails when the store is unusable, or when every account gave up. */
    readonly fatal: Effect.Effect<never, StoreError | GatewayError>
  }
>()("everbot/Runtime") {}

const make = Effect.fnUntraced(function* (options: Options) {
  const handlers = yield* Handlers
  const journal = yield* Journal
  const services = yield* Effect.context<Account.Services>()
  const started = Latch.makeUnsafe(false)
  const accounts = new Set<Account.Account>()
  const gaveUp = yield* Latch.make(false)

  const startWhenQuiet = Effect.gen(function* () {
    for (let seen = -1; seen !== handlers.revision() || accounts.size === 0; ) {
      seen = handlers.revision()
      yield* Effect.sleep("1 second")
    }
    started.openUnsafe()
  })
  yield* Effect.forkScoped(startWhenQuiet)

  const self: Runtime["Service"] = {
    prefixes: typeof options.prefix === "string" ? [options.prefix] : (options.prefix ?? ["!", "/"]),
    handle: handlers.add,
    attach: Effect.fnUntraced(function* (platform, own) {
      const account = yield* Account.start(platform, started, { ...options, ...own }).pipe(
        Effect.provideContext(services)
      )
      yield* Effect.acquireRelease(
        Effect.sync(() => accounts.add(account)),
        () => Effect.sync(() => accounts.delete(account))
      )
      yield* Effect.forkScoped(Effect.catch(account.gaveUp, () => gaveUp.open))
      return account
    }),
    accounts: () => Array.from(accounts),
    send: (message) =>
      Effect.suspend(() => {
        const account = Array.from(accounts).find(({ platform }) => platform.account === message.conversation.account)
        return account === undefined
          ? Effect.die(new Error(`there is no account ${message.conversation.account}`))
          : account.send([message])
      }),
    start: Effect.sync(() => started.openUnsafe()),
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

/** The runtime with other settings than the defaults. */
export const layerWith = (options: Options): Layer.Layer<Runtime, never, Store> =>
  Layer.effect(Runtime, make(options)).pipe(
    Layer.provide(StatusLog.layer),
    Layer.provideMerge(options.inbox ?? Inbox.layer),
    Layer.provideMerge(Journal.layer(options)),
    Layer.provideMerge(Layer.mergeAll(StatusStream.layer, StateCache.layer, Handlers.layer))
  )

/** The runtime that handlers and accounts need. Requires a Store: `Sqlite.layer`, or `Memory.layer` for tests. */
export const layer: Layer.Layer<Runtime, never, Store> = layerWith({})
