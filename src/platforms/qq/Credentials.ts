/**
 * Keeps a valid access token for one bot.
 *
 * - one request at a time, however many ask; who asks while a valid token is there gets it at once
 * - renewed in the last minute of its life, when the platform hands out a new one while the old one stays valid; the
 *   renewal never stops, whatever life the platform says a token has left
 * - the token and the secret appear in no error, log or span
 */
import { Cause, Clock, Context, Deferred, Duration, Effect, Exit, Latch, Layer, Redacted, type Scope } from "effect"
import { HttpClient } from "effect/http"
import * as CredentialError from "../../domain/CredentialError.ts"
import * as Schedules from "../../engines/Schedules.ts"
import type { CredentialsView } from "../../ports/Platform.ts"
import { accountOf, type QqConfig } from "./Config.ts"
import { complaint, exchange, type Failure, integer, jsonRequest } from "./Http.ts"
import { codeReason, statusReason } from "./TokenCode.ts"

export interface Keeper {
  /** A token that the platform should accept; waits for one if need be. */
  readonly get: Effect.Effect<Redacted.Redacted<string>, CredentialError.CredentialError>
  /** Drops the token in hand, so that the next `get` asks the platform. */
  readonly invalidate: Effect.Effect<void>
  /** Drops this token; does nothing if another one has taken its place, so that late refusals do no harm. */
  readonly reject: (token: Redacted.Redacted<string>) => Effect.Effect<void>
  /** What is known, without asking. */
  readonly view: () => CredentialsView
}

interface Token {
  readonly value: Redacted.Redacted<string>
  /** Epoch milliseconds. */
  readonly usableUntil: number
  readonly renewAt: number
}

/** Before this much of its life is left, the platform answers with the token we have. */
const renewBefore = Duration.seconds(40)
/** A token is not handed out so close to its end. */
const margin = Duration.seconds(5)
/** Between two renewals, however short the lives the platform names: it also limits calls for tokens. */
const floor = Duration.seconds(5)
/** Between renewals that were refused for good: a person may mend it in the console. */
const refusedPause = Duration.minutes(5)

const make = Effect.fnUntraced(function* (
  config: QqConfig
): Effect.fn.Return<Keeper, never, HttpClient.HttpClient | Scope.Scope> {
  const client = yield* HttpClient.HttpClient
  const scope = yield* Effect.scope
  const account = accountOf(config)
  let current: Token | undefined
  let failure: CredentialError.CredentialError | undefined
  let asking: Deferred.Deferred<Token, CredentialError.CredentialError> | undefined
  const held = yield* Latch.make(false)
  const ended = Exit.fail(
    new CredentialError.CredentialError({
      account,
      reason: new CredentialError.Unreachable({ detail: "the keeper of the access token has ended" })
    })
  )

  const drop = (): void => {
    current = undefined
    held.closeUnsafe()
  }

  const ask = request(client, config).pipe(
    Effect.map((token) => {
      current = token
      failure = undefined
      held.openUnsafe()
      return token
    }),
    Effect.mapError((reason) => {
      failure = new CredentialError.CredentialError({ account, reason })
      return failure
    }),
    Effect.withSpan("QqCredentials.ask")
  )

  /** The request lives in the keeper's scope: a caller who leaves does not take it from the others. */
  const renew = Effect.uninterruptibleMask((restore) => {
    const waiting = asking
    if (waiting !== undefined) return restore(Deferred.await(waiting))
    const answer = Deferred.makeUnsafe<Token, CredentialError.CredentialError>()
    asking = answer
    return Effect.flatMap(Effect.forkIn(ask, scope), (fiber) => {
      // An observer, not a finalizer: a fiber forked into a closed scope ends without having begun.
      fiber.addObserver((exit) => {
        asking = undefined
        Deferred.doneUnsafe(answer, Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? ended : exit)
      })
      return restore(Deferred.await(answer))
    })
  })

  const get = Effect.clockWith((clock) =>
    current !== undefined && clock.currentTimeMillisUnsafe() < current.usableUntil
      ? Effect.succeed(current.value)
      : Effect.map(renew, (token) => token.value)
  )

  const keepFresh = Effect.gen(function* () {
    yield* held.await
    const token = current
    if (token === undefined) return
    const now = yield* Clock.currentTimeMillis
    yield* Effect.sleep(Duration.millis(Math.max(0, token.renewAt - now)))
    // Somebody else may have renewed or dropped it meanwhile.
    if (current !== token) return
    const exit = yield* Effect.exit(Effect.retry(renew, Schedules.credentials()))
    if (Exit.isFailure(exit)) {
      yield* Effect.logWarning("the access token could not be renewed", exit.cause)
      yield* Effect.sleep(refusedPause)
    }
  }).pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(Effect.logError("the keeper of the access token failed and goes on", cause), Effect.sleep(floor))
    ),
    Effect.annotateLogs({ account })
  )
  yield* Effect.forkIn(Effect.forever(keepFresh), scope)

  return {
    get,
    invalidate: Effect.sync(drop),
    view: () => ({ usableUntil: current?.usableUntil, failure }),
    reject: (token) =>
      Effect.sync(() => {
        if (current?.value === token) drop()
      })
  }
})

const request = Effect.fnUntraced(function* (
  client: HttpClient.HttpClient,
  config: QqConfig
): Effect.fn.Return<Token, CredentialError.Reason> {
  const secret = Redacted.value(config.clientSecret)
  // Both as texts, and JSON: the platform takes a numeric app id or another content type for a wrong app id.
  const body = { appId: config.appId, clientSecret: secret }
  const call = jsonRequest("POST", config.tokenUrl, {}, body)
  const answer = yield* exchange(client, call, config.requestTimeout, [config.clientSecret]).pipe(
    Effect.mapError((failure) => new CredentialError.Unreachable({ detail: describe(failure) }))
  )
  const now = yield* Clock.currentTimeMillis
  const said = complaint(answer, now)
  const fields: { readonly [key: string]: unknown } =
    typeof answer.body === "object" && answer.body !== null ? { ...answer.body } : {}
  const value = fields["access_token"]
  const isOk = answer.status >= 200 && answer.status < 300
  if (isOk && typeof value === "string" && isToken(value)) return token(value, integer(fields["expires_in"]), now)
  const detail = said.message ?? `it answered with status ${answer.status}`
  if (said.code !== undefined && said.code !== 0) return yield* codeReason(said.code, detail, said.retryAfter)
  if (!isOk) return yield* statusReason(answer.status, detail, said.retryAfter)
  return yield* new CredentialError.Unreachable({ detail: "its answer holds no access token that could be sent" })
})

/** Whether it fits into a header: anything else would fail every call that carries it, until it expires. */
const isToken = (value: string): boolean => /^[\x21-\x7e]{1,4096}$/.test(value)

/** @param life seconds; documented 1 to 7200. Unknown or impossible: short, so that it is asked again soon */
const token = (value: string, life: number | undefined, now: number): Token => {
  const left = life === undefined || life <= 0 ? 60_000 : Math.min(life, 86_400) * 1000
  return {
    value: Redacted.make(value, { label: "qq access token" }),
    usableUntil: now + left - Math.min(Duration.toMillis(margin), left / 10),
    renewAt: now + Math.max(left - Duration.toMillis(renewBefore), Duration.toMillis(floor))
  }
}

const describe = (failure: Failure): string =>
  failure._tag === "NoAnswer" ? `no answer within ${Duration.format(failure.limit)}` : failure.detail

export class QqCredentials extends Context.Service<QqCredentials, Keeper>()("everbot/platforms/qq/Credentials") {
  /** A keeper for one bot; it works for as long as the scope is open. */
  static readonly make = make
  static readonly layer = (config: QqConfig): Layer.Layer<QqCredentials, never, HttpClient.HttpClient> =>
    Layer.effect(this, make(config))
}
